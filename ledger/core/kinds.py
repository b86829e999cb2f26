"""The table of all kinds of entry: `KINDS` by name, and `kind_of` an entry."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ledger.core.entry import Entry
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.movements import MOVEMENTS
from ledger.core.records import RECORDS
from ledger.core.rules import Kind

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in (*MOVEMENTS, *RECORDS)})


def kind_of(entry: Entry) -> Kind:
    """Return the rule of the entry's kind; raises `unknown-kind`."""
    kind = KINDS.get(entry.kind)
    if kind is None:
        raise LedgerError(LedgerCode.UNKNOWN_KIND, f"The ledger has no entries of kind {entry.kind!r}.")
    return kind
