"""Statements on manifests; they are added as the sequencer, like everything that is guarded."""

from __future__ import annotations

from django.db import connections

from ledger.core.manifest import Manifest
from ledger.sql import reads
from ledger.sql.inbox import SEQUENCER
from ledger.sql.reads import Where


def add(index: int, manifest: Manifest, content: bytes) -> bool:
    """Keep a manifest, once, as that of entry `index`; False where it is that already. Both or none."""
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute(
            """
            WITH kept AS (
                INSERT INTO ledger_manifest (sha256, serials, root, content)
                VALUES (%(sha256)s, %(serials)s, %(root)s, %(content)s) ON CONFLICT DO NOTHING
            )
            INSERT INTO ledger_entrymanifest (entry_index, manifest_sha256)
            VALUES (%(index)s, %(sha256)s) ON CONFLICT DO NOTHING
            """,
            {
                "sha256": bytes.fromhex(manifest.sha256),
                "serials": manifest.serials,
                "root": bytes.fromhex(manifest.root),
                "content": content,
                "index": index,
            },
        )
        return bool(cursor.rowcount == 1)


def kept_for(index: int, party: str | None) -> Manifest | None:
    """Return what is kept as the manifest of an entry that `party` may read (None: any), without its content."""
    rows = reads.fetch(
        "SELECT m.sha256, m.serials, m.root FROM ledger_entrymanifest AS e"
        " JOIN ledger_manifest AS m ON m.sha256 = e.manifest_sha256 WHERE e.entry_index = %(index)s",
        {"index": index, "party": party},
    )
    for sha256, serials, root in rows:
        return Manifest(bytes(sha256).hex(), serials, bytes(root).hex())
    return None


def content(sha256: str, party: str | None) -> bytes | None:
    """Return the bytes kept under a digest, given in hex, where `party` (None: anybody) may read an entry with it."""
    rows = reads.fetch(
        "SELECT content FROM ledger_manifest WHERE sha256 = %(digest)s",
        {"digest": bytes.fromhex(sha256), "party": party},
    )
    return bytes(rows[0][0]) if rows else None


def linked() -> list[tuple[int, str, bytes]]:
    """Return every entry that has a manifest: its index, the digest in hex, and the entry's note."""
    rows = reads.fetch(
        "SELECT m.entry_index, m.manifest_sha256, e.note FROM ledger_entrymanifest AS m"
        " JOIN ledger_entry AS e ON e.index = m.entry_index ORDER BY m.entry_index",
        {},
    )
    return [(index, bytes(digest).hex(), bytes(note)) for index, digest, note in rows]


def digests(where: Where) -> list[str]:
    """Return the digests, in hex and sorted, of the manifests of entries; conditions speak of `e` (entry)."""
    rows = reads.fetch(
        "SELECT DISTINCT m.manifest_sha256 FROM ledger_entrymanifest AS m"  # noqa: S608
        f" JOIN ledger_entry AS e ON e.index = m.entry_index WHERE {where} ORDER BY 1",
        where.parameters,
    )
    return [bytes(row[0]).hex() for row in rows]
