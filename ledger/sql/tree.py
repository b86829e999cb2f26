"""The Merkle tree as it stands in the database: tiles answered by path, as `core.tiles` reads them."""

from __future__ import annotations

from django.db import connections

from ledger.core.merkle import HASH_BYTES
from ledger.core.tiles import TILE_WIDTH, Read, TileReader, entry_bundle, parse_path


def hashes(alias: str, level: int, first: int, count: int) -> list[bytes]:
    """Return `count` hashes of a tile level (each over 256^level leaves), from number `first` on."""
    query = (
        "SELECT leaf_hash FROM ledger_entry WHERE index >= %s AND index < %s ORDER BY index"
        if level == 0
        else "SELECT root FROM ledger_tile WHERE level = %s AND number >= %s AND number < %s ORDER BY number"
    )
    parameters = [first, first + count] if level == 0 else [level - 1, first, first + count]
    with connections[alias].cursor() as cursor:
        cursor.execute(query, parameters)
        return [bytes(row[0]) for row in cursor.fetchall()]


def leaves(alias: str, first: int, count: int) -> list[bytes]:
    """Return the bytes of `count` leaves."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT leaf FROM ledger_entry WHERE index >= %s AND index < %s ORDER BY index", [first, first + count]
        )
        return [bytes(row[0]) for row in cursor.fetchall()]


def tile_files(alias: str) -> Read:
    """Return a reader of tile files by path that takes their bytes from the database."""

    def read(path: str) -> bytes | None:
        tile = parse_path(path)
        first = tile.index * TILE_WIDTH
        if tile.level < 0:
            found = leaves(alias, first, tile.width)
            return entry_bundle(found) if len(found) == tile.width else None
        if tile.width == TILE_WIDTH:
            return _full_tile(alias, tile.level, tile.index)
        data = b"".join(hashes(alias, tile.level, first, tile.width))
        return data if len(data) == tile.width * HASH_BYTES else None

    return read


def reader(alias: str, size: int, root: bytes) -> TileReader:
    """Return hashes of the tree of `size` leaves, each proven up to `root` before it is used."""
    return TileReader(tile_files(alias), size, root)


def _full_tile(alias: str, level: int, number: int) -> bytes | None:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT hashes FROM ledger_tile WHERE level = %s AND number = %s", [level, number])
        row = cursor.fetchone()
    return bytes(row[0]) if row else None
