r"""A Merkle tree whose nodes carry sums: a leaf is shown to count in a total, and little is told of the other leaves.

The construction is the summation tree of Maxwell and Todd ("proof of liabilities") with the repair of Hu, Zhang and Guo
("Breaking the Binding", IACR ePrint 2018/1139): a node commits to the sum of *each* child. Where it commits only
to their total, an operator can show every party the same root with that party's balance and next to nothing else.

* leaf: SHA-256("lode/sum-leaf/v1\n" ‖ 32-byte nonce ‖ mass ‖ content)
* node: SHA-256("lode/sum-node/v1\n" ‖ left mass ‖ left hash ‖ right mass ‖ right hash)

A mass is an integer count of milligrams in 8 big-endian bytes, 0 to 2^63 - 1; the mass of a node is the sum of both
children, and one that outgrows the range is refused. Nothing is negative, so no leaf takes away from a total. The
number of leaves is a power of two, so the shape of the tree needs no words. A proof shows mass and hash of each
sibling on the way up: how much stands in those subtrees together, and nothing of how it is divided or whose it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, NoReturn

from ledger.core.errors import LedgerCode, LedgerError

LEAF_HEADER = b"lode/sum-leaf/v1\n"
NODE_HEADER = b"lode/sum-node/v1\n"
HASH_BYTES = 32
NONCE_BYTES = 32
MAX_MASS_MG = 2**63 - 1
MAX_DEPTH = 40
_MASS_BYTES = 8


class Node(NamedTuple):
    """A hash and the mass in milligrams that stands under it."""

    hash: bytes
    mass_mg: int


def leaf(nonce: bytes, mass_mg: int, content: bytes) -> Node:
    """Return the leaf that hides `content` behind a nonce of 32 bytes; raises `bad-proof` for a mass out of range."""
    if len(nonce) != NONCE_BYTES:
        _refuse(f"The nonce of a leaf is {len(nonce)} bytes long; {NONCE_BYTES} are needed.")
    return Node(hashlib.sha256(LEAF_HEADER + nonce + _mass(mass_mg) + content).digest(), mass_mg)


def combine(left: Node, right: Node) -> Node:
    """Return the node over two others; raises `bad-proof` where a mass is out of range or their sum would be."""
    parts = []
    for child in (left, right):
        if len(child.hash) != HASH_BYTES:
            _refuse(f"A hash of {len(child.hash)} bytes stands where one of {HASH_BYTES} is needed.")
        parts.append(_mass(child.mass_mg) + child.hash)
    total = left.mass_mg + right.mass_mg
    _mass(total)
    return Node(hashlib.sha256(NODE_HEADER + b"".join(parts)).digest(), total)


class SumTree:
    """A whole tree over its leaves, whose number must be a power of two; raises `bad-proof` as `combine` does."""

    def __init__(self, leaves: Sequence[Node]) -> None:
        if not leaves or len(leaves) & (len(leaves) - 1):
            _refuse(f"A tree of sums over {len(leaves)} leaves cannot be: their number is a power of two.")
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            self._levels.append([combine(below[at], below[at + 1]) for at in range(0, len(below), 2)])

    @property
    def root(self) -> Node:
        """The node over all leaves: what is published."""
        return self._levels[-1][0]

    @property
    def depth(self) -> int:
        """How many steps lead from a leaf to the root."""
        return len(self._levels) - 1

    def siblings(self, places: Collection[int]) -> list[Node]:
        """Return the nodes that lead from the leaves at `places` to the root, in the order in which `root_of` asks."""
        found: list[Node] = []
        row = sorted(set(places))
        for level in self._levels[:-1]:
            known = set(row)
            found.extend(level[place ^ 1] for place in row if place ^ 1 not in known)
            row = sorted({place >> 1 for place in row})
        return found


def root_of(depth: int, leaves: Mapping[int, Node], siblings: Sequence[Node]) -> Node:
    """Return the root that leaves at their places and the siblings give.

    One level after the other, from the leaves up and from left to right, each node whose sibling is not known takes the
    next of `siblings`. Raises `bad-proof` where they run out or are left over, and as `combine` does.
    """
    if not leaves or not 0 <= depth <= MAX_DEPTH or not all(0 <= place < 1 << depth for place in leaves):
        _refuse("The proof names no leaf, or one that has no place in its tree.")
    row, left = dict(leaves), list(reversed(siblings))
    for _ in range(depth):
        above: dict[int, Node] = {}
        for place in sorted(row):
            if place >> 1 in above:
                continue
            sibling = row.get(place ^ 1)
            if sibling is None:
                if not left:
                    _refuse("The proof ends before it comes to the root.")
                sibling = left.pop()
            pair = (sibling, row[place]) if place & 1 else (row[place], sibling)
            above[place >> 1] = combine(*pair)
        row = above
    if left:
        _refuse("The proof holds more than leads to the root.")
    return row[0]


def _mass(mass_mg: int) -> bytes:
    if not 0 <= mass_mg <= MAX_MASS_MG:
        _refuse(f"A sum of {mass_mg} mg is below zero or beyond 2^63 - 1.")
    return mass_mg.to_bytes(_MASS_BYTES, "big")


def _refuse(sentence: str) -> NoReturn:
    raise LedgerError(LedgerCode.BAD_PROOF, sentence)
