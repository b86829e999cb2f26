"""A balance over time: level between entries, with what came in and went out under it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from lode.web.charts import svg
from lode.web.charts.base import Chart, ChartCode, ChartError
from lode.web.charts.line import line_path, x_axis
from lode.web.charts.scale import Scale, plain, ticks
from lode.web.formats import mass_number, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.safestring import SafeString

WIDE, NARROW = 760.0, 330.0
BALANCE_TOP, BALANCE_BOTTOM, MOVES_TOP, MOVES_BOTTOM = 30.0, 190.0, 210.0, 266.0


@dataclass(frozen=True)
class Change:
    """What an entry did to a balance on its effective day: milligrams, plus is in."""

    day: dt.date
    mass_mg: int
    label: str = ""
    href: str = ""


def steps(
    changes: Sequence[Change],
    *,
    opening_mg: int,
    closing_mg: int,
    first: dt.date,
    last: dt.date,
    title: str,
    basis: str,
    unit: str = "t",
    finding: str = "",
) -> Chart:
    """Return the balance from `first` to `last` in `unit` of `basis`.

    Raises ChartError DOES_NOT_CLOSE, with the milligrams, where opening and changes do not come to the closing balance.
    """
    ordered = sorted(changes, key=lambda change: change.day)
    off_mg = closing_mg - opening_mg - sum(change.mass_mg for change in ordered)
    if off_mg:
        message = (
            f"{title}: opening {opening_mg} mg and the changes come to {closing_mg - off_mg} mg, not {closing_mg} mg."
        )
        raise ChartError(ChartCode.DOES_NOT_CLOSE, message, off_mg)
    if any(not first <= change.day <= last for change in ordered):
        raise ChartError(ChartCode.WRONG_STAGE, f"{title}: a change lies outside {first} to {last}.")
    balances = [opening_mg]
    for change in ordered:
        balances.append(balances[-1] + change.mass_mg)
    said = finding or f"{_('Balance')} {last.isoformat()}: {mass_number(closing_mg, unit)} {unit} {basis}".strip()
    measure = f"{unit} {basis}".strip()
    data = _Data(ordered, balances, first, last, unit, measure)
    pictures = svg.joined(
        _picture(data, width, title, said, css) for width, css in ((WIDE, "wide-only"), (NARROW, "narrow-only"))
    )
    headings = (_("Date"), _("Entry"), f"{_('Change')}, {measure}", f"{_('Balance')}, {measure}")
    rows = [(first.isoformat(), _("Opening"), "", mass_number(opening_mg, unit))]
    rows += [
        (c.day.isoformat(), c.label, mass_number(c.mass_mg, unit, signed=True), mass_number(after, unit))
        for c, after in zip(ordered, balances[1:], strict=True)
    ]
    return Chart(title, pictures, headings, tuple(rows))


@dataclass(frozen=True)
class _Data:
    changes: Sequence[Change]
    balances: Sequence[int]
    first: dt.date
    last: dt.date
    unit: str
    measure: str

    def in_unit(self, mass_mg: int) -> Decimal:
        return Decimal(mass_mg).scaleb({"t": -9, "kg": -6, "g": -3, "mg": 0}[self.unit])


def _picture(data: _Data, width: float, title: str, finding: str, css: str) -> SafeString:
    values = [data.in_unit(balance) for balance in data.balances]
    marks = ticks(min(Decimal(0), *values), max(Decimal(0), *values), 4)
    names = [number(plain(mark)) for mark in marks]
    left, right = max(svg.text_width(name) for name in names) + 8, width - 14
    x, x_ticks = x_axis([data.first, data.last], 9 if width == WIDE else 4, left, right)
    y = Scale(marks[0], marks[-1], BALANCE_BOTTOM, BALANCE_TOP)
    parts: list[SafeString] = [svg.text(0.0, 14.0, data.measure, "t-2")]
    for mark, name in zip(marks, names, strict=True):
        parts.append(svg.line(left, y(mark), right, y(mark), "axis" if not mark else "grid-line"))
        parts.append(svg.text(left - 6, y(mark) + 4, name, "t-2 t-end"))
    for place, name in x_ticks:
        half = svg.text_width(name) / 2
        parts.append(svg.text(min(max(place, half), width - half), MOVES_BOTTOM + 16, name, "t-2 t-mid"))
    days = [data.first, *(change.day for change in data.changes), data.last]
    spots = [(x(Decimal(day.toordinal())), y(v)) for day, v in zip(days, [*values, values[-1]], strict=True)]
    shape = line_path(spots, stepped=True)
    base = svg.coordinate(y(Decimal(0)))
    parts.append(svg.path(f"{shape}V{base}H{svg.coordinate(spots[0][0])}Z", "flow f-in"))
    parts.append(svg.path(shape, "l-0"))
    parts += _moves(data, x, (left, right))
    return svg.drawing(width, MOVES_BOTTOM + 26, title, finding, css, parts)


def _moves(data: _Data, x: Scale, sides: tuple[float, float]) -> list[SafeString]:
    """Draw what came in above a middle line and what went out below it."""
    middle = (MOVES_TOP + MOVES_BOTTOM) / 2
    parts = [svg.line(sides[0], middle, sides[1], middle, "axis")]
    largest = max((abs(change.mass_mg) for change in data.changes), default=1) or 1
    spots = sorted(x(Decimal(change.day.toordinal())) for change in data.changes)
    apart = min((b - a for a, b in pairwise(spots) if b > a), default=8.0)
    thick = min(8.0, max(2.0, apart - 1))
    for change in data.changes:
        if not change.mass_mg:
            continue
        high = max(1.5, abs(change.mass_mg) / largest * (middle - MOVES_TOP))
        top = middle - high if change.mass_mg > 0 else middle
        shown = (
            f"{change.day.isoformat()} {change.label} {mass_number(change.mass_mg, data.unit, signed=True)} {data.unit}"
        )
        at = min(max(x(Decimal(change.day.toordinal())) - thick / 2, sides[0]), sides[1] - thick)
        shape = svg.rect(at, top, thick, high, "f-in" if change.mass_mg > 0 else "f-out", shown)
        parts.append(svg.linked(change.href, shown, shape))
    return parts
