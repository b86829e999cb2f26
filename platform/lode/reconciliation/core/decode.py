"""From the bytes of a file to a table of cells: encoding, separator, and every refusal of what is not a CSV file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.headings import column_of
from lode.reconciliation.core.values import Text

MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 60
HEADING_ROWS = 10  # a title and an address may stand above the headings

_SEPARATORS = (",", "\t", ";", "|")
_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "an XLSX or ZIP file"),
    (b"PK\x05\x06", "an empty ZIP file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"%PDF", "a PDF file"),
    (b"\x1f\x8b", "a compressed file"),
    (b"BZh", "a compressed file"),
    (b"\xfd7zXZ", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"\x28\xb5\x2f\xfd", "a compressed file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML file"),
    (b"{\\rtf", "a word processor's file"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a file. `heading_row` counts from 1 as a spreadsheet does; `rows` are those below it, numbered."""

    encoding: str
    separator: str
    heading_row: int
    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_table(data: bytes) -> Table:
    """Read a CSV file. Raises ReconciliationError with a `file-…` code and the reason."""
    if not data.strip():
        raise ReconciliationError(Code.FILE_EMPTY, Text("The file is empty.", "文件是空的。"))
    if len(data) > MAX_FILE_BYTES:
        raise ReconciliationError(
            Code.FILE_TOO_LARGE,
            Text(
                f"The file has {len(data):,} bytes; {MAX_FILE_BYTES:,} are read. Split it by month.",
                f"文件有 {len(data):,} 字节，最多读取 {MAX_FILE_BYTES:,} 字节，请按月拆分。",
            ),
        )
    text, encoding = _decode(data)
    text, declared = _declared_separator(text)
    candidates = (declared,) if declared else _SEPARATORS
    best: Table | None = None
    broken: ReconciliationError | None = None
    for separator in candidates:
        try:
            records = _records(text, separator)
        except ReconciliationError as error:
            # Quoted cells do not close under a separator that is not the file's own, so the others are tried first.
            broken = broken or error
            continue
        heading_row = _heading_row(records)
        if heading_row is None:
            continue
        headings = records[heading_row - 1][1]
        table = Table(encoding, separator, records[heading_row - 1][0], headings, tuple(records[heading_row:]))
        if best is None or _understood(headings) > _understood(best.headings):
            best = table
    if best is None and broken is not None:
        raise broken
    if best is None:
        raise ReconciliationError(
            Code.FILE_NO_HEADINGS,
            Text(
                "No headings were found in the first ten rows. "
                "Name the columns, e.g. reference, date, element, mass, unit.",
                "前十行没有找到表头。请写明列名，例如：编号、日期、元素、质量、单位。",
            ),
        )
    return best


def _decode(data: bytes) -> tuple[str, str]:
    for magic, name in _OTHER_FORMATS:
        if data.lstrip()[: len(magic)].lower() == magic.lower():
            raise _not_csv(name)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif data.startswith(b"\xef\xbb\xbf"):
        encodings = ["utf-8-sig"]
    else:
        encodings = ["utf-8", "gb18030"]
    if encodings != ["utf-16"] and b"\x00" in data:
        raise _not_csv("binary data")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            raise _not_csv("binary data")
        return text, encoding
    raise ReconciliationError(
        Code.FILE_ENCODING,
        Text(
            "The characters of the file are neither UTF-8 nor GB18030. Save it as “CSV UTF-8”.",
            "文件编码既不是 UTF-8 也不是 GB18030，请另存为“CSV UTF-8”。",
        ),
    )


def _not_csv(name: str) -> ReconciliationError:
    return ReconciliationError(
        Code.FILE_NOT_CSV,
        Text(
            f"This is {name}, not a CSV file. In the spreadsheet choose “Save as”, then “CSV UTF-8”.",
            "这不是 CSV 文件。请在电子表格中选择“另存为”，再选“CSV UTF-8”。",
        ),
    )


def _declared_separator(text: str) -> tuple[str, str]:
    """Take off the line `sep=;` by which a spreadsheet names its separator."""
    first, _, rest = text.partition("\n")
    name = first.strip().strip('"').casefold()
    if name.startswith("sep=") and name[4:] in _SEPARATORS:
        return "\n" + rest, name[4:]  # the empty line keeps the numbers of the rows as the spreadsheet shows them
    return text, ""


def _records(text: str, separator: str) -> list[tuple[int, tuple[str, ...]]]:
    """Return the numbered records; empty ones are left out but counted. Raises ReconciliationError `file-…`."""
    records: list[tuple[int, tuple[str, ...]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) > MAX_COLUMNS:
                raise ReconciliationError(
                    Code.FILE_BROKEN,
                    Text(
                        f"Row {number} has {len(cells):,} columns; {MAX_COLUMNS} are read.",
                        f"第 {number} 行有 {len(cells):,} 列，最多读取 {MAX_COLUMNS} 列。",
                    ),
                )
            if any(cell.strip() for cell in cells):
                records.append((number, tuple(cells)))
            if len(records) > MAX_ROWS + HEADING_ROWS:
                raise ReconciliationError(
                    Code.FILE_TOO_MANY_ROWS,
                    Text(
                        f"The file has more than {MAX_ROWS:,} rows. Split it by element or by week.",
                        f"文件超过 {MAX_ROWS:,} 行，请按元素或按周拆分。",
                    ),
                )
    except csv.Error:
        raise ReconciliationError(
            Code.FILE_BROKEN,
            Text(
                f"The quotation marks after row {number} do not close, or a cell there is huge. Nothing was read.",
                f"第 {number} 行之后的引号没有成对，或单元格过大。文件未被读取。",
            ),
        ) from None
    return records


def _understood(headings: tuple[str, ...]) -> int:
    return len({column for column in (column_of(cell.strip())[0] for cell in headings) if column})


def _heading_row(records: list[tuple[int, tuple[str, ...]]]) -> int | None:
    """Return the place (from 1) of the first record that names at least two columns that we know."""
    for place, (_, cells) in enumerate(records[:HEADING_ROWS], 1):
        if _understood(cells) >= 2:  # noqa: PLR2004 - one known word may stand in a title by chance
            return place
    return None
