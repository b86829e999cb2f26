"""Publish the tiles and the checkpoint as files: tiles first, so that no checkpoint stands over tiles not there."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from ledger.core.checkpoint import Checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note
from ledger.core.tiles import TILE_WIDTH, entries_path, tiles_for_growth
from ledger.services.failpoints import failpoint
from ledger.services.files import sync_folders, write_and_sync, write_durably
from ledger.sql import chain, leading, tree
from ledger.sql.chain import CheckpointRow
from ledger.sql.inbox import SEQUENCER

WAIT_MS = 10_000


def publish_files() -> int:
    """Bring the files under `LEDGER_DIR/public` up to the latest checkpoint; return its size. Safe to run again.

    Raises `busy` while a sequencer is at work, `fork` where the files are ahead of the database or of another tree.
    """
    with leading.leadership(WAIT_MS) as leader:
        if not leader:
            raise LedgerError(LedgerCode.BUSY, "A sequencer is at work and publishes by itself: try again later.")
        signed = chain.last_checkpoint()
        publish(signed)
    return 0 if signed is None else signed.size


def public_folder() -> Path:
    """Return the folder of published files."""
    return Path(settings.LEDGER_DIR) / "public"


def publish(signed: CheckpointRow | None) -> None:
    """Write what the published files lack of the tree of `signed`, then its checkpoint; runs as the leader."""
    folder = public_folder()
    published = _published(folder)
    size = 0 if published is None else published.size
    _check_not_ahead(published, signed)
    # Witnesses' lines may stand after the log's own (see `gather_cosignatures`).
    if signed is None or (size == signed.size and (folder / "checkpoint").read_bytes().startswith(signed.note)):
        return
    read = tree.tile_files(SEQUENCER)
    written: list[tuple[Path, int]] = []
    changed: set[Path] = set()
    for tile in tiles_for_growth(size, signed.size):
        paths = [tile.path, entries_path(tile.index, tile.width)] if tile.level == 0 else [tile.path]
        for path in paths:
            data = read(path)
            if data is None:
                raise LedgerError(LedgerCode.MISSING_FILE, f"{path} cannot be made: the database lacks part of it.")
            changed |= write_durably(folder / path, data)
            written.append((folder / path, tile.width))
    sync_folders(changed)
    failpoint("tiles")
    write_and_sync(folder / "checkpoint", signed.note)
    failpoint("published")
    for file, width in written:
        if width == TILE_WIDTH:  # the full tile answers for its partial ones from now on
            shutil.rmtree(file.with_name(f"{file.name}.p"), ignore_errors=True)


def _published(folder: Path) -> Checkpoint | None:
    path = folder / "checkpoint"
    if not path.exists():
        return None
    return Checkpoint.parse(Note.parse(path.read_bytes()).text)


def _check_not_ahead(published: Checkpoint | None, signed: CheckpointRow | None) -> None:
    if published is None or (signed is not None and (published.size, published.root) == (signed.size, signed.root)):
        return
    known = None if signed is None or published.size > signed.size else chain.checkpoint_of(published.size)
    if known is None or known.root != published.root or published.origin != settings.LEDGER_ORIGIN:
        raise LedgerError(
            LedgerCode.FORK,
            f"The published checkpoint of {published.size} entries ({public_folder() / 'checkpoint'}) is not in the "
            "database: it was restored from an older copy, or the wrong database is connected. Nothing is published.",
        )
