"""C2SP tlog-tiles: which tiles a tree has, their paths and bytes, and a reader that trusts none before it is proven.

A tile of level L holds up to 256 hashes, each over 256^L leaves. Full tiles are hashed into the level above; the
partial tiles at the right edge hold exactly the frontier of the tree, so all of them together are proven by the root.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import HASH_BYTES, Frontier, GetHash, leaf_hash, node_hash

TILE_HEIGHT = 8
TILE_WIDTH = 256
MAX_LEAF_BYTES = 65_535
_LENGTH_BYTES = 2
_CACHED_TILES = 128
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")

Read = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: level, number within the level, and how many hashes it holds (1 to 256)."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Where the tile's hashes are published."""
        return tile_path(self.level, self.index, self.width)


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return `tile/<L>/<N>[.p/<W>]`; index 1234067 is written x001/x234/067."""
    return f"tile/{level}/{_number(index)}{_suffix(width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return `tile/entries/<N>[.p/<W>]`."""
    return f"tile/entries/{_number(index)}{_suffix(width)}"


def parse_path(path: str) -> Tile:
    """Read a tile's path; entry bundles answer level -1. Raises `bad-tile` for every other spelling."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise LedgerError(LedgerCode.BAD_TILE, f"{path!r} is not the path of a tile.")
    level = -1 if match[1] == "entries" else int(match[1])
    index = int(match[2].replace("/", "").replace("x", ""))
    width = int(match[3]) if match[3] else TILE_WIDTH
    # One path a tile: leading x000 groups, levels above 63 and a .p/256 are refused by writing it again.
    again = entries_path(index, width) if level < 0 else tile_path(level, index, width)
    if again != path or level > 63 or width > TILE_WIDTH:  # noqa: PLR2004 - the last level of tlog-tiles
        raise LedgerError(LedgerCode.BAD_TILE, f"{path!r} is not the path of a tile.")
    return Tile(level, index, width)


def level_count(size: int, level: int) -> int:
    """Return how many hashes level `level` holds in a tree of `size` leaves."""
    return size >> (TILE_HEIGHT * level)


def tile_at(size: int, level: int, index: int) -> Tile:
    """Return tile `index` of `level` as wide as a tree of `size` leaves makes it; raises `bad-tile` beyond the edge."""
    width = min(TILE_WIDTH, level_count(size, level) - index * TILE_WIDTH)
    if width < 1:
        raise LedgerError(LedgerCode.BAD_TILE, f"A tree of {size} leaves has no tile {index} at level {level}.")
    return Tile(level, index, width)


def tiles_for_growth(old_size: int, new_size: int) -> list[Tile]:
    """Return the hash tiles to write when a tree grows, lowest level first.

    Those of level 0 are also the entry bundles to write. Growing from 0 lists every tile of the tree.
    """
    tiles: list[Tile] = []
    level = 0
    while level_count(new_size, level):
        before, after = level_count(old_size, level), level_count(new_size, level)
        if after > before:
            first, last = before // TILE_WIDTH, (after - 1) // TILE_WIDTH
            tiles.extend(tile_at(new_size, level, index) for index in range(first, last + 1))
        level += 1
    return tiles


def edge_tiles(size: int) -> list[Tile]:
    """Return the partial tiles at the right edge, lowest level first: they hold the tree's frontier."""
    tiles: list[Tile] = []
    level = 0
    while count := level_count(size, level):
        if count % TILE_WIDTH:
            tiles.append(Tile(level, count // TILE_WIDTH, count % TILE_WIDTH))
        level += 1
    return tiles


def tile_bytes(tile: Tile, get_hash: GetHash) -> bytes:
    """Return the tile's content, its hashes taken from `get_hash`."""
    first = tile.index * TILE_WIDTH
    return b"".join(get_hash(TILE_HEIGHT * tile.level, first + at) for at in range(tile.width))


def entry_bundle(leaves: Iterable[bytes]) -> bytes:
    """Return the leaves, each after its length as two big-endian bytes."""
    parts = []
    for leaf in leaves:
        if len(leaf) > MAX_LEAF_BYTES:
            raise LedgerError(LedgerCode.TOO_LARGE, f"A leaf of {len(leaf)} bytes does not fit an entry bundle.")
        parts.append(len(leaf).to_bytes(_LENGTH_BYTES, "big") + leaf)
    return b"".join(parts)


def parse_entry_bundle(data: bytes, width: int) -> list[bytes]:
    """Read exactly `width` leaves; raises `bad-tile` where the bundle is cut short or too long."""
    leaves = []
    at = 0
    for _ in range(width):
        begin = at + _LENGTH_BYTES
        at = begin + int.from_bytes(data[at:begin], "big")
        leaves.append(data[begin:at])
    # A bundle cut short has run past its end by now, whatever lengths it gave.
    if at != len(data):
        raise LedgerError(LedgerCode.BAD_TILE, f"The entry bundle is not exactly {width} leaves long.")
    return leaves


def read_tile(read: Read, tile: Tile) -> list[bytes]:
    """Return the tile's hashes as published, not yet proven; a full tile answers for a partial one that is gone."""
    data = _read_wide_enough(read, tile.path, tile_path(tile.level, tile.index))
    if data is None:
        raise LedgerError(LedgerCode.MISSING_FILE, f"{tile.path} is missing.")
    whole, content = data
    if len(content) != HASH_BYTES * (TILE_WIDTH if whole else tile.width):
        raise LedgerError(LedgerCode.BAD_TILE, f"{tile.path} is {len(content)} bytes long and not {tile.width} hashes.")
    return [content[at : at + HASH_BYTES] for at in range(0, HASH_BYTES * tile.width, HASH_BYTES)]


def read_bundle(read: Read, tile: Tile) -> list[bytes]:
    """Return the leaves under a level 0 tile as published, not yet proven."""
    path = entries_path(tile.index, tile.width)
    data = _read_wide_enough(read, path, entries_path(tile.index))
    if data is None:
        raise LedgerError(LedgerCode.MISSING_FILE, f"{path} is missing.")
    whole, content = data
    try:
        return parse_entry_bundle(content, TILE_WIDTH if whole else tile.width)[: tile.width]
    except LedgerError as error:
        raise LedgerError(error.code, f"{path}: {error.sentence}") from None


class TileReader:
    """Hashes of the tree of `size` leaves under `root`, read from tiles, each proven up to the root before use.

    `read(path)` answers a file's bytes or None. Raises `bad-tile` or `missing-file`, naming the tile.
    """

    def __init__(self, read: Read, size: int, root: bytes) -> None:
        self.size = size
        self._read = read
        self._root = root
        self._edge: dict[tuple[int, int], list[list[bytes]]] | None = None
        self._cache: OrderedDict[tuple[int, int], list[list[bytes]]] = OrderedDict()

    def get_hash(self, level: int, index: int) -> bytes:
        """Return the proven hash of perfect subtree `index` of 2^level leaves."""
        if index < 0 or (index + 1) << level > self.size:
            raise LedgerError(
                LedgerCode.BAD_TILE, f"A tree of {self.size} leaves has no node {index} at level {level}."
            )
        tile_level, height = divmod(level, TILE_HEIGHT)
        per_tile = TILE_HEIGHT - height
        return self._load(tile_level, index >> per_tile)[height][index & ((1 << per_tile) - 1)]

    def leaf_hash(self, index: int) -> bytes:
        """Return the proven hash of leaf `index`."""
        return self.get_hash(0, index)

    def tile_hashes(self, level: int, index: int) -> list[bytes]:
        """Return the proven hashes of one tile."""
        return self._load(level, index)[0]

    def subtrees(self, level: int, index: int) -> list[list[bytes]]:
        """Return all hashes of one tile, proven: first its own, then those of 2, 4 … 256 of them together."""
        return self._load(level, index)

    def leaves(self, tile_index: int) -> list[bytes]:
        """Return the leaves of a bundle, each proven; raises `bad-tile` naming the first entry that was changed."""
        leaves = read_bundle(self._read, tile_at(self.size, 0, tile_index))
        for at, leaf in enumerate(leaves):
            self.check_leaf(tile_index * TILE_WIDTH + at, leaf)
        return leaves

    def check_leaf(self, index: int, leaf: bytes) -> None:
        """Raise `bad-leaf`, naming the entry, unless `leaf` is the one at `index`."""
        if leaf_hash(leaf) != self.leaf_hash(index):
            tile = tile_at(self.size, 0, index // TILE_WIDTH)
            raise LedgerError(
                LedgerCode.BAD_LEAF,
                f"The leaf in {entries_path(tile.index, tile.width)} is not the one under the signed root.",
                index=index,
            )

    def frontier(self, size: int | None = None) -> Frontier:
        """Return the frontier of this tree, or of the smaller one that it had at `size` leaves."""
        size = self.size if size is None else size
        peaks, begin = [], 0
        while begin < size:
            level = (size - begin).bit_length() - 1
            peaks.append(self.get_hash(level, begin >> level))
            begin += 1 << level
        return Frontier(size, peaks)

    def _load(self, level: int, index: int) -> list[list[bytes]]:
        edge = self._prove_edge()
        key = (level, index)
        if key in edge:
            return edge[key]
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        tile = tile_at(self.size, level, index)
        pyramid = _pyramid(read_tile(self._read, tile))
        # The tile above is proven first, by the same rule, up to an edge tile.
        if pyramid[TILE_HEIGHT][0] != self.get_hash(TILE_HEIGHT * (level + 1), index):
            raise LedgerError(LedgerCode.BAD_TILE, f"{tile.path} does not lead to the signed root.")
        self._cache[key] = pyramid
        if len(self._cache) > _CACHED_TILES:
            self._cache.popitem(last=False)
        return pyramid

    def _prove_edge(self) -> dict[tuple[int, int], list[list[bytes]]]:
        if self._edge is not None:
            return self._edge
        edge = {}
        peaks: list[bytes] = []
        for tile in edge_tiles(self.size):
            pyramid = _pyramid(read_tile(self._read, tile))
            edge[tile.level, tile.index] = pyramid
            peaks[:0] = _peaks(pyramid)
        if Frontier(self.size, peaks).root() != self._root:
            names = ", ".join(tile.path for tile in edge_tiles(self.size)) or "the empty tree"
            raise LedgerError(LedgerCode.BAD_TILE, f"{names}: these do not lead to the signed root.")
        self._edge = edge
        return edge


def _pyramid(hashes: Sequence[bytes]) -> list[list[bytes]]:
    # levels[h] holds the perfect subtrees of 2^h of the tile's hashes.
    levels = [list(hashes)]
    for _ in range(TILE_HEIGHT):
        below = levels[-1]
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return levels


def _peaks(pyramid: list[list[bytes]]) -> list[bytes]:
    return [level[-1] for level in reversed(pyramid) if len(level) & 1]


def _read_wide_enough(read: Read, path: str, full_path: str) -> tuple[bool, bytes] | None:
    data = read(path)
    if data is not None:
        return path == full_path, data
    # A log may drop a partial tile once the full one stands (tlog-tiles, "Partial Tiles").
    data = None if path == full_path else read(full_path)
    return None if data is None else (True, data)


def _number(index: int) -> str:
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:  # noqa: PLR2004 - three digits a path element
        index //= 1000
        groups.append(f"x{index % 1000:03d}")
    return "/".join(reversed(groups))


def _suffix(width: int) -> str:
    return "" if width == TILE_WIDTH else f".p/{width}"
