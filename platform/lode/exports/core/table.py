"""Rows as CSV and JSON: the same bytes for the same rows, in any process, on any day. Pure."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

Cell = str | int | Decimal | date | datetime | None
_FORMULA_STARTS = frozenset("=+-@\t\r\n|%")
_PIECE = 1 << 16


def cell_text(value: Cell) -> str:
    """Return a cell as text: plain decimals, ISO dates, UTC times with a Z, nothing for None.

    A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection), also where
    spaces or full-width signs hide it. A number is a number, negative or not.
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value or abs(value), "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace(".000000", "").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    looked_at = unicodedata.normalize("NFKC", value).lstrip(" ")
    return f"'{value}" if looked_at[:1] in _FORMULA_STARTS else value


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> bytes:
    """Return RFC 4180 CSV in UTF-8 without a byte order mark: a heading, then one line a row, in the columns' order."""
    return b"".join(csv_stream(columns, rows))


def csv_stream(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> Iterator[bytes]:
    """Give the bytes of `csv_bytes` piece by piece, so that no number of rows has to be held at once."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell_text(row[column]) for column in columns])
        if out.tell() >= _PIECE:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def json_stream(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> Iterator[bytes]:
    """Give what `json_bytes` says of rows without statements piece by piece, one row a line."""
    yield f'{{"format": "lode/export/v1", "columns": {json.dumps(list(columns))}, "rows": ['.encode()
    mark = "\n"
    for row in rows:
        value = {column: _json_cell(row[column]) for column in columns}
        yield f"{mark}{json.dumps(value, ensure_ascii=False)}".encode()
        mark = ",\n"
    yield b'\n], "statements": []}\n'


def json_bytes(columns: Sequence[str], rows: Sequence[Mapping[str, Cell]], documents: Sequence[Any]) -> bytes:
    """Return JSON in UTF-8: the columns, the rows (numbers are texts), and the statements whole, traces and all."""
    value = {
        "format": "lode/export/v1",
        "columns": list(columns),
        "rows": [{column: _json_cell(row[column]) for column in columns} for row in rows],
        "statements": list(documents),
    }
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _json_cell(value: Cell) -> str | None:
    # A program reads this, so nothing is put in front of a text.
    return value if value is None or isinstance(value, str) else cell_text(value)
