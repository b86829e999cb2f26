"""What a close commits to, and what a party and an auditor can check of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core import conservation, conservation_proof
from ledger.core.conservation import SIDES, Commitment, cut, declared, on_sides, seed_of, side_of, to_details
from ledger.core.conservation_proof import check_balances, check_opening, decode, encode, open_for, recompute
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle_sum import MAX_MASS_MG, Node

BOOK = "ledger.example/book"
SECRET = hashlib.sha256(b"the operator's secret").digest()
LESSOR = Account("lessor", "lessor", "Ni", "stock", "lot-1")
LEASED = Account("lessor", "maker", "Ni", "stock", "lot-1")
USED_UP = Account("maker", "maker", "Ni", "process", "lot-1")
MINE = Account("lessor", "lessor", "Ni", "source", "lot-1")
COBALT = Account("maker", "maker", "Co", "stock", "lot-9")
BALANCES = {
    LESSOR: 3_750_000_000,
    LEASED: 1_250_000_000,
    USED_UP: 0,
    MINE: -5_000_000_000,
    COBALT: 7,
    COBALT._replace(state="source"): -7,
}


def seeds_for(*elements: str, size: int = 12) -> dict[str, dict[str, bytes]]:
    root = hashlib.sha256(b"root").digest()
    return {
        element: {
            side: seed_of(SECRET, origin=BOOK, tree_size=size, root=root, element=element, side=side) for side in SIDES
        }
        for element in elements
    }


def sides_of(balances: dict[Account, int]) -> dict[str, dict[str, conservation.Side]]:
    seeds = seeds_for(*{account.element for account in balances})
    return {
        element: {side: side_of(seeds[element][side], masses) for side, masses in found.items()}
        for element, found in on_sides(balances).items()
    }


SIDES_OF = sides_of(BALANCES)
COMMITTED = tuple(
    Commitment(element, 12, SIDES_OF[element]["bounded"].tree.root, SIDES_OF[element]["source"].tree.root)
    for element in sorted(SIDES_OF)
)


def of_party(party: str) -> dict[Account, int]:
    return {account: mass for account, mass in BALANCES.items() if party in (account.owner, account.holder)}


def opened(party: str) -> bytes:
    return encode(open_for(BOOK, 13, SIDES_OF, lambda account: party in (account.owner, account.holder)))


def test_both_trees_of_each_element_have_the_total_that_came_in():
    assert [(item.element, item.bounded.mass_mg, item.source.mass_mg) for item in COMMITTED] == [
        ("Co", 7, 7),
        ("Ni", 5_000_000_000, 5_000_000_000),
    ]
    assert declared(to_details(COMMITTED)) == COMMITTED
    assert recompute(seeds_for("Co", "Ni"), BALANCES, 12) == COMMITTED


def test_a_balance_is_cut_into_two_to_five_parts_that_add_up_to_it():
    counts = set()
    for number in range(200):
        parts = cut(SECRET, LESSOR._replace(lot=f"lot-{number}"), 1000 + number)
        assert sum(part.mass_mg for part in parts) == 1000 + number
        assert min(part.mass_mg for part in parts) >= 0
        assert len({part.nonce for part in parts}) == len(parts)
        counts.add(len(parts))
    assert counts == {2, 3, 4, 5}
    assert [part.mass_mg for part in cut(SECRET, USED_UP, 0)] in ([0, 0], [0, 0, 0], [0] * 4, [0] * 5)


def test_leaves_stand_in_the_order_of_their_hashes_and_fill_a_power_of_two():
    side = SIDES_OF["Ni"]["bounded"]
    nodes = [part.node() for part in side.parts]
    assert nodes == sorted(nodes)
    assert len(nodes) in (8, 16)
    assert {part.account for part in side.parts if part.account} == {LESSOR, LEASED, USED_UP}
    assert sum(part.mass_mg for part in side.parts if part.account is None) == 0


def test_an_element_that_never_came_in_has_two_trees_of_one_empty_leaf():
    (empty,) = recompute(seeds_for("Li"), BALANCES, 12)
    assert (empty.bounded.mass_mg, empty.source.mass_mg) == (0, 0)
    assert empty.bounded.hash != empty.source.hash


def test_other_seeds_give_other_roots_and_the_same_totals():
    seeds = seeds_for("Ni", size=11)
    (other,) = recompute(seeds, BALANCES, 12)
    assert other.bounded.mass_mg == COMMITTED[1].bounded.mass_mg
    assert other.bounded.hash != COMMITTED[1].bounded.hash


@pytest.mark.parametrize("party", ["lessor", "maker"])
def test_a_party_proves_exactly_its_own_balances(party):
    data = opened(party)
    assert check_balances(decode(data), COMMITTED, of_party(party)) == of_party(party)
    assert encode(decode(data)) == data
    assert (b"lot-9" in data) == (party == "maker")


def test_a_party_that_has_nothing_is_shown_nothing():
    assert opened("recycler") == b'{"elements":[],"index":13,"origin":"ledger.example/book"}\n'
    assert check_balances(decode(opened("recycler")), COMMITTED, {}) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {LESSOR: 3_750_000_001},
        {LESSOR._replace(lot="lot-2"): 0},
        {LESSOR._replace(lot="lot-2"): 5},
        {MINE: -4_999_999_999},
    ],
)
def test_a_balance_that_is_not_the_one_counted_is_refused(wrong):
    with pytest.raises(LedgerError, match="counts") as refusal:
        check_balances(decode(opened("lessor")), COMMITTED, {**of_party("lessor"), **wrong})
    assert refusal.value.code is LedgerCode.BAD_PROOF


def test_an_account_that_was_left_out_is_missed():
    fewer = {account: mass for account, mass in BALANCES.items() if account != LEASED}
    sides = sides_of({**fewer, MINE: -3_750_000_000})
    committed = tuple(
        Commitment(element, 12, sides[element]["bounded"].tree.root, sides[element]["source"].tree.root)
        for element in sorted(sides)
    )
    opening = open_for(BOOK, 13, sides, lambda account: account.owner == "lessor")
    with pytest.raises(LedgerError, match="at None mg; its entries give 1250000000 mg"):
        check_balances(opening, committed, {**of_party("lessor"), MINE: -3_750_000_000})


@settings(max_examples=400, deadline=None)
@given(at=st.integers(0, len(opened("lessor")) - 1), byte=st.integers(0, 255))
def test_a_proof_with_any_byte_changed_is_refused(at, byte):
    data = bytearray(opened("lessor"))
    if data[at] == byte:
        return
    data[at] = byte
    with pytest.raises(LedgerError):  # noqa: PT012 - the three steps that a reader makes
        forged = decode(bytes(data))
        check_balances(forged, COMMITTED, of_party("lessor"))
        # What is left is a proof of another notice or book, which whoever reads the file knows by its name.
        assert (forged.origin, forged.index) != (BOOK, 13)
        raise LedgerError(LedgerCode.BAD_PROOF, "of another notice")


def test_parts_shown_twice_or_counted_wrongly_are_refused():
    opening = decode(opened("lessor"))
    proof = opening.elements["Ni"]["source"]
    other = dataclasses.replace(opening, elements={"Ni": {"bounded": proof}})
    with pytest.raises(LedgerError, match="does not lead to the root"):
        check_opening(other, COMMITTED)
    with pytest.raises(LedgerError, match="of which the notice says nothing"):
        check_opening(opening, COMMITTED[:1])
    # The first part of an account is kept back: what is left leads to the root, and does not count from 0.
    parts = dict(opening.elements["Ni"]["bounded"].parts)
    place = next(place for place, part in parts.items() if part.account == LEASED and part.number == 0)
    side = SIDES_OF["Ni"]["bounded"]
    del parts[place]
    short = conservation_proof.SideProof(side.tree.depth, parts, tuple(side.tree.siblings(parts)))
    with pytest.raises(LedgerError, match="does not count the parts of Ni of lessor at maker"):
        check_opening(dataclasses.replace(opening, elements={"Ni": {"bounded": short, "source": proof}}), COMMITTED)


GOOD = to_details(COMMITTED)


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        None,
        [*GOOD, GOOD[0]],
        GOOD[::-1],
        [{**GOOD[0], "more": "1"}],
        [{**GOOD[0], "element": "nickel"}],
        [{**GOOD[0], "tree_size": True}],
        [{**GOOD[0], "tree_size": 0}],
        [{**GOOD[0], "tree_size": "12"}],
        [{**GOOD[0], "tree_size": 11}, GOOD[1]],
        [{**GOOD[0], "root": "00"}],
        [{**GOOD[0], "root": GOOD[0]["root"].upper()}],
        [{**GOOD[0], "total_mg": 7}],
        [{**GOOD[0], "total_mg": "-7", "source_total_mg": "-7"}],
        [{**GOOD[0], "total_mg": "07", "source_total_mg": "07"}],
        [{**GOOD[0], "total_mg": str(MAX_MASS_MG + 1), "source_total_mg": str(MAX_MASS_MG + 1)}],
        [{**GOOD[0], "total_mg": "8"}],
    ],
    ids=json.dumps,
)
def test_a_commitment_of_another_form_is_refused(value):
    with pytest.raises(LedgerError) as refusal:
        declared(value)
    assert refusal.value.code is LedgerCode.BAD_FIELD


def test_accounts_that_do_not_sum_to_zero_cannot_be_declared():
    root = Node(bytes(32), 5)
    with pytest.raises(LedgerError, match="does not close: 5 mg of Ni stand in the accounts, and 4 mg came"):
        to_details((Commitment("Ni", 3, root, Node(bytes(32), 4)),))


def test_seeds_are_read_as_they_were_written():
    seeds = seeds_for("Co", "Ni")
    data = conservation_proof.encode_seeds(BOOK, 13, seeds)
    assert conservation_proof.decode_seeds(data) == (BOOK, 13, seeds)
    for bad in (data[:-1], data.replace(b'"Co"', b'"Ni"'), data.replace(b'"source"', b'"sauce"', 1), b"[]\n", b"{}\n"):
        with pytest.raises(LedgerError):
            conservation_proof.decode_seeds(bad)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["stock", "scrap"]), st.sampled_from(["x", "y"])),
        st.integers(0, 10**17),
        min_size=1,
    )
)
def test_whatever_stands_in_the_accounts_each_party_proves_its_own(masses):
    balances = {Account(owner, owner, "Ni", state, lot): mass for (owner, state, lot), mass in masses.items()}
    balances[MINE] = -sum(masses.values())
    sides = sides_of(balances)
    committed = recompute(seeds_for("Ni"), balances, 12)
    assert committed[0].bounded.mass_mg == sum(masses.values())
    for party in ("a", "b", "c"):
        own = {account: mass for account, mass in balances.items() if account.owner == party}
        opening = open_for(BOOK, 13, sides, lambda account, party=party: account.owner == party)
        assert check_balances(decode(encode(opening)), committed, own) == own
