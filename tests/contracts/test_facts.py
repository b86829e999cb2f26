"""Facts: kept for ever, corrected by later versions, asked for as they were known."""

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from contracts import services
from contracts.core.errors import SettlementError
from contracts.errors import ContractCode, ContractError
from contracts.selectors import contract_facts, facts_for
from contracts.services import NewFact
from tests.contracts.world import LESSEE, LESSOR, STRANGER, at, day, make_organisations, proposed

LOT = "LOT-7"


@pytest.fixture
def offtake(db):
    """An offtake of which the lessor is the seller and the cell maker the buyer."""
    make_organisations()
    return proposed("offtake")


def moisture(pct, **more):
    return NewFact("moisture", LOT, day(10), "plant laboratory", {"moisture_pct": pct}, **more)


def assay(party, value, **more):
    return NewFact(
        "assay", LOT, day(12), "laboratory", {"element": "Ni", "party": party, "value": value, "unit": "%"}, **more
    )


def record(fact, days=20, actor=LESSOR, ref=None):
    return services.record_fact(actor=actor, ref=ref, fact=fact, now=at(days))


def known(ref, days, *kinds):
    return [(f.version, dict(f.value)) for f in facts_for(ref=ref, known_at=at(days), kinds=kinds or None)]


def refused(code, call, *arguments, **more):
    with pytest.raises(ContractError) as error:
        call(*arguments, **more)
    assert error.value.code is code


def test_a_correction_is_the_next_version_and_the_first_is_still_what_was_known(offtake):
    first = record(moisture("8.0"), 20, ref=offtake)
    second = record(moisture("8.4", corrects=first.id), 25, ref=offtake)
    assert (second.id, second.version) == (first.id, 2)
    assert known(offtake, 19) == []
    assert known(offtake, 20) == [(1, {"moisture_pct": "8.0"})]
    assert known(offtake, 24.9) == [(1, {"moisture_pct": "8.0"})]
    assert known(offtake, 25) == [(2, {"moisture_pct": "8.4"})]


def test_the_parties_see_every_version_and_who_recorded_it(offtake):
    first = record(moisture("8.0"), 20, ref=offtake)
    record(moisture("8.4", corrects=first.id), 25, ref=offtake)
    record(assay("buyer", "18"), 26, actor=LESSEE, ref=offtake)
    seen = contract_facts(ref=offtake, party="voltaic")
    assert [(view.fact.kind, view.fact.version, view.recorded_by, view.superseded_by) for view in seen] == [
        ("assay", 1, "voltaic", None),
        ("moisture", 2, "meridian", None),
        ("moisture", 1, "meridian", 2),
    ]
    assert contract_facts(ref=offtake, party=None, kinds=["moisture"], limit=1) == seen[1:2]
    assert contract_facts(ref=offtake, party=None, subject="LOT-8") == ()
    refused(ContractCode.UNKNOWN_CONTRACT, contract_facts, ref=offtake, party="stranger")


def test_recording_the_same_again_changes_nothing(offtake):
    first = record(moisture("8.0"), 20, ref=offtake)
    again = record(moisture("8.0"), 21, ref=offtake)
    assert (again.id, again.version, again.existed) == (first.id, 1, True)
    assert len(known(offtake, 30)) == 1


def test_a_fact_of_ones_own_name_is_not_changed_by_recording_it_again(offtake):
    first = record(moisture("8.0", id="moisture-7"), 20, ref=offtake)
    assert first.id == f"{offtake}/moisture-7"
    refused(ContractCode.INVALID_FACT, record, moisture("9.0", id="moisture-7"), 21, ref=offtake)
    assert record(moisture("9.0", corrects=first.id), 21, ref=offtake).version == 2


def test_a_correction_chain_can_come_in_one_batch(offtake):
    facts = [moisture("8.0", id="m"), moisture("8.1", corrects=f"{offtake}/m")]
    kept = services.record_facts(actor=LESSOR, ref=offtake, facts=facts, now=at(20))
    assert [fact.version for fact in kept] == [1, 2]
    assert known(offtake, 20) == [(2, {"moisture_pct": "8.1"})]


def test_all_facts_of_a_batch_are_kept_or_none(offtake):
    with pytest.raises(SettlementError, match="must stay below 100"):
        services.record_facts(
            actor=LESSOR, ref=offtake, facts=[moisture("8", id="a"), moisture("100", id="b")], now=at(20)
        )
    assert known(offtake, 30) == []


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (NewFact("moisture", LOT, day(1), "lab", {}), "moisture_pct"),
        (NewFact("moisture", LOT, day(1), "lab", {"moisture_pct": "wet"}), "not a number"),
        (NewFact("moisture", LOT, day(1), "lab", {"moisture_pct": "100"}), "must stay below 100"),
        (NewFact("weight", LOT, day(1), "scale", {"net_wet_kg": "-5"}), "below 0"),
        (NewFact("price", "nickel", day(1), "me", {"value": "1"}), "prices are published"),
        (NewFact("fx", "EURUSD", day(1), "me", {"rate": "1"}), "exchange rates are published"),
        (NewFact("balance-change", "x", day(1), "me", {"delta_kg": "1"}), "entries of the ledger"),
        (NewFact("calendar", "UK", day(1), "me", {"holidays": ""}), "calendars are published"),
    ],
)
def test_a_fact_says_what_its_kind_must_say(offtake, fact, why):
    with pytest.raises(SettlementError, match=why):
        record(fact, ref=offtake)


