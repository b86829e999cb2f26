"""A balance is proven to somebody who has nothing but the trust root and the file."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core import balance_proof
from ledger.core.balance_proof import BalanceReport, decode, encode, verify
from ledger.core.canonical_json import dumps
from ledger.core.entry import move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import SignerKey
from ledger.selectors.checkpoints import latest_checkpoint
from ledger.selectors.trust import trust
from ledger.services import prove_balance as service
from ledger.services.conservation import publish_conservation
from ledger.services.prove_balance import prove_balance
from ledger.services.register_key import register_key, revoke_key
from ledger.services.sequence_pending import sequence_pending
from tests.ledger.world import NOW, account, append, key_of, lease_out, note, open_world, receive

OWN = account()
LEASED = account(holder="maker")


@pytest.fixture
def book(own_database: str) -> None:
    """0 notice, 1-3 keys, 4 receipt, 5-6 leases, 7 a lease taken back by 8, 9 conservation at 9, 10 a lease."""
    open_world()
    append(receive(5_000))
    append(lease_out(1_000))
    append(lease_out(200))
    wrong = append(lease_out(7))
    append(
        note(
            "reversal",
            net_legs(move(LEASED, OWN, 7)),
            ["lessor", "maker"],
            reason="Booked by mistake.",
            corrects=wrong.entry_id,
        )
    )
    publish_conservation(now=NOW)
    append(lease_out(50))


def checked(data: bytes) -> BalanceReport:
    root = trust()
    return verify(decode(data), root.policy, root.registry)


@pytest.mark.usefixtures("book")
def test_the_balance_of_an_account_is_proven_by_its_whole_chain_and_the_notice() -> None:
    report = checked(prove_balance(account=OWN, party="lessor"))
    assert (report.account, report.balance_mg, report.size) == (OWN, 3_750, 11)
    assert (report.entries, report.first_seq, report.last_index) == (6, 0, 10)
    assert (report.conserved_at, report.conserved_index) == (9, 9)
    assert report.root == latest_checkpoint().root.hex()
    # 2 keys, 1 notice, 1 receipt by one party, and 5 entries by two.
    assert report.signatures == 2 + 1 + 1 + 5 * 2


@pytest.mark.usefixtures("book")
def test_a_source_is_proven_below_zero_and_a_holder_proves_what_it_holds() -> None:
    report = checked(prove_balance(account=account(state="source"), party="lessor"))
    assert (report.balance_mg, report.conserved_at) == (-5_000, 9)
    assert checked(prove_balance(account=LEASED, party="maker")).balance_mg == 1_250
    assert checked(prove_balance(account=LEASED, party=None)).balance_mg == 1_250


@pytest.mark.usefixtures("book")
def test_a_balance_is_proven_at_an_earlier_checkpoint_too() -> None:
    report = checked(prove_balance(account=OWN, party="lessor", size=6))
    assert (report.balance_mg, report.size, report.entries) == (4_000, 6, 2)
    assert (report.conserved_at, report.conserved_index) == (None, None)
    with pytest.raises(LedgerError) as refusal:
        prove_balance(account=OWN, party="lessor", size=99)
    assert refusal.value.code is LedgerCode.UNKNOWN_CHECKPOINT


@pytest.mark.usefixtures("book")
def test_who_is_neither_owner_nor_holder_gets_no_proof() -> None:
    for wanted, party in ((OWN, "maker"), (LEASED, "recycler"), (account(lot="lot-9"), "lessor")):
        with pytest.raises(LedgerError, match="or it is not yours to see") as refusal:
            prove_balance(account=wanted, party=party)
        assert refusal.value.code is LedgerCode.UNKNOWN_ACCOUNT
    with pytest.raises(LedgerError, match="at the tree of 4 entries"):
        prove_balance(account=OWN, party="lessor", size=4)


@pytest.mark.usefixtures("book")
def test_of_a_long_chain_the_last_entries_are_proven_and_it_is_said_where_they_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "MAX_ENTRIES", 2)
    report = checked(prove_balance(account=OWN, party="lessor"))
    # Entry 8, of which 7 is shown beside the chain since it takes that back, and entry 10.
    assert (report.entries, report.first_seq, report.balance_mg) == (2, 4, 3_750)
    assert (report.conserved_at, report.conserved_index) == (9, 9)
    monkeypatch.setattr(service, "MAX_ENTRIES", 1)
    report = checked(prove_balance(account=OWN, party="lessor"))
    assert (report.entries, report.first_seq, report.conserved_at) == (1, 5, None)


@pytest.mark.usefixtures("book")
def test_keys_that_were_changed_are_known_by_their_leaves() -> None:
    new = key_of("maker", "2025a")
    with transaction.atomic():
        register_key(party="maker", vkey=str(new.vkey), custody="held", now=NOW)
        revoke_key(vkey=str(key_of("maker").vkey), reason="Renewed.", now=NOW)
    sequence_pending()
    lease = note("lease-out", net_legs(move(OWN, LEASED, 1)), ["lessor"], contract="L-1")
    signed = balance_proof.read(lease).parsed
    append(type(signed)(signed.text, (*signed.signatures, _sign(new, signed.text))).to_bytes())
    proof = decode(prove_balance(account=OWN, party="lessor"))
    assert len(proof.keys) == 4
    root = trust()
    assert verify(proof, root.policy, root.registry).balance_mg == 3_749
    without = _replaced(proof, keys=proof.keys[:2])
    assert verify(proof, root.policy, root.registry).disputed == ()
    with pytest.raises(LedgerError, match="Entry 13"):
        verify(without, root.policy, root.registry)


def _sign(key: SignerKey, text: bytes) -> Any:
    return key.sign(text)


def _replaced(proof: balance_proof.BalanceProof, **changes: Any) -> balance_proof.BalanceProof:
    return type(proof)(**{**{name: getattr(proof, name) for name in proof.__dataclass_fields__}, **changes})


@pytest.mark.usefixtures("book")
def test_a_proof_that_leaves_something_out_or_says_more_than_it_shows_is_refused() -> None:
    proof, other = decode(prove_balance(account=OWN, party="lessor")), decode(prove_balance(account=LEASED, party=None))
    root = trust()
    for changes, says in [
        ({"balance_mg": 3_751}, "gives 3751 mg in Ni of lessor"),
        ({"entries": proof.entries[:-1]}, "its chain ends at 3800 mg"),
        ({"entries": (*proof.entries[:2], *proof.entries[3:])}, "does not follow the entry before it"),
        ({"entries": (*proof.entries[1:], proof.entries[0])}, "in the order of the log"),
        ({"entries": (), "notice": None, "opening": None}, "its chain ends before it begins"),
        ({"entries": proof.entries[-1:]}, "ends before its chain begins"),
        ({"named": proof.entries[:1]}, "gives an entry twice"),
        ({"named": proof.keys[:1], "keys": proof.keys[1:]}, "in the place of another"),
        ({"keys": ()}, "No key that is known here has signed"),
        ({"account": LEASED}, "which it does not touch"),
        ({"notice": proof.keys[0]}, "gives an entry twice"),
        ({"notice": proof.keys[0], "keys": proof.keys[1:]}, "opens another notice than that of entry 1"),
        ({"opening": other.opening}, "does not count"),
        ({"origin": "other.example/book"}, "under a checkpoint of"),
    ]:
        forged = decode(encode(_replaced(proof, **changes)))
        with pytest.raises(LedgerError, match=says):
            verify(forged, root.policy, root.registry)


@pytest.mark.usefixtures("book")
def test_a_proof_that_ends_earlier_shows_the_balance_of_then_and_says_so() -> None:
    proof = decode(prove_balance(account=OWN, party="lessor"))
    root = trust()
    earlier = _replaced(proof, balance_mg=3_800, entries=proof.entries[:-1])
    report = verify(decode(encode(earlier)), root.policy, root.registry)
    assert (report.balance_mg, report.last_index, report.conserved_at) == (3_800, 8, 9)
    bare = verify(decode(encode(_replaced(proof, notice=None, opening=None))), root.policy, root.registry)
    assert (bare.balance_mg, bare.last_index, bare.conserved_at) == (3_750, 10, None)


@pytest.mark.usefixtures("book")
def test_a_proof_under_other_keys_is_refused() -> None:
    proof = decode(prove_balance(account=OWN, party="lessor"))
    root = trust()
    stranger = SignerKey("stranger.example/registry", bytes(32)).vkey
    with pytest.raises(LedgerError):
        verify(proof, root.policy, stranger)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.pop("keys"),
        lambda value: value.update(more=1),
        lambda value: value.update(balance_mg=3750),
        lambda value: value.update(balance_mg="-0"),
        lambda value: value["account"].pop("lot"),
        lambda value: value.update(entries={}),
        lambda value: value["entries"][0].pop("seal"),
        lambda value: value["entries"][0].update(seal=1),
        lambda value: value["conservation"].pop("notice"),
        lambda value: value["conservation"]["opening"].update(index="9"),
    ],
    ids=["no-keys", "more", "number", "minus-zero", "no-lot", "no-list", "no-seal", "no-text", "no-notice", "text"],
)
@pytest.mark.usefixtures("book")
def test_a_file_of_another_form_is_refused(change: Any) -> None:
    value = json.loads(prove_balance(account=OWN, party="lessor"))
    change(value)
    with pytest.raises(LedgerError) as refusal:
        decode(dumps(value) + b"\n")
    assert refusal.value.code is LedgerCode.BAD_PROOF


@pytest.mark.usefixtures("book")
def test_a_proof_with_any_byte_changed_is_refused() -> None:
    data = prove_balance(account=OWN, party="lessor")
    root = trust()

    @settings(max_examples=400, deadline=dt.timedelta(seconds=5))
    @given(at=st.integers(0, len(data) - 1), byte=st.integers(0, 255))
    def changed(at: int, byte: int) -> None:
        if data[at] == byte:
            return
        forged = bytearray(data)
        forged[at] = byte
        with pytest.raises(LedgerError):
            verify(decode(bytes(forged)), root.policy, root.registry)

    changed()
