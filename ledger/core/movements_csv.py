"""A CSV of movements, as a warehouse or an ERP exports it, turned into entries.

One row is one movement of a mass from an account (`owner` … `lot`) to another (`to_owner` …, as the first where
blank). Rows that follow each other make one entry: those with the same text in the column `entry`, or, where that is
blank or missing, those that agree in everything but accounts and mass, up to 200 accounts. The nonce of an entry is the
SHA-256 of the file and the number of its first row: the same file always gives the same entries.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from ledger.core import movement_columns as columns
from ledger.core.entry import MAX_LEGS, Account, Entry, Leg, encode
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.kinds import kind_of
from ledger.core.posting import check_balanced

# An entry of so many accounts stays below 60 KiB even where every name is as long as it may be.
MAX_ACCOUNTS = 200


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in the rows from `row` to `last_row`, where the headings are row 1."""

    row: int
    last_row: int
    code: LedgerCode
    sentence: str

    def __str__(self) -> str:
        rows = f"Row {self.row}" if self.row == self.last_row else f"Rows {self.row} to {self.last_row}"
        return f"{rows}: {self.sentence} [{self.code}]"


class Drafted(NamedTuple):
    """An entry, and the rows that it was made of, first and last."""

    first_row: int
    last_row: int
    entry: Entry


def read(lines: Iterable[str], *, book: str, digest: str) -> Iterator[Drafted | RowError]:
    """Answer the entries of a file and what is wrong with its rows, in the order of the rows.

    `lines` come with their line ends (a file opened with `newline=""`), `book` is the origin of the ledger, `digest`
    the hex SHA-256 of the file. One entry's rows are held at a time. Where anything is wrong no entry of the file is
    to be used: once it is put right it is another file, whose entries are others.
    """
    draft: _Draft | None = None
    for row in _rows(lines):
        if isinstance(row, RowError):
            yield row
            continue
        if draft is None or not draft.takes(row):
            if draft is not None:
                yield from draft.finish(book, digest)
            draft = _Draft(row)
        if (error := draft.add(row)) is not None:
            yield error
    if draft is not None:
        yield from draft.finish(book, digest)


class _Row(NamedTuple):
    number: int
    group: str
    said: tuple[tuple[str, Any], ...]  # fields of the entry
    source: Account
    target: Account
    mass_mg: int


