"""The rule of every kind: who signs, and which legs and fields it takes and refuses."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core.entry import Entry, move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.kinds import KINDS, kind_of
from ledger.core.rules import pledged_by
from tests.ledger.builder import BOOK, DIGEST, account, loop_book, moved, signer

A = account("lessor", "lessor")
LENT = account("lessor", "maker")
PAPERS = {"paper": DIGEST}


def entry(kind: str, legs=(), **fields) -> Entry:
    return Entry(kind, BOOK, "n", "2024-01-02", tuple(legs), **fields)


def state(of, name):
    return of._replace(state=name)


def code_of(bad: Entry, original: Entry | None = None) -> LedgerCode:
    with pytest.raises(LedgerError) as refused:
        kind_of(bad).check(bad, original)
    return refused.value.code


def sound(good: Entry, signers: set[str], original: Entry | None = None) -> None:
    kind_of(good).check(good, original)
    assert kind_of(good).required_signers(good, original) == signers


def test_the_table_is_closed_and_every_rule_is_written_down():
    assert set(KINDS) == {
        *("receive", "title", "ship", "arrive", "lease-out", "return", "embody", "process", "collect", "recover"),
        *("re-supply", "exchange", "loss", "adjustment", "reversal", "pledge", "release"),
        *("key", "notice", "contract", "statement", "reaffirm"),
    }
    assert {kind.name for kind in KINDS.values() if kind.public} == {"key", "notice"}
    for kind in KINDS.values():
        assert "sign" in kind.rule, kind.name
    with pytest.raises(LedgerError) as refused:
        kind_of(entry("gift"))
    assert refused.value.code is LedgerCode.UNKNOWN_KIND


def test_every_kind_that_a_sound_year_has_stands_in_the_loop():
    assert {each.kind for each in loop_book().entries} == set(KINDS) - {"reaffirm"}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_legs_come_with_kinds_that_move_mineral_and_with_no_others(name):
    kind = KINDS[name]
    everything = {"contract": "C", "documents": PAPERS, "parties": ("a", "b"), "reason": "r", "reference": "x"}
    fields = everything | {"corrects": DIGEST}
    assert (
        code_of(entry(name, moved(A, A._replace(lot="b"), 1) if not kind.moves else (), **fields)) is LedgerCode.BAD_LEG
    )


def test_receive():
    legs = moved(state(A, "source"), A, 5)
    sound(entry("receive", legs, documents=PAPERS), {"lessor"})
    sound(entry("receive", moved(state(LENT, "source"), state(LENT, "scrap"), 5), reference="R"), {"lessor", "maker"})
    assert code_of(entry("receive", legs)) is LedgerCode.BAD_FIELD
    assert code_of(entry("receive", moved(A, state(A, "source"), 5), documents=PAPERS)) is LedgerCode.BAD_LEG
    assert code_of(entry("receive", moved(state(A, "source"), LENT, 5), documents=PAPERS)) is LedgerCode.BAD_LEG
    other_lot = A._replace(lot="lot-2")
    assert code_of(entry("receive", moved(state(A, "source"), other_lot, 5), documents=PAPERS)) is LedgerCode.BAD_LEG


def test_title():
    sold = account("buyer", "lessor")
    sound(entry("title", moved(A, sold, 5)), {"lessor", "buyer"})
    sound(
        entry("title", moved(state(LENT, "product"), state(LENT._replace(owner="maker"), "product"), 5)),
        {"lessor", "maker"},
    )
    assert code_of(entry("title", moved(A, account("buyer", "buyer"), 5))) is LedgerCode.BAD_LEG
    assert code_of(entry("title", moved(A, state(sold, "scrap"), 5))) is LedgerCode.BAD_LEG
    assert code_of(entry("title", moved(state(A, "loss"), state(sold, "loss"), 5))) is LedgerCode.BAD_LEG


def test_ship():
    sound(entry("ship", moved(A, state(A, "transit"), 5)), {"lessor"})
    sound(entry("ship", moved(LENT, state(LENT, "transit"), 5)), {"maker"})
    sound(entry("ship", moved(LENT, state(account("lessor", "carrier"), "transit"), 5)), {"maker", "carrier"})
    sound(entry("ship", moved(LENT, state(LENT, "exported"), 5)), {"lessor", "maker"})
    assert code_of(entry("ship", moved(A, state(A, "scrap"), 5))) is LedgerCode.BAD_LEG
    assert code_of(entry("ship", moved(A, account("buyer", "lessor", "transit"), 5))) is LedgerCode.BAD_LEG


def test_what_a_shipment_says_of_its_receiver():
    on_way = entry("ship", moved(A, state(A, "transit"), 5), parties=("maker",), details={"receiver": "maker"})
    sound(on_way, {"lessor"})
    sound(replace(on_way, details={"receiver": "maker", "expected_by": "2024-02-29"}), {"lessor"})
    for details in ({"receiver": "other"}, {"receiver": 5}, {"expected_by": "2024-02-30"}, {"expected_by": "soon"}):
        assert code_of(replace(on_way, details=details)) is LedgerCode.BAD_FIELD
    come = entry("arrive", moved(state(A, "transit"), LENT, 5), details={"shipment": DIGEST})
    sound(come, {"maker"})
    assert kind_of(come).names(come) == (DIGEST,)
    assert code_of(replace(come, details={"shipment": "DN-7"})) is LedgerCode.BAD_FIELD


def test_arrive_books_the_difference_and_then_both_sign():
    way = state(A, "transit")
    sound(entry("arrive", moved(way, LENT, 5)), {"maker"})
    short = net_legs((*move(way, LENT, 4), *move(way, state(A, "unaccounted"), 1)))
    sound(entry("arrive", short), {"maker", "lessor"})
    over = net_legs((*move(way, LENT, 5), *move(state(LENT, "source"), LENT, 1)))
    sound(entry("arrive", over), {"maker", "lessor"})
    assert code_of(entry("arrive", moved(A, LENT, 5))) is LedgerCode.BAD_LEG
    assert code_of(entry("arrive", moved(way, account("maker", "maker"), 5))) is LedgerCode.BAD_LEG
    assert code_of(entry("arrive", moved(way, LENT._replace(lot="lot-2"), 5))) is LedgerCode.BAD_LEG


@pytest.mark.parametrize("kind", ["lease-out", "return", "re-supply"])
def test_custody_moves_and_title_never(kind):
    legs = moved(A, LENT, 5)
    sound(entry(kind, legs, contract="C"), {"lessor", "maker"})
    sound(entry(kind, moved(LENT, account("lessor", "other"), 5), contract="C"), {"lessor", "maker", "other"})
    assert code_of(entry(kind, legs)) is LedgerCode.BAD_FIELD
    assert code_of(entry(kind, moved(A, account("maker", "maker"), 5), contract="C")) is LedgerCode.BAD_LEG
    assert code_of(entry(kind, moved(A, account("maker", "lessor"), 5), contract="C")) is LedgerCode.BAD_LEG
    assert code_of(entry(kind, moved(A, LENT._replace(lot="x"), 5), contract="C")) is LedgerCode.BAD_LEG
    assert (
        code_of(entry(kind, moved(state(A, "transit"), state(LENT, "transit"), 5), contract="C")) is LedgerCode.BAD_LEG
    )


def test_embody():
    details = {"manifest_sha256": DIGEST, "serials": 3}
    packs = state(LENT, "product")._replace(lot="packs")
    sound(entry("embody", moved(LENT, packs, 5), details=details), {"maker"})
    sound(entry("embody", moved(LENT, packs, 5), details=details | {"manifest_root": DIGEST}), {"maker"})
    for bad in (
        {},
        details | {"manifest_root": "ab"},
        details | {"manifest_root": 7},
        details | {"serials": 0},
        details | {"serials": True},
        details | {"manifest_sha256": "ab"},
    ):
        assert code_of(entry("embody", moved(LENT, packs, 5), details=bad)) is LedgerCode.BAD_FIELD
    assert code_of(entry("embody", moved(LENT, state(A, "product"), 5), details=details)) is LedgerCode.BAD_LEG
    assert code_of(entry("embody", moved(state(LENT, "scrap"), packs, 5), details=details)) is LedgerCode.BAD_LEG


def test_process():
    batch = state(LENT, "process")._replace(lot="b")
    sound(entry("process", moved(LENT, batch, 5), reference="B"), {"maker"})
    sound(entry("process", moved(batch, state(batch, "loss"), 5), reference="B"), {"maker"})
    assert code_of(entry("process", moved(LENT, batch, 5))) is LedgerCode.BAD_FIELD
    assert code_of(entry("process", moved(state(LENT, "source"), batch, 5), reference="B")) is LedgerCode.BAD_LEG
    assert code_of(entry("process", moved(LENT, batch._replace(holder="x"), 5), reference="B")) is LedgerCode.BAD_LEG
    assert code_of(entry("process", moved(LENT, batch._replace(owner="x"), 5), reference="B")) is LedgerCode.BAD_LEG


def test_collect():
    used = state(account("lessor", "operator"), "product")
    scrap = state(account("lessor", "recycler", lot="s"), "scrap")
    sound(entry("collect", moved(used, scrap, 5)), {"operator", "recycler"})
    assert code_of(entry("collect", moved(used, scrap._replace(owner="recycler"), 5))) is LedgerCode.BAD_LEG
    assert code_of(entry("collect", moved(used, state(scrap, "stock"), 5))) is LedgerCode.BAD_LEG


def test_recover_attributes_to_the_owners_of_the_batch_and_to_nobody_else():
    mine, yours = (state(account(owner, "recycler"), "scrap") for owner in ("lessor", "operator"))
    out = state(mine, "stock")
    legs = net_legs((*move(mine, out, 4), *move(mine, state(mine, "loss"), 1)))
    sound(entry("recover", legs, documents=PAPERS), {"recycler"})
    shared_out = net_legs((*move(mine, out, 4), *move(yours, out, 1)))
    sound(entry("recover", shared_out, documents=PAPERS), {"recycler", "lessor", "operator"})
    assert code_of(entry("recover", legs)) is LedgerCode.BAD_FIELD
    stranger = moved(mine, out._replace(owner="stranger"), 4)
    assert code_of(entry("recover", stranger, documents=PAPERS)) is LedgerCode.BAD_LEG
    assert code_of(entry("recover", moved(mine, account("lessor", "x"), 4), documents=PAPERS)) is LedgerCode.BAD_LEG


def test_exchange_leaves_everybody_with_as_much():
    one, two = account("a", "x"), account("b", "y")
    swap = (*move(one, account("a", "y"), 5), *move(two, account("b", "x"), 5))
    sound(entry("exchange", net_legs(swap)), {"a", "b", "x", "y"})
    assert code_of(entry("exchange", moved(one, account("b", "x"), 5))) is LedgerCode.BAD_LEG
    assert code_of(entry("exchange", moved(one, account("a", "y"), 5))) is LedgerCode.BAD_LEG
    changed = (*move(one, state(account("a", "y"), "scrap"), 5), *move(two, account("b", "x"), 5))
    assert code_of(entry("exchange", net_legs(changed))) is LedgerCode.BAD_LEG


def test_exchange_of_one_element_for_another_is_refused():
    nickel, cobalt = account("a", "x"), account("b", "x", element="Co")
    legs = (*move(nickel, nickel._replace(owner="b"), 5), *move(cobalt, cobalt._replace(owner="a"), 5))
    assert code_of(entry("exchange", net_legs(legs))) is LedgerCode.BAD_LEG


def test_loss():
    sound(entry("loss", moved(LENT, state(LENT, "loss"), 5), reason="Fire."), {"lessor", "maker"})
    sound(
        entry("loss", moved(state(LENT, "unaccounted"), state(LENT, "loss"), 5), reason="Counted."), {"lessor", "maker"}
    )
    assert code_of(entry("loss", moved(LENT, state(LENT, "loss"), 5))) is LedgerCode.BAD_FIELD
    assert code_of(entry("loss", moved(LENT, state(A, "loss"), 5), reason="Fire.")) is LedgerCode.BAD_LEG
    assert code_of(entry("loss", moved(LENT, state(LENT, "unaccounted"), 5), reason="?")) is LedgerCode.BAD_LEG


def test_adjustment():
    legs = moved(state(LENT, "unaccounted"), A, 5)
    sound(entry("adjustment", legs, reason="Found.", reference="R-1"), {"lessor", "maker"})
    sound(entry("adjustment", legs, reason="Found.", corrects=DIGEST), {"lessor", "maker"})
    assert code_of(entry("adjustment", legs, reason="Found.")) is LedgerCode.BAD_FIELD
    assert code_of(entry("adjustment", legs, reference="R-1")) is LedgerCode.BAD_FIELD


def test_reversal_mirrors_its_original_and_is_signed_by_the_same():
    first = entry("ship", moved(LENT, state(LENT, "transit"), 5), parties=("watcher",))
    back = entry(
        "reversal", moved(state(LENT, "transit"), LENT, 5), parties=("watcher",), reason="No.", corrects=DIGEST
    )
    sound(back, {"maker"}, first)
    # Without the original at hand the shape is checked, and nobody can say who must sign.
    kind_of(back).check(back)
    half = replace(back, legs=moved(state(LENT, "transit"), LENT, 4))
    assert code_of(half, first) is LedgerCode.BAD_CORRECTION
    assert code_of(replace(back, parties=()), first) is LedgerCode.BAD_CORRECTION
    assert code_of(replace(first, kind="reversal", reason="No.", corrects=DIGEST), back) is LedgerCode.BAD_CORRECTION
    assert code_of(replace(back, corrects=None), first) is LedgerCode.BAD_FIELD
    assert code_of(replace(back, reason=None), first) is LedgerCode.BAD_FIELD
    for original in (None, entry("notice", reason="x"), back):
        with pytest.raises(LedgerError) as refused:
            kind_of(back).required_signers(back, original)
        assert refused.value.code is LedgerCode.BAD_CORRECTION


LOT = {"holder": "maker", "element": "Ni", "state": "stock", "lot": "lot-1", "mass_mg": "5"}
BETWEEN = {"owner": "lessor", "pledgee": "bank"}


def test_pledge():
    both = ("bank", "lessor")
    given = entry("pledge", details=BETWEEN | {"pledged": [LOT, LOT | {"lot": "lot-2"}]}, parties=both)
    sound(given, {"lessor", "bank"})
    assert pledged_by(given) == ((LENT, 5), (LENT._replace(lot="lot-2"), 5))
    for details in (
        BETWEEN,
        BETWEEN | {"pledged": []},
        {"owner": "lessor", "pledged": [LOT]},
        {"owner": "lessor", "pledgee": "lessor", "pledged": [LOT]},
        BETWEEN | {"pledged": [LOT, LOT]},
        BETWEEN | {"pledged": [LOT | {"lot": "lot-2"}, LOT]},
        BETWEEN | {"pledged": [LOT | {"mass_mg": "-5"}]},
        BETWEEN | {"pledged": [LOT | {"state": "source"}]},
        BETWEEN | {"pledged": {"lot": LOT}},
    ):
        assert code_of(replace(given, details=details)) is LedgerCode.BAD_FIELD
    for line in (LOT | {"mass_mg": "0"}, LOT | {"mass_mg": 5}, LOT | {"owner": "lessor"}, LOT | {"lot": "A"}, "Ni"):
        assert code_of(replace(given, details=BETWEEN | {"pledged": [line]})) is LedgerCode.BAD_LEG
    assert code_of(replace(given, parties=("bank",))) is LedgerCode.BAD_FIELD


def test_release():
    given_up = entry("release", details=BETWEEN | {"pledge": DIGEST}, parties=("bank", "lessor"))
    sound(given_up, {"bank"})
    sound(replace(given_up, details=given_up.details | {"pledged": [LOT]}), {"bank"})
    assert code_of(replace(given_up, details=BETWEEN)) is LedgerCode.BAD_FIELD
    assert code_of(replace(given_up, details=BETWEEN | {"pledge": "A" * 64})) is LedgerCode.BAD_FIELD
    assert code_of(replace(given_up, details=given_up.details | {"pledged": 5})) is LedgerCode.BAD_FIELD
    assert code_of(replace(given_up, parties=("lessor",))) is LedgerCode.BAD_FIELD


def test_reaffirm():
    again = entry("reaffirm", details={"entries": [DIGEST]}, parties=("lessor",))
    sound(again, {"lessor"})
    other = "ab" * 32
    assert kind_of(again).names(again) == (DIGEST,)
    for listed in (None, [], DIGEST, [5], ["x"], sorted([DIGEST, other])[::-1], [DIGEST, DIGEST]):
        assert code_of(replace(again, details={"entries": listed})) is LedgerCode.BAD_FIELD
    assert code_of(replace(again, parties=())) is LedgerCode.BAD_FIELD


def test_key():
    register = {
        "action": "register",
        "vkey": str(signer("k").vkey),
        "party": "lessor",
        "purpose": "entry",
        "custody": "held",
    }
    sound(entry("key", details=register), {"registry"})
    revoke = {"action": "revoke", "vkey": str(signer("k").vkey)}
    sound(entry("key", details=revoke, reason="Lost."), {"registry"})
    assert code_of(entry("key", details=revoke)) is LedgerCode.BAD_FIELD
    sound(entry("key", details=register | {"purpose": "recovery"}), {"registry"})
    sound(entry("key", details=revoke | {"compromised_since_index": 0}, reason="Lost."), {"registry"})
    for since in (-1, "5", True, None):
        bad = entry("key", details=revoke | {"compromised_since_index": since}, reason="Lost.")
        assert code_of(bad) is LedgerCode.BAD_FIELD
    for bad in (
        {"purpose": "anything"},
        {"purpose": ["entry"]},
        {"custody": {"held": True}},
        {"vkey": 7},
        {"custody": "lost"},
        {"party": "Lessor"},
        {"action": "change"},
        {"purpose": "registry"},
        {"party": "registry"},
        {"more": "x"},
        {"compromised_since_index": 0},
    ):
        assert code_of(entry("key", details=register | bad)) is LedgerCode.BAD_FIELD
    assert code_of(entry("key", details=register | {"vkey": "k+00000000+AQ=="})) is LedgerCode.BAD_KEY


def test_notice_contract_and_statement():
    sound(entry("notice", reason="Closed on Friday."), {"registry"})
    assert code_of(entry("notice")) is LedgerCode.BAD_FIELD
    sound(entry("contract", contract="C", documents=PAPERS, parties=("a", "b")), {"a", "b"})
    assert code_of(entry("contract", documents=PAPERS, parties=("a", "b"))) is LedgerCode.BAD_FIELD
    sound(entry("statement", documents=PAPERS, parties=("a", "b")), {"a", "b"})
    assert code_of(entry("statement", documents=PAPERS)) is LedgerCode.BAD_FIELD
    assert code_of(entry("statement", parties=("a",))) is LedgerCode.BAD_FIELD


def test_a_settlement_is_signed_by_the_party_that_issues_it_and_by_nobody_in_its_place():
    issued = entry("statement", documents=PAPERS, parties=("a", "b"), details={"issuer": "a"})
    sound(issued, {"a"})
    assert code_of(replace(issued, details={"issuer": "c"})) is LedgerCode.BAD_FIELD
    assert code_of(replace(issued, details={"issuer": ""})) is LedgerCode.BAD_FIELD
    closing = replace(issued, details={"closes_until": "2024-03-31"})
    sound(closing, {"a", "b"})
    assert code_of(replace(closing, parties=("a", "b", "c"))) is LedgerCode.BAD_FIELD
    for details in ({"closes_until": "2024-02-30"}, {"closes_until": 5}, closing.details | {"issuer": "a"}):
        assert code_of(replace(closing, details=details)) is LedgerCode.BAD_FIELD


TEXTS = st.sampled_from(["register", "revoke", "entry", "held", "acme", str(signer("k").vkey), DIGEST, "", "A B"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(
    (
        *("action", "vkey", "party", "purpose", "custody", "serials", "manifest_sha256", "owner", "pledgee", "issuer"),
        *("pledged", "pledge", "entries", "receiver", "expected_by", "shipment", "closes_until"),
        "compromised_since_index",
    )
)


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(max_examples=25)
@given(details=st.dictionaries(NAMES, ANYTHING, max_size=6))
def test_details_of_any_shape_are_taken_or_refused_and_never_a_crash(name, details):
    legs = moved(A, LENT, 1) if KINDS[name].moves else ()
    everything = entry(name, legs, contract="C", documents=PAPERS, parties=("acme",), reason="r", reference="x")
    some = replace(everything, details=details, corrects=DIGEST)
    with contextlib.suppress(LedgerError):
        kind_of(some).check(some)
    with contextlib.suppress(LedgerError):
        kind_of(some).required_signers(some, everything)
    assert all(len(bytes.fromhex(named)) == 32 for named in kind_of(some).names(some))
