"""The lease loop as a flow: bands as wide as their mass, what comes back as a dotted line, what is missing in red."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from lode.web.charts import svg
from lode.web.charts.base import Chart
from lode.web.charts.flow_balance import UNEXPLAINED, Band, Flow, Loop, Node, checked
from lode.web.charts.flow_layout import LABEL_LINE, Layout, PlacedBand, PlacedNode, place
from lode.web.formats import mass, mass_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.safestring import SafeString


def sankey(
    nodes: Sequence[Node],
    bands: Sequence[Band],
    *,
    title: str,
    basis: str,
    loops: Sequence[Loop] = (),
    unit: str = "t",
    finding: str = "",
    draw_unexplained: bool = False,
) -> Chart:
    """Return the flow of one element; masses in `unit` of `basis` (`t`, `Li`), stages and bands follow their links.

    Raises ChartError DOES_NOT_CLOSE with the milligrams where a stage does not close, unless `draw_unexplained` has the
    difference drawn as a red band of its own.
    """
    flow = checked(Flow(tuple(nodes), tuple(bands), tuple(loops)), draw_unexplained=draw_unexplained)

    def show(mass_mg: int) -> str:
        return mass(mass_mg, unit, basis)

    layout = place(flow, show)
    names = {node.key: node.label for node in flow.nodes}
    parts = [_band(placed, names, show(placed.band.mass_mg)) for placed in _thin_last(layout.bands)]
    parts += [_loop(loop, i, layout, show(loop.mass_mg), names) for i, loop in enumerate(flow.loops)]
    parts += [_node(placed) for placed in layout.nodes]
    off = sum(band.mass_mg for band in flow.bands if UNEXPLAINED in f"{band.source} {band.target}")
    verdict = _("In equals out at every stage.") if not off else f"{_('Unexplained')}: {show(off)}"
    picture = svg.drawing(layout.width, layout.height, title, finding or verdict, "sankey", parts)
    return Chart(title, picture, _headings(unit, basis), _rows(flow, names, unit), scrolls=True)


def _headings(unit: str, basis: str) -> tuple[str, ...]:
    return (_("From"), _("To"), f"{_('Mass')}, {unit} {basis}".strip())


def _rows(flow: Flow, names: dict[str, str], unit: str) -> tuple[tuple[str, ...], ...]:
    rows = [(names[b.source], names[b.target], mass_number(b.mass_mg, unit)) for b in flow.bands]
    back = _("back in the loop")
    rows += [(names[o.source], f"{names[o.target]} ({back})", mass_number(o.mass_mg, unit)) for o in flow.loops]
    return tuple(rows)


def _thin_last(bands: Sequence[PlacedBand]) -> list[PlacedBand]:
    """Draw the thin bands over the thick ones: a loss must not vanish under what was recovered."""
    return sorted(bands, key=lambda placed: -placed.thickness)


def _band(placed: PlacedBand, names: dict[str, str], shown: str) -> SafeString:
    band = placed.band
    label = f"{names[band.source]} → {names[band.target]}: {shown}"
    shape = svg.path(_ribbon(placed.spots, placed.thickness), f"flow f-{band.tone}", label)
    return svg.linked(band.href, label, shape)


def _ribbon(spots: Sequence[tuple[float, float]], thickness: float) -> str:
    """Return the outline of a band: along its upper edge and back along its lower."""
    c = svg.coordinate
    upper = [f"M{c(spots[0][0])} {c(spots[0][1])}", *_edge(spots)]
    lower = [(x, y + thickness) for x, y in reversed(spots)]
    return "".join([*upper, f"L{c(lower[0][0])} {c(lower[0][1])}", *_edge(lower), "Z"])


def _edge(spots: Sequence[tuple[float, float]]) -> list[str]:
    c = svg.coordinate
    pieces = []
    for (x0, y0), (x1, y1) in pairwise(spots):
        middle = (x0 + x1) / 2
        pieces.append(f"C{c(middle)} {c(y0)} {c(middle)} {c(y1)} {c(x1)} {c(y1)}")
    return pieces


def _loop(loop: Loop, index: int, layout: Layout, shown: str, names: dict[str, str]) -> SafeString:
    boxes = {placed.node.key: placed.box for placed in layout.nodes}
    start, end = boxes[loop.source], boxes[loop.target]
    c, radius = svg.coordinate, 8.0
    x0, x1 = start.x + start.width / 2, end.x + end.width / 2
    base = layout.loop_bottom + 22.0 + 12.0 * index
    shape = (
        f"M{c(x0)} {c(start.y + start.height + 3)}V{c(base - radius)}Q{c(x0)} {c(base)} {c(x0 - radius)} {c(base)}"
        f"H{c(x1 + radius)}Q{c(x1)} {c(base)} {c(x1)} {c(base - radius)}V{c(end.y + end.height + 3)}"
    )
    label = f"{names[loop.source]} → {names[loop.target]}: {shown}"
    caption = svg.text((x0 + x1) / 2, base - 7, shown, "t-2 t-mid")
    return svg.linked(loop.href, label, svg.path(shape, "loop", label), caption)


def _node(placed: PlacedNode) -> SafeString:
    box, label = placed.box, placed.label_box
    parts = [svg.rect(box.x, box.y, box.width, box.height, f"f-{placed.node.tone}")]
    baseline = label.y + LABEL_LINE - 4
    strong = "t-bad" if placed.node.tone == "bad" else "t-b"
    for i, words in enumerate(placed.lines):
        parts.append(svg.text(label.x, baseline + LABEL_LINE * i, words, strong))
    parts.append(svg.text(label.x, baseline + LABEL_LINE * len(placed.lines), placed.amount))
    spoken = f"{placed.node.label}: {placed.amount}"
    return svg.linked(placed.node.href, spoken, *parts)
