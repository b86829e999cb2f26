"""Conservation: what a public notice commits to at a close, and the secret leaves under it.

For each element there are two trees of sums: one over the accounts that stand at zero or above, one over those below
zero, which only `source` can be, as positive numbers. Every entry sums to zero, so both totals are the same: what is in
the ledger is what came in. A balance is cut into parts and the leaves are ordered by their hashes, so that the sum next
to a leaf says little. All that is secret follows from one seed a tree, which the operator and the auditor have; a party
has the leaves of its own accounts.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from ledger.core.canonical_json import dumps
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle_sum import MAX_MASS_MG, Node, SumTree, leaf

DETAIL = "conservation"
SIDES = ("bounded", "source")
SEED_HEADER = b"lode/conservation-seed/v1\n"
MIN_PARTS = 2
MAX_PARTS = 5
_CUT_BYTES = 16
_ELEMENT = re.compile(r"[A-Z][a-z]?(-[a-z]{1,12})?")
_MASS = re.compile(r"0|[1-9][0-9]{0,18}")
_HEX32 = re.compile(r"[0-9a-f]{64}")
_MEMBERS = {"element", "tree_size", "total_mg", "root", "source_total_mg", "source_root"}


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a notice says of one element at a tree size: both roots and, in milligrams, both totals."""

    element: str
    tree_size: int
    bounded: Node
    source: Node

    def side(self, name: str) -> Node:
        """Return the root of one of the `SIDES`."""
        return self.bounded if name == SIDES[0] else self.source


class Part(NamedTuple):
    """One leaf: part `number` of an account's balance, in milligrams; `account` is None for a leaf that fills up."""

    account: Account | None
    number: int
    mass_mg: int
    nonce: bytes

    def node(self) -> Node:
        """Return the leaf as it stands in the tree."""
        named = {"padding": self.number} if self.account is None else {**self.account._asdict(), "part": self.number}
        return leaf(self.nonce, self.mass_mg, dumps(named))


@dataclass(frozen=True, slots=True)
class Side:
    """A whole tree with its leaves in their order: for the operator and the auditor."""

    tree: SumTree
    parts: tuple[Part, ...]


def to_details(commitments: tuple[Commitment, ...]) -> list[dict[str, Any]]:
    """Return the value of the detail `conservation`; raises as `declared` does."""
    value = [
        {
            "element": item.element,
            "tree_size": item.tree_size,
            "total_mg": str(item.bounded.mass_mg),
            "root": item.bounded.hash.hex(),
            "source_total_mg": str(item.source.mass_mg),
            "source_root": item.source.hash.hex(),
        }
        for item in commitments
    ]
    declared(value)
    return value


def declared(value: object) -> tuple[Commitment, ...]:
    """Read the detail `conservation` of a notice; raises `bad-field`, also where the two totals are not the same."""
    if not isinstance(value, list) or not value:
        _refuse("is not a list that names an element")
    found = tuple(_commitment(item) for item in value)
    if [item.element for item in found] != sorted({item.element for item in found}):
        _refuse("is not sorted by element, each once")
    if len({item.tree_size for item in found}) != 1:
        _refuse("is not of one tree size")
    for item in found:
        if item.bounded.mass_mg != item.source.mass_mg:
            _refuse(
                f"does not close: {item.bounded.mass_mg} mg of {item.element} stand in the accounts, and "
                f"{item.source.mass_mg} mg came from the sources"
            )
    return found


def seed_of(secret: bytes, *, origin: str, tree_size: int, root: bytes, element: str, side: str) -> bytes:
    """Return the 32-byte seed of one tree: HMAC-SHA-256 by the operator's secret over what the tree is of."""
    text = f"{origin}\n{tree_size}\n{root.hex()}\n{element}\n{side}\n"
    return hmac.digest(secret, SEED_HEADER + text.encode(), "sha256")


def on_sides(balances: Mapping[Account, int]) -> dict[str, dict[str, dict[Account, int]]]:
    """Return, by element and side, the accounts and how much stands in them: never below zero, in milligrams."""
    found: dict[str, dict[str, dict[Account, int]]] = {}
    for account in sorted(balances):
        sides = found.setdefault(account.element, {side: {} for side in SIDES})
        mass = balances[account]
        sides["source" if mass < 0 else "bounded"][account] = abs(mass)
    return found


def side_of(seed: bytes, masses: Mapping[Account, int]) -> Side:
    """Return the tree over accounts and what stands in them, as `seed` cuts and orders it.

    Raises `bad-proof` for a mass or a total out of range.
    """
    parts = [part for account, mass_mg in masses.items() for part in cut(seed, account, mass_mg)]
    wanted = 1 << (len(parts) - 1).bit_length() if parts else 1
    parts += [_padding(seed, number) for number in range(wanted - len(parts))]
    placed = sorted((part.node(), part) for part in parts)
    return Side(SumTree([node for node, _ in placed]), tuple(part for _, part in placed))


def cut(seed: bytes, account: Account, mass_mg: int) -> list[Part]:
    """Return the parts into which the seed cuts what stands in an account: 2 to 5, some of which may be zero."""
    if not 0 <= mass_mg <= MAX_MASS_MG:
        raise LedgerError(LedgerCode.BAD_PROOF, f"{mass_mg} mg of {account} are below zero or beyond 2^63 - 1.")
    text = dumps(account._asdict())
    count = MIN_PARTS + _draw(seed, "parts", 0, text)[0] % (MAX_PARTS - MIN_PARTS + 1)
    cuts = sorted(
        int.from_bytes(_draw(seed, "cut", number, text)[:_CUT_BYTES], "big") % (mass_mg + 1)
        for number in range(1, count)
    )
    edges = [0, *cuts, mass_mg]
    return [
        Part(account, number, edges[number + 1] - edges[number], _draw(seed, "nonce", number, text))
        for number in range(count)
    ]


def _padding(seed: bytes, number: int) -> Part:
    return Part(None, number, 0, _draw(seed, "padding", number, b""))


def _draw(seed: bytes, what: str, number: int, text: bytes) -> bytes:
    return hmac.digest(seed, f"{what} {number}\n".encode() + text, "sha256")


def _commitment(item: Any) -> Commitment:
    if not isinstance(item, dict) or item.keys() != _MEMBERS:
        _refuse(f"does not give exactly {', '.join(sorted(_MEMBERS))} for each element")
    size = item["tree_size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        _refuse("names no tree size")
    texts = {name: item[name] for name in _MEMBERS - {"tree_size"}}
    forms = {"element": _ELEMENT, "total_mg": _MASS, "source_total_mg": _MASS, "root": _HEX32, "source_root": _HEX32}
    for name, text in sorted(texts.items()):
        if not isinstance(text, str) or not forms[name].fullmatch(text):
            _refuse(f"has a {name} that does not have the form {forms[name].pattern}")
    return Commitment(
        item["element"],
        size,
        _root(item["root"], item["total_mg"]),
        _root(item["source_root"], item["source_total_mg"]),
    )


def _root(digest: str, mass: str) -> Node:
    if int(mass) > MAX_MASS_MG:
        _refuse("gives a total beyond 2^63 - 1")
    return Node(bytes.fromhex(digest), int(mass))


def _refuse(why: str) -> NoReturn:
    raise LedgerError(LedgerCode.BAD_FIELD, f"The detail {DETAIL} {why}.")
