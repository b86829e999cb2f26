"""Clipping gross amounts by an amount limits block, each step a node (terms B.0).

Order: gross, deductible, per event, per period, rolling twelve months, aggregate. Events are paid up to a cap in the
order in which they are given (time of occurrence, then name); what a cap cuts off is recorded and not carried over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from contracts.core.limits import DeductibleKind, LimitsBlock
from contracts.core.numbers import ZERO
from contracts.core.rounding import money_rounding
from contracts.core.trace import Input, Node, Op, Tracer, const, term, use


@dataclass(frozen=True, slots=True)
class History:
    """What counts against the limits from before this settlement.

    `paid_12m` is what was billed in the twelve months that end with the period, `paid_total` over the whole term, both
    with the inputs that show it; `fee_period` and `fees_12m` (this period included) are the base of caps in per cent;
    `deductible_used` is what earlier claims used of an annual or aggregate deductible.
    """

    paid_12m: tuple[Input, ...] = ()
    paid_total: tuple[Input, ...] = ()
    fee_period: Decimal | None = None
    fees_12m: Decimal | None = None
    deductible_used: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Clipped:
    """One event's payable amount, what the limits cut off it, and the cap that cut last."""

    event: str
    node: Node
    cut: Decimal
    by: str


_LABELS: Final = {
    "deductible": ("after deductible", "扣除免赔额后"),
    "per_event_cap": ("capped per event", "单次上限后"),
    "per_period_cap": ("capped per period", "本期上限后"),
    "per_period_cap_pct": ("capped per period, share of fee", "本期费用比例上限后"),
    "rolling_12m_cap": ("capped over 12 months", "12 个月上限后"),
    "rolling_12m_cap_pct": ("capped over 12 months, share of fees", "12 个月费用比例上限后"),
    "aggregate_cap": ("capped over the term", "累计上限后"),
}


class Clipper:
    """Applies one limits block to the events of one period."""

    def __init__(self, tracer: Tracer, block: LimitsBlock, history: History, currency: str, path: str) -> None:
        self.tracer, self.block, self.history, self.currency, self.path = tracer, block, history, currency, path
        self.deductible_left = max(ZERO, (block.deductible or ZERO) - history.deductible_used)
        self.caps = self._shared_caps()

    def clip(self, events: Sequence[tuple[str, str, Node]]) -> tuple[Clipped, ...]:
        """Return the payable part of each (name, label, gross node), in the order given."""
        return tuple(self._clip_one(name, label, gross) for name, label, gross in events)

    def _clip_one(self, name: str, label: str, gross: Node) -> Clipped:
        amount, by = self._deduct(name, label, gross), ""
        if amount.result != gross.result:
            by = "deductible"
        if self.block.per_event_cap is not None:
            cap = self._term("per_event_cap", self.block.per_event_cap)
            amount, by = self._capped(name, label, "per_event_cap", amount, cap, by)
        for cap_name in self.caps:
            headroom = self._headroom(name, label, cap_name)
            amount, by = self._capped(name, label, cap_name, amount, use(headroom, "headroom"), by)
        for inputs in self.caps.values():
            inputs.append(use(amount, f"paid_{name}", "minus"))
        return Clipped(name, amount, gross.result - amount.result, by)

    def _step(self, name: str, label: str, kind: str, op: Op, inputs: Sequence[Input]) -> Node:
        text = _LABELS.get(kind, (kind, kind))
        return self.tracer.add(
            f"{name}.{kind}", f"{label}: {text[0]}", f"{label}：{text[1]}", op, inputs, self.currency, clause="limits"
        )

    def _term(self, name: str, value: Decimal, role: str = "") -> Input:
        return term(name, value, self.currency, f"{self.path}.{name}", role)

    def _deduct(self, name: str, label: str, gross: Node) -> Node:
        if not self.block.deductible:
            return gross
        left = self.block.deductible
        if self.block.deductible_kind is not DeductibleKind.PER_CLAIM:
            left = self.deductible_left
        self.deductible_left = max(ZERO, self.deductible_left - gross.result)
        if self.block.franchise and gross.result > left:
            return gross
        full = left == self.block.deductible
        taken = (
            self._term("deductible", left, "minus") if full else const("deductible_left", left, self.currency, "minus")
        )
        return self._step(name, label, "deductible", Op.EXCESS, (use(gross, "gross", "plus"), taken))

    def _capped(self, name: str, label: str, cap_name: str, amount: Node, cap: Input, by: str) -> tuple[Node, str]:
        node = self._step(name, label, cap_name, Op.MIN, (use(amount, "amount"), cap))
        return node, cap_name if node.result < amount.result else by

    def _headroom(self, name: str, label: str, cap_name: str) -> Node:
        return self._step(name, label, f"{cap_name}.headroom", Op.EXCESS, self.caps[cap_name])

    def _shared_caps(self) -> dict[str, list[Input]]:
        """Return, for each cap that events share, its amount and what has been used of it so far."""
        block, history = self.block, self.history
        caps: dict[str, list[Input]] = {}
        if block.per_period_cap is not None:
            caps["per_period_cap"] = [self._term("per_period_cap", block.per_period_cap, "plus")]
        if block.per_period_cap_pct is not None and history.fee_period is not None:
            caps["per_period_cap_pct"] = [
                self._share_of("per_period_cap_pct", block.per_period_cap_pct, history.fee_period)
            ]
        if block.rolling_12m_cap is not None:
            caps["rolling_12m_cap"] = [self._term("rolling_12m_cap", block.rolling_12m_cap, "plus"), *history.paid_12m]
        if block.rolling_12m_cap_pct is not None and history.fees_12m is not None:
            cap = self._share_of("rolling_12m_cap_pct", block.rolling_12m_cap_pct, history.fees_12m)
            caps["rolling_12m_cap_pct"] = [cap, *history.paid_12m]
        if block.aggregate_cap is not None:
            caps["aggregate_cap"] = [self._term("aggregate_cap", block.aggregate_cap, "plus"), *history.paid_total]
        return caps

    def _share_of(self, name: str, percent: Decimal, fees: Decimal) -> Input:
        inputs = (
            const("fees", fees, self.currency, "times"),
            term(name, percent, "%", f"{self.path}.{name}", "times"),
            const("hundred", 100, "%", "over"),
        )
        text = _LABELS[name]
        node = self.tracer.add(
            f"limits.{name}",
            *text,
            Op.PRODUCT,
            inputs,
            self.currency,
            clause="limits",
            rounding=money_rounding(self.currency),
        )
        return use(node, name, "plus")
