"""The tree of RFC 6962: published proofs, and proofs of random trees against the definition."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    grown,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.shared_vectors import shared

HASHES = [leaf_hash(bytes([number])) for number in range(70)]


def mth(hashes: list[bytes]) -> bytes:
    """The definition of RFC 6962 section 2.1, as it stands there."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def get_hash(level: int, index: int) -> bytes:
    return mth(HASHES[index << level : (index + 1) << level])


def published(kind: str) -> list[dict]:
    folder = shared("vectors/transparency-dev-merkle/testdata") / kind
    return [json.loads(path.read_text()) | {"path": str(path)} for path in sorted(folder.rglob("*.json"))]


def unpack(case: dict, name: str) -> bytes:
    return base64.b64decode(case[name] or "")


def holds(action) -> bool:
    try:
        action()
    except LedgerError as error:
        if error.code is not LedgerCode.BAD_PROOF:
            raise
        return False
    return True


def test_published_inclusion_proofs():
    cases = published("inclusion")
    assert len(cases) == 98
    for case in cases:
        proof = [base64.b64decode(item) for item in case["proof"] or []]
        found = holds(
            lambda case=case, proof=proof: verify_inclusion(
                unpack(case, "leafHash"), case["leafIdx"], case["treeSize"], proof, unpack(case, "root")
            )
        )
        assert found == (not case["wantErr"]), case["path"]


def test_published_consistency_proofs():
    cases = published("consistency")
    assert len(cases) == 98
    for case in cases:
        proof = [base64.b64decode(item) for item in case["proof"] or []]
        found = holds(
            lambda case=case, proof=proof: verify_consistency(
                case["size1"], case["size2"], unpack(case, "root1"), unpack(case, "root2"), proof
            )
        )
        assert found == (not case["wantErr"]), case["path"]


def test_rfc_6962_prefixes():
    assert leaf_hash(b"") == hashlib.sha256(b"\x00").digest()
    assert node_hash(b"l", b"r") == hashlib.sha256(b"\x01lr").digest()
    assert root([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("size", range(70))
def test_frontier_has_the_root_of_the_definition(size):
    frontier = Frontier()
    for item in HASHES[:size]:
        frontier.append(item)
    assert frontier.root() == root(HASHES[:size]) == mth(HASHES[:size])
    assert frontier.size == size
    again = Frontier.from_bytes(frontier.to_bytes())
    assert (again.size, again.peaks) == (frontier.size, frontier.peaks)
    grown = again.copy()
    grown.append(HASHES[0])
    assert grown.root() == mth([*HASHES[:size], HASHES[0]])
    assert again.root() == mth(HASHES[:size])


def test_a_frontier_of_the_wrong_length_is_refused():
    for size, peaks in ((1, []), (3, HASHES[:1]), (0, HASHES[:1]), (1, [b"short"]), (-1, HASHES[:1])):
        with pytest.raises(LedgerError):
            Frontier(size, peaks)
    with pytest.raises(LedgerError):
        Frontier().append(b"short")
    with pytest.raises(LedgerError):
        Frontier.from_bytes(b"\x00" * 7 + b"\x01" + b"\x00" * 31)


@given(st.integers(1, 70).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))), st.data())
def test_inclusion_proofs_hold_and_no_changed_one_does(place, data):
    size, index = place
    proof = inclusion_proof(index, size, get_hash)
    tree_root = mth(HASHES[:size])
    verify_inclusion(HASHES[index], index, size, proof, tree_root)
    assert not holds(lambda: verify_inclusion(HASHES[index], index, size, [*proof, HASHES[0]], tree_root))
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof]
        changed[at] = bytes([changed[at][0] ^ 1]) + changed[at][1:]
        assert not holds(lambda: verify_inclusion(HASHES[index], index, size, changed, tree_root))
        assert not holds(lambda: verify_inclusion(HASHES[index], index, size, proof[:-1], tree_root))
    other = data.draw(st.integers(-1, 71))
    if other != index:
        assert not holds(lambda: verify_inclusion(HASHES[index], other, size, proof, tree_root))