@dataclass(slots=True)
class _Draft:
    """An entry in the making."""

    first: _Row
    last_row: int = 0
    totals: dict[Account, int] = field(default_factory=dict)
    rows: dict[Account, int] = field(default_factory=dict)  # the first that names each account

    def takes(self, row: _Row) -> bool:
        if row.group or self.first.group:
            return row.group == self.first.group
        return row.said == self.first.said and len(self.totals) + self._new(row) <= MAX_ACCOUNTS

    def add(self, row: _Row) -> RowError | None:
        self.last_row = row.number
        if row.said != self.first.said:
            ours, theirs = dict(row.said), dict(self.first.said)
            name = min(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
            sentence = f"It says another {name} than row {self.first.number}, which is of the same entry."
            return RowError(row.number, row.number, LedgerCode.BAD_FIELD, sentence)
        if len(self.totals) + self._new(row) > MAX_LEGS:
            sentence = f"With it the entry that begins in row {self.first.number} moves more than {MAX_LEGS} accounts."
            return RowError(row.number, row.number, LedgerCode.BAD_LEG, sentence)
        for account, mass_mg in ((row.source, -row.mass_mg), (row.target, row.mass_mg)):
            self.totals[account] = self.totals.get(account, 0) + mass_mg
            self.rows.setdefault(account, row.number)
        return None

    def _new(self, row: _Row) -> int:
        return sum(account not in self.totals for account in (row.source, row.target))

    def finish(self, book: str, digest: str) -> Iterator[Drafted | RowError]:
        legs = tuple(Leg(*account, mass) for account, mass in sorted(self.totals.items()) if mass)
        nonce = f"csv/{digest}/{self.first.number}"
        try:
            entry = Entry(book=book, nonce=nonce, legs=legs, **dict(self.first.said))
            encode(entry)
            kind_of(entry).check(entry)
            check_balanced(entry)
        except LedgerError as error:
            wrong = {row: found for account, row in self.rows.items() if (found := _wrong(account, row)) is not None}
            yield from wrong.values() or [RowError(self.first.number, self.last_row, error.code, error.sentence)]
        else:
            yield Drafted(self.first.number, self.last_row, entry)


def _rows(lines: Iterable[str]) -> Iterator[_Row | RowError]:
    lines, number = iter(lines), 0
    try:
        first = next(lines, "")
        delimiter = columns.delimiter_of(first)
        reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
        names = columns.headings_of(next(reader, []))
        number = 1
        for number, cells in enumerate(reader, 2):
            if any(cell.strip() for cell in cells):
                yield _row(number, names, cells, point_is_sure=delimiter != ";")
    except LedgerError as error:
        yield RowError(1, 1, error.code, error.sentence)
    except (csv.Error, UnicodeError) as error:
        sentence = f"The file cannot be read from here on: {error}. Nothing after it was looked at."
        yield RowError(number + 1, number + 1, LedgerCode.MALFORMED, sentence)


def _row(number: int, names: list[str], cells: list[str], *, point_is_sure: bool) -> _Row | RowError:
    try:
        said = _said(names, cells)
        name = _mass_column(said)
        mass = columns.mass_mg(name, said[name], point_is_sure=point_is_sure)
        source = Account(*(said[axis] for axis in columns.AXES))
        target = Account(*(said.get(f"to_{axis}", said[axis]) for axis in columns.AXES))
        if source == target:
            return RowError(number, number, LedgerCode.BAD_LEG, "It moves from an account to the same one.")
        return _Row(number, said.get(columns.GROUP, ""), _fields(said), source, target, mass)
    except LedgerError as error:
        return RowError(number, number, error.code, error.sentence)


def _wrong(account: Account, row: int) -> RowError | None:
    """Say what is wrong with an account that row `row` names, if it is that by itself."""
    try:
        encode(Entry("row", "row", "row", "2000-01-01", (Leg(*account, 1),)))
    except LedgerError as error:
        return RowError(row, row, error.code, error.sentence)
    return None


def _said(names: list[str], cells: list[str]) -> dict[str, str]:
    """Return the cells that say something, by column."""
    said: dict[str, str] = {}
    for name, cell in zip_longest(names, cells, fillvalue=""):
        if text := columns.clean(name, cell):
            if not name:
                raise LedgerError(LedgerCode.MALFORMED, f"The cell {columns.shown(text)} stands under no heading.")
            said[name] = text
    for name in columns.REQUIRED:
        if name not in said:
            raise LedgerError(LedgerCode.BAD_FIELD, f"The cell {name} is blank.")
    return said


def _mass_column(said: dict[str, str]) -> str:
    given = [name for name in columns.MASSES if name in said]
    if len(given) != 1:
        what = "no mass" if not given else f"{len(given)} masses"
        raise LedgerError(LedgerCode.BAD_FIELD, f"It has {what}: fill in one of {', '.join(columns.MASSES)}.")
    return given[0]


def _fields(said: dict[str, str]) -> tuple[tuple[str, Any], ...]:
    """Return what the row says of its entry, by field of `Entry`."""
    values: dict[str, Any] = {name: said[name] for name in columns.ENTRY_COLUMNS if name in said}
    values["occurred"] = columns.day("occurred", said["occurred"])
    if "parties" in values:
        values["parties"] = tuple(sorted(set(re.split(r"[\s,;]+", values["parties"]))))
    values["details"] = {name: said[name] for name in columns.DETAILS if name in said}
    if "serials" in said:
        values["details"]["serials"] = columns.count("serials", said["serials"])
    values["documents"] = {
        name.removeprefix(columns.DOCUMENT): text for name, text in said.items() if name.startswith(columns.DOCUMENT)
    }
    return tuple(values.items())
