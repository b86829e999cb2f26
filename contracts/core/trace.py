"""The trace of a settlement: every figure as a step that can be computed again from its inputs.

A node's inputs are multiplied, added, compared by one of a closed set of operations. Roles of inputs: `times` and
`over` in a product, `plus` and `minus` in a sum; the other operations take inputs by position.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.numbers import CONTEXT, ONE, ZERO, shortest, text_of
from contracts.core.rounding import Mode, Rounding, floor_steps, largest_remainder
from contracts.core.units import DIMENSIONLESS, multiply, same_unit

_PLAIN: Final = re.compile(r"-?\d{1,400}(\.\d{1,400})?")  # raw figures hold up to 50 digits, more than a term may


class Op(StrEnum):
    """The closed set of operations. A released one is never changed in meaning or removed."""

    PRODUCT = "product"  # the `times` inputs multiplied first, then divided by the product of the `over` inputs
    SUM = "sum"  # the `plus` inputs less the `minus` inputs
    EXCESS = "excess"  # the sum, but never below zero
    MEAN = "mean"  # arithmetic
    MEDIAN = "median"  # of an odd number of inputs
    MIN = "min"
    MAX = "max"
    ABS_DIFFERENCE = "abs-difference"  # of two inputs
    AT_MOST = "at-most"  # 1 if the first is not above the second, else 0
    CHOSEN = "chosen"  # the first; the others are what it was chosen over
    BAND = "band"  # (x, from, rate[, to]): rate times the part of x between from and to
    STEPS = "steps"  # (level, threshold, step): (level - threshold) / step, never below zero
    WHOLE_STEPS = "whole-steps"  # the same, rounded down to whole steps
    INTERPOLATE = "interpolate"  # (x, x0, y0, x1, y1): the straight line between two points
    SHARE = "share"  # (position, dp, total, weight...): a part of a split by largest remainder


@dataclass(frozen=True, slots=True)
class Input:
    """A figure that a node uses; `ref` is `fact:ID@VERSION`, `term:PATH`, `node:ID`, or `const:NAME`."""

    name: str
    value: Decimal
    unit: str
    ref: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One step: `raw` = op(inputs), `result` = raw rounded where `rounding` says so."""

    id: str
    label_en: str
    label_zh: str
    clause_ref: str
    op: Op
    inputs: tuple[Input, ...]
    formula: str
    raw: Decimal
    rounding: Rounding | None
    result: Decimal
    unit: str


def _times(inputs: Sequence[Input]) -> Decimal:
    above = below = ONE
    for i in inputs:
        if i.role == "over":
            below *= i.value
        else:
            above *= i.value
    return above / below if below != ONE else above


def _plus(inputs: Sequence[Input]) -> Decimal:
    return sum((-i.value if i.role == "minus" else i.value for i in inputs), ZERO)


