"""From published figures to a unit price, each step a node of the trace.

Order (terms B.0): figures, exchange rate, average (rounded), factor, premium, participation, floor and cap, unit
price (rounded). Negative published prices are legal and pass through unless a floor is agreed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from contracts.core.facts import Fact, FactKind, month_of
from contracts.core.numbers import ONE, ZERO
from contracts.core.price_figures import Figures, PriceBook, Pricing, missing, quotational_period, step
from contracts.core.prices import UNIT_KG, Anchor, Average, Frequency, PriceBlock
from contracts.core.rounding import Rounding
from contracts.core.statement import Flag
from contracts.core.trace import Input, Node, Op, const, term, use
from contracts.core.units import multiply

# R5: an average is rounded to what its market prints, unless the contract says otherwise.
_AVERAGE_DP: Final = {"t": 2, "lb": 4, "ozt": 3}


@dataclass(slots=True)
class UnitPrice:
    """A unit price with its node, and what a reader must know about where it came from."""

    node: Node
    unit_kg: Decimal
    unit: str
    estimated: bool = False
    provisional: bool = False
    flags: list[Flag] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def conversion(self) -> tuple[Input, ...]:
        """Return the input that turns kilograms into the unit of the price, if they differ."""
        if self.unit == "kg":
            return ()
        return (const(f"kg_per_{self.unit}", self.unit_kg, f"kg/{self.unit}", "over"),)


def unit_price(pricing: Pricing, block: PriceBlock, anchor: date) -> UnitPrice:
    """Return the unit price for the quotational period of `anchor`.

    Raises `missing-price` or `missing-fx`, naming series and day, where a figure is absent, no fallback replaces it and
    the policy is to block; with the policy ESTIMATE the last published figure is used and the price is flagged.
    """
    out = _reference(pricing, block, anchor)
    node = out.node
    unit = node.unit
    if block.factor != ONE:
        factor = term("factor", block.factor, "1", f"{pricing.path}.factor", "times")
        node = step(pricing, "factor", "converted", "换算后", Op.PRODUCT, (use(node, "price", "times"), factor), unit)
    if block.adder != ZERO:
        adder = term("adder", block.adder, unit, f"{pricing.path}.adder", "plus")
        node = step(pricing, "adder", "with premium", "含升贴水", Op.SUM, (use(node, "price", "plus"), adder), unit)
    if block.adder_pct != ZERO:
        node = _percentage(pricing, node, block.adder_pct)
    if block.participation:
        node = _participation(pricing, block, node)
    node = _clamped(pricing, block, node)
    if block.unit_price_dp is not None:
        rounding = Rounding(block.unit_price_dp)
        node = step(pricing, "unit-price", "unit price", "单价", Op.CHOSEN, (use(node, "price"),), unit, rounding)
    out.node = node
    return out


def last_published(pricing: Pricing, block: PriceBlock, before: date) -> UnitPrice:
    """Return the unit price from the single last figure published before a day (a provisional price)."""
    key = before.isoformat() if block.frequency is Frequency.DAILY else before.isoformat()[:7]
    fact = pricing.book.before(block.series, key) if block.anchor is not Anchor.FIXED else None
    if block.anchor is Anchor.FIXED:
        return unit_price(pricing, block, before)
    if fact is None:
        raise missing(pricing, block.series, f"before {key}")
    single = replace(block, offset_months=0, span_months=1, average=Average.PUBLISHED, fallback=())
    day = fact.effective if block.frequency is Frequency.DAILY else date.fromisoformat(f"{month_of(fact)}-01")
    if block.frequency is Frequency.DAILY:
        single = replace(single, frequency=Frequency.MONTHLY)
        pricing = replace(pricing, book=_as_month(pricing.book, fact))
    return unit_price(pricing, single, day)


def _as_month(book: PriceBook, fact: Fact) -> PriceBook:
    # One day's figure stands for the whole period, so it is looked up as the figure of its month.
    value = {**fact.value, "period": fact.effective.isoformat()[:7]}
    others = [f for f in book.facts if f.kind is FactKind.FX]
    return PriceBook([replace(fact, value=value), *others])


def _reference(pricing: Pricing, block: PriceBlock, anchor: date) -> UnitPrice:
    unit = f"{pricing.currency}/{block.unit}"
    unit_kg = block.unit_kg or UNIT_KG[block.unit]
    if block.anchor is Anchor.FIXED:
        fixed = term("fixed_price", block.fixed_price or ZERO, unit, f"{pricing.path}.fixed_price")
        node = step(pricing, "fixed", "fixed price", "固定价格", Op.CHOSEN, (fixed,), unit)
        return UnitPrice(node, unit_kg, block.unit)
    window = quotational_period(block, anchor)
    gathered = Figures(pricing, block, window)
    gathered.collect()
    dp = block.average_dp if block.average_dp is not None else _AVERAGE_DP.get(block.unit)
    rounding = Rounding(dp) if dp is not None and len(gathered.inputs) > 1 else None
    label_en, label_zh = f"average of {window}", f"{window} 平均价"
    quoted = f"{block.currency or pricing.currency}/{block.unit}"
    mean_unit = unit if gathered.converted else quoted
    node = step(pricing, "average", label_en, label_zh, Op.MEAN, gathered.inputs, mean_unit, rounding)
    if mean_unit != unit:
        node = gathered.convert_average(node, unit)
    return UnitPrice(
        node, unit_kg, block.unit, gathered.estimated, gathered.provisional, gathered.flags, gathered.facts
    )


def _percentage(pricing: Pricing, node: Node, percent: Decimal) -> Node:
    path = f"{pricing.path}.adder_pct"
    inputs = (const("hundred", 100, "%", "plus"), term("adder_pct", percent, "%", path, "plus"))
    share = step(pricing, "adder-pct", "premium factor", "升贴水系数", Op.SUM, inputs, "%")
    given = (use(node, "price", "times"), use(share, "share", "times"), const("hundred", 100, "%", "over"))
    return step(pricing, "with-adder-pct", "with premium", "含升贴水", Op.PRODUCT, given, node.unit)


def _participation(pricing: Pricing, block: PriceBlock, node: Node) -> Node:
    """Take from the price, for each band, the part of it in the band that does not count."""
    parts = [use(node, "price", "plus")]
    for n, band in enumerate(block.participation):
        path, text = f"{pricing.path}.participation.{n}", (f"band {n + 1}", f"第 {n + 1} 档")
        given = (term("share", band.share_pct, "%", f"{path}.share_pct", "plus"), const("hundred", 100, "%", "minus"))
        less = step(pricing, f"band-{n + 1}.share", *text, Op.SUM, given, "%")
        inputs = [use(node, "price"), term("from", band.start, node.unit, f"{path}.start"), use(less, "share_less_100")]
        if band.end is not None:
            inputs.append(term("to", band.end, node.unit, f"{path}.end"))
        part = step(pricing, f"band-{n + 1}", *text, Op.BAND, inputs, multiply([node.unit, "%"]))
        over = (use(part, "part", "times"), const("hundred", 100, "%", "over"))
        parts.append(use(step(pricing, f"band-{n + 1}.part", *text, Op.PRODUCT, over, node.unit), role="plus"))
    return step(pricing, "participation", "after participation", "分享后", Op.SUM, parts, node.unit)


def _clamped(pricing: Pricing, block: PriceBlock, node: Node) -> Node:
    if block.floor_zero:
        inputs = (use(node, "price"), const("zero", 0, node.unit))
        node = step(pricing, "not-negative", "not below zero", "不低于零", Op.MAX, inputs, node.unit)
    if block.floor is not None:
        inputs = (use(node, "price"), term("floor", block.floor, node.unit, f"{pricing.path}.floor"))
        node = step(pricing, "floor", "with floor", "不低于下限", Op.MAX, inputs, node.unit)
    if block.cap is not None:
        inputs = (use(node, "price"), term("cap", block.cap, node.unit, f"{pricing.path}.cap"))
        node = step(pricing, "cap", "with cap", "不高于上限", Op.MIN, inputs, node.unit)
    return node
