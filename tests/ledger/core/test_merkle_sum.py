"""The tree of sums: exact nodes, every set of leaves proven, nothing below zero or beyond 64 bits, no forged total."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle_sum import MAX_MASS_MG, Node, SumTree, combine, leaf, root_of

NONCE = bytes(range(32))


def leaves_of(*masses: int) -> list[Node]:
    return [leaf(hashlib.sha256(b"%d" % at).digest(), mass, b"leaf %d" % at) for at, mass in enumerate(masses)]


def refused(action) -> str:
    with pytest.raises(LedgerError) as refusal:
        action()
    assert refusal.value.code is LedgerCode.BAD_PROOF
    return refusal.value.sentence


def test_leaf_and_node_are_the_hashes_that_the_format_says():
    one, other = leaf(NONCE, 5, b"a"), leaf(NONCE, 0, b"b")
    assert one == (hashlib.sha256(b"lode/sum-leaf/v1\n" + NONCE + b"\0\0\0\0\0\0\0\5" + b"a").digest(), 5)
    assert combine(one, other) == (
        hashlib.sha256(
            b"lode/sum-node/v1\n" + b"\0\0\0\0\0\0\0\5" + one.hash + b"\0\0\0\0\0\0\0\0" + other.hash
        ).digest(),
        5,
    )
    assert combine(one, other).hash != combine(other, one).hash


def test_the_root_commits_to_the_sum_of_each_child_and_not_only_to_their_total():
    # The flaw of the first summation trees (ePrint 2018/1139): 3 + 7 and 7 + 3 over the same hashes gave one root.
    left, right = leaves_of(3, 7)
    assert combine(left, right).hash != combine(Node(left.hash, 7), Node(right.hash, 3)).hash


def test_no_mass_is_below_zero_or_beyond_63_bits_and_no_sum_grows_beyond():
    top = leaf(NONCE, MAX_MASS_MG, b"")
    assert top.mass_mg == 9_223_372_036_854_775_807
    for mass in (-1, MAX_MASS_MG + 1):
        assert "below zero or beyond 2^63 - 1" in refused(lambda mass=mass: leaf(NONCE, mass, b""))
        assert "below zero" in refused(lambda mass=mass: combine(top, Node(top.hash, mass)))
    assert combine(top, Node(top.hash, 0)).mass_mg == MAX_MASS_MG
    refused(lambda: combine(top, Node(top.hash, 1)))
    refused(lambda: SumTree([top, leaf(NONCE, 1, b"")]))
    refused(lambda: combine(Node(b"short", 1), top))
    refused(lambda: leaf(b"short", 1, b""))


@pytest.mark.parametrize("count", [0, 3, 5, 6, 7])
def test_a_tree_has_a_power_of_two_of_leaves(count):
    refused(lambda: SumTree(leaves_of(*range(count))))


def test_a_tree_of_one_leaf_is_that_leaf():
    (only,) = leaves_of(9)
    tree = SumTree([only])
    assert (tree.root, tree.depth, tree.siblings([0])) == (only, 0, [])
    assert root_of(0, {0: only}, []) == only


@given(st.lists(st.integers(0, 10**15), min_size=8, max_size=8), st.sets(st.integers(0, 7), min_size=1))
def test_any_set_of_leaves_leads_to_the_root_with_its_siblings_alone(masses, places):
    leaves = leaves_of(*masses)
    tree = SumTree(leaves)
    siblings = tree.siblings(places)
    assert tree.root.mass_mg == sum(masses)
    assert root_of(3, {place: leaves[place] for place in places}, siblings) == tree.root
    assert sum(node.mass_mg for node in siblings) == sum(masses) - sum(masses[place] for place in places)
    refused(lambda: root_of(3, {place: leaves[place] for place in places}, [*siblings, leaves[0]]))
    if siblings:
        refused(lambda: root_of(3, {place: leaves[place] for place in places}, siblings[:-1]))


@given(st.integers(0, 7), st.integers(0, 2), st.integers(0, 7), st.integers(1, 10**6))
def test_a_proof_with_anything_changed_leads_elsewhere(place, which, other, change):
    leaves = leaves_of(5, 0, 3, 1, 40, 2, 2, 9)
    tree = SumTree(leaves)
    siblings = tree.siblings([place])
    forged = list(siblings)
    forged[which] = Node(siblings[which].hash, siblings[which].mass_mg + change)
    assert root_of(3, {place: leaves[place]}, forged) != tree.root
    forged[which] = Node(hashlib.sha256(siblings[which].hash).digest(), siblings[which].mass_mg)
    assert root_of(3, {place: leaves[place]}, forged) != tree.root
    heavier = Node(leaves[place].hash, leaves[place].mass_mg + change)
    assert root_of(3, {place: heavier}, siblings) != tree.root
    if other != place:
        assert root_of(3, {other: leaves[place]}, siblings) != tree.root


@pytest.mark.parametrize(("depth", "places"), [(1, {}), (1, {2}), (1, {-1}), (-1, {0}), (41, {0})])
def test_a_leaf_without_a_place_is_refused(depth, places):
    (only,) = leaves_of(1)
    refused(lambda: root_of(depth, dict.fromkeys(places, only), [only] * 50))
