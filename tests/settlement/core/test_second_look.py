"""When what arrived is a reason to settle again."""

from datetime import UTC, date, datetime

import pytest

from contracts.core.facts import Fact, FactKind, FactStatus
from lode.settlement.core.second_look import Settled, wants_second_look

BEFORE = datetime(2024, 2, 2, tzinfo=UTC)
LOOKED = datetime(2024, 2, 3, tzinfo=UTC)
SINCE = datetime(2024, 2, 4, tzinfo=UTC)


def fact(day=20, version=1, recorded=SINCE, subject="nickel", name="f"):
    effective = date(2024, 1, day) if day else date(2024, 2, 1)
    return Fact(name, version, FactKind.PRICE, subject, effective, recorded, FactStatus.FINAL, "", {})


def settled(**more):
    usual = {
        "subject": "",
        "purpose": "regular",
        "period_end": date(2024, 2, 1),
        "looked_at": LOOKED,
        "blocked": False,
        "used": frozenset({"f@1"}),
    }
    return Settled(**{**usual, **more})


LOT = {"subject": "LOT-3", "used": frozenset({"f@1"})}


@pytest.mark.parametrize(
    ("run", "arrived", "again"),
    [
        (settled(), fact(), True),
        (settled(), fact(recorded=BEFORE), False),
        (settled(), fact(recorded=LOOKED), False),
        (settled(), fact(day=None), False),
        (settled(), fact(day=None, version=2), True),
        (settled(), fact(day=None, version=2, name="other"), False),
        (settled(blocked=True), fact(day=None, name="other"), True),
        (settled(blocked=True), fact(recorded=BEFORE), False),
        (settled(**LOT, purpose="provisional"), fact(subject="LOT-3", name="assay"), False),
        (settled(**LOT, purpose="provisional"), fact(version=2), True),
        (settled(**LOT, purpose="final"), fact(subject="LOT-3", name="assay"), True),
        (settled(**LOT, purpose="final"), fact(subject="LOT-4", name="assay"), False),
        (settled(**LOT, purpose="final"), fact(version=3), True),
    ],
)
def test_a_second_look(run, arrived, again):
    assert wants_second_look(run, [arrived]) is again


def test_nothing_new_is_no_reason():
    assert not wants_second_look(settled(blocked=True), [])
