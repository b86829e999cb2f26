"""A partner's statement: what was understood from the file, what was refused and why, cell by cell."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from lode.reconciliation.core import cells
from lode.reconciliation.core.cells import CellCode, CellError
from lode.reconciliation.core.decode import Table, read_table
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.headings import REQUIRED, TOTAL_WORDS, Column, column_of, is_gross, kind_of, word
from lode.reconciliation.core.sentences import signed_mass_text
from lode.reconciliation.core.values import OUTGOING, Kind, Period, Text


@dataclass(frozen=True, slots=True)
class ColumnUnderstood:
    """One column of the file, as we read it: `column` is None where it is left out. `position` counts from 1."""

    position: int
    heading: str
    column: Column | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedRow:
    """A movement of the partner's. `key` names its content, so that a second file shows what changed."""

    row_number: int
    key: str
    reference: str
    date: dt.date
    kind: Kind
    element: str
    mass_mg: int
    lot: str
    mass_printed: str
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class CellProblem:
    """Why one cell was refused."""

    column: Column
    heading: str
    printed: str
    code: CellCode
    text: Text


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not understood, with every cell that is to be put right."""

    row_number: int
    printed: tuple[str, ...]
    problems: tuple[CellProblem, ...]


@dataclass(frozen=True, slots=True)
class IgnoredRow:
    """A row that moves nothing by intention: a totals row."""

    row_number: int
    text: Text


@dataclass(frozen=True, slots=True)
class ParsedStatement:
    """What a file says. `totals_mg` is the sum of the accepted rows by element."""

    sha256: str
    encoding: str
    separator: str
    heading_row: int
    columns: tuple[ColumnUnderstood, ...]
    rows: tuple[ParsedRow, ...]
    rejected: tuple[RejectedRow, ...]
    ignored: tuple[IgnoredRow, ...]
    totals_mg: Mapping[str, int]


def parse_statement(data: bytes, *, elements: frozenset[str], period: Period | None = None) -> ParsedStatement:
    """Read a partner's CSV statement of contained mass, with English or Chinese headings.

    `elements` are those of the reconciliation. Rows outside `period` are refused, with the reason. Masses come out as
    integer milligrams, + into the partner's custody. Raises ReconciliationError `file-…` when nothing can be read.
    """
    table = read_table(data)
    columns = _columns(table)
    reader = _RowReader(columns, elements, period)
    rows: list[ParsedRow] = []
    rejected: list[RejectedRow] = []
    ignored: list[IgnoredRow] = []
    for row_number, record in table.rows:
        if any(word(cell) in TOTAL_WORDS for cell in record[:3]):
            ignored.append(IgnoredRow(row_number, Text("A totals row, not a movement.", "合计行，不是业务。")))
            continue
        row = reader.read(row_number, record)
        if isinstance(row, ParsedRow):
            rows.append(row)
        else:
            rejected.append(row)
    accepted = _keyed(_signed_by_kind(rows))
    totals_mg: dict[str, int] = {}
    for row in accepted:
        totals_mg[row.element] = totals_mg.get(row.element, 0) + row.mass_mg
    return ParsedStatement(
        sha256=hashlib.sha256(data).hexdigest(),
        encoding=table.encoding,
        separator=table.separator,
        heading_row=table.heading_row,
        columns=columns,
        rows=accepted,
        rejected=tuple(rejected),
        ignored=tuple(ignored),
        totals_mg=dict(sorted(totals_mg.items())),
    )


def _columns(table: Table) -> tuple[ColumnUnderstood, ...]:
    """Say what each heading means. Raises `file-gross-mass`, `file-column-twice`, `file-column-missing`."""
    found: dict[Column, str] = {}
    columns: list[ColumnUnderstood] = []
    gross = ""
    for position, raw in enumerate(table.headings, 1):
        heading = " ".join(raw.replace("\ufeff", "").split())
        column, unit = column_of(heading)
        if column in found:
            raise ReconciliationError(
                Code.FILE_COLUMN_TWICE,
                Text(
                    f"“{cells.shown(found[column])}” and “{cells.shown(heading)}” both mean {column}. Keep one.",
                    f"“{cells.shown(found[column])}”和“{cells.shown(heading)}”含义相同，请只保留一列。",
                ),
            )
        if column is not None:
            found[column] = heading
        gross = gross or (heading if is_gross(heading) else "")
        columns.append(ColumnUnderstood(position, cells.shown(heading), column, unit))
    missing = [column for column in REQUIRED if column not in found]
    if missing == [Column.MASS] and gross:
        raise ReconciliationError(
            Code.FILE_GROSS_MASS,
            Text(
                f"“{cells.shown(gross)}” is a gross or wet mass. The ledger counts contained metal: add that column.",
                f"“{cells.shown(gross)}”是毛重或湿重。账本按金属含量记账，请增加金属含量列。",
            ),
        )
    if missing:
        raise ReconciliationError(
            Code.FILE_COLUMN_MISSING,
            Text(
                f"No column was understood as {', '.join(missing)}. Rename the heading or add the column.",
                f"没有找到以下列：{'、'.join(_COLUMN_ZH[column] for column in missing)}。请修改表头或补充该列。",
            ),
        )
    return tuple(columns)


_COLUMN_ZH = {
    Column.REFERENCE: "编号",
    Column.DATE: "日期",
    Column.KIND: "类型",
    Column.ELEMENT: "元素",
    Column.MASS: "质量",
    Column.UNIT: "单位",
    Column.LOT: "批次",
}


_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of one record, and the list that their problems go to."""

    reader: _RowReader
    record: tuple[str, ...]
    problems: list[CellProblem]

    def read(self, column: Column, read: Callable[[str], _Value], default: _Value) -> _Value:
        raw = self.reader.raw(column, self.record)
        try:
            return read(raw)
        except CellError as error:
            heading = self.reader.heading(column)
            self.problems.append(CellProblem(column, heading, cells.shown(raw), error.code, error.text))
            return default


