"""Where the stages and bands of a flow stand. Pure geometry: labels keep clear of each other and of stages."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from lode.web.charts.svg import text_width, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from lode.web.charts.flow_balance import Band, Flow, Node

NODE_WIDTH = 14.0
LABEL_GAP = 6.0
LABEL_LINE = 15.0
LABEL_WIDTH = 150.0
COLUMN_MIN = 150.0
SLOT_GAP = 18.0
BODY_HEIGHT = 330.0
TOP = 18.0
LOOP_ROOM = 30.0
BAND_MIN = 1.5


@dataclass(frozen=True)
class Box:
    """A rectangle in the units of the picture."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box) -> bool:
        """Tell whether two rectangles share more than an edge."""
        apart_x = self.x + self.width <= other.x or other.x + other.width <= self.x
        apart_y = self.y + self.height <= other.y or other.y + other.height <= self.y
        return not (apart_x or apart_y)


@dataclass(frozen=True)
class PlacedNode:
    """A stage, its rectangle, and the lines and rectangle of its label."""

    node: Node
    box: Box
    lines: tuple[str, ...]
    amount: str
    label_box: Box


@dataclass(frozen=True)
class PlacedBand:
    """A band: the points that its upper edge passes, two at each stage on its way, and its thickness."""

    band: Band
    spots: tuple[tuple[float, float], ...]
    thickness: float


@dataclass(frozen=True)
class Layout:
    """A whole picture."""

    width: float
    height: float
    nodes: tuple[PlacedNode, ...]
    bands: tuple[PlacedBand, ...]
    loop_bottom: float


class _Slot:
    """A place in a column: a stage, or the passage of a band that goes on to a later column."""

    def __init__(self, column: int, mass_mg: int, node: Node | None, lines: tuple[str, ...], amount: str) -> None:
        self.column, self.mass_mg, self.node, self.lines, self.amount = column, mass_mg, node, lines, amount
        self.height = self.room = self.y = self.used_in = self.used_out = 0.0

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def label_height(self) -> float:
        return LABEL_LINE * (len(self.lines) + 1) if self.node else 0.0


def place(flow: Flow, show: Callable[[int], str]) -> Layout:
    """Return the layout of a flow whose masses `show` writes."""
    slots, ways = _slots(flow, show)
    columns = [[s for s in slots if s.column == c] for c in range(max(s.column for s in slots) + 1)]
    _order_loops_last(columns, flow)
    _heights(columns)
    _vertical(columns, ways)
    xs = _horizontal(columns)
    bands = tuple(_bands(ways, xs))
    nodes = tuple(_placed(slot, xs[slot.column]) for slot in slots if slot.node)
    feet = [box.y + box.height for placed in nodes for box in (placed.box, placed.label_box)]
    feet += [y + placed.thickness for placed in bands for _x, y in placed.spots]
    bottom = max(feet)
    width = max(max(n.label_box.x + n.label_box.width, n.box.x + NODE_WIDTH) for n in nodes) + 4
    room = LOOP_ROOM + 12.0 * len(flow.loops) if flow.loops else 12.0
    return Layout(width, bottom + room, nodes, bands, bottom)


def _slots(flow: Flow, show: Callable[[int], str]) -> tuple[list[_Slot], list[tuple[Band, list[_Slot]]]]:
    """Make a slot for every stage, and one in each column that a long band only passes through."""
    by_key: dict[str, _Slot] = {}
    for node in flow.nodes:
        mass_mg = flow.shown_mg(node)
        lines = tuple(wrapped(node.label, LABEL_WIDTH, bold=True))
        by_key[node.key] = _Slot(node.column, mass_mg, node, lines, show(mass_mg))
    slots = list(by_key.values())
    ways = []
    for band in flow.bands:
        source, target = by_key[band.source], by_key[band.target]
        passages = [_Slot(c, band.mass_mg, None, (), "") for c in range(source.column + 1, target.column)]
        slots += passages
        ways.append((band, [source, *passages, target]))
    return slots, ways


def _order_loops_last(columns: list[list[_Slot]], flow: Flow) -> None:
    """Put the ends of loops at the foot of their columns, so that a loop runs round everything else."""
    ends = {key for loop in flow.loops for key in (loop.source, loop.target)}
    for column in columns:
        column.sort(key=lambda slot: bool(slot.node and slot.node.key in ends))


