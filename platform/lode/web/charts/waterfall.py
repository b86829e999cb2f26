"""A waterfall: from an opening figure over its changes to the total, which must be their sum."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from django.utils.translation import gettext as _

from lode.web.charts import svg
from lode.web.charts.base import Chart, ChartCode, ChartError
from lode.web.formats import number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.utils.safestring import SafeString

ROW = 32.0
BAR = 18.0
LINE = 13.0
WIDE, NARROW = 560.0, 330.0


@dataclass(frozen=True)
class Step:
    """One bar: where it starts from (`opening`), what it adds (`change`), or what it has come to (`total`)."""

    label: str
    amount: Decimal
    kind: Literal["opening", "change", "total"] = "change"
    href: str = ""


@dataclass(frozen=True)
class _Bar:
    step: Step
    start: Decimal
    end: Decimal
    shown: str


def waterfall(
    steps: Sequence[Step], *, title: str, unit: str, finding: str = "", show: Callable[[Decimal], str] | None = None
) -> Chart:
    """Return the chart of `steps`, whose amounts are all in `unit` (`USD`, `kg Ni`), the last one a total.

    Raises ChartError DOES_NOT_CLOSE, with the difference, where a total is not exactly the sum above it.
    """
    bars = _bars(steps, show or number)
    last = bars[-1]
    said = finding or f"{last.step.label}: {last.shown} {unit}"
    pictures = svg.joined(
        _picture(bars, width, title, said, css) for width, css in ((WIDE, "wide-only"), (NARROW, "narrow-only"))
    )
    headings = (_("Step"), f"{_('Amount')}, {unit}", f"{_('Running total')}, {unit}")
    rows = tuple((bar.step.label, bar.shown, (show or number)(bar.end)) for bar in bars)
    return Chart(title, pictures, headings, rows)


def _bars(steps: Sequence[Step], show: Callable[[Decimal], str]) -> list[_Bar]:
    if not steps or steps[-1].kind != "total":
        raise ChartError(ChartCode.NOTHING_TO_DRAW, "A waterfall ends in a total, which its steps are checked against.")
    bars: list[_Bar] = []
    running = Decimal(0)
    for position, step in enumerate(steps):
        if step.kind == "opening" and position:
            raise ChartError(
                ChartCode.WRONG_STAGE, f"{step.label!r} opens the waterfall, but stands at step {position + 1}."
            )
        if step.kind == "total":
            difference = step.amount - running
            if difference:
                message = (
                    f"{step.label!r} is {step.amount}, but the steps before it come to {running}: off by {difference}."
                )
                raise ChartError(ChartCode.DOES_NOT_CLOSE, message, difference)
            bars.append(_Bar(step, Decimal(0), running, show(step.amount)))
            continue
        plus = "+" if step.kind == "change" and step.amount > 0 else ""
        bars.append(_Bar(step, running, running + step.amount, plus + show(step.amount)))
        running += step.amount
    return bars


def _picture(bars: Sequence[_Bar], width: float, title: str, finding: str, css: str) -> SafeString:
    room = width * 0.34
    labels = [svg.wrapped(bar.step.label, room, bold=bar.step.kind != "change") for bar in bars]
    left = max(svg.text_width(line, bold=True) for lines in labels for line in lines) + 10
    right = max(svg.text_width(bar.shown, bold=True) for bar in bars) + 10
    ends = [Decimal(0), *(bar.start for bar in bars), *(bar.end for bar in bars)]
    low, high = min(ends), max(ends)
    per_unit = (width - left - right) / float(high - low or 1)

    def x(value: Decimal) -> float:
        return left + float(value - low) * per_unit

    # A label of three lines needs more room than a bar.
    heights = [max(ROW, LINE * len(lines) + 8) for lines in labels]
    parts = [svg.line(x(Decimal(0)), 4, x(Decimal(0)), 12 + sum(heights), "axis")]
    for position, (bar, lines) in enumerate(zip(bars, labels, strict=True)):
        top = 8 + sum(heights[:position]) + (heights[position] - ROW) / 2
        parts.append(_row(bar, lines, left, top, (x(bar.start), x(bar.end))))
        if position + 1 < len(bars):
            end = 8 + sum(heights[: position + 1]) + (heights[position + 1] - ROW) / 2 + 2
            parts.append(svg.line(x(bar.end), top + BAR + 2, x(bar.end), end, "join"))
    return svg.drawing(width, 16 + sum(heights), title, finding, css, parts)


def _row(bar: _Bar, lines: Sequence[str], left: float, top: float, ends: tuple[float, float]) -> SafeString:
    strong = "t-b" if bar.step.kind != "change" else "t-2"
    first = top + 4 + BAR / 2 + 4 - (len(lines) - 1) * LINE / 2
    names = [svg.text(left - 8, first + LINE * i, words, f"t-end {strong}") for i, words in enumerate(lines)]
    tone = "f-total" if bar.step.kind != "change" else ("f-in" if bar.end >= bar.start else "f-out")
    # A change too small to be seen keeps a hair of width, so that its row is not empty.
    x0, x1 = min(ends), max(*ends, min(ends) + 1)
    shape = svg.rect(x0, top + 4, x1 - x0, BAR, tone)
    figure = svg.text(x1 + 6, top + 4 + BAR / 2 + 4, bar.shown, "t-b")
    return svg.linked(bar.step.href, f"{bar.step.label} {bar.shown}", *names, shape, figure)
