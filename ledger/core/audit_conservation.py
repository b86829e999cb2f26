"""The audit of conservation notices and disclosures, beside the audit of the entries themselves.

A notice commits to balances at a tree size before its own leaf, so an export says in `conservation/notices.json` which
sizes to stop at. A full audit computes both trees of every element from the balances that the entries give; a party
proves that its own accounts count, each at the balance that its entries give, in totals that are the same both ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ledger.core import disclosures
from ledger.core.audit_tree import failure
from ledger.core.canonical_json import dumps, loads_canonical
from ledger.core.conservation import DETAIL, Commitment, declared
from ledger.core.conservation_proof import check_balances, decode, decode_seeds, recompute
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.tiles import Read

NOTICES = "conservation/notices.json"
_MAX_BYTES = 1 << 24


class _Head(Protocol):
    @property
    def balance_mg(self) -> int: ...


Heads = Mapping[Any, _Head]


def opening_path(index: int) -> str:
    """Return where an export opens the notice at leaf `index` to its owner."""
    return f"conservation/{index}.json"


def disclosures_path(index: int) -> str:
    """Return where an export keeps what its owner was shown of entry `index`, one disclosure a line."""
    return f"entries/{index}.disclosures"


def encode_notices(notices: Iterable[tuple[int, int]]) -> bytes:
    """Return `conservation/notices.json`: the leaf index and the tree size of each notice, in the order of the log."""
    return dumps([{"index": index, "tree_size": size} for index, size in notices]) + b"\n"


def check_disclosures(read: Read, index: int, details: Mapping[str, Any]) -> int:
    """Check what an export discloses of an entry that hides something; answer how many facts it discloses.

    Raises `bad-field`, naming the entry, for a disclosure that is not one of its digests'.
    """
    if disclosures.ALGORITHM not in details or (data := read(disclosures_path(index))) is None:
        return 0
    try:
        lines = disclosures.decode_lines(data)
        disclosures.reveal(details, lines)
    except LedgerError as error:
        sentence = f"Entry {index} does not hide what {disclosures_path(index)} discloses: {error.sentence}"
        raise failure(error.code, sentence, index) from None
    return len(lines)


class ConservationAudit:
    """Checks every notice of conservation in the order of the log.

    Call `reach` with the heads of the accounts before each entry that stands at one of `sizes`, `check` at each notice,
    `finish` at the end. `party` is whose accounts must count; None for the full audit.
    """

    def __init__(self, read: Read, origin: str, party: str | None) -> None:
        self._read = read
        self._origin = origin
        self._party = party
        self._planned: dict[int, list[int]] = {}
        self._reached: dict[int, tuple[int, dict[Account, int]]] = {}
        self.checked = 0
        for index, size in _notices(read(NOTICES)):
            self._planned.setdefault(size, []).append(index)

    @property
    def sizes(self) -> frozenset[int]:
        """The tree sizes at which `reach` must be called."""
        return frozenset(self._planned)

    def reach(self, size: int, heads: Heads) -> None:
        """Keep the balances as they are at a tree size that a notice speaks of."""
        for index in self._planned.get(size, ()):
            self._reached[index] = (size, {Account(*key): head.balance_mg for key, head in heads.items()})

    def check(self, index: int, details: Mapping[str, Any]) -> None:
        """Check the notice at leaf `index` if it is one of conservation; raises `bad-proof` or `missing-file`."""
        if DETAIL not in details:
            return
        commitments = declared(details[DETAIL])
        size, balances = self._reached.pop(index, (None, {}))
        if size != commitments[0].tree_size:
            raise failure(
                LedgerCode.MISSING_FILE,
                f"Entry {index} commits to all balances at the tree of {commitments[0].tree_size} entries, and "
                f"{NOTICES} does not say so: ask for an export that opens it.",
                index,
            )
        try:
            self._compare(index, commitments, balances)
        except LedgerError as error:
            sentence = f"The conservation that entry {index} declares does not hold: {error.sentence}"
            raise failure(error.code, sentence, index) from None
        self.checked += 1

    def finish(self) -> None:
        """Raise `bad-proof` for a notice that was planned and never came."""
        if self._reached:
            index = min(self._reached)
            raise failure(LedgerCode.BAD_PROOF, f"{NOTICES} names entry {index}, which is no such notice.", index)

    def _compare(self, index: int, commitments: tuple[Commitment, ...], balances: Mapping[Account, int]) -> None:
        data = self._read(opening_path(index))
        if data is None:
            raise LedgerError(LedgerCode.MISSING_FILE, f"{opening_path(index)} is missing.")
        if self._party is None:
            origin, named, seeds = decode_seeds(data)
            self._check_name(index, origin, named)
            _check_recomputed(commitments, recompute(seeds, balances, commitments[0].tree_size))
            return
        opening = decode(data)
        self._check_name(index, opening.origin, opening.index)
        own = {account: mass for account, mass in balances.items() if self._party in (account.owner, account.holder)}
        check_balances(opening, commitments, own)

    def _check_name(self, index: int, origin: str, named: int) -> None:
        if (origin, named) != (self._origin, index):
            raise LedgerError(LedgerCode.BAD_PROOF, f"{opening_path(index)} opens entry {named} of {origin}.")


def _check_recomputed(commitments: tuple[Commitment, ...], computed: tuple[Commitment, ...]) -> None:
    expected = {item.element: item for item in computed}
    for item in commitments:
        found = expected.get(item.element)
        if found is None:
            raise LedgerError(LedgerCode.BAD_PROOF, f"The seeds for {item.element} are not given.")
        for side, of in (("bounded", "all accounts"), ("source", "the sources")):
            declared_mg, found_mg = item.side(side).mass_mg, found.side(side).mass_mg
            if declared_mg != found_mg:
                raise LedgerError(
                    LedgerCode.BAD_PROOF,
                    f"It gives {declared_mg} mg of {item.element} for {of}; the entries give {found_mg} mg.",
                )
        if item != found:
            raise LedgerError(
                LedgerCode.BAD_PROOF,
                f"Its roots for {item.element} are not those of the balances that the entries give.",
            )


def _notices(data: bytes | None) -> list[tuple[int, int]]:
    if data is None:
        return []
    value: Any = loads_canonical(data[:-1], max_bytes=_MAX_BYTES) if data.endswith(b"\n") else None
    if not isinstance(value, list) or not all(
        isinstance(line, dict)
        and line.keys() == {"index", "tree_size"}
        and all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in line.values())
        for line in value
    ):
        raise failure(LedgerCode.MALFORMED, f"{NOTICES} is not a list of notices with their tree sizes.")
    return [(line["index"], line["tree_size"]) for line in value]
