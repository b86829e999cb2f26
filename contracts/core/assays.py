"""The agreed content of a lot: from two parties' assays and, where they lie too far apart, an umpire's (B.3, A.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from contracts.core.facts import Fact, FactStatus
from contracts.core.fields import LimitBasis, UmpireRule
from contracts.core.rounding import Rounding
from contracts.core.trace import Input, Node, Op, Tracer, const, term, use


@dataclass(frozen=True, slots=True)
class Exchange:
    """How two assays of one element are compared.

    `limit` is in % of content (ABS) or in % of the mean (REL); without one the mean is always taken.
    """

    limit: Decimal | None
    basis: LimitBasis
    reporting_dp: int
    rule: UmpireRule
    path: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """An agreed content.

    `final` is False where a result, or the umpire, is still awaited. `fee_payer` pays the umpire: the party farther
    from it, `both` where the two are equally far, nobody where it was not asked.
    """

    node: Node
    final: bool
    method: str
    fee_payer: str = ""


class _Steps:
    def __init__(self, tracer: Tracer, prefix: str, label: tuple[str, str], unit: str) -> None:
        self.tracer, self.prefix, self.label, self.unit = tracer, prefix, label, unit

    def add(
        self,
        name: str,
        text: tuple[str, str],
        op: Op,
        inputs: tuple[Input, ...],
        *,
        unit: str = "",
        dp: int | None = None,
    ) -> Node:
        label = (f"{self.label[0]}: {text[0]}", f"{self.label[1]}：{text[1]}")
        rounding = Rounding(dp) if dp is not None else None
        return self.tracer.add(
            f"{self.prefix}.{name}", *label, op, inputs, unit or self.unit, clause="assay", rounding=rounding
        )


def agree(
    tracer: Tracer,
    prefix: str,
    label: tuple[str, str],
    results: Mapping[str, Fact],
    exchange: Exchange,
    *,
    binding: str,
) -> Agreed | None:
    """Return the agreed content from the results of `seller`, `buyer` and `umpire`, or None where there is none at all.

    Results are rounded to what is reported before they are compared, and a difference equal to the splitting limit is
    within it (R6). With one result only, `binding` (the party whose result binds once the deadline has passed, else
    empty) decides whether it is final. An umpire's result counts only once both parties' are in.
    """
    if not results:
        return None
    first = next(iter(results.values()))
    steps = _Steps(tracer, prefix, label, first.value.get("unit", "%"))
    reported = {
        party: steps.add(party, _PARTY[party], Op.CHOSEN, (_given(fact, party, steps.unit),), dp=exchange.reporting_dp)
        for party, fact in results.items()
    }
    final = all(f.status is FactStatus.FINAL for f in results.values())
    if "seller" not in reported or "buyer" not in reported:
        return _one_sided(steps, reported, final=final, binding=binding)
    a, b = reported["seller"], reported["buyer"]
    mean = steps.add("mean", ("mean of both", "双方均值"), Op.MEAN, (use(a, "seller"), use(b, "buyer")))
    if exchange.limit is None or _within(steps, a, b, mean, exchange.limit, exchange):
        return Agreed(mean, final, "mean")
    umpire = reported.get("umpire")
    if umpire is None:
        return Agreed(mean, final=False, method="umpire-awaited")
    node = _BY_RULE[exchange.rule](steps, a, b, umpire)
    return Agreed(node, final, exchange.rule.value, _fee_payer(a, b, umpire))


_PARTY: Final = {
    "seller": ("seller's result", "卖方结果"),
    "buyer": ("buyer's result", "买方结果"),
    "umpire": ("umpire's result", "仲裁结果"),
}


def _given(fact: Fact, party: str, unit: str) -> Input:
    if fact.value.get("unit", "%") != unit:
        raise fact.refuse(f"it is reported in {fact.value['unit']}, the other party's in {unit}")
    number = fact.number("value")
    if number < 0:
        raise fact.refuse("a content cannot be negative")
    return Input(party, number, unit, fact.ref)


def _one_sided(steps: _Steps, reported: Mapping[str, Node], *, final: bool, binding: str) -> Agreed | None:
    party = next((p for p in ("seller", "buyer") if p in reported), None)
    if party is None:
        return None  # an umpire alone decides nothing
    text = (f"{party}'s result alone", f"仅{_PARTY[party][1]}")
    node = steps.add("alone", text, Op.CHOSEN, (use(reported[party], party),))
    return Agreed(node, final and party == binding, f"{party}-alone")


def _within(steps: _Steps, a: Node, b: Node, mean: Node, most: Decimal, exchange: Exchange) -> bool:
    both = (use(a, "seller"), use(b, "buyer"))
    difference = steps.add("difference", ("difference", "差值"), Op.ABS_DIFFERENCE, both)
    path = f"{exchange.path}.splitting_limit"
    if exchange.basis is LimitBasis.REL:
        percent = term("splitting_limit", most, "%", path, "times")
        inputs = (use(mean, "mean", "times"), percent, const("hundred", 100, "%", "over"))
        limit = use(steps.add("limit", ("splitting limit", "化验允差"), Op.PRODUCT, inputs), "limit")
    else:
        limit = term("splitting_limit", most, steps.unit, path)
    text = ("within the splitting limit", "在允差以内")
    return steps.add("within", text, Op.AT_MOST, (use(difference, "difference"), limit), unit="1").result == 1


def _fee_payer(a: Node, b: Node, umpire: Node) -> str:
    from_seller, from_buyer = abs(a.result - umpire.result), abs(b.result - umpire.result)
    if from_seller == from_buyer:
        return "both"
    return "seller" if from_seller > from_buyer else "buyer"


def _all(a: Node, b: Node, umpire: Node) -> tuple[Input, Input, Input]:
    return (use(umpire, "umpire"), use(a, "seller"), use(b, "buyer"))


def _umpire(steps: _Steps, a: Node, b: Node, umpire: Node) -> Node:
    return steps.add("agreed", ("umpire's result", "仲裁化验结果"), Op.CHOSEN, _all(a, b, umpire))


def _closer(steps: _Steps, a: Node, b: Node, umpire: Node) -> Node:
    payer = _fee_payer(a, b, umpire)
    if payer == "both":  # equally far: the umpire's result stands by itself
        return _umpire(steps, a, b, umpire)
    near = (b, "buyer") if payer == "seller" else (a, "seller")
    text = ("mean of umpire and closer party", "仲裁与较接近方均值")
    return steps.add("agreed", text, Op.MEAN, (use(umpire, "umpire"), use(*near)))


def _middle(steps: _Steps, a: Node, b: Node, umpire: Node) -> Node:
    return steps.add("agreed", ("middle of three", "三者中间值"), Op.MEDIAN, _all(a, b, umpire))


def _mean_all(steps: _Steps, a: Node, b: Node, umpire: Node) -> Node:
    return steps.add("agreed", ("mean of three", "三者均值"), Op.MEAN, _all(a, b, umpire))


def _nearest_two(steps: _Steps, a: Node, b: Node, umpire: Node) -> Node:
    named = ((umpire, "umpire"), (a, "seller"), (b, "buyer"))
    pairs = [(abs(x[0].result - y[0].result), x, y) for n, x in enumerate(named) for y in named[n + 1 :]]
    least = min(pair[0] for pair in pairs)
    nearest = [pair for pair in pairs if pair[0] == least]
    if len(nearest) > 1:  # no pair is nearer than another: the one in the middle
        return _middle(steps, a, b, umpire)
    _, x, y = nearest[0]
    text = ("mean of the two nearest", "最接近两者均值")
    return steps.add("agreed", text, Op.MEAN, (use(*x), use(*y)))


_BY_RULE: Final[Mapping[UmpireRule, Callable[[_Steps, Node, Node, Node], Node]]] = {
    UmpireRule.UMPIRE: _umpire,
    UmpireRule.MEAN_CLOSER: _closer,
    UmpireRule.MIDDLE: _middle,
    UmpireRule.MEAN_ALL: _mean_all,
    UmpireRule.MEAN_NEAREST_TWO: _nearest_two,
}
