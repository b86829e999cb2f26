"""Manifests of serials, for those who may read the entry that names them."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.manifest import FOLDER, Manifest
from ledger.selectors.entries import readable_entry
from ledger.sql import manifests
from ledger.sql.reads import Where, readable


def manifest_of(*, index: int, party: str | None) -> Manifest | None:
    """Return what is kept as the manifest of an entry, None where nobody handed one in; raises `unknown-entry`."""
    readable_entry(index=index, party=party)
    return manifests.kept_for(index, party)


def manifest_file(*, index: int, party: str | None) -> bytes:
    """Return the file; raises `unknown-entry` where the entry is not the party's or its manifest was not handed in."""
    found = manifest_of(index=index, party=party)
    content = None if found is None else manifests.content(found.sha256, party)
    if content is None:
        raise LedgerError(LedgerCode.UNKNOWN_ENTRY, f"No manifest of entry {index} was handed in.")
    return content


def manifest_files(*, party: str | None, size: int) -> Iterator[tuple[str, bytes]]:
    """Answer path and bytes of the manifests of the first `size` entries that `party` may read (None: all)."""
    where = Where()
    where.add("e.index < %(size)s", size=size)
    readable(where, party)
    for sha256 in manifests.digests(where):
        if (content := manifests.content(sha256, party)) is not None:
            yield f"{FOLDER}/{sha256}", content