class _RowReader:
    """Reads records by the columns of one file."""

    def __init__(self, columns: tuple[ColumnUnderstood, ...], elements: frozenset[str], period: Period | None) -> None:
        self._places = {column.column: column for column in columns if column.column is not None}
        self._elements = elements
        self._period = period

    def read(self, row_number: int, record: tuple[str, ...]) -> ParsedRow | RejectedRow:
        """Read every cell, so that all problems of a row are told at once."""
        problems: list[CellProblem] = []
        cell = _Cells(self, record, problems).read
        reference = cell(Column.REFERENCE, cells.read_text, "")
        date = cell(Column.DATE, self._date, dt.date.min)
        kind_printed = cell(Column.KIND, cells.clean, "")
        element = cell(Column.ELEMENT, lambda raw: cells.read_element(raw, self._elements), "")
        mass_printed, inline_unit = cell(Column.MASS, cells.split_unit, ("", ""))
        factor_mg = cell(Column.UNIT, lambda raw: self._unit(raw, inline_unit), 0)
        unread = any(problem.column is Column.MASS for problem in problems)
        mass_mg = 0 if unread else cell(Column.MASS, lambda _: cells.read_mass(mass_printed, factor_mg or 1), 0)
        lot = cell(Column.LOT, cells.clean, "")
        if problems:
            return RejectedRow(row_number, tuple(cells.shown(raw) for raw in record), tuple(problems))
        return ParsedRow(
            row_number=row_number,
            key="",
            reference=reference,
            date=date,
            kind=kind_of(kind_printed),
            element=element,
            mass_mg=mass_mg,
            lot=lot,
            mass_printed=cells.shown(self.raw(Column.MASS, record)),
        )

    def raw(self, column: Column, record: tuple[str, ...]) -> str:
        place = self._places.get(column)
        return record[place.position - 1] if place and place.position <= len(record) else ""

    def heading(self, column: Column) -> str:
        return self._places[column].heading if column in self._places else column.value

    def _date(self, raw: str) -> dt.date:
        day = cells.read_date(raw)
        if self._period and not self._period.holds(day):
            raise CellError(
                CellCode.OUTSIDE_PERIOD,
                Text(
                    f"{day} lies outside {self._period.label}.",
                    f"{day} 不在本期（{self._period.label}）之内。",
                ),
            )
        return day

    def _unit(self, raw: str, inline: str) -> int:
        """Find the unit in the cell of the mass, its own column, or the heading; they must agree."""
        heading = self._places[Column.MASS].unit
        found = [text for text in (inline, raw, heading) if text.strip()]
        factors = {cells.read_unit(text) for text in found}
        if len(factors) > 1:
            raise CellError(
                CellCode.TWO_UNITS,
                Text(
                    f"Two units are named: {cells.shown(' / '.join(found))}.",
                    f"同时出现两个单位：{cells.shown(' / '.join(found))}。",
                ),
            )
        return factors.pop() if factors else cells.read_unit("")


def _signed_by_kind(rows: list[ParsedRow]) -> list[ParsedRow]:
    """Read returns and losses as going out where the file prints no minus at all; say so on the row."""
    if any(row.mass_mg < 0 for row in rows):
        return rows
    signed: list[ParsedRow] = []
    for row in rows:
        if row.kind in OUTGOING and row.mass_mg:
            mass_text = signed_mass_text(-row.mass_mg)
            note = Text(
                f"Printed without a sign; a {row.kind} leaves the partner's custody and is read as {mass_text}.",
                f"原文没有正负号；该类型为转出，按 {mass_text} 读取。",
            )
            signed.append(replace(row, mass_mg=-row.mass_mg, notes=(*row.notes, note)))
        else:
            signed.append(row)
    return signed


def _keyed(rows: list[ParsedRow]) -> tuple[ParsedRow, ...]:
    """Name each row by its content and its count among equal ones, whatever its place in the file."""
    counts: dict[tuple[str, ...], int] = {}
    keyed: list[ParsedRow] = []
    for row in rows:
        content = (row.reference, row.date.isoformat(), row.kind.value, row.element, str(row.mass_mg), row.lot)
        counts[content] = counts.get(content, 0) + 1
        text = "\x1f".join((*content, str(counts[content])))
        keyed.append(replace(row, key=hashlib.sha256(text.encode()).hexdigest()[:32]))
    return tuple(keyed)
