"""`lode ledger csv`: a CSV of movements becomes signed notes on the party's side; no database, no Django."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import BinaryIO

from ledger.core.bulk import read_notes, write_note
from ledger.core.entry import sign_entry
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.movements_csv import Drafted, RowError, read
from ledger.core.note import Note
from lode.cli.explain import REFUSED
from lode.cli.key_files import read_key
from lode.engine.places import EngineError

_MOST_ERRORS = 100
_PIECE = 64 * 1024


def csv(options: argparse.Namespace) -> int:
    """Check the whole file, and print its entries as signed notes, one a line, only where nothing is in doubt."""
    keys = [read_key(path) for path in options.key]
    with options.file.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        wrong = entries = 0
        for item in _read(file, options, digest):
            if isinstance(item, Drafted):
                entries += 1
                continue
            wrong += 1
            if wrong <= _MOST_ERRORS:
                print(item, file=sys.stderr)
        if wrong:
            more = f", of which {_MOST_ERRORS} are shown" if wrong > _MOST_ERRORS else ""
            print(f"Nothing was written: there are {wrong} doubts{more}.", file=sys.stderr)
            return REFUSED
        with _signed_before(options) as others:
            for item in _read(file, options, digest):
                if isinstance(item, RowError):
                    raise EngineError(f"{options.file} was changed while it was read: begin again.")
                note = _together(item, sign_entry(item.entry, keys), others)
                sys.stdout.buffer.write(write_note(note.to_bytes()))
        sys.stdout.buffer.flush()
    print(f"{entries} entries, signed by {', '.join(key.name for key in keys)}.", file=sys.stderr)
    return 0


@contextmanager
def _signed_before(options: argparse.Namespace) -> Iterator[Iterator[bytes | LedgerError] | None]:
    """Give the notes that another party has made of the same file, None where this party is the first."""
    if options.onto is None:
        yield None
        return
    with options.onto.open("rb") as file:
        yield read_notes(iter(lambda: file.read(_PIECE), b""))


def _together(item: Drafted, ours: Note, others: Iterator[bytes | LedgerError] | None) -> Note:
    """Return the note with the others' signatures before ours; raises `conflict` where they signed something else."""
    if others is None:
        return ours
    given = next(others, b"")
    theirs = Note.parse(given) if isinstance(given, bytes) else None
    if theirs is None or theirs.text != ours.text:
        raise LedgerError(
            LedgerCode.CONFLICT,
            f"The other party did not sign the entry of rows {item.first_row} to {item.last_row} as this file has it: "
            "use the same file, byte for byte. What was printed so far is of no use.",
        )
    return Note(ours.text, (*theirs.signatures, *ours.signatures))


def _read(file: BinaryIO, options: argparse.Namespace, digest: str) -> Iterator[Drafted | RowError]:
    file.seek(0)
    lines = TextIOWrapper(file, encoding=options.encoding, newline="")
    try:
        yield from read(lines, book=options.book, digest=digest)
    finally:
        lines.detach()
