"""Which entries change what a lease is charged on."""

from datetime import UTC, date, datetime

import pytest

from lode.settlement.core.balance import MovedEntry, MovedLeg, balance_facts

TONNE = 1_000_000_000
NOW = datetime(2024, 1, 10, tzinfo=UTC)


def entry(kind, *legs, index=7, corrects=None, day=date(2024, 1, 9)):
    return MovedEntry(
        index, f"{index:064x}", kind, day, NOW, corrects, tuple(MovedLeg(o, h, e, s, m) for o, h, e, s, m in legs)
    )


def changes(*entries):
    facts = balance_facts(contract="ML-1", lessor="lessor", entries=entries)
    return [(f.value["element"], f.value["delta_kg"], f.value["cause"]) for f in facts]


def moved(kind, source, target, mass=TONNE, **more):
    return entry(kind, ("lessor", *source, -mass), ("lessor", *target, mass), **more)


LEASE_OUT = moved("lease-out", ("lessor", "Ni", "stock"), ("maker", "Ni", "stock"))


def test_a_delivery_adds():
    (fact,) = balance_facts(contract="ML-1", lessor="lessor", entries=[LEASE_OUT])
    assert fact.value == {"element": "Ni", "delta_kg": "1000.000000", "entry_index": "7", "cause": "delivered"}
    assert (fact.id, fact.version, fact.subject) == ("ledger:7:Ni", 1, "ML-1")
    assert (fact.effective, fact.recorded) == (date(2024, 1, 9), NOW)


def test_a_supply_out_of_what_was_recovered_adds():
    again = moved("re-supply", ("refiner", "Ni", "stock"), ("maker", "Ni", "stock"), 1_500_001)
    assert changes(again) == [("Ni", "1.500001", "delivered")]


def test_a_return_takes_off():
    assert changes(moved("return", ("recycler", "Ni", "stock"), ("lessor", "Ni", "stock"))) == [
        ("Ni", "-1000.000000", "credited")
    ]


def test_a_loss_takes_off():
    assert changes(moved("loss", ("maker", "Ni", "stock"), ("maker", "Ni", "loss"))) == [("Ni", "-1000.000000", "lost")]


@pytest.mark.parametrize(
    "unmoved",
    [
        moved("embody", ("maker", "Ni", "stock"), ("maker", "Ni", "product")),
        moved("ship", ("maker", "Ni", "product"), ("maker", "Ni", "transit")),
        moved("arrive", ("maker", "Ni", "transit"), ("operator", "Ni", "product")),
        moved("arrive", ("maker", "Ni", "transit"), ("maker", "Ni", "unaccounted")),
        moved("collect", ("operator", "Ni", "product"), ("recycler", "Ni", "scrap")),
        moved("recover", ("recycler", "Ni", "process"), ("recycler", "Ni", "stock")),
    ],
    ids=lambda moved_entry: moved_entry.kind,
)
def test_custody_and_state_change_nothing(unmoved):
    assert changes(unmoved) == []


def test_what_is_found_again_was_on_lease_all_the_time_and_what_is_booked_off_is_not():
    assert changes(moved("adjustment", ("maker", "Ni", "unaccounted"), ("maker", "Ni", "stock"))) == []
    assert changes(moved("adjustment", ("maker", "Ni", "unaccounted"), ("maker", "Ni", "loss"))) == [
        ("Ni", "-1000.000000", "adjusted")
    ]


def test_a_reversal_takes_back_what_its_original_did():
    back = moved("reversal", ("maker", "Ni", "stock"), ("lessor", "Ni", "stock"), index=9, corrects=LEASE_OUT.entry_id)
    assert changes(LEASE_OUT, back) == [("Ni", "1000.000000", "delivered"), ("Ni", "-1000.000000", "adjusted")]


def test_a_reversal_of_another_contracts_entry_changes_nothing():
    assert changes(moved("reversal", ("maker", "Ni", "stock"), ("lessor", "Ni", "stock"), corrects="ab" * 32)) == []


def test_each_element_by_itself_and_other_owners_not_at_all():
    mixed = entry(
        "lease-out",
        ("lessor", "lessor", "Ni", "stock", -5),
        ("lessor", "maker", "Ni", "stock", 5),
        ("lessor", "lessor", "Co", "stock", -3),
        ("lessor", "maker", "Co", "stock", 3),
        ("other", "maker", "Li", "stock", 9),
    )
    assert changes(mixed) == [("Co", "0.000003", "delivered"), ("Ni", "0.000005", "delivered")]


def test_the_order_in_which_entries_are_given_does_not_matter():
    later = moved("return", ("maker", "Ni", "stock"), ("lessor", "Ni", "stock"), index=9)
    assert changes(later, LEASE_OUT) == changes(LEASE_OUT, later)
