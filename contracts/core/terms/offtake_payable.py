"""K3: the payable content of an element, by the mode that the contract uses for the same few words (terms A.3, B.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from contracts.core.fields import ELEMENT_NAMES
from contracts.core.numbers import ZERO
from contracts.core.terms.offtake_terms import PayableElement, PayableMode
from contracts.core.trace import Input, Node, Op, Tracer, const, term, use

_HUNDRED: Final = const("hundred", 100, "%", "over")


class _Mode:
    """What a mode works with: the content, the terms of the element, and where its steps go."""

    def __init__(self, tracer: Tracer, prefix: str, path: str, row: PayableElement, content: Node) -> None:
        self.tracer, self.prefix, self.path, self.row, self.content = tracer, prefix, path, row, content

    def step(self, name: str, text: tuple[str, str], op: Op, *inputs: Input) -> Node:
        names = ELEMENT_NAMES[self.row.element]
        label = (f"{names[0]}: {text[0]}", f"{names[1]}：{text[1]}")
        return self.tracer.add(f"{self.prefix}.{name}", *label, op, inputs, "%", clause="payable")

    def percent(self) -> Input:
        return term("payable", self.row.payable_pct, "%", f"{self.path}.payable_pct", "times")

    def deduction(self, role: str) -> Input:
        return term("deduction", self.row.deduction, "%", f"{self.path}.deduction", role)

    def share(self, source: Node, percent: Input | None = None) -> Node:
        text = ("percentage paid", "计价比例后")
        return self.step(
            "percentage", text, Op.PRODUCT, use(source, "content", "times"), percent or self.percent(), _HUNDRED
        )


def payable_content(tracer: Tracer, prefix: str, path: str, row: PayableElement, content: Node) -> Node:
    """Return the payable content in % of dry weight, never below zero whatever the deduction takes."""
    mode = _Mode(tracer, prefix, path, row, content)
    found = _MODES[row.payable_mode](mode)
    return mode.step("payable", ("payable content", "计价含量"), Op.MAX, use(found, "content"), const("zero", 0, "%"))


def _pct(mode: _Mode) -> Node:
    return mode.share(mode.content)


def _minimum_deduction(mode: _Mode) -> Node:
    share = mode.share(mode.content)
    less = mode.step(
        "deducted",
        ("content less deduction", "含量减扣减"),
        Op.SUM,
        use(mode.content, "content", "plus"),
        mode.deduction("minus"),
    )
    return mode.step(
        "smaller", ("the smaller of both", "取较小者"), Op.MIN, use(share, "percentage"), use(less, "deducted")
    )


def _deduction_first(mode: _Mode) -> Node:
    less = mode.step(
        "deducted",
        ("content less deduction", "含量减扣减"),
        Op.EXCESS,
        use(mode.content, "content", "plus"),
        mode.deduction("minus"),
    )
    return mode.share(less)


def _deduction_last(mode: _Mode) -> Node:
    share = mode.share(mode.content)
    return mode.step(
        "deducted",
        ("percentage less deduction", "比例后减扣减"),
        Op.SUM,
        use(share, "percentage", "plus"),
        mode.deduction("minus"),
    )


def _band(mode: _Mode) -> Node:
    reached = [
        (band.content_from, n) for n, band in enumerate(mode.row.bands) if band.content_from <= mode.content.result
    ]
    if not reached:
        return mode.share(mode.content, const("below_every_band", 0, "%", "times"))
    _, n = max(reached)
    path = f"{mode.path}.bands.{n}.payable_pct"
    return mode.share(mode.content, term("payable", mode.row.bands[n].payable_pct, "%", path, "times"))


def _threshold(mode: _Mode) -> Node:
    threshold = mode.deduction("")
    inputs = (use(mode.content, "content"), threshold)
    if mode.content.result < threshold.value:
        nothing = mode.step("below", ("below the threshold", "低于门槛"), Op.MIN, *inputs)
        return mode.share(nothing, const("below_threshold", ZERO, "%", "times"))
    return mode.share(mode.step("reached", ("at or above the threshold", "达到门槛"), Op.MAX, *inputs))


_MODES: Final[Mapping[PayableMode, Callable[[_Mode], Node]]] = {
    PayableMode.PCT: _pct,
    PayableMode.PCT_MD: _minimum_deduction,
    PayableMode.DED_PCT: _deduction_first,
    PayableMode.PCT_DED: _deduction_last,
    PayableMode.BAND: _band,
    PayableMode.THRESHOLD: _threshold,
}
