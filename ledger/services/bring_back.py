"""Put back what a restored database has lost: the entries that exports hold, byte for byte, at their places.

A party's export holds what the party may read; the tiles, which everybody holds, say what stood at every place. So the
exports of all parties together, or an auditor's alone, give the whole ledger again, and nothing but it: every leaf is
proven under a checkpoint that the log has signed, and every entry must give its leaf.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.conf import settings

from ledger.core import leaf as leaves
from ledger.core.book import read
from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.leaf import PublicLeaf
from ledger.core.note import Note, VerifierKey
from ledger.core.proof import Proof, decode_extra
from ledger.core.seal import encode as encode_seal
from ledger.core.tiles import TILE_WIDTH, TileReader
from ledger.folder_reader import FolderReader
from ledger.services.desk import Desk, frontier_at, lay_desk
from ledger.services.open_ledger import write_roots
from ledger.services.publish_files import public_folder
from ledger.services.signer import Signer, open_backend
from ledger.sql import chain, inbox, leading, write
from ledger.sql.chain import CheckpointRow
from ledger.sql.inbox import SEQUENCER, Answer

WAIT_MS = 10_000
_BATCH = 500
_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class _Lost:
    """An entry that the database lacks, as it stood in the ledger."""

    index: int
    note: bytes
    seal: bytes
    nonce: bytes | None
    leaf: bytes
    time: str


@dataclass(frozen=True, slots=True)
class _Source:
    """A folder with tiles and perhaps entries, and the checkpoint in it."""

    read: FolderReader
    checkpoint: Checkpoint
    note: bytes


def bring_back(*, folders: Sequence[Path]) -> int:
    """Add the entries that the database lacks, from exports in `folders` and the published files; return the new size.

    The ledger then ends where the newest of their checkpoints does, and the signer goes on. All or nothing of it is
    there before anything is written; who is cut off runs it again. Raises `missing-file` naming an entry that no folder
    holds, `fork` where checkpoints, database and signer are not of one tree or something newer was signed, `bad-folder`
    for a folder without a checkpoint, `busy` while a sequencer is at work, and as `open_checkpoint` does.
    """
    if chain.root_key(SEQUENCER) is None:
        write_roots()
    backend = open_backend()
    state = backend.state()
    signer = Signer(backend, state)
    with leading.leadership(WAIT_MS) as leader:
        if not leader:
            raise LedgerError(LedgerCode.BUSY, "A sequencer is at work: stop Lode first.")
        sources = _sources(folders, state.vkeys[0])
        newest = max(sources, key=lambda source: source.checkpoint.size)
        tree = TileReader(newest.read, newest.checkpoint.size, newest.checkpoint.root)
        signed, tip = chain.last_checkpoint(), chain.tip()
        frontier = frontier_at(signed, tip.size)
        if newest.checkpoint.size < max(tip.size, signer.head.size):
            raise LedgerError(
                LedgerCode.FORK,
                f"The newest checkpoint given is of {newest.checkpoint.size} entries. The database holds {tip.size}, "
                f"and {signer.head.size} were signed: give the folder of one that covers them all.",
            )
        of_one_tree = [(signer.head.size, signer.head.root), (tip.size, frontier.root())]
        for size, root in [*of_one_tree, *((item.checkpoint.size, item.checkpoint.root) for item in sources)]:
            if tree.frontier(size).root() != root:
                raise LedgerError(
                    LedgerCode.FORK,
                    f"The first {size} entries are not the same in the database, the signer's memory and the folders: "
                    "one of them is of another history. Nothing was brought back.",
                )
        _check_none_missing(sources, tree, tip.size)
        desk = lay_desk(signer, signed, frontier, tip.recorded)
        _post(desk, _lost(sources, tree, tip.size), {source.checkpoint.size: source for source in sources})
    return newest.checkpoint.size


def _sources(folders: Sequence[Path], vkey: VerifierKey) -> list[_Source]:
    found = []
    published = public_folder()
    for folder in [*folders, *([published] if (published / "checkpoint").exists() else [])]:
        reader = FolderReader(str(folder))
        note = reader("checkpoint")
        if note is None:
            raise LedgerError(LedgerCode.BAD_FOLDER, f"{folder} is not an export: no checkpoint is in it.")
        checkpoint, _ = open_checkpoint(note, vkey)
        found.append(_Source(reader, checkpoint, _own_lines(note)))
    return found


def _own_lines(note: bytes) -> bytes:
    """Return the checkpoint as the log signed it, without the lines that witnesses have added."""
    parsed = Note.parse(note)
    own = tuple(line for line in parsed.signatures if line.name == settings.LEDGER_ORIGIN)
    return Note(parsed.text, own).to_bytes()


def _lost(sources: Sequence[_Source], tree: TileReader, first: int) -> Iterator[_Lost | int]:
    """Give the entries from place `first` on, and for one that no folder holds its place alone."""
    for index in range(first, tree.size):
        if index == first or index % TILE_WIDTH == 0:
            bundle = tree.leaves(index // TILE_WIDTH)
        leaf = bundle[index % TILE_WIDTH]
        shown = leaves.decode(leaf)
        if isinstance(shown, PublicLeaf):
            seal = encode_seal(leaves.public_seal(index, shown.time))
            yield _Lost(index, shown.note, seal, None, leaf, shown.time)
        else:
            opened = (_opened(source.read, index, shown.commitment) for source in sources)
            note, seal, nonce = next((item for item in opened if item is not None), (b"", b"", b""))
            yield _Lost(index, note, seal, nonce, leaf, shown.time) if note else index


def _opened(read_file: FolderReader, index: int, commitment: bytes) -> tuple[bytes, bytes, bytes] | None:
    note, seal, proof = (read_file(f"entries/{index}.{name}") for name in ("note", "seal", "tlog-proof"))
    if note is None or seal is None or proof is None:
        return None
    nonce, _ = decode_extra(Proof.parse(proof).extra)
    return (note, seal, nonce) if nonce and leaves.commitment(nonce, note, seal) == commitment else None


def _check_none_missing(sources: Sequence[_Source], tree: TileReader, first: int) -> None:
    missing = [item for item in _lost(sources, tree, first) if isinstance(item, int)]
    if missing:
        raise LedgerError(
            LedgerCode.MISSING_FILE,
            f"{len(missing)} of the entries from {first} to {tree.size - 1} are in none of the folders, the first is "
            f"entry {missing[0]}: ask their parties, or the auditor, for exports. Nothing was brought back.",
            index=missing[0],
        )


def _post(desk: Desk, lost: Iterator[_Lost | int], sources: dict[int, _Source]) -> None:
    waiting = {row.entry_id: row.id for row in inbox.pending(_ALL)}
    found = (item for item in lost if isinstance(item, _Lost))
    while batch := list(islice(found, _BATCH)):
        candidates = [read(item.note) for item in batch]
        desk.begin(candidates, ())
        answers, heads = [], []
        for item, candidate in zip(batch, candidates, strict=True):
            received = dt.datetime.strptime(item.time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
            row = desk.orderer.take(candidate, received, "", item.nonce)
            if (row.seal, row.leaf) != (item.seal, item.leaf):
                raise LedgerError(
                    LedgerCode.BAD_SEAL,
                    "The entry does not follow on what stands in the database: verify that first.",
                    index=item.index,
                )
            if row.entry_id in waiting:
                answers.append(Answer(waiting[row.entry_id], entry_index=row.index))
            source = sources.get(row.index + 1)
            if source is not None:
                frontier = desk.orderer.frontier
                heads.append(
                    CheckpointRow(frontier.size, frontier.root(), source.note, frontier.to_bytes(), row.recorded)
                )
        desk.write(answers)
        for head in heads:
            write.checkpoint(head, let_go=False)
