"""The files that open a conservation notice: for a party its own leaves and their way up, for an auditor the seeds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ledger.core.canonical_json import dumps, loads_canonical
from ledger.core.conservation import SIDES, Commitment, Part, Side, on_sides, side_of
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle_sum import HASH_BYTES, MAX_DEPTH, MAX_MASS_MG, NONCE_BYTES, Node, root_of

MAX_BYTES = 1 << 30
_MASS = re.compile(r"0|[1-9][0-9]{0,18}")
_HEX = re.compile(r"[0-9a-f]{64}")
_LEAF = {*Account._fields, "place", "part", "mass_mg", "nonce"}


@dataclass(frozen=True, slots=True)
class SideProof:
    """Leaves by their place in one tree, and the siblings that lead from them to its root."""

    depth: int
    parts: Mapping[int, Part]
    siblings: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """What one reader is shown of the notice at leaf `index`: by element and side, the leaves of its accounts."""

    origin: str
    index: int
    elements: Mapping[str, Mapping[str, SideProof]]


def open_for(
    origin: str, index: int, sides: Mapping[str, Mapping[str, Side]], shown: Callable[[Account], bool]
) -> Opening:
    """Return the leaves of those accounts that may be `shown`, with their way to the roots."""
    elements: dict[str, dict[str, SideProof]] = {}
    for element in sorted(sides):
        for name, side in sides[element].items():
            parts = {
                place: part for place, part in enumerate(side.parts) if part.account is not None and shown(part.account)
            }
            if parts:
                proof = SideProof(side.tree.depth, parts, tuple(side.tree.siblings(parts)))
                elements.setdefault(element, {})[name] = proof
    return Opening(origin, index, elements)


def encode(opening: Opening) -> bytes:
    """Return the file: one line of RFC 8785 JSON."""
    return dumps(to_json(opening)) + b"\n"


def decode(data: bytes) -> Opening:
    """Read such a file strictly; raises `bad-proof` or `not-canonical`."""
    return from_json(_line(data))


def to_json(opening: Opening) -> dict[str, Any]:
    """Return the opening as a JSON object."""
    elements = [
        {"element": element, **{name: _side_json(proof) for name, proof in sides.items()}}
        for element, sides in sorted(opening.elements.items())
    ]
    return {"origin": opening.origin, "index": opening.index, "elements": elements}


def from_json(value: Any) -> Opening:
    """Read an opening out of a JSON object that is canonical already; raises `bad-proof`."""
    if not isinstance(value, dict) or value.keys() != {"origin", "index", "elements"}:
        _refuse("does not have exactly origin, index and elements")
    if not isinstance(value["origin"], str) or not isinstance(value["elements"], list):
        _refuse("names no origin, or no elements")
    found = [_element(item) for item in value["elements"]]
    names = [name for name, _ in found]
    if names != sorted(set(names)):
        _refuse("does not name its elements in order, each once")
    return Opening(value["origin"], _count(value["index"]), dict(found))


def check_opening(opening: Opening, commitments: tuple[Commitment, ...]) -> dict[Account, int]:
    """Return the balances in milligrams (below zero for a source) that are proven to count in the declared totals.

    Raises `bad-proof` where a leaf does not lead to the declared root and total of its element.
    """
    committed = {item.element: item for item in commitments}
    proven: dict[Account, int] = {}
    for element, sides in opening.elements.items():
        if element not in committed:
            _refuse(f"is of {element}, of which the notice says nothing")
        for name, proof in sides.items():
            leaves = {place: part.node() for place, part in proof.parts.items()}
            if root_of(proof.depth, leaves, proof.siblings) != committed[element].side(name):
                _refuse(f"does not lead to the root and the total that the notice gives for {element} ({name})")
            for account, mass_mg in _sums(element, proof).items():
                if account in proven:
                    _refuse(f"has {account} on both sides")
                proven[account] = -mass_mg if name == "source" else mass_mg
    return proven


def check_balances(
    opening: Opening, commitments: tuple[Commitment, ...], balances: Mapping[Account, int]
) -> dict[Account, int]:
    """Raise `bad-proof` unless exactly these accounts of the committed elements are proven, each at this balance.

    Returns the balances proven, in milligrams.
    """
    proven = check_opening(opening, commitments)
    committed = {item.element for item in commitments}
    expected = {account: mass for account, mass in balances.items() if account.element in committed}
    for account in sorted(expected.keys() | proven.keys()):
        if expected.get(account) != proven.get(account):
            _refuse(f"counts {account} at {proven.get(account)} mg; its entries give {expected.get(account)} mg")
    return proven


def encode_seeds(origin: str, index: int, seeds: Mapping[str, Mapping[str, bytes]]) -> bytes:
    """Return the auditor's file: by element the seeds of both trees, from which every leaf follows."""
    lines = [{"element": element, **{side: seeds[element][side].hex() for side in SIDES}} for element in sorted(seeds)]
    return dumps({"origin": origin, "index": index, "seeds": lines}) + b"\n"


