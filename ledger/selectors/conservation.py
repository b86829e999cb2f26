"""Notices by which the operator commits to all balances of an element."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.core.conservation import DETAIL, Commitment, declared
from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.entries import body_of
from ledger.sql import reads
from ledger.sql.reads import StoredEntry


@dataclass(frozen=True, slots=True)
class ConservationNotice:
    """A public notice at leaf `index`: what it commits to, all at one tree size."""

    index: int
    commitments: tuple[Commitment, ...]

    @property
    def tree_size(self) -> int:
        """The tree size at which the balances are."""
        return self.commitments[0].tree_size

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements committed to, sorted."""
        return tuple(item.element for item in self.commitments)


def conservation_notices(*, size: int | None = None) -> tuple[ConservationNotice, ...]:
    """Return the notices of conservation in the order of the log, those among the first `size` entries or all."""
    where = reads.Where()
    where.add("e.kind = 'notice'")
    where.add("e.index < %(size)s", size=size)
    found = (_notice(entry) for entry in reads.entries(where, order="e.index"))
    return tuple(notice for notice in found if notice is not None)


def conservation_notice(*, index: int) -> ConservationNotice:
    """Return the notice at leaf `index`; raises `unknown-entry` where none of that kind stands there."""
    where = reads.Where()
    where.add("e.kind = 'notice'")
    where.add("e.index = %(index)s", index=index)
    for entry in reads.entries(where):
        if (notice := _notice(entry)) is not None:
            return notice
    raise LedgerError(LedgerCode.UNKNOWN_ENTRY, f"Entry {index} is no notice of conservation.")


def _notice(entry: StoredEntry) -> ConservationNotice | None:
    value = body_of(entry.note).get("details", {}).get(DETAIL)
    return None if value is None else ConservationNotice(entry.index, declared(value))