@pytest.mark.parametrize(
    "fact",
    [
        NewFact("rumour", LOT, day(1), "x", {}),
        NewFact("moisture", LOT, day(1), "x", {"moisture_pct": "8"}, status="certain"),
        NewFact("moisture", "", day(1), "x", {"moisture_pct": "8"}),
        NewFact("moisture", LOT, day(1), "x", {"moisture_pct": 8.5}),
        NewFact("moisture", "LOT\0", day(1), "x", {"moisture_pct": "8"}),
        NewFact("moisture", "L" * 121, day(1), "x", {"moisture_pct": "8"}),
    ],
)
def test_what_is_no_fact_is_refused(offtake, fact):
    refused(ContractCode.INVALID_FACT, record, fact, ref=offtake)


def test_each_party_states_its_own_assay_and_either_that_of_the_umpire(offtake):
    record(assay("seller", "18.2"), actor=LESSOR, ref=offtake)
    record(assay("buyer", "17.9"), actor=LESSEE, ref=offtake)
    record(assay("umpire", "18.0"), actor=LESSEE, ref=offtake)
    refused(ContractCode.NOT_ALLOWED, record, assay("buyer", "12.0"), actor=LESSOR, ref=offtake)
    assert len(known(offtake, 30, "assay")) == 3


def test_only_who_recorded_a_fact_corrects_it(offtake):
    first = record(moisture("8.0"), actor=LESSOR, ref=offtake)
    refused(ContractCode.NOT_ALLOWED, record, moisture("3.0", corrects=first.id), actor=LESSEE, ref=offtake)
    refused(ContractCode.UNKNOWN_FACT, record, moisture("3.0", corrects="OT-2023-001/none"), ref=offtake)


def test_a_fact_of_another_contract_is_out_of_reach(offtake):
    first = record(moisture("8.0"), ref=offtake)
    other = proposed("offtake")
    refused(ContractCode.UNKNOWN_FACT, record, moisture("3.0", corrects=first.id), ref=other)
    refused(ContractCode.UNKNOWN_CONTRACT, record, moisture("3.0"), actor=STRANGER, ref=offtake)
    assert known(other, 30) == []


def test_a_partys_reading_of_an_asset_serves_all_its_contracts_and_no_strangers_does(offtake):
    reading = NewFact("telemetry", "PACK-1", day(5), "gateway", {"metric": "SOH_C", "value": "91.5"})
    record(reading, actor=LESSEE)
    record(NewFact("telemetry", "PACK-1", day(5), "gateway", {"metric": "SOH_C", "value": "10"}), actor=STRANGER)
    assert known(offtake, 30, "telemetry") == [(1, {"metric": "SOH_C", "value": "91.5"})]


def test_what_a_settlement_was_told_to_know_never_changes(offtake):
    record(moisture("8.0"), 20, ref=offtake)
    services.hold_knowledge(ref=offtake, known_at=at(40))
    before = facts_for(ref=offtake, known_at=at(40))
    late = record(assay("seller", "18.2"), 30, ref=offtake)
    record(NewFact("telemetry", "PACK-1", day(5), "gw", {"metric": "SOH_C", "value": "91"}), 30, actor=LESSEE)
    assert not late.existed
    assert facts_for(ref=offtake, known_at=at(40)) == before
    assert len(facts_for(ref=offtake, known_at=at(41))) == 3
    services.hold_knowledge(ref=offtake, known_at=at(35))
    assert len(facts_for(ref=offtake, known_at=at(40))) == 1


@pytest.mark.parametrize("statement", ["UPDATE contracts_fact SET source = 'x'", "DELETE FROM contracts_fact"])
@pytest.mark.parametrize("role", ["default", "owner"])
def test_the_database_refuses_to_change_a_fact(own_database, role, statement):
    make_organisations()
    record(moisture("8.0"), ref=proposed("offtake"))
    with pytest.raises(DatabaseError), transaction.atomic(using=role), connections[role].cursor() as cursor:
        cursor.execute(statement)


TABLES = (
    "contracts_contractversion",
    "contracts_signature",
    "contracts_ledgerreference",
    "contracts_turn",
    "contracts_fact",
    "contracts_requestkey",
)


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_app_has_no_right_to_change_what_is_append_only(table, right):
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(current_user, %s, %s)", [table, right])
        assert cursor.fetchone() == (False,)
        cursor.execute("SELECT has_table_privilege(current_user, %s, 'INSERT')", [table])
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize("table", [*TABLES, "contracts_contract"])
def test_even_the_owner_empties_no_table(own_database, table):
    with pytest.raises(DatabaseError, match="append-only: TRUNCATE"), connections["owner"].cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(
    "change",
    ["ref = 'X'", "kind = 'offtake'", "party_b = 'stranger'", "author = 'voltaic'", "known_through = NULL"],
)
def test_who_is_bound_by_a_contract_is_not_changed(own_database, change):
    make_organisations()
    ref = proposed()
    services.hold_knowledge(ref=ref, known_at=at(40))
    with pytest.raises(DatabaseError) as error, connections["owner"].cursor() as cursor:
        cursor.execute(f"UPDATE contracts_contract SET {change}")
    assert isinstance(error.value.__cause__, psycopg.errors.RestrictViolation)
