"""The audit of the lists of serials that an export holds beside the entries that name them."""

from __future__ import annotations

from ledger.core import manifest
from ledger.core.audit_tree import failure
from ledger.core.entry import Entry
from ledger.core.errors import LedgerError
from ledger.core.tiles import Read


def check_manifest(read: Read, index: int, entry: Entry) -> int:
    """Check the manifest of an entry that its rule has passed, if it is there; answer how many were checked.

    Raises `bad-manifest`, naming the entry, for one that is not the one that the entry names: digest, count, root.
    """
    if entry.kind != "embody":
        return 0
    path = f"{manifest.FOLDER}/{entry.details['manifest_sha256']}"
    if (data := read(path)) is None:
        return 0
    try:
        manifest.read([data]).check_named_by(entry.details)
    except LedgerError as error:
        raise failure(
            error.code, f"Entry {index} does not have {path} as its manifest: {error.sentence}", index
        ) from None
    return 1
