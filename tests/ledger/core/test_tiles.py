"""Tiles: paths, growth, real logs of others, and a reader that believes nothing before the root has proven it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.checkpoint import open_checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from ledger.core.note import VerifierKey, decode_base64
from ledger.core.tiles import (
    Tile,
    TileReader,
    edge_tiles,
    entries_path,
    entry_bundle,
    parse_entry_bundle,
    parse_path,
    tile_at,
    tile_bytes,
    tile_path,
    tiles_for_growth,
)
from tests.shared_vectors import shared

LEAVES = [b"leaf %d" % number for number in range(70_000)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
_NODES: dict[tuple[int, int], bytes] = {}


def get_hash(level: int, index: int) -> bytes:
    if level == 0:
        return HASHES[index]
    if (level, index) not in _NODES:
        _NODES[level, index] = root([get_hash(level - 1, 2 * index), get_hash(level - 1, 2 * index + 1)])
    return _NODES[level, index]


def published(size: int) -> dict[str, bytes]:
    files = {}
    for tile in tiles_for_growth(0, size):
        files[tile.path] = tile_bytes(tile, get_hash)
        if tile.level == 0:
            leaves = LEAVES[tile.index * 256 : tile.index * 256 + tile.width]
            files[entries_path(tile.index, tile.width)] = entry_bundle(leaves)
    return files


@pytest.mark.parametrize(
    ("path", "tile"),
    [
        ("tile/0/000", Tile(0, 0)),
        ("tile/0/x001/x234/067", Tile(0, 1234067)),
        ("tile/2/999.p/1", Tile(2, 999, 1)),
        ("tile/0/x001/000.p/255", Tile(0, 1000, 255)),
        ("tile/63/001", Tile(63, 1)),
    ],
)
def test_paths(path, tile):
    assert tile.path == tile_path(tile.level, tile.index, tile.width) == path
    assert parse_path(path) == tile


def test_paths_of_bundles():
    assert entries_path(1234067) == "tile/entries/x001/x234/067"
    assert entries_path(0, 44) == "tile/entries/000.p/44"
    assert parse_path("tile/entries/000.p/44") == Tile(-1, 0, 44)


@pytest.mark.parametrize(
    "path",
    [
        *("tile/0/0", "tile/00/000", "tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/64/000"),
        *("tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/999", "tile/-1/000"),
        *("tile/0/../000", "/tile/0/000", "tile/0/000/", "tile/0/٠٠٠"),
    ],
)
def test_other_spellings_of_paths_are_refused(path):
    with pytest.raises(LedgerError) as refused:
        parse_path(path)
    assert refused.value.code is LedgerCode.BAD_TILE


def test_the_tiles_of_the_examples_in_tlog_tiles():
    tiles = tiles_for_growth(0, 70_000)
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    assert [tile for tile in tiles if tile.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert Tile(1, 0) in tiles
    assert tiles_for_growth(0, 256) == [Tile(0, 0), Tile(1, 0, 1)]
    assert edge_tiles(256) == [Tile(1, 0, 1)]
    assert tiles_for_growth(0, 0) == []


@given(st.integers(0, 70_000), st.integers(0, 3_000))
def test_growth_writes_exactly_the_tiles_that_change(old, more):
    new = min(old + more, 70_000)
    before, after = set(tiles_for_growth(0, old)), set(tiles_for_growth(0, new))
    assert set(tiles_for_growth(old, new)) == after - before
    assert len(tiles_for_growth(old, new)) == len(after - before)
    # What stays is full, or is the same partial tile because its level has not grown.
    assert {tile for tile in before if tile.width == 256} <= after


def test_bundles():
    leaves = [b"", b"a", b"b" * 65_535]
    data = entry_bundle(leaves)
    assert data[:5] == b"\x00\x00\x00\x01a"
    assert parse_entry_bundle(data, 3) == leaves
    for broken, width in ((data[:-1], 3), (data + b"\x00", 3), (data, 4), (data, 2), (b"\x00", 1), (b"", 1)):
        with pytest.raises(LedgerError) as refused:
            parse_entry_bundle(broken, width)
        assert refused.value.code is LedgerCode.BAD_TILE
    with pytest.raises(LedgerError):
        entry_bundle([b"b" * 65_536])


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 300, 511, 512, 1000, 65_536, 65_537, 70_000])
def test_reader_proves_tiles_and_answers_proofs(size):
    files = published(size)
    reader = TileReader(files.get, size, root(HASHES[:size]))
    assert reader.leaves(0) == LEAVES[: min(size, 256)]
    for index in {0, size // 3, size - 1}:
        assert reader.leaf_hash(index) == HASHES[index]
        proof = inclusion_proof(index, size, reader.get_hash)
        verify_inclusion(HASHES[index], index, size, proof, root(HASHES[:size]))
    old = max(1, size // 2)
    assert reader.frontier(old).root() == root(HASHES[:old])
    proof = consistency_proof(old, size, reader.get_hash)
    verify_consistency(old, size, root(HASHES[:old]), root(HASHES[:size]), proof)
    with pytest.raises(LedgerError):
        reader.leaf_hash(size)


@pytest.mark.parametrize("size", [1, 255, 256, 300, 1000])
def test_no_flipped_bit_of_any_tile_goes_unseen(size):
    files = published(size)
    for path in files:
        for at in {0, len(files[path]) // 2, len(files[path]) - 1}:
            changed = dict(files)
            data = bytearray(files[path])
            data[at] ^= 0x10
            changed[path] = bytes(data)
            reader = TileReader(changed.get, size, root(HASHES[:size]))
            with pytest.raises(LedgerError) as refused:
                read_all(reader)
            assert refused.value.code in {LedgerCode.BAD_TILE, LedgerCode.BAD_LEAF}, path


@pytest.mark.parametrize("size", [1, 256, 300, 70_000])
def test_a_changed_tile_is_refused_when_it_is_read_alone(size):
    files = published(size)
    for tile in [tile for tile in tiles_for_growth(0, size) if tile.index in (0, 1, 255, 273)]:
        data = bytearray(files[tile.path])
        data[len(data) // 2] ^= 1
        changed = files | {tile.path: bytes(data)}
        with pytest.raises(LedgerError, match=tile.path.replace(".", r"\.")) as refused:
            TileReader(changed.get, size, root(HASHES[:size])).tile_hashes(tile.level, tile.index)
        assert refused.value.code is LedgerCode.BAD_TILE


def test_a_leaf_changed_in_its_bundle_and_its_tile_alike_is_refused():
    files = published(300)
    leaves = [b"forged", *LEAVES[1:256]]
    files["tile/entries/000"] = entry_bundle(leaves)
    files["tile/0/000"] = b"".join(leaf_hash(leaf) for leaf in leaves)
    with pytest.raises(LedgerError, match="tile/0/000 does not lead to the signed root"):
        TileReader(files.get, 300, root(HASHES[:300])).leaves(0)


def test_each_tile_is_read_once_and_few_are_kept():
    files, asked = published(70_000), []

    def read(path: str) -> bytes | None:
        asked.append(path)
        return files.get(path)

    reader = TileReader(read, 70_000, root(HASHES))
    for _ in range(3):
        for index in (0, 255, 300, 69_999):
            assert reader.leaf_hash(index) == HASHES[index]
    assert sorted(asked) == sorted(set(asked))
    for index in range(274):
        reader.tile_hashes(0, index)
    assert len(reader._cache) == 128
    assert reader.leaf_hash(0) == HASHES[0]


def read_all(reader: TileReader) -> None:
    for tile in tiles_for_growth(0, reader.size):
        reader.tile_hashes(tile.level, tile.index)
    for index in range((reader.size + 255) // 256):
        reader.leaves(index)


def test_a_full_tile_answers_for_a_partial_one_that_is_gone():
    files = {path: data for path, data in published(512).items() if ".p/" not in path}
    reader = TileReader(files.get, 300, root(HASHES[:300]))
    files[tile_path(1, 0, 1)] = published(300)[tile_path(1, 0, 1)]
    assert reader.leaves(1) == LEAVES[256:300]


def test_a_missing_or_cut_tile_is_named():
    sound = published(300)["tile/0/000"]
    for broken, code in (
        (None, LedgerCode.MISSING_FILE),
        (b"\x00" * 31, LedgerCode.BAD_TILE),
        (sound + sound[:32], LedgerCode.BAD_TILE),
    ):
        files = published(300) | {"tile/0/000": broken}
        reader = TileReader(files.get, 300, root(HASHES[:300]))
        assert reader.leaf_hash(256) == HASHES[256]
        with pytest.raises(LedgerError, match="tile/0/000 ") as refused:
            reader.leaf_hash(0)
        assert refused.value.code is code


def test_a_missing_bundle_is_named():
    files = published(300)
    del files["tile/entries/001.p/44"]
    with pytest.raises(LedgerError, match=r"tile/entries/001\.p/44 is missing") as refused:
        TileReader(files.get, 300, root(HASHES[:300])).leaves(1)
    assert refused.value.code is LedgerCode.MISSING_FILE


def test_there_is_no_tile_beyond_the_edge():
    for level, index in ((0, 2), (1, 1), (2, 0)):
        with pytest.raises(LedgerError):
            tile_at(300, level, index)
    assert tile_at(300, 0, 1) == Tile(0, 1, 44)


def file_reader(folder: Path):
    return lambda path: (folder / path).read_bytes() if (folder / path).is_file() else None


@pytest.mark.parametrize("size", range(16))
def test_tessera_log_at_every_size(size):
    folder = shared("vectors/tessera-log")
    vkey = next(line for line in (folder / "SOURCE.txt").read_text().splitlines() if line.startswith("vkey"))
    key = VerifierKey.parse(vkey.split(": ")[1])
    log = folder / "testdata" / "log"
    checkpoint, _ = open_checkpoint((log / f"checkpoint.{size}").read_bytes(), key)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/log/testdata", size)
    words = ["one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven", "twelf"]
    words += ["threeten", "fourten", "fivten"]
    assert root(leaf_hash(word.encode()) for word in words[:size]) == checkpoint.root
    reader = TileReader(file_reader(log), size, checkpoint.root)
    assert reader.frontier().root() == checkpoint.root
    if size:
        assert reader.leaves(0) == [word.encode() for word in words[:size]]
        later, _ = open_checkpoint((log / "checkpoint.15").read_bytes(), key)
        last = TileReader(file_reader(log), 15, later.root)
        proof = consistency_proof(size, 15, last.get_hash)
        verify_consistency(size, 15, checkpoint.root, later.root, proof)


def test_sunlight_mirror_of_three_hundred_leaves():
    folder = shared("vectors/sunlight-mirror/cmd/skylight/testdata/witness/mirror")
    key = VerifierKey.parse(json.loads((folder / "mirror.v0.json").read_text())["verifier_keys"][0])
    (log,) = [path.parent for path in folder.glob("*/checkpoint")]
    data = (log / "checkpoint").read_bytes()
    with pytest.raises(LedgerError) as refused:
        open_checkpoint(data, key)
    # The mirror's key cosigns; it is not the log whose origin the checkpoint names.
    assert refused.value.code is LedgerCode.WRONG_BOOK
    lines = data.decode().split("\n")
    tree_root = decode_base64(lines[2])
    reader = TileReader(file_reader(log), int(lines[1]), tree_root)
    frontier = Frontier()
    for tile in (0, 1):
        for item in reader.tile_hashes(0, tile):
            frontier.append(item)
    assert frontier.size == 300
    assert frontier.root() == tree_root
    assert reader.tile_hashes(1, 0) == [root(reader.tile_hashes(0, 0))]
    proof = inclusion_proof(299, 300, reader.get_hash)
    verify_inclusion(reader.leaf_hash(299), 299, 300, proof, tree_root)
