"""Does a flow close? Each stage's opening stock and inflow must equal its outflow and what it still keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from lode.web.charts.base import ChartCode, ChartError

if TYPE_CHECKING:
    from collections.abc import Sequence

UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Node:
    """A stage that material passes. Masses are integer milligrams of one contained element.

    `opening_mg` was there when the period began and `kept_mg` is there when it ends. None leaves it unsaid: a stage
    that only gives, or only takes, closes by definition; any other holds nothing at either end.
    """

    key: str
    label: str
    column: int
    tone: str = "neutral"
    opening_mg: int | None = None
    kept_mg: int | None = None
    href: str = ""


@dataclass(frozen=True)
class Band:
    """Material that went from one stage to another."""

    source: str
    target: str
    mass_mg: int
    tone: str = "neutral"
    href: str = ""


@dataclass(frozen=True)
class Loop:
    """Material that came back to an earlier stage: part of what `source` took in, and all of its way into `target`."""

    source: str
    target: str
    mass_mg: int
    href: str = ""


@dataclass(frozen=True)
class Flow:
    """Stages, bands and loops that close, or whose differences are bands of their own."""

    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]
    loops: tuple[Loop, ...]

    @property
    def moves(self) -> tuple[Band | Loop, ...]:
        """All that moves, forward and back."""
        return (*self.bands, *self.loops)

    def inflow_mg(self, key: str) -> int:
        """Return what bands and loops brought to a stage."""
        return sum(b.mass_mg for b in self.moves if b.target == key)

    def outflow_mg(self, key: str) -> int:
        """Return what bands and loops took from a stage."""
        return sum(b.mass_mg for b in self.moves if b.source == key)

    def difference_mg(self, node: Node) -> int:
        """Return opening plus in, less out and kept: zero where the stage closes."""
        inflow, outflow = self.inflow_mg(node.key), self.outflow_mg(node.key)
        opening, kept = node.opening_mg, node.kept_mg
        if opening is None:
            # What only gives had it from the start; with an end stock that is known, it had that too.
            opening = outflow + (kept or 0) if not inflow else 0
        if kept is None:
            # What no band leaves (a loop may take its part) keeps the rest.
            gives = any(band.source == node.key for band in self.bands)
            kept = 0 if gives else max(0, opening + inflow - outflow)
        return opening + inflow - outflow - kept

    def shown_mg(self, node: Node) -> int:
        """Return the mass that a stage is drawn and named with: the larger of what it had and what it gave."""
        have = (node.opening_mg or 0) + self.inflow_mg(node.key)
        return max(have, self.outflow_mg(node.key) + (node.kept_mg or 0))


def checked(flow: Flow, *, draw_unexplained: bool = False) -> Flow:
    """Return the flow if it closes to the milligram.

    Where it does not: raises ChartError DOES_NOT_CLOSE naming the stage and its difference in mg, or, told to draw it,
    returns the flow with a band to or from an "Unexplained" stage for each stage that is off.
    """
    _refuse_nonsense(flow)
    off = [(node, flow.difference_mg(node)) for node in flow.nodes]
    off = [(node, difference) for node, difference in off if difference]
    if not off:
        return flow
    if not draw_unexplained:
        node, difference = max(off, key=lambda pair: abs(pair[1]))
        message = f"{node.label!s} does not close: in less out and kept is {difference} mg."
        raise ChartError(ChartCode.DOES_NOT_CLOSE, message, difference)
    return _with_unexplained(flow, off)


def _refuse_nonsense(flow: Flow) -> None:
    if not flow.bands:
        raise ChartError(ChartCode.NOTHING_TO_DRAW, "A flow without bands shows nothing.")
    column = {node.key: node.column for node in flow.nodes}
    for move in flow.moves:
        for key in (move.source, move.target):
            if key not in column:
                raise ChartError(ChartCode.UNKNOWN_NODE, f"{key!r} is not among the stages of the flow.")
        if move.mass_mg <= 0:
            raise ChartError(
                ChartCode.NEGATIVE, f"{move.source} to {move.target}: a mass of {move.mass_mg} mg is no flow."
            )
    for band in flow.bands:
        if column[band.source] >= column[band.target]:
            message = f"{band.source} to {band.target} runs backwards: what comes back is a loop."
            raise ChartError(ChartCode.WRONG_STAGE, message)


def _with_unexplained(flow: Flow, off: Sequence[tuple[Node, int]]) -> Flow:
    # A gap before the first stage needs a column to come from.
    shift = 1 if any(node.column == 0 and difference < 0 for node, difference in off) else 0
    nodes = [replace(node, column=node.column + shift) for node in flow.nodes]
    bands = list(flow.bands)
    for node, difference in off:
        key = f"{UNEXPLAINED}-{node.key}"
        column = node.column + shift + (1 if difference > 0 else -1)
        nodes.append(Node(key, _("Unexplained"), column, "bad"))
        ends = (node.key, key) if difference > 0 else (key, node.key)
        bands.append(Band(*ends, abs(difference), "bad"))
    return Flow(tuple(nodes), tuple(bands), flow.loops)
