"""Rows of the ledger on standard output, as they come: CSV, or JSON of the same columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from ledger.core.errors import LedgerError
from ledger.selectors.checkpoints import known_size
from lode.exports.core.table import Cell, csv_stream, json_stream


def write(out: OutputWrapper, form: str, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> None:
    """Write rows as they come, however many."""
    for piece in (csv_stream if form == "csv" else json_stream)(columns, rows):
        out.write(piece.decode(), ending="")


def size_of(options: Mapping[str, Any]) -> int:
    """Return the tree size that is asked for, the newest by default. Raises CommandError for one not yet reached."""
    try:
        return known_size(known_at=options["known_at"])
    except LedgerError as error:
        raise CommandError(error.sentence, returncode=2) from None
