"""The audit of conservation notices and disclosures, beside the audit of the entries themselves.

A notice commits to balances at a tree size before its own leaf. A full audit computes both trees of every element from
the balances that the entries give; a party proves that its own accounts count, each at the balance that its entries
give, in totals that are the same both ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from ledger.core import disclosures
from ledger.core import entry as entries
from ledger.core import leaf as leaves
from ledger.core.audit_tree import failure
from ledger.core.conservation import DETAIL, Commitment, declared
from ledger.core.conservation_proof import check_balances, decode, decode_seeds, recompute
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note
from ledger.core.tiles import Read


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

    `public` are index and bytes of the public leaves, `party` is whose accounts must count, None in a full audit. Call
    `before` and `after` the entry at each index in `watched`.
    """

    def __init__(self, read: Read, origin: str, party: str | None, public: Iterable[tuple[int, bytes]]) -> None:
        self._read = read
        self._origin = origin
        self._party = party
        self._declared = dict(_declarations(public))
        self._balances: dict[int, dict[Account, int]] = {}
        # By tree size the last notice that needs the balances of then.
        self._sizes = {commitments[0].tree_size: index for index, commitments in self._declared.items()}
        self.watched = frozenset(self._sizes.keys() | self._declared.keys())
        self.checked = 0

    def before(self, index: int, heads: Heads) -> None:
        """Keep the balances where the tree is of a size that a notice speaks of."""
        if index in self._sizes:
            self._balances[index] = {Account(*key): head.balance_mg for key, head in heads.items()}

    def after(self, index: int) -> None:
        """Check the notice at `index`, itself an entry that holds; raises `bad-proof`, `missing-file` and others."""
        commitments = self._declared.get(index)
        if commitments is None:
            return
        try:
            self._compare(index, commitments, self._balances.get(commitments[0].tree_size))
        except LedgerError as error:
            sentence = f"The conservation that entry {index} declares does not hold: {error.sentence}"
            raise failure(error.code, sentence, index) from None
        if self._sizes[commitments[0].tree_size] == index:
            del self._balances[commitments[0].tree_size]
        self.checked += 1

    def _compare(self, index: int, commitments: tuple[Commitment, ...], balances: Mapping[Account, int] | None) -> None:
        size = commitments[0].tree_size
        if balances is None:
            raise LedgerError(LedgerCode.BAD_PROOF, f"It is of a tree of {size} entries, which was yet to come.")
        data = self._read(opening_path(index))
        if data is None:
            raise LedgerError(LedgerCode.MISSING_FILE, f"{opening_path(index)} is missing.")
        if self._party is None:
            origin, named, seeds = decode_seeds(data)
            self._check_name(index, origin, named)
            _check_recomputed(commitments, recompute(seeds, balances, size))
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


def _declarations(public: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, tuple[Commitment, ...]]]:
    for index, data in public:
        if DETAIL.encode() not in data:
            continue
        try:
            leaf = leaves.decode(data)
            if isinstance(leaf, leaves.PublicLeaf):
                details = entries.decode(Note.parse(leaf.note).text).details
                if DETAIL in details:
                    yield index, declared(details[DETAIL])
        except LedgerError:
            continue  # the audit of the entry itself says what is wrong with it
