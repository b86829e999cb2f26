"""Take in the list of serials that an `embody` entry names by its digest."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from ledger.core import manifest
from ledger.core.entry import decode
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.manifest import Manifest
from ledger.core.note import Note
from ledger.selectors.entries import readable_entry
from ledger.sql import manifests
from ledger.sql.inbox import SEQUENCER


def keep_manifest(*, index: int, chunks: Iterable[bytes], party: str | None) -> tuple[Manifest, bool]:
    """Keep the manifest of entry `index` for all its readers; the second value says whether it was there already.

    Raises `unknown-entry` where `party` may not read the entry (None may read all), `bad-manifest` where the entry
    names none or another one, or the file is none, `too-large`.
    """
    stored = readable_entry(index=index, party=party)
    details = decode(Note.parse(stored.note).text).details
    if stored.kind != "embody":
        raise LedgerError(LedgerCode.BAD_MANIFEST, f"Entry {index} is of kind {stored.kind}, which names no manifest.")
    held: list[bytes] = []
    found = manifest.read(_kept(chunks, held))
    found.check_named_by(details)
    with transaction.atomic(using=SEQUENCER):
        added = manifests.add(index, found, b"".join(held))
    return found, not added


def _kept(chunks: Iterable[bytes], held: list[bytes]) -> Iterable[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > manifest.MAX_BYTES:
            sentence = f"The manifest is longer than {manifest.MAX_BYTES:,} bytes, which no manifest can be."
            raise LedgerError(LedgerCode.TOO_LARGE, sentence)
        held.append(chunk)
        yield chunk
