"""How statements are called, and what makes two of them the same."""

import random
from datetime import date

import pytest

from lode.settlement.core.key import idempotency_key, terms_digest
from lode.settlement.core.naming import period_label, statement_ref


@pytest.mark.parametrize(
    ("start", "end", "label"),
    [
        (date(2024, 3, 1), date(2024, 4, 1), "2024-03"),
        (date(2023, 12, 1), date(2024, 1, 1), "2023-12"),
        (date(2024, 10, 1), date(2025, 1, 1), "2024-Q4"),
        (date(2024, 2, 1), date(2024, 5, 1), "20240201-20240501"),
        (date(2024, 1, 1), date(2025, 1, 1), "2024"),
        (date(2024, 3, 5), date(2024, 4, 5), "20240305-20240405"),
    ],
)
def test_a_period_is_called_what_people_call_it(start, end, label):
    assert period_label(start, end) == label


def ref(**more):
    usual = {
        "contract": "ML-2023-001",
        "start": date(2024, 3, 1),
        "end": date(2024, 4, 1),
        "subject": "",
        "purpose": "regular",
        "revision": 1,
    }
    return statement_ref(**{**usual, **more})


def test_a_reference_says_contract_period_and_revision():
    assert ref() == "ST-ML-2023-001-2024-03-r1"
    assert ref(revision=12) == "ST-ML-2023-001-2024-03-r12"


def test_a_lot_is_called_by_its_name_and_stage():
    assert ref(contract="OT-2024-001", subject="LOT-3", purpose="final") == "ST-OT-2024-001-LOT-3-final-r1"
    assert ref(subject="PACK-9") == "ST-ML-2023-001-PACK-9-2024-03-r1"


def test_two_lots_whose_names_cannot_stand_in_a_file_name_stay_apart():
    one, other = (ref(subject=name, purpose="final") for name in ("lot/1", "lot 1"))
    assert one != other
    assert all(
        set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") for name in (one, other)
    )


USUAL = {
    "contract": "ML-1",
    "kind": "material-lease",
    "period": (date(2024, 1, 1), date(2024, 2, 1)),
    "subject": "",
    "purpose": "regular",
    "terms_sha256": "ab",
    "facts": ("fact:a@1", "fact:b@2"),
    "engine": "1",
}


@pytest.mark.parametrize(
    "change",
    [
        {"contract": "ML-2"},
        {"kind": "offtake"},
        {"period": (date(2024, 1, 1), date(2024, 2, 2))},
        {"subject": "x"},
        {"purpose": "final"},
        {"terms_sha256": "ac"},
        {"facts": ("fact:a@1", "fact:b@3")},
        {"facts": ("fact:a@1",)},
        {"engine": "2"},
    ],
)
def test_whatever_decides_the_figures_changes_the_key(change):
    assert idempotency_key(**{**USUAL, **change}) != idempotency_key(**USUAL)


def test_the_order_of_facts_does_not():
    facts = [f"fact:{n}@1" for n in range(20)]
    shuffled = random.Random(3).sample(facts, 20)
    assert idempotency_key(**{**USUAL, "facts": facts}) == idempotency_key(**{**USUAL, "facts": shuffled})


def test_versions_of_the_terms_are_told_apart():
    assert terms_digest([(1, "a"), (2, "b")]) == terms_digest([(2, "b"), (1, "a")])
    assert terms_digest([(1, "a")]) != terms_digest([(1, "a"), (2, "b")])
