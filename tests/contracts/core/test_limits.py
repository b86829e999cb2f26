"""Amount limits: the order of clipping, what each cap leaves, and that none is ever exceeded."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.core.limits import LIMITS_SCHEMA
from contracts.core.limits_clip import Clipped, Clipper, History
from contracts.core.schema import parse
from contracts.core.trace import Op, Tracer, check, const

D = Decimal


def clip(block: dict[str, str], history: History, *gross: str) -> tuple[Clipped, ...]:
    tracer = Tracer()
    events = [
        (f"e{n}", f"e{n}", tracer.add(f"g{n}", "g", "g", Op.CHOSEN, (const("g", D(value), "USD"),), "USD"))
        for n, value in enumerate(gross)
    ]
    clipped = Clipper(tracer, parse(LIMITS_SCHEMA, block), history, "USD", "limits").clip(events)
    check(tracer.trace())
    return clipped


def paid(*values: str):
    return tuple(const(f"paid{n}", D(v), "USD", "minus") for n, v in enumerate(values))


def test_service_credit_under_both_caps() -> None:
    # accord/servicelevelagreement: 10 % of a fee of 10.00, and of the 120.00 of twelve months, 11.01 being credited.
    history = History(paid_12m=paid("11.01"), fee_period=D("10.00"), fees_12m=D("120.00"))
    (only,) = clip({"per_period_cap_pct": "10", "rolling_12m_cap_pct": "10"}, history, "9.70")
    assert (str(only.node.result), only.by) == ("0.99", "rolling_12m_cap_pct")


def test_order_is_deductible_event_period_rolling_aggregate() -> None:
    block = {
        "deductible": "10",
        "per_event_cap": "80",
        "per_period_cap": "70",
        "rolling_12m_cap": "60",
        "aggregate_cap": "50",
    }
    (only,) = clip(block, History(), "100")
    assert (only.node.result, only.by, only.cut) == (50, "aggregate_cap", 50)


@pytest.mark.parametrize(
    ("kind", "franchise", "used", "gross", "expected"),
    [
        ("PER_CLAIM", "no", "0", ("100", "100"), ("70", "70")),
        ("PER_CLAIM", "no", "0", ("30", "20"), ("0", "0")),
        ("PER_CLAIM", "yes", "0", ("100", "30"), ("100", "0")),
        ("ANNUAL", "no", "0", ("20", "100"), ("0", "90")),
        ("ANNUAL", "no", "25", ("20", "100"), ("15", "100")),
        ("AGGREGATE", "no", "500", ("20",), ("20",)),
    ],
)
def test_deductibles(kind: str, franchise: str, used: str, gross: tuple[str, ...], expected: tuple[str, ...]) -> None:
    block = {"deductible": "30", "deductible_kind": kind, "franchise": franchise}
    got = clip(block, History(deductible_used=D(used)), *gross)
    assert [c.node.result for c in got] == [D(e) for e in expected]


def test_what_was_paid_before_uses_up_the_aggregate() -> None:
    (only,) = clip({"aggregate_cap": "100"}, History(paid_total=paid("60", "35")), "10")
    assert only.node.result == 5


def test_cap_already_exceeded_by_history_pays_nothing_and_takes_nothing_back() -> None:
    (only,) = clip({"aggregate_cap": "100"}, History(paid_total=paid("160")), "10")
    assert only.node.result == 0


cents = st.integers(0, 10**6).map(lambda n: D(n).scaleb(-2))


@given(gross=st.lists(cents, min_size=1, max_size=4), cap=cents, event_cap=cents)
def test_caps_hold_under_any_order_of_events(gross: list[Decimal], cap: Decimal, event_cap: Decimal) -> None:
    block = {"per_event_cap": str(event_cap), "per_period_cap": str(cap)}
    totals = set()
    for order in permutations(gross):
        got = clip(block, History(), *(str(g) for g in order))
        assert all(c.node.result <= event_cap for c in got)
        totals.add(sum(c.node.result for c in got))
    assert totals == {min(cap, sum(min(g, event_cap) for g in gross))}
