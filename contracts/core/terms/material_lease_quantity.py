"""K1: the quantity on lease, day by day, from the ledger's balance changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.facts import Fact
from contracts.core.fields import ELEMENT_NAMES
from contracts.core.numbers import ZERO
from contracts.core.period import Period
from contracts.core.statement import Balance
from contracts.core.trace import Input, Node, Op, Tracer, const, use

CAUSES: Final = ("delivered", "credited", "bought-out", "lost", "casualty", "adjusted")


@dataclass(slots=True)
class QuantityLine:
    """One element's quantity: a node for the opening and one for each day on which it changed."""

    element: str
    opening: Node
    steps: list[tuple[date, Node]] = field(default_factory=list)
    movements: list[tuple[str, Decimal]] = field(default_factory=list)

    def days(self) -> tuple[date, ...]:
        """Return the days on which the quantity changed."""
        return tuple(day for day, _ in self.steps)

    def on(self, day: date) -> Node:
        """Return the quantity that is on lease at the end of a day."""
        n = bisect_right([d for d, _ in self.steps], day)
        return self.steps[n - 1][1] if n else self.opening

    def balance(self) -> Balance:
        """Return the roll-forward: opening, movements by cause, closing (terms B.1 step 4)."""
        totals = dict.fromkeys(CAUSES, ZERO)
        for cause, delta in self.movements:
            totals[cause] += delta
        closing = self.steps[-1][1] if self.steps else self.opening
        moved = tuple((cause, totals[cause]) for cause in CAUSES if totals[cause] != 0)
        return Balance(self.element, "kg", self.opening.result, moved, closing.result)


def cause_of(fact: Fact) -> str:
    """Return why a balance changed; without a cause, more is delivered and less is credited."""
    cause = fact.value.get("cause", "")
    if not cause:
        return "delivered" if fact.number("delta_kg") > 0 else "credited"
    if cause not in CAUSES:
        raise fact.refuse(f"its cause {cause!r} is none of {', '.join(CAUSES)}")
    return cause


def quantity_lines(
    tracer: Tracer, changes: Iterable[Fact], period: Period, *, allow_overdraft: bool
) -> dict[str, QuantityLine]:
    """Return the quantity line of each element that has one before the period ends, in the order of the elements.

    A change takes effect on its effective day. Raises `negative-balance` where more has left than had come, unless the
    terms allow it; `bad-fact` for an element or cause that is not known.
    """
    by_element: dict[str, list[Fact]] = {name: [] for name in ELEMENT_NAMES}
    for fact in changes:
        name = fact.text("element")
        if name not in by_element:
            raise fact.refuse(f"{name!r} is not an element known here")
        if fact.effective < period.end:
            by_element[name].append(fact)
    lines = {}
    for name, facts in by_element.items():
        if facts:
            facts.sort(key=_order)
            lines[name] = _line(tracer, name, facts, period, allow_overdraft=allow_overdraft)
    return lines


def _order(fact: Fact) -> tuple[date, Decimal, str]:
    return (fact.effective, fact.number("entry_index") if "entry_index" in fact.value else ZERO, fact.id)


def _line(tracer: Tracer, name: str, facts: list[Fact], period: Period, *, allow_overdraft: bool) -> QuantityLine:
    before = [f for f in facts if f.effective < period.start]
    inputs = [_delta(f) for f in before] or [const("nothing", 0, "kg", "plus")]
    names = ELEMENT_NAMES[name]
    label = (f"{names[0]} on lease at {period.start}", f"{period.start} 在租{names[1]}")
    opening = tracer.add(f"{name}.opening", *label, Op.SUM, inputs, "kg", clause="material")
    _check(name, opening, period.start, allow_overdraft=allow_overdraft)
    line = QuantityLine(name, opening)
    for fact in facts[len(before) :]:
        line.movements.append((cause_of(fact), fact.number("delta_kg")))
    for day in sorted({f.effective for f in facts[len(before) :]}):
        today = [f for f in facts if f.effective == day]
        previous = line.steps[-1][1] if line.steps else opening
        inputs = [use(previous, "before", "plus"), *(_delta(f) for f in today)]
        label = (f"{names[0]} on lease from {day}", f"{day} 起在租{names[1]}")
        node = tracer.add(f"{name}.quantity.{day}", *label, Op.SUM, inputs, "kg", clause="material")
        _check(name, node, day, allow_overdraft=allow_overdraft)
        line.steps.append((day, node))
    return line


def _delta(fact: Fact) -> Input:
    entry = fact.value.get("entry_index", "")
    return Input(f"entry_{entry}" if entry else fact.id, fact.number("delta_kg"), "kg", fact.ref, "plus")


def _check(name: str, node: Node, day: date, *, allow_overdraft: bool) -> None:
    if node.result < 0 and not allow_overdraft:
        raise SettlementError(
            SettlementCode.NEGATIVE_BALANCE,
            f"{ELEMENT_NAMES[name][0].capitalize()} on lease would be {node.result} kg on {day}: more has left than had"
            " come. Correct the ledger, or agree an overdraft in the terms.",
            subject=name,
        )
