"""Trees at the sizes where tiles fill up: ours and those of two implementations that we did not write, both ways."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    range_hash,
    verify_consistency,
    verify_inclusion,
)
from ledger.core.tiles import TILE_WIDTH, TileReader, entries_path, entry_bundle, tile_bytes, tiles_for_growth
from ledger.folder_reader import FolderReader
from tests.ledger.builder import BOOK, signer
from tests.ledger.core import go_verifier

SIZES = (0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537)
GROWTH = tuple(zip((0, *SIZES), SIZES, strict=False))
DRAW = random.Random(65_537)
LEAVES = [DRAW.randbytes(DRAW.randrange(60)) for _ in range(SIZES[-1])]
LOG = signer(BOOK)


def levels() -> list[list[bytes]]:
    found = [[leaf_hash(leaf) for leaf in LEAVES]]
    while len(found[-1]) > 1:
        below = found[-1]
        found.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return found


LEVELS = levels()


def get_hash(level: int, index: int) -> bytes:
    return LEVELS[level][index]


def root_of(size: int) -> bytes:
    return range_hash(0, size, get_hash)


def write_growth(folder: Path, old: int, size: int) -> None:
    """Write what our log adds when it grows: tiles, bundles, and the checkpoint last."""
    files = {}
    for tile in tiles_for_growth(old, size):
        files[tile.path] = tile_bytes(tile, get_hash)
        if tile.level == 0:
            first = tile.index * TILE_WIDTH
            files[entries_path(tile.index, tile.width)] = entry_bundle(LEAVES[first : first + tile.width])
    files["checkpoint"] = Checkpoint(BOOK, size, root_of(size)).sign([LOG]).to_bytes()
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Our log's folder at each size; none of it is changed afterwards."""
    folders = {}
    for size in SIZES:
        folders[size] = tmp_path_factory.mktemp("ours")
        write_growth(folders[size], 0, size)
    return folders


def indexes(size: int) -> list[int]:
    drawn = [random.Random(size).randrange(size) for _ in range(3)] if size else []
    return sorted({at for at in (0, 1, 255, 256, size - 2, size - 1, *drawn) if 0 <= at < size})


def old_sizes(size: int) -> list[int]:
    return sorted({old for old in (*SIZES, size - 1, size // 2 + 1) if 0 < old <= size})


@pytest.mark.parametrize("size", SIZES)
def test_frontier_and_tiles_give_one_root(ours, size):
    frontier = Frontier()
    for item in LEVELS[0][:size]:
        frontier.append(item)
    reader = TileReader(FolderReader(str(ours[size])), size, root_of(size))
    assert frontier.root() == root_of(size) == reader.frontier().root()


@pytest.mark.parametrize("size", SIZES)
def test_tlog_scales_reads_and_proves_our_tree(ours, size):
    pytest.importorskip("tlog_scales.reader", reason="tlog-scales is not installed in this environment.")
    from tlog_scales.backend import LocalBackend
    from tlog_scales.reader import TilesReader
    from tlog_scales.signing import Vkey

    theirs = TilesReader(LocalBackend(ours[size]))
    checkpoint = theirs.get_checkpoint()
    checkpoint.verify(Vkey.from_string(str(LOG.vkey)))
    assert (checkpoint.origin, checkpoint.size, checkpoint.root_hash) == (BOOK, size, theirs.calculate_root_hash())
    for index in indexes(size):
        assert theirs.get_entry(index) == LEAVES[index]
        proof = theirs.get_inclusion_proof(index, size)
        assert proof.node_hashes == inclusion_proof(index, size, get_hash)
        proof.check(LEVELS[0][index], checkpoint.root_hash)
        verify_inclusion(LEVELS[0][index], index, size, proof.node_hashes, root_of(size))
    for old in old_sizes(size):
        grown = theirs.get_consistency_proof(old, size)
        assert grown.node_hashes == consistency_proof(old, size, get_hash)
        grown.check(root_of(old), checkpoint.root_hash)
        verify_consistency(old, size, root_of(old), root_of(size), grown.node_hashes)


def test_we_read_and_prove_the_tree_that_tlog_scales_grows(tmp_path):
    pytest.importorskip("tlog_scales.writer", reason="tlog-scales is not installed in this environment.")
    from tlog_scales.signing import PlainEd25519Signer
    from tlog_scales.writer import TilesWriter

    folder = tmp_path / "theirs"
    writer = TilesWriter.create(folder, BOOK)
    for old, size in GROWTH:
        for leaf in LEAVES[old:size]:
            writer.add_leaf(leaf)
        writer.commit([PlainEd25519Signer(BOOK, LOG.seed)], gc=False)
        write_growth(tmp_path / "ours", old, size)
        read = FolderReader(str(folder))
        checkpoint, _ = open_checkpoint(read("checkpoint") or b"", LOG.vkey)
        assert (checkpoint.size, checkpoint.root) == (size, root_of(size))
        reader = TileReader(read, size, checkpoint.root)
        tiles = range(old // TILE_WIDTH, (size + TILE_WIDTH - 1) // TILE_WIDTH)
        assert [leaf for tile in tiles for leaf in reader.leaves(tile)] == LEAVES[old // TILE_WIDTH * TILE_WIDTH : size]
        for index in indexes(size):
            proof = inclusion_proof(index, size, reader.get_hash)
            verify_inclusion(LEVELS[0][index], index, size, proof, checkpoint.root)
        for before in old_sizes(size):
            verify_consistency(
                *(before, size, root_of(before), checkpoint.root), consistency_proof(before, size, reader.get_hash)
            )
    # Every file that they wrote on the way is the one that we write, byte for byte, and there is no other.
    assert files_of(folder) == files_of(tmp_path / "ours")


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def go_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go_verifier.build(tmp_path_factory.mktemp("go"), go_verifier.TREE_PROGRAM)


def hexes(hashes: list[bytes]) -> str:
    return ",".join(item.hex() for item in hashes) or "-"


@pytest.mark.parametrize("size", SIZES[1:])
def test_go_checks_our_proofs_and_makes_the_same(ours, go_tree, size):
    questions, expected = [], []
    for index in indexes(size):
        expected.append(hexes(inclusion_proof(index, size, get_hash)))
        questions.append(f"record {index} {LEVELS[0][index].hex()} {expected[-1]}")
    for old in old_sizes(size):
        expected.append(hexes(consistency_proof(old, size, get_hash)))
        questions.append(f"tree {old} {root_of(old).hex()} {expected[-1]}")
    command = [go_tree, ours[size], str(size), root_of(size).hex()]
    asked = "".join(f"{question}\n" for question in questions)
    answer = subprocess.run(command, input=asked, capture_output=True, text=True, check=False, timeout=60)
    assert (answer.returncode, answer.stdout.split("\n")) == (0, [*expected, ""])
    spoiled = asked.replace(root_of(size).hex(), LEVELS[0][0].hex()) if size > 1 else "record 0 " + "00" * 32 + " -\n"
    answer = subprocess.run(command, input=spoiled, capture_output=True, text=True, check=False, timeout=60)
    assert (answer.returncode, "NOT OK" in answer.stdout) == (1, True)
