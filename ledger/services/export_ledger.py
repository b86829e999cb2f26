"""Write what a party (or the auditor) may see to a folder that `lode-verify` checks offline."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.core import audit
from ledger.core import balances as balance_file
from ledger.core.audit_tree import CHECKPOINT
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.tiles import entries_path, tiles_for_growth
from ledger.selectors.balances import balances
from ledger.selectors.checkpoints import latest_checkpoint, make_entry_proof
from ledger.selectors.trust import TrustRoot, trust_root
from ledger.selectors.values import SignedCheckpoint
from ledger.sql import reads, tree
from ledger.sql.inbox import APP
from ledger.sql.snapshot import snapshot

README = "README.md"
_TITLE = "# An export of the ledger "
_OURS = {CHECKPOINT, audit.POLICY, audit.REGISTRY_KEY, audit.BALANCES, audit.PARTY, README, "tile", "entries"}
_PAGE = 256


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written: `size` is that of the checkpoint, `entries` how many the caller may read."""

    directory: Path
    size: int
    entries: int
    files: int


def export_ledger(*, directory: Path, party: str | None, now: dt.datetime) -> ExportReport:
    """Export checkpoint, policy, tiles, entries with proofs, balances and a README. `party` None sees everything.

    The same ledger gives the same bytes, whatever `now` is. Raises LedgerError `bad-folder` for a folder that holds
    anything but an earlier export, `not-open` before the first checkpoint.
    """
    del now  # nothing in an export depends on when it is made
    _make_room(directory)
    count = entries = 0
    with snapshot():
        checkpoint, root = latest_checkpoint(), trust_root()
        for path, data in _files(checkpoint, root, party):
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            count += 1
            entries += path.endswith(".note")
        readme = _readme(checkpoint, root, party, entries)
    (directory / README).write_text(readme, encoding="utf-8")
    return ExportReport(directory, checkpoint.size, entries, count + 1)


def _make_room(directory: Path) -> None:
    if not directory.exists():
        directory.mkdir(parents=True)
        return
    if not directory.is_dir():
        raise LedgerError(LedgerCode.BAD_FOLDER, f"{directory} is a file: name a folder. Nothing was written.")
    found = {path.name for path in directory.iterdir()}
    if not found:
        return
    readme = directory / README
    if found - _OURS or not readme.exists() or not readme.read_text("utf-8", "replace").startswith(_TITLE):
        raise LedgerError(
            LedgerCode.BAD_FOLDER,
            f"The folder {directory} holds something else than an earlier export: name an empty or a new one. "
            "Nothing was written.",
        )
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _files(checkpoint: SignedCheckpoint, root: TrustRoot, party: str | None) -> Iterator[tuple[str, bytes]]:
    yield CHECKPOINT, checkpoint.note
    yield audit.POLICY, root.policy
    yield audit.REGISTRY_KEY, f"{root.registry_vkey}\n".encode()
    if party is not None:
        yield audit.PARTY, f"{party}\n".encode()
    yield from _tiles(checkpoint)
    yield from _entries(checkpoint, party)
    yield audit.BALANCES, balance_file.encode(root.origin, checkpoint.size, _balances(checkpoint, party))


def _tiles(checkpoint: SignedCheckpoint) -> Iterator[tuple[str, bytes]]:
    read = tree.tile_files(APP)
    for tile in tiles_for_growth(0, checkpoint.size):
        paths = [tile.path, entries_path(tile.index, tile.width)] if tile.level == 0 else [tile.path]
        for path in paths:
            data = read(path)
            if data is None:
                raise LedgerError(LedgerCode.MISSING_FILE, f"{path} cannot be made: the database lacks part of it.")
            yield path, data


def _entries(checkpoint: SignedCheckpoint, party: str | None) -> Iterator[tuple[str, bytes]]:
    reader = tree.reader(APP, checkpoint.size, checkpoint.root)
    for first in range(0, checkpoint.size, _PAGE):
        where = reads.Where()
        where.add("e.index >= %(first)s", first=first)
        where.add("e.index < %(last)s", last=min(first + _PAGE, checkpoint.size))
        reads.readable(where, party)
        for entry in reads.entries(where, order="e.index"):
            yield f"entries/{entry.index}.note", entry.note
            yield f"entries/{entry.index}.seal", entry.seal
            yield f"entries/{entry.index}.leaf", entry.leaf
            yield f"entries/{entry.index}.tlog-proof", make_entry_proof(entry, checkpoint, reader).text


def _balances(checkpoint: SignedCheckpoint, party: str | None) -> dict[Account, int]:
    rows = balances(party=party, known_at=checkpoint.size)
    return {
        Account(str(row.owner), str(row.holder), row.element, str(row.state), str(row.lot)): row.mass_mg for row in rows
    }


def _readme(checkpoint: SignedCheckpoint, root: TrustRoot, party: str | None, entries: int) -> str:
    whose = "every entry (for the auditor)" if party is None else f"the {entries} entries that {party} may read"
    return f"""{_TITLE}{root.origin}

It holds the signed tree of {checkpoint.size} entries and {whose}, with their proofs.
What each file is made of stands in Lode's `docs/ledger-format.md`: C2SP tlog-tiles, signed notes, RFC 8785 JSON.

## Check it, offline

    lode-verify .

A check with the keys in this folder shows that the folder is whole. That it is the ledger you know is shown only with
keys that somebody else gave you:

    lode-verify --log-vkey '{root.log_vkey}' \\
        --registry-vkey '{root.registry_vkey}' .

## Check it with tools that Lode's makers did not write

With `tlog-tiles`, of the Python package `tlog-scales` (each leaf up to the root):

    tlog-tiles get-leaf --check . 0
    tlog-tiles gen-proof . 0

With Go: `golang.org/x/mod/sumdb/note` opens `checkpoint` under the log's vkey above (`note.Open`), and
`golang.org/x/mod/sumdb/tlog` checks `entries/0.leaf` by the hashes in `entries/0.tlog-proof` (`tlog.CheckRecord`).

## What lies here

| file | what |
| --- | --- |
| `checkpoint` | origin, size and root, signed by the log |
| `policy`, `registry.vkey` | the keys that this export was made under |
| `tile/` | the tree: hashes by level, and the leaves in `tile/entries/` |
| `entries/N.note` | entry N as its parties signed it |
| `entries/N.seal` | what the operator added: index, time, each account's place and balance |
| `entries/N.leaf` | what stands in the tree: a commitment to note and seal; public entries readable |
| `entries/N.tlog-proof` | that the leaf is under the checkpoint's root |
| `balances.json` | balances in milligrams of the contained element, as the entries give them |
"""