def _heights(columns: list[list[_Slot]]) -> None:
    largest = max(sum(slot.mass_mg for slot in column) for column in columns) or 1
    per_mg = (BODY_HEIGHT - SLOT_GAP * (max(map(len, columns)) - 1)) / largest
    for column in columns:
        for slot in column:
            slot.height = max(slot.mass_mg * per_mg, BAND_MIN)
            slot.room = max(slot.height, slot.label_height)


def _vertical(columns: list[list[_Slot]], ways: list[tuple[Band, list[_Slot]]]) -> None:
    """Stack each column, then let each slot drift to the middle of what feeds it, never into its neighbour."""
    total = max(sum(s.room for s in column) + SLOT_GAP * (len(column) - 1) for column in columns)
    feeds: dict[int, list[tuple[float, _Slot]]] = {}
    for band, way in ways:
        for before, after in pairwise(way):
            feeds.setdefault(id(after), []).append((float(band.mass_mg), before))
    for column in columns:
        at = TOP
        for slot in column:
            wished = at
            if fed := feeds.get(id(slot)):
                weight = sum(mass for mass, _before in fed)
                wished = sum(mass * before.middle for mass, before in fed) / weight - slot.room / 2
            at = max(at, wished)
            slot.y = at + (slot.room - slot.height) / 2
            at += slot.room + SLOT_GAP
        _pull_up(column, TOP + total)


def _pull_up(column: list[_Slot], bottom: float) -> None:
    """Move up what the drift pushed below the foot of the picture."""
    for slot in reversed(column):
        top = slot.y - (slot.room - slot.height) / 2
        top = min(top, bottom - slot.room)
        slot.y = top + (slot.room - slot.height) / 2
        bottom = top - SLOT_GAP


def _horizontal(columns: list[list[_Slot]]) -> list[float]:
    """Return the left edge of each column: as far apart as the labels between them need."""
    xs, x = [], 2.0
    for column in columns:
        xs.append(x)
        needed = max((_label_width(slot) for slot in column if slot.node), default=0.0)
        x += NODE_WIDTH + max(COLUMN_MIN, LABEL_GAP * 3 + needed)
    return xs


def _label_width(slot: _Slot) -> float:
    return max(*(text_width(line, bold=True) for line in slot.lines), text_width(slot.amount))


def _placed(slot: _Slot, x: float) -> PlacedNode:
    assert slot.node is not None
    top = slot.middle - slot.label_height / 2
    label = Box(x + NODE_WIDTH + LABEL_GAP, top, _label_width(slot), slot.label_height)
    return PlacedNode(slot.node, Box(x, slot.y, NODE_WIDTH, slot.height), slot.lines, slot.amount, label)


def _bands(ways: list[tuple[Band, list[_Slot]]], xs: list[float]) -> list[PlacedBand]:
    """Give each band its place on the edges of the stages: in the order of where it comes from and goes to."""
    leaving: dict[int, float] = {}
    arriving: dict[int, float] = {}
    for i, (_band, way) in sorted(enumerate(ways), key=lambda pair: pair[1][1][1].middle):
        leaving[i], way[0].used_out = way[0].used_out, way[0].used_out + _thickness(ways[i])
    for i, (_band, way) in sorted(enumerate(ways), key=lambda pair: pair[1][1][-2].middle):
        arriving[i], way[-1].used_in = way[-1].used_in, way[-1].used_in + _thickness(ways[i])
    placed = []
    for i, (band, way) in enumerate(ways):
        spots = [(xs[way[0].column] + NODE_WIDTH, way[0].y + leaving[i])]
        for slot in way[1:-1]:
            spots += [(xs[slot.column], slot.y), (xs[slot.column] + NODE_WIDTH, slot.y)]
        spots.append((xs[way[-1].column], way[-1].y + arriving[i]))
        placed.append(PlacedBand(band, tuple(spots), _thickness(ways[i])))
    return placed


def _thickness(way: tuple[Band, list[_Slot]]) -> float:
    band, slots = way
    source = slots[0]
    return max(band.mass_mg * source.height / source.mass_mg, BAND_MIN)