@given(st.integers(1, 70).flatmap(lambda new: st.tuples(st.integers(1, new), st.just(new))), st.data())
def test_consistency_proofs_hold_and_no_changed_one_does(sizes, data):
    old, new = sizes
    proof = consistency_proof(old, new, get_hash)
    old_root, new_root = mth(HASHES[:old]), mth(HASHES[:new])
    verify_consistency(old, new, old_root, new_root, proof)
    assert not holds(lambda: verify_consistency(old, new, old_root, new_root, [*proof, HASHES[0]]))
    wrong = bytes([old_root[0] ^ 1]) + old_root[1:]
    assert not holds(lambda: verify_consistency(old, new, wrong, new_root, proof))
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof]
        changed[at] = bytes([changed[at][0] ^ 1]) + changed[at][1:]
        assert not holds(lambda: verify_consistency(old, new, old_root, new_root, changed))


def test_proofs_outside_of_the_tree_are_refused():
    for action in (
        lambda: inclusion_proof(3, 3, get_hash),
        lambda: inclusion_proof(-1, 3, get_hash),
        lambda: consistency_proof(4, 3, get_hash),
        lambda: verify_consistency(0, 3, EMPTY_ROOT, mth(HASHES[:3]), []),
        lambda: verify_inclusion(HASHES[0][:31], 0, 1, [], HASHES[0]),
    ):
        assert not holds(action)
    assert consistency_proof(0, 3, get_hash) == []
    assert consistency_proof(3, 3, get_hash) == []


@pytest.mark.parametrize("old", range(1, 35))
def test_growth_is_proven_from_the_old_frontier_and_the_new_leaves_alone(old):
    before, after = Frontier(), Frontier()
    for item in HASHES[:old]:
        before.append(item)
        after.append(item)
    for new in range(old, 70):
        added = HASHES[old:new]
        proof = consistency_proof(old, new, grown(before, added))
        verify_consistency(old, new, mth(HASHES[:old]), mth(HASHES[:new]), proof)
    with pytest.raises(LedgerError, match="grew"):
        grown(before, HASHES[old:])(0, 70)


def subproof(old: int, hashes: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2, as it stands there."""
    if old == len(hashes):
        return [] if whole else [mth(hashes)]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if old <= k:
        return [*subproof(old, hashes[:k], whole=whole), mth(hashes[k:])]
    return [*subproof(old - k, hashes[k:], whole=False), mth(hashes[:k])]


def published_ranges() -> list[tuple[int, int]]:
    folder = shared("vectors/transparency-dev-merkle/compact/testdata/fuzz/FuzzRangeNodes")
    found = (re.findall(r"^uint64\((\d+)\)$", path.read_text(), re.MULTILINE) for path in sorted(folder.iterdir()))
    return [(int(begin), int(end)) for begin, end in found]


def test_published_ranges_are_proven_to_extend_what_comes_before_them():
    # The cases on which a compact range of others once went wrong: leaves from `begin` up to `end`.
    ranges = published_ranges()
    assert len(ranges) == 19
    assert [each for each in ranges if each[0] > each[1]] == [(71, 0)]
    assert not holds(lambda: consistency_proof(71, 0, get_hash))
    hashes = [leaf_hash(b"%d" % number) for number in range(max(end for _, end in ranges))]

    def node(level: int, index: int) -> bytes:
        return mth(hashes[index << level : (index + 1) << level])

    for begin, end in (each for each in ranges if each != (71, 0)):
        tree_root, frontier = mth(hashes[:end]), Frontier()
        for item in hashes[:begin]:
            frontier.append(item)
        proof = consistency_proof(begin, end, node)
        assert proof == (subproof(begin, hashes[:end], whole=True) if begin else []), (begin, end)
        if begin:
            assert proof == consistency_proof(begin, end, grown(frontier, hashes[begin:end]))
            verify_consistency(begin, end, mth(hashes[:begin]), tree_root, proof)
        for index in {begin, end - 1} - {end}:
            verify_inclusion(hashes[index], index, end, inclusion_proof(index, end, node), tree_root)
        for item in hashes[begin:end]:
            frontier.append(item)
        assert frontier.root() == tree_root, (begin, end)