def _median(inputs: Sequence[Input]) -> Decimal:
    return sorted(i.value for i in inputs)[len(inputs) // 2]


def _band(inputs: Sequence[Input]) -> Decimal:
    x, start, rate, *end = (i.value for i in inputs)
    top = min(x, end[0]) if end else x
    return rate * max(ZERO, top - start)


def _steps(inputs: Sequence[Input]) -> Decimal:
    level, threshold, step = (i.value for i in inputs)
    return max(ZERO, level - threshold) / step


def _whole_steps(inputs: Sequence[Input]) -> Decimal:
    level, threshold, step = (Fraction(i.value) for i in inputs)
    return floor_steps(max(Fraction(0), level - threshold) / step)


def _interpolate(inputs: Sequence[Input]) -> Decimal:
    x, x0, y0, x1, y1 = (i.value for i in inputs)
    return (y0 * (x1 - x0) + (y1 - y0) * (x - x0)) / (x1 - x0)


def _share(inputs: Sequence[Input]) -> Decimal:
    position, dp, total, *weights = (i.value for i in inputs)
    return largest_remainder(total, weights, int(dp))[int(position)]


_OPERATIONS: Final[Mapping[Op, Callable[[Sequence[Input]], Decimal]]] = {
    Op.PRODUCT: _times,
    Op.SUM: _plus,
    Op.EXCESS: lambda inputs: max(ZERO, _plus(inputs)),
    Op.MEAN: lambda inputs: sum((i.value for i in inputs), ZERO) / len(inputs),
    Op.MEDIAN: _median,
    Op.MIN: lambda inputs: min(i.value for i in inputs),
    Op.MAX: lambda inputs: max(i.value for i in inputs),
    Op.ABS_DIFFERENCE: lambda inputs: abs(inputs[0].value - inputs[1].value),
    Op.AT_MOST: lambda inputs: ONE if inputs[0].value <= inputs[1].value else ZERO,
    Op.CHOSEN: lambda inputs: inputs[0].value,
    Op.BAND: _band,
    Op.STEPS: _steps,
    Op.WHOLE_STEPS: _whole_steps,
    Op.INTERPOLATE: _interpolate,
    Op.SHARE: _share,
}


def compute_raw(op: Op, inputs: Sequence[Input]) -> Decimal:
    """Return op(inputs) in the wide context, without trailing zeros."""
    with localcontext(CONTEXT):
        return shortest(_OPERATIONS[op](inputs))


def recompute(node: Node) -> Decimal:
    """Compute a node's result again from its inputs and its rounding alone."""
    raw = compute_raw(node.op, node.inputs)
    return node.rounding.apply(raw) if node.rounding else raw


def unit_of(op: Op, inputs: Sequence[Input]) -> str | None:
    """Return the unit that the inputs lead to, or None where they do not fit together."""
    if op is Op.PRODUCT:
        return multiply([i.unit for i in inputs if i.role != "over"], [i.unit for i in inputs if i.role == "over"])
    if op is Op.BAND:
        return _band_unit(inputs)
    if op is Op.INTERPOLATE:
        x, x0, y0, x1, y1 = (i.unit for i in inputs)
        return y0 if same_unit(x, x0) and same_unit(x, x1) and same_unit(y0, y1) else None
    if op is Op.SHARE:
        return inputs[2].unit
    if not all(same_unit(i.unit, inputs[0].unit) for i in inputs):
        return None
    return DIMENSIONLESS if op in (Op.AT_MOST, Op.STEPS, Op.WHOLE_STEPS) else inputs[0].unit


def _band_unit(inputs: Sequence[Input]) -> str | None:
    x, start, rate, *end = inputs
    if not all(same_unit(x.unit, other.unit) for other in (start, *end)):
        return None
    return multiply([x.unit, rate.unit])


_SIGNS = {"over": " / ", "minus": " - ", "times": " x ", "plus": " + "}


def formula_of(op: Op, inputs: Sequence[Input]) -> str:
    """Write a step for people: `mass x price / 1000`, `max(0, a - b)`, `mean(a, b)`."""
    names = [i.name for i in inputs]
    if op in (Op.PRODUCT, Op.SUM, Op.EXCESS):
        default = "times" if op is Op.PRODUCT else "plus"
        ordered = sorted(inputs, key=lambda i: i.role in ("over", "minus"))
        text = "".join(_SIGNS[i.role or default] + i.name for i in ordered)
        text = text.removeprefix(" x ").removeprefix(" + ").strip()
        return f"max(0, {text})" if op is Op.EXCESS else text
    if op in (Op.STEPS, Op.WHOLE_STEPS):
        text = f"max(0, {names[0]} - {names[1]}) / {names[2]}"
        return f"floor({text})" if op is Op.WHOLE_STEPS else text
    if op is Op.CHOSEN:
        return names[0] if len(names) == 1 else f"{names[0]} (over {', '.join(names[1:])})"
    return f"{op.value}({', '.join(names)})"


class Tracer:
    """Builds a trace: each `add` computes a step, keeps its node, and gives the input by which later steps use it."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._ids: set[str] = set()

    def add(
        self,
        node_id: str,
        label_en: str,
        label_zh: str,
        op: Op,
        inputs: Iterable[Input],
        unit: str,
        *,
        clause: str = "",
        rounding: Rounding | None = None,
    ) -> Node:
        """Compute a step and keep it; a second step of the same name gets a number behind it."""
        given = tuple(inputs)
        raw = compute_raw(op, given)
        unique, n = node_id, 1
        while unique in self._ids:
            n += 1
            unique = f"{node_id}#{n}"
        self._ids.add(unique)
        node = Node(
            id=unique,
            label_en=label_en,
            label_zh=label_zh,
            clause_ref=clause,
            op=op,
            inputs=given,
            formula=formula_of(op, given),
            raw=raw,
            rounding=rounding,
            result=rounding.apply(raw) if rounding else raw,
            unit=unit,
        )
        self.nodes.append(node)
        return node

    def trace(self) -> tuple[Node, ...]:
        """Return the steps in the order in which they were computed."""
        return tuple(self.nodes)


def use(node: Node, name: str = "", role: str = "") -> Input:
    """Return the input by which a step uses the result of an earlier one."""
    return Input(name or node.id, node.result, node.unit, f"node:{node.id}", role)


def term(name: str, value: Decimal, unit: str, path: str, role: str = "") -> Input:
    """Return an input that is a term of the contract."""
    return Input(name, value, unit, f"term:{path}", role)


def const(name: str, value: Decimal | int, unit: str, role: str = "") -> Input:
    """Return an input that is neither term nor fact: a count of days, a conversion within one system of units."""
    return Input(name, Decimal(value), unit, f"const:{name}", role)


def check(trace: Sequence[Node], roots: Mapping[str, Decimal] | None = None) -> None:
    """Recompute a whole trace; raises `trace-broken` that names the first step that does not hold.

    Every node's result must follow from its inputs, its unit from theirs, each `node:` input must equal an earlier
    node's result and unit, and each of `roots` (node id to line amount) must equal its node's result.
    """
    seen: dict[str, Node] = {}
    for node in trace:
        if node.id in seen:
            raise _broken(node.id, "appears twice")
        for i in node.inputs:
            _check_reference(node.id, i, seen)
        raw = compute_raw(node.op, node.inputs)
        if raw != node.raw:
            raise _broken(node.id, f"computes to {text_of(raw)}, not to the {text_of(node.raw)} that it states")
        if recompute(node) != node.result:
            raise _broken(node.id, f"rounds to {text_of(recompute(node))}, not to the {text_of(node.result)} stated")
        unit = unit_of(node.op, node.inputs)
        if unit is None or not same_unit(unit, node.unit):
            raise _broken(node.id, f"is in {unit or 'units that do not fit together'}, not in the {node.unit} stated")
        seen[node.id] = node
    for node_id, amount in (roots or {}).items():
        if node_id not in seen or seen[node_id].result != amount:
            raise _broken(node_id, f"is not a step whose result is the line's amount {text_of(amount)}")


def _check_reference(node_id: str, given: Input, seen: Mapping[str, Node]) -> None:
    scheme, _, target = given.ref.partition(":")
    if scheme == "node":
        source = seen.get(target)
        if source is None or source.result != given.value or not same_unit(source.unit, given.unit):
            raise _broken(node_id, f"uses {given.name} from step {target}, which does not stand before it so")
    elif scheme not in ("fact", "term", "const") or not target:
        raise _broken(node_id, f"uses {given.name} from {given.ref!r}, which names no fact, term, step or constant")


def _broken(node_id: str, why: str) -> SettlementError:
    return SettlementError(
        SettlementCode.TRACE_BROKEN,
        f"The step {node_id} of the trace {why}; do not rely on this statement, settle the period again.",
        subject=node_id,
    )


def node_to_json(node: Node) -> dict[str, Any]:
    """Return a node as JSON-able texts, numbers included."""
    return {
        "id": node.id,
        "label_en": node.label_en,
        "label_zh": node.label_zh,
        "clause_ref": node.clause_ref,
        "op": node.op.value,
        "inputs": [
            {"name": i.name, "value": text_of(i.value), "unit": i.unit, "ref": i.ref, "role": i.role}
            for i in node.inputs
        ],
        "formula": node.formula,
        "raw": text_of(node.raw),
        "rounding": {"dp": str(node.rounding.dp), "mode": node.rounding.mode.value} if node.rounding else None,
        "result": text_of(node.result),
        "unit": node.unit,
    }


def node_from_json(data: Mapping[str, Any]) -> Node:
    """Read a node; raises `trace-broken` for one that cannot be read."""
    try:
        rounding = data["rounding"]
        return Node(
            id=data["id"],
            label_en=data["label_en"],
            label_zh=data["label_zh"],
            clause_ref=data["clause_ref"],
            op=Op(data["op"]),
            inputs=tuple(Input(i["name"], _number(i["value"]), i["unit"], i["ref"], i["role"]) for i in data["inputs"]),
            formula=data["formula"],
            raw=_number(data["raw"]),
            rounding=Rounding(int(rounding["dp"]), Mode(rounding["mode"])) if rounding else None,
            result=_number(data["result"]),
            unit=data["unit"],
        )
    except (KeyError, ValueError, TypeError) as error:
        raise _broken(str(data.get("id", "?")), f"cannot be read ({error!r})") from None


def _number(text: str) -> Decimal:
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"{text!r} is not a number in plain notation")
    return Decimal(text)