def decode_seeds(data: bytes) -> tuple[str, int, dict[str, dict[str, bytes]]]:
    """Read (origin, index of the notice, seeds by element and side); raises `bad-proof` or `not-canonical`."""
    value = _line(data)
    if not isinstance(value, dict) or value.keys() != {"origin", "index", "seeds"}:
        _refuse("does not have exactly origin, index and seeds")
    lines = value["seeds"]
    sound = isinstance(lines, list) and all(
        isinstance(line, dict) and line.keys() == {"element", *SIDES} and isinstance(line["element"], str)
        for line in lines
    )
    if not isinstance(value["origin"], str) or not sound:
        _refuse("does not give two seeds for each element")
    names = [line["element"] for line in lines]
    if names != sorted(set(names)):
        _refuse("does not name its elements in order, each once")
    seeds = {line["element"]: {side: _hex(line[side], NONCE_BYTES) for side in SIDES} for line in lines}
    return value["origin"], _count(value["index"]), seeds


def recompute(
    seeds: Mapping[str, Mapping[str, bytes]], balances: Mapping[Account, int], tree_size: int
) -> tuple[Commitment, ...]:
    """Return what a notice over `balances` (milligrams, every account ever used) must say, as the seeds cut them."""
    found = on_sides({account: mass for account, mass in balances.items() if account.element in seeds})
    commitments = []
    for element in sorted(seeds):
        masses = found.get(element, {side: {} for side in SIDES})
        roots = {side: side_of(seeds[element][side], masses[side]).tree.root for side in SIDES}
        commitments.append(Commitment(element, tree_size, roots["bounded"], roots["source"]))
    return tuple(commitments)


def _sums(element: str, proof: SideProof) -> dict[Account, int]:
    numbers: dict[Account, list[int]] = {}
    totals: dict[Account, int] = {}
    for part in proof.parts.values():
        if part.account is None or part.account.element != element:
            _refuse(f"has a leaf that is not of {element}")
        numbers.setdefault(part.account, []).append(part.number)
        totals[part.account] = totals.get(part.account, 0) + part.mass_mg
    for account, found in numbers.items():
        if sorted(found) != list(range(len(found))):
            _refuse(f"does not count the parts of {account} from 0, each once")
    return totals


def _side_json(proof: SideProof) -> dict[str, Any]:
    leaves = [
        {
            **(part.account._asdict() if part.account else {}),
            "place": place,
            "part": part.number,
            "mass_mg": str(part.mass_mg),
            "nonce": part.nonce.hex(),
        }
        for place, part in sorted(proof.parts.items())
    ]
    siblings = [{"hash": node.hash.hex(), "mass_mg": str(node.mass_mg)} for node in proof.siblings]
    return {"depth": proof.depth, "leaves": leaves, "siblings": siblings}


def _element(item: Any) -> tuple[str, dict[str, SideProof]]:
    if not isinstance(item, dict) or not isinstance(item.get("element"), str):
        _refuse("names no element")
    sides = item.keys() - {"element"}
    if not sides or sides - set(SIDES):
        _refuse(f"does not give {' or '.join(SIDES)} of {item['element']}")
    return item["element"], {name: _side(item[name]) for name in SIDES if name in sides}


def _side(value: Any) -> SideProof:
    if not isinstance(value, dict) or value.keys() != {"depth", "leaves", "siblings"}:
        _refuse("does not have exactly depth, leaves and siblings for a tree")
    leaves, siblings = value["leaves"], value["siblings"]
    if not isinstance(leaves, list) or not leaves or not isinstance(siblings, list):
        _refuse("names no leaves, or no siblings")
    parts = [_part(item) for item in leaves]
    places = [place for place, _ in parts]
    if places != sorted(set(places)):
        _refuse("does not give its leaves in order, each once")
    nodes = []
    for item in siblings:
        if not isinstance(item, dict) or item.keys() != {"hash", "mass_mg"}:
            _refuse("has a sibling that is not a hash and a mass")
        nodes.append(Node(_hex(item["hash"], HASH_BYTES), _mass(item["mass_mg"])))
    depth = _count(value["depth"])
    if depth > MAX_DEPTH:
        _refuse(f"is of a tree {depth} levels deep")
    return SideProof(depth, dict(parts), tuple(nodes))


def _part(item: Any) -> tuple[int, Part]:
    if not isinstance(item, dict) or item.keys() != _LEAF:
        _refuse(f"has a leaf that is not exactly {', '.join(sorted(_LEAF))}")
    if not all(isinstance(item[name], str) for name in Account._fields):
        _refuse("has a leaf that names no account")
    account = Account(*(item[name] for name in Account._fields))
    part = Part(account, _count(item["part"]), _mass(item["mass_mg"]), _hex(item["nonce"], NONCE_BYTES))
    return _count(item["place"]), part


def _line(data: bytes) -> Any:
    if not data.endswith(b"\n"):
        _refuse("does not end in a newline")
    return loads_canonical(data[:-1], max_bytes=MAX_BYTES)


def _mass(value: object) -> int:
    if not isinstance(value, str) or not _MASS.fullmatch(value) or int(value) > MAX_MASS_MG:
        _refuse("has a mass that is not milligrams from 0 to 2^63 - 1")
    return int(value)


def _hex(value: object, length: int) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        _refuse(f"has something else where {length} bytes in hex are needed")
    return bytes.fromhex(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        _refuse("has something else where a number is needed")
    return value


def _refuse(why: str) -> NoReturn:
    raise LedgerError(LedgerCode.BAD_PROOF, f"The proof of conservation {why}.")
