"""Our exports under verifiers that we did not write, and their logs under ours."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from ledger.core import leaf as leaves
from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.merkle import consistency_proof, inclusion_proof, leaf_hash, root, verify_consistency, verify_inclusion
from ledger.core.proof import make_proof
from ledger.core.tiles import TileReader, tiles_for_growth
from tests.ledger.builder import BOOK, Book, account, loop_book, moved, signer, write
from tests.ledger.core import go_verifier


@pytest.fixture(scope="session")
def go_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go_verifier.build(tmp_path_factory.mktemp("go"))


def long_book(size: int) -> Book:
    book = Book()
    book.register("lessor")
    own = account("lessor", "lessor")
    for number in range(size - 1):
        book.append(
            book.entry("receive", moved(own._replace(state="source"), own, 1 + number), reference=f"R-{number}")
        )
    return book


def run_go(binary: Path, book: Book, folder: Path, *, old_size: int) -> subprocess.CompletedProcess[str]:
    vkeys = [str(key.vkey) for key in book.signers.values()]
    return go_verifier.run(binary, folder / "export", vkeys, book.checkpoint(old_size), folder)


def test_go_accepts_our_export(go_program, tmp_path):
    book = loop_book()
    write(book.export(), tmp_path / "export")
    result = run_go(go_program, book, tmp_path, old_size=11)
    assert result.stdout == "OK size=30 leaves=30 signatures=47\n", result.stdout + result.stderr


def test_go_accepts_a_log_of_several_tiles(go_program, tmp_path):
    book = long_book(300)
    files = book.tree_files()
    for index in range(300):
        files[f"entries/{index}.note"] = book.notes[index]
    # Proofs cost a walk over the tree each in the builder: one of each tile is made here, by our tile reader.
    checkpoint, _ = open_checkpoint(files["checkpoint"], book.log_vkey)
    reader = TileReader(files.get, 300, checkpoint.root)
    for index in range(300):
        path = inclusion_proof(index, 300, reader.get_hash)
        time = leaves.decode(book.leaves[index]).time
        made = make_proof(index, path, files["checkpoint"], time=time, nonce=book.nonces[index])
        files[f"entries/{index}.tlog-proof"] = made.to_bytes()
    write(files, tmp_path / "export")
    result = run_go(go_program, book, tmp_path, old_size=257)
    assert result.stdout == "OK size=300 leaves=300 signatures=300\n", result.stdout + result.stderr


@pytest.mark.parametrize(
    "path", ["checkpoint", "tile/0/000.p/30", "tile/entries/000.p/30", "entries/12.note", "entries/12.tlog-proof"]
)
def test_go_refuses_what_we_refuse(go_program, tmp_path, path):
    book = loop_book()
    files = book.export()
    data = bytearray(files[path])
    data[len(data) // 2] ^= 1
    write(files | {path: bytes(data)}, tmp_path / "export")
    result = run_go(go_program, book, tmp_path, old_size=11)
    assert result.returncode == 1
    assert result.stdout.startswith("NOT OK")


def scales():
    return pytest.importorskip("tlog_scales.reader", reason="tlog-scales is not installed in this environment.")


def backend(folder: Path):
    from tlog_scales.backend import LocalBackend

    return LocalBackend(folder)


def test_tlog_scales_accepts_our_export(tmp_path):
    scales()
    from tlog_scales.reader import TilesReader
    from tlog_scales.signing import Vkey

    book = loop_book()
    write(book.export(), tmp_path)
    reader = TilesReader(backend(tmp_path))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(Vkey.from_string(str(book.log_vkey)))
    assert (checkpoint.origin, checkpoint.size) == (BOOK, book.size)
    assert reader.calculate_root_hash() == checkpoint.root_hash
    for index in range(book.size):
        assert reader.get_entry(index) == book.leaves[index]
        proof = reader.get_inclusion_proof(index, book.size)
        proof.check(leaf_hash(book.leaves[index]), checkpoint.root_hash)


@pytest.mark.parametrize("seed", range(6))
def test_random_trees_agree_with_tlog_scales(tmp_path, seed):
    scales()
    from tlog_scales.signing import PlainEd25519Signer
    from tlog_scales.tlog import ConsistencyProof, InclusionProof
    from tlog_scales.writer import TilesWriter

    draw = random.Random(seed)
    log = signer(BOOK)
    writer = TilesWriter.create(tmp_path / "log", BOOK)
    grown_to: list[bytes] = []
    size = 0
    for _ in range(4):
        added = [draw.randbytes(draw.randrange(40)) for _ in range(draw.randrange(1, 260))]
        for item in added:
            writer.add_leaf(item)
        writer.commit([PlainEd25519Signer(BOOK, log.seed)], gc=False)
        grown_to += added
        # What they wrote, byte for byte, is what we would have written.
        files = {
            path.relative_to(tmp_path / "log").as_posix(): path.read_bytes() for path in files_of(tmp_path / "log")
        }
        hashes = [leaf_hash(item) for item in grown_to]
        mine = Checkpoint(BOOK, len(grown_to), root(hashes)).sign([log]).to_bytes()
        assert files["checkpoint"] == mine
        checkpoint, _ = open_checkpoint(files["checkpoint"], log.vkey)
        reader = TileReader(files.get, checkpoint.size, checkpoint.root)
        for tile in tiles_for_growth(size, len(grown_to)):
            assert files[tile.path] == b"".join(reader.tile_hashes(tile.level, tile.index))
        assert [item for index in range((len(grown_to) + 255) // 256) for item in reader.leaves(index)] == grown_to
        size = len(grown_to)
        index, old = draw.randrange(size), draw.randrange(1, size + 1)
        ours, theirs = inclusion_proof(index, size, reader.get_hash), writer.reader.get_inclusion_proof(index, size)
        assert ours == theirs.node_hashes
        InclusionProof(index, size, ours).check(hashes[index], checkpoint.root)
        verify_inclusion(hashes[index], index, size, theirs.node_hashes, checkpoint.root)
        grown, grown_theirs = (
            consistency_proof(old, size, reader.get_hash),
            writer.reader.get_consistency_proof(old, size),
        )
        assert grown == grown_theirs.node_hashes
        ConsistencyProof(old, size, grown).check(root(hashes[:old]), checkpoint.root)
        verify_consistency(old, size, root(hashes[:old]), checkpoint.root, grown_theirs.node_hashes)


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
