"""What a party may read: its own entries and accounts, the public ones, and nothing of others, by every door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from ledger.core.entry import move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import VerifierKey
from ledger.core.proof import Proof
from ledger.selectors.accounts import account_statement
from ledger.selectors.balances import balances
from ledger.selectors.checkpoints import checkpoint_at, consistency_of, latest_checkpoint, proof_of
from ledger.selectors.entries import entry_by_id, entry_detail, list_entries, submission
from ledger.selectors.keys import keys
from ledger.selectors.movements import flow_legs, movements
from ledger.selectors.trust import trust_root
from tests.ledger.conftest import standing
from tests.ledger.world import ASSAY, account, append, lease_out, note, open_world, receive

PUBLIC = [0, 1, 2, 3]
# index: the parties that may read it
READERS = {
    4: {"lessor"},
    5: {"lessor", "maker"},
    6: {"recycler"},
    7: {"maker", "recycler"},
    8: {"lessor", "recycler"},
}


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with standing(tmp_path_factory.mktemp("reads"), django_db_blocker, _build):
        yield


def _build() -> None:
    open_world()
    append(receive(1000, occurred="2024-01-10", details={"weighed": "1000"}))
    append(lease_out(600, occurred="2024-02-10"))
    append(receive(50, account(owner="recycler", element="Co")), by="recycler")
    to_maker = move(account("recycler", element="Co"), account("recycler", "maker", element="Co"), 20)
    append(note("lease-out", net_legs(to_maker), ["maker", "recycler"], contract="L-2"), by="recycler")
    append(note("contract", (), ["lessor", "recycler"], contract="O-1", parties=("lessor", "recycler"),
                documents={"text": ASSAY}))  # fmt: skip


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("party", ["lessor", "maker", "recycler", "stranger"])
def test_a_party_lists_and_opens_what_names_it_and_nothing_else(party: str) -> None:
    own = [index for index, readers in READERS.items() if party in readers]
    assert [entry.index for entry in list_entries(party=party)] == sorted([*PUBLIC, *own], reverse=True)
    for index in range(9):
        stored = entry_detail(index=index, party=None)
        entry_id = stored.summary.entry_id
        doors: list[Callable[[], Any]] = [
            lambda index=index: entry_detail(index=index, party=party),
            lambda entry_id=entry_id: entry_by_id(entry_id=entry_id, party=party),
            lambda index=index: proof_of(index=index, party=party),
            lambda entry_id=entry_id: submission(entry_id=entry_id, party=party),
        ]
        for door in doors:
            if index in PUBLIC or index in own:
                door()
            else:
                with pytest.raises(LedgerError) as refusal:
                    door()
                assert refusal.value.code == LedgerCode.UNKNOWN_ENTRY
                assert refusal.value.sentence.endswith("or it is not yours to see.")


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("party", ["lessor", "maker", "recycler", "stranger"])
def test_a_party_sees_masses_only_where_it_owns_or_holds(party: str) -> None:
    for row in balances(party=party):
        assert party in (row.owner, row.holder)
    assert [m.index for m in movements(party=party)] == [i for i in (4, 5, 6, 7) if party in READERS[i]]
    seen = {
        index for element in ("Ni", "Co") for band in flow_legs(party=party, element=element) for index in band.entries
    }
    assert seen == {index for index in (4, 5, 6, 7) if party in READERS[index]}


@pytest.mark.usefixtures("world")
def test_nobody_is_told_whether_an_entry_of_others_is_there() -> None:
    def refusal_of(index: int) -> str:
        with pytest.raises(LedgerError) as refusal:
            entry_detail(index=index, party="maker")
        return refusal.value.sentence.replace(str(index), "N")

    assert refusal_of(6) == refusal_of(999)


@pytest.mark.usefixtures("world")
def test_the_filters_of_the_list() -> None:
    def indexes(**filters: Any) -> list[int]:
        return [entry.index for entry in list_entries(party=None, **filters)]

    assert indexes(kind="receive") == [6, 4]
    assert indexes(contract="L-2") == [7]
    assert indexes(element="Ni") == [5, 4]
    assert indexes(account=account(holder="maker")) == [5]
    assert indexes(account=account(lot="none")) == []
    assert indexes(occurred_from=dt.date(2024, 1, 2), occurred_to=dt.date(2024, 1, 31)) == [4]
    assert indexes(limit=2) == [8, 7]
    assert indexes(limit=2, before_index=7) == [6, 5]


@pytest.mark.usefixtures("world")
def test_an_entry_in_full() -> None:
    detail = entry_detail(index=5, party="maker")
    assert (detail.summary.kind, detail.summary.contract, detail.summary.occurred) == (
        "lease-out",
        "L-1",
        dt.date(2024, 2, 10),
    )
    assert [
        (leg.account.holder, leg.balance_before_mg, leg.mass_mg, leg.balance_after_mg) for leg in detail.summary.legs
    ] == [
        ("lessor", 1000, -600, 400),
        ("maker", 0, 600, 600),
    ]
    assert [(s.party, s.custody, s.key_name) for s in detail.summary.signatures] == [
        ("lessor", "held", "lessor.example/entry/2024a"),
        ("maker", "held", "maker.example/entry/2024a"),
    ]
    assert detail.body["contract"] == "L-1"
    assert detail.readers == ("lessor", "maker")
    assert detail.checkpoint_size == 9


@pytest.mark.usefixtures("world")
def test_a_proof_holds_under_the_log_key_at_any_signed_size() -> None:
    log_key = VerifierKey.parse(trust_root().log_vkey)
    for size in (6, 9, None):
        proof = proof_of(index=5, party="maker", size=size)
        checkpoint = Proof.parse(proof.text).verify(proof.leaf, log_key)
        assert checkpoint.size == proof.size == (size or 9)
    with pytest.raises(LedgerError) as refusal:
        proof_of(index=5, party="maker", size=5)
    assert refusal.value.code == LedgerCode.UNKNOWN_CHECKPOINT
    with pytest.raises(LedgerError) as refusal:
        checkpoint_at(size=3)
    assert refusal.value.code == LedgerCode.UNKNOWN_CHECKPOINT
    assert latest_checkpoint().size == 9
    assert consistency_of(old_size=6, new_size=9)


@pytest.mark.usefixtures("world")
def test_the_registry_is_public() -> None:
    assert [(key.party, key.purpose, key.valid_from_index) for key in keys()] == [
        ("registry", "log", 0),
        ("registry", "registry", 0),
        ("lessor", "entry", 2),
        ("maker", "entry", 3),
        ("recycler", "entry", 4),
    ]
    assert [key.party for key in keys(party="maker")] == ["maker"]


@pytest.mark.usefixtures("world")
def test_movements_carry_the_facts_that_settlement_needs() -> None:
    (movement,) = movements(party=None, contract="L-1", element="Ni", as_of=dt.date(2024, 2, 10), known_at=6)
    assert [leg.mass_mg for leg in movement.legs] == [-600, 600]
    assert movements(party=None, contract="L-1", as_of=dt.date(2024, 2, 9)) == ()
    assert movements(party=None, contract="L-1", known_at=5) == ()
    (received,) = movements(party="lessor", kind="receive", start=dt.date(2024, 1, 10))
    assert received.details == {"weighed": "1000"}


def test_flows_are_paired_and_summed(own_database: str) -> None:
    _build()
    append(lease_out(100, occurred="2024-03-01"))
    (band,) = flow_legs(party=None, element="Ni", start=dt.date(2024, 2, 1))
    assert (band.kind, band.mass_mg, band.entries) == ("lease-out", 700, (5, 9))
    assert (band.source.holder, band.target.holder, band.source.lot) == ("lessor", "maker", "*")
    in_all = flow_legs(party=None, element="Ni")
    assert sum(band.mass_mg for band in in_all if band.source.state == "source") == 1000


@pytest.mark.parametrize("entry_id", ["", "zz" * 32, "ab" * 31, "ab" * 33, "' OR true --"])
@pytest.mark.usefixtures("world")
def test_what_is_no_id_is_not_found(entry_id: str) -> None:
    for door in (entry_by_id, submission):
        with pytest.raises(LedgerError) as refusal:
            door(entry_id=entry_id, party=None)
        assert refusal.value.code == LedgerCode.UNKNOWN_ENTRY


@pytest.mark.usefixtures("world")
def test_statements_of_account_are_the_holders_too() -> None:
    place = account(holder="maker")
    for party in ("lessor", "maker", None):
        assert account_statement(account=place, party=party).closing_mg == 600
