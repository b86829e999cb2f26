"""Lines over time or months: state of health against its guarantee, a price index between floor and cap."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from lode.web.charts import svg
from lode.web.charts.base import Chart, ChartCode, ChartError
from lode.web.charts.scale import Scale, inner_ticks, month_ticks, plain, ticks
from lode.web.formats import number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.utils.safestring import SafeString

WIDE, NARROW, HEIGHT = 620.0, 330.0, 300.0
LEGEND_ROW = 20.0

Abscissa = Decimal | dt.date


@dataclass(frozen=True)
class Point:
    """A reading: at a day, or at a number such as a month or a price."""

    x: Abscissa
    y: Decimal


@dataclass(frozen=True)
class Series:
    """One line. `limit`: a guarantee, floor or cap; `dashed`: a projection; `stepped`: held till the next point.

    `mark_last` marks the last point with its figure and these words. `tone` 0 to 3 gives two lines the same colour.
    """

    label: str
    points: Sequence[Point]
    dashed: bool = False
    stepped: bool = False
    limit: bool = False
    mark_last: str = ""
    tone: int | None = None


@dataclass(frozen=True)
class Level:
    """A guarantee, floor or cap that is the same all along."""

    label: str
    y: Decimal


@dataclass(frozen=True)
class _Frame:
    x: Scale
    y: Scale
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[Decimal, str]]
    left: float
    right: float
    top: float
    bottom: float


def line(
    series: Sequence[Series],
    *,
    title: str,
    finding: str,
    unit: str,
    x_label: str,
    levels: Sequence[Level] = (),
    breach: Point | None = None,
    show: Callable[[Decimal], str] | None = None,
) -> Chart:
    """Return the chart of `series` in `unit` over days or numbers; `finding` is the sentence that it shows.

    `breach` marks where a line falls below its guarantee. Raises ChartError where there is no point at all:
    a flat line is not invented.
    """
    points = [point for one in series for point in one.points]
    if not points:
        raise ChartError(ChartCode.NOTHING_TO_DRAW, f"{title}: there is no reading to draw.")
    shown = show or (lambda value: number(plain(value)))
    pictures = svg.joined(
        _picture(series, levels, breach, _Sheet(width, css, title, finding, x_label, unit), shown)
        for width, css in ((WIDE, "wide-only"), (NARROW, "narrow-only"))
    )
    return Chart(title, pictures, *_table(series, levels, unit, x_label, shown))


def _table(
    series: Sequence[Series], levels: Sequence[Level], unit: str, x_label: str, show: Callable[[Decimal], str]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    headings = (x_label, *(f"{one.label}, {unit}" for one in series), *(f"{level.label}, {unit}" for level in levels))
    columns = [{point.x: point.y for point in one.points} for one in series]
    places = sorted({x for column in columns for x in column}, key=position)
    rows = tuple(
        (
            place_name(x),
            *(show(column[x]) if x in column else "" for column in columns),
            *(show(level.y) for level in levels),
        )
        for x in places
    )
    return headings, rows


def position(x: Abscissa) -> Decimal:
    """Return where a day or a number stands on its axis."""
    return Decimal(x.toordinal()) if isinstance(x, dt.date) else x


def place_name(x: Abscissa) -> str:
    """Return a day as tables write it, or a number."""
    return x.isoformat() if isinstance(x, dt.date) else number(plain(x))


def x_axis(places: Sequence[Abscissa], wanted: int, start: float, end: float) -> tuple[Scale, list[tuple[float, str]]]:
    """Return the scale of an axis of days or of numbers, and its ticks with their names."""
    ordered = sorted(places, key=position)
    first, last = ordered[0], ordered[-1]
    scale = Scale(position(first), position(last), start, end)
    if isinstance(first, dt.date) and isinstance(last, dt.date):
        return scale, [(scale(position(day)), day.strftime("%Y-%m")) for day in month_ticks(first, last, wanted)]
    return scale, [(scale(tick), number(plain(tick))) for tick in inner_ticks(scale.low, scale.high, wanted)]


def _frame(
    series: Sequence[Series], levels: Sequence[Level], width: float, top: float, show: Callable[[Decimal], str]
) -> _Frame:
    points = [point for one in series for point in one.points]
    ys = [point.y for point in points] + [level.y for level in levels]
    marks = ticks(min(ys), max(ys), 5)
    names = [show(plain(mark)) for mark in marks]
    left = max(svg.text_width(name) for name in names) + 8
    right, bottom = width - 14, top + HEIGHT - 56
    x, x_ticks = x_axis([point.x for point in points], 7 if width == WIDE else 4, left, right)
    y = Scale(marks[0], marks[-1], bottom, top)
    return _Frame(x, y, x_ticks, list(zip(marks, names, strict=True)), left, right, top, bottom)


@dataclass(frozen=True)
class _Sheet:
    width: float
    css: str
    title: str
    finding: str
    x_label: str
    unit: str


def _picture(
    series: Sequence[Series],
    levels: Sequence[Level],
    breach: Point | None,
    sheet: _Sheet,
    show: Callable[[Decimal], str],
) -> SafeString:
    # A per cent sign stands at every tick already.
    legend, top = _legend(series, sheet.width, "" if sheet.unit == "%" else sheet.unit)
    frame = _frame(series, levels, sheet.width, top, show)
    parts = [*legend, *_axes(frame, sheet.x_label)]
    parts += [part for level in levels for part in _level(level, frame, show)]
    for index, one in enumerate(series):
        parts += _line(one, index, frame, show)
    if breach is not None:
        at = frame.x(position(breach.x))
        parts.append(svg.line(at, frame.y(breach.y), at, frame.bottom, "l-bad dotted"))
    return svg.drawing(sheet.width, frame.bottom + 42, sheet.title, sheet.finding, sheet.css, parts)


def _tone(one: Series, index: int) -> str:
    return "bad" if one.limit else str((index if one.tone is None else one.tone) % 4)


def _legend(series: Sequence[Series], width: float, unit: str) -> tuple[list[SafeString], float]:
    """Name the unit of the upright axis, and the lines where there are several; return how far down that reaches."""
    parts = [svg.text(0.0, 14.0, unit, "t-2")] if unit else []
    x, y = (svg.text_width(unit) + 16 if unit else 0.0), 14.0
    named = [(index, one) for index, one in enumerate(series) if one.label] if len(series) > 1 else []
    for index, one in named:
        needed = 26 + svg.text_width(one.label) + 16
        if x and x + needed > width:
            x, y = 0.0, y + LEGEND_ROW
        css = f"l-{_tone(one, index)}" + (" dashed" if one.dashed else "")
        parts += [svg.line(x, y - 4, x + 20, y - 4, css), svg.text(x + 26, y, one.label, "t-2")]
        x += needed
    return parts, (y + 18 if parts else 14.0)


def _axes(frame: _Frame, x_label: str) -> list[SafeString]:
    parts = []
    for mark, name in frame.y_ticks:
        y = frame.y(mark)
        parts.append(svg.line(frame.left, y, frame.right, y, "axis" if y == frame.bottom else "grid-line"))
        parts.append(svg.text(frame.left - 6, y + 4, name, "t-2 t-end"))
    for x, name in frame.x_ticks:
        half = svg.text_width(name) / 2
        kept = min(max(x, half), frame.right + 14 - half)
        parts.append(svg.text(kept, frame.bottom + 19, name, "t-2 t-mid"))
    parts.append(svg.text(frame.right, frame.bottom + 36, x_label, "t-2 t-end"))
    return parts


def _level(level: Level, frame: _Frame, show: Callable[[Decimal], str]) -> list[SafeString]:
    y = frame.y(level.y)
    # Below the line, as the readings are meant to stay above it; above it where the axis is too near.
    baseline = y + 14 if y + 18 < frame.bottom else y - 6
    label = f"{level.label} {show(level.y)}"
    return [svg.line(frame.left, y, frame.right, y, "l-bad"), svg.text(frame.left + 6, baseline, label, "t-bad halo")]


def _line(one: Series, index: int, frame: _Frame, show: Callable[[Decimal], str]) -> list[SafeString]:
    ordered = sorted(one.points, key=lambda point: position(point.x))
    if not ordered:
        return []
    spots = [(frame.x(position(point.x)), frame.y(point.y)) for point in ordered]
    shape = line_path(spots, stepped=one.stepped)
    tone = _tone(one, index)
    parts = [svg.path(shape, f"l-{tone}" + (" dashed" if one.dashed else ""))]
    if one.mark_last or len(spots) == 1:
        (x, y), last = spots[-1], ordered[-1]
        parts.append(svg.element("circle", {"cx": x, "cy": y, "r": 4, "class": f"p-{tone}"}))
        words = one.mark_last or one.label
        label = f"{show(last.y)} · {words}" if words else show(last.y)
        ends_right = x + 8 + svg.text_width(label, bold=True) < frame.right
        css = "t-b halo" if ends_right else "t-b t-end halo"
        # A label that stands to the left of the point keeps to the side that the line does not come from.
        falls = not ends_right and len(spots) > 1 and spots[-2][1] < y and y + 20 < frame.bottom
        baseline = y + 18 if falls else max(y - 8, frame.top + 2)
        parts.append(svg.text(x + (8 if ends_right else -8), baseline, label, css))
    return parts


def line_path(spots: Sequence[tuple[float, float]], *, stepped: bool) -> str:
    """Return the path through the spots: straight between them, or level till the next one."""
    shape = [f"M{svg.coordinate(spots[0][0])} {svg.coordinate(spots[0][1])}"]
    for x, y in spots[1:]:
        shape.append(
            f"H{svg.coordinate(x)}V{svg.coordinate(y)}" if stepped else f"L{svg.coordinate(x)} {svg.coordinate(y)}"
        )
    return "".join(shape)
