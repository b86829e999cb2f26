"""Values that the parts of `templates/ui/` draw: a view builds them, a template includes the part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.safestring import SafeString
    from django_stubs_ext import StrPromise

    Text = str | StrPromise
    Html = str | SafeString


@dataclass(frozen=True)
class Column:
    """A column: its heading (with the unit in it), and whether it holds numbers or begins a side of the table."""

    label: Text
    numeric: bool = False
    side: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell: text or safe markup, a link, and classes such as `muted` or `breach`. `blank` cells drop out of cards."""

    content: Html = ""
    href: str = ""
    css: str = ""
    span: int = 1

    @property
    def blank(self) -> bool:
        return not str(self.content)


@dataclass(frozen=True)
class Row:
    """A row; its first cell is its heading. `anchor` is its id, `css` its class."""

    cells: Sequence[Cell]
    anchor: str = ""
    css: str = ""


@dataclass(frozen=True)
class Chip:
    """A filter that is a link: `current` is on, and then `href` takes it away."""

    label: Text
    href: str
    current: bool = False


@dataclass(frozen=True)
class Table:
    """A data table: a caption, columns, rows, a foot, chips to filter by, the CSV and JSON of the same filters."""

    caption: Text
    columns: Sequence[Column]
    rows: Sequence[Row]
    foot: Sequence[Row] = ()
    chips: Sequence[Chip] = ()
    csv_href: str = ""
    json_href: str = ""
    empty: Text = ""
    tall: bool = False
    caption_hidden: bool = False
    previous_href: str = ""
    next_href: str = ""

    def body(self) -> list[tuple[Row, list[tuple[Column, Cell]]]]:
        """Pair each cell with its column, minding spans: cards print the heading beside the cell."""
        return [(row, self._paired(row)) for row in self.rows]

    def feet(self) -> list[tuple[Row, list[tuple[Column, Cell]]]]:
        """Pair the cells of the foot in the same way."""
        return [(row, self._paired(row)) for row in self.foot]

    def _paired(self, row: Row) -> list[tuple[Column, Cell]]:
        paired, at = [], 0
        for cell in row.cells:
            if at >= len(self.columns):
                raise ValueError(f"Table {self.caption!s}: a row has more cells than the {len(self.columns)} columns.")
            paired.append((self.columns[at], cell))
            at += cell.span
        if at != len(self.columns):
            raise ValueError(f"Table {self.caption!s}: a row spans {at} of {len(self.columns)} columns.")
        return paired


@dataclass(frozen=True)
class TieTerm:
    """One figure of a tie line: its label, its figure (text or `<data>`), and the operator before it."""

    label: Text
    figure: Html
    operator: str = ""


@dataclass(frozen=True)
class Tie:
    """`a − b = difference`: the result is green where it ties and red where it is open."""

    terms: Sequence[TieTerm]
    result: TieTerm
    ties: bool


@dataclass(frozen=True)
class Action:
    """A button or link of a page's head. Disabled says why, beside it."""

    label: Text
    href: str = ""
    icon: str = ""
    primary: bool = False
    why_not: Text = ""


@dataclass(frozen=True)
class Event:
    """A point of a timeline: a day or a moment as text, what happened, and how it stands."""

    when: str
    label: Text
    stamp: str = ""
    href: str = ""
    note: Text = ""
    state: Literal["done", "now", "late", "next"] = "next"


@dataclass(frozen=True)
class Choice:
    """One choice of a switch (unit, basis, tab): a link, and whether it is chosen."""

    label: Text
    href: str
    current: bool = False


@dataclass(frozen=True)
class Clause:
    """A clause in both languages. The texts are plain; `before_*` turn it into a redline."""

    number: str
    title_en: str
    title_zh: str
    text_en: str
    text_zh: str
    before_en: str | None = None
    before_zh: str | None = None
    anchor: str = ""
    css: str = field(default="")

    @property
    def changed_en(self) -> bool:
        return self.before_en is not None and self.before_en != self.text_en

    @property
    def changed_zh(self) -> bool:
        return self.before_zh is not None and self.before_zh != self.text_zh

    @property
    def changed(self) -> bool:
        return self.changed_en or self.changed_zh

    @property
    def out_of_step(self) -> bool:
        """Changed in one language only: the translation needs a look."""
        return self.changed_en != self.changed_zh


@dataclass(frozen=True)
class FieldError:
    """An error of the summary: the sentence, and the id of the field that it is about."""

    message: Text
    label: Text = ""
    field_id: str = ""
