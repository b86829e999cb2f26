"""K1: what leaves a lease other than by time: buy-out, casualty, and recovery at the end of a battery's life."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from contracts.core.assembly import Assembly, Slice, status_of
from contracts.core.facts import Fact, FactKind, FactStatus, of_kind
from contracts.core.fields import ELEMENT_NAMES
from contracts.core.numbers import HUNDRED
from contracts.core.period import Period, first_of_month
from contracts.core.price_figures import PriceBook, Pricing
from contracts.core.pricing import UnitPrice, unit_price
from contracts.core.rounding import Rounding
from contracts.core.terms.material_lease_quantity import cause_of
from contracts.core.terms.material_lease_terms import Bearer, LeasedElement, MaterialLeaseTerms
from contracts.core.trace import Input, Node, Op, const, term, use


@dataclass(frozen=True, slots=True)
class _Event:
    """One fact that settles by itself, with the terms that hold on its day."""

    assembly: Assembly
    book: PriceBook
    fact: Fact
    version: int
    terms: MaterialLeaseTerms
    row: LeasedElement
    place: int

    def add(
        self,
        name: str,
        text: tuple[str, str],
        op: Op,
        inputs: Iterable[Input],
        unit: str,
        rounding: Rounding | None = None,
    ) -> Node:
        names = ELEMENT_NAMES[self.row.element]
        label = (f"{names[0]}: {text[0]}", f"{names[1]}：{text[1]}")
        node_id = f"{self.row.element}.{name}.{self.fact.id}"
        return self.assembly.tracer.add(node_id, *label, op, inputs, unit, clause="return", rounding=rounding)

    def term(self, name: str, value: Decimal, unit: str, role: str = "") -> Input:
        return term(name, value, unit, f"elements.{self.place}.{name}@v{self.version}", role)

    def price(self, what: str) -> UnitPrice:
        names = ELEMENT_NAMES[self.row.element]
        pricing = Pricing(
            self.book,
            self.assembly.tracer,
            self.terms.currency,
            f"{self.row.element}.{what}-price.{self.fact.id}",
            f"elements.{self.place}.price@v{self.version}",
            f"{names[0]} price",
            f"{names[1]}价格",
            self.terms.missing_price,
        )
        found = unit_price(pricing, self.row.price, first_of_month(self.fact.effective))
        for flag in found.flags:
            self.assembly.flag(flag.code, flag.subject, flag.message_en, flag.message_zh)
        return found


def settle_events(
    assembly: Assembly,
    book: PriceBook,
    parts: tuple[Slice, ...],
    facts: tuple[Fact, ...],
    contract_ref: str,
    period: Period,
) -> None:
    """Add the lines of buy-outs, casualties and recoveries whose day lies in the period."""
    wanted = contract_ref or None
    for fact in of_kind(facts, FactKind.BALANCE_CHANGE, wanted):
        if fact.effective in period and cause_of(fact) in ("bought-out", "casualty"):
            _departure(_event(assembly, book, parts, fact))
    for fact in of_kind(facts, FactKind.RECOVERY, wanted):
        if fact.effective in period:
            _recovery(_event(assembly, book, parts, fact))


def _event(assembly: Assembly, book: PriceBook, parts: tuple[Slice, ...], fact: Fact) -> _Event:
    part = next((p for p in parts if fact.effective in p.period), None)
    if part is None:
        raise fact.refuse("no version of the terms was in force on its day")
    for place, row in enumerate(part.terms.elements):
        if row.element == fact.text("element"):
            return _Event(assembly, book, fact, part.number, part.terms, row, place)
    raise fact.refuse(f"{fact.text('element')} is not an element of this lease")


def _departure(event: _Event) -> None:
    """Charge what was bought out (price and premium), or lost by casualty (price) where the lessee bears it."""
    bought = cause_of(event.fact) == "bought-out"
    if not bought and event.terms.casualty_bearer is Bearer.LESSOR:
        event.assembly.flag(
            "casualty-borne-by-lessor",
            event.fact.id,
            f"{-event.fact.number('delta_kg')} kg of {event.row.element} were lost; the lessor bears it.",
            f"{event.row.element} 灭失 {-event.fact.number('delta_kg')} 千克，由出租方承担。",
        )
        return
    price = event.price("buyout" if bought else "casualty")
    text = ("buy-out", "买断") if bought else ("casualty value", "灭失价值")
    percent = [const("hundred", 100, "%", "plus")]
    if bought:
        path = f"buyout_premium_pct@v{event.version}"
        percent.append(term("premium", event.terms.buyout_premium_pct, "%", path, "plus"))
    factor = event.add("percent", ("price and premium", "价格及溢价"), Op.SUM, percent, "%")
    delta = Input("change", event.fact.number("delta_kg"), "kg", event.fact.ref, "minus")
    left = event.add("left", ("quantity that left", "转出数量"), Op.SUM, (delta,), "kg")
    inputs = [use(left, "left", "times"), use(price.node, "price", "times"), use(factor, "percent", "times")]
    inputs += [const("hundred", 100, "%", "over"), *price.conversion()]
    root = event.add("value", text, Op.PRODUCT, inputs, event.terms.currency)
    _money_line(event, "buy-out" if bought else "casualty", text, use(root, "value", "plus"), left.result, price)


def _recovery(event: _Event) -> None:
    """Credit what was recovered against what was due; charge the shortfall, share the surplus (terms B.1 step 5)."""
    credited = _credited(event)
    due = _due(event)
    short = event.add("shortfall", ("shortfall", "缺口"), Op.EXCESS, _difference(due, credited), "kg")
    surplus = event.add("surplus", ("surplus", "盈余"), Op.EXCESS, _difference(credited, due), "kg")
    if short.result > 0:
        price = event.price("shortfall")
        share = term(
            "shortfall_price", event.terms.shortfall_price_pct, "%", f"shortfall_price_pct@v{event.version}", "times"
        )
        text = ("shortfall of return", "归还缺口")
        value = event.add("short-value", text, Op.PRODUCT, _valued(short, price, share), event.terms.currency)
        _money_line(event, "return-shortfall", text, use(value, "value", "plus"), short.result, price)
    elif surplus.result > 0 and not _held(event, credited):
        _surplus(event, surplus)


def _difference(a: Node, b: Node) -> tuple[Input, Input]:
    return (use(a, a.id.split(".")[1], "plus"), use(b, b.id.split(".")[1], "minus"))


def _credited(event: _Event) -> Node:
    row, fact = event.row, event.fact
    account = event.term("accountability_pct", row.accountability_pct, "%", "times")
    if "contained_kg" in fact.value:
        contained = Input("contained", fact.number("contained_kg"), "kg", fact.ref, "times")
        inputs: tuple[Input, ...] = (contained, account, const("hundred", 100, "%", "over"))
    else:
        dry = Input("net_dry", fact.number("net_dry_kg"), "kg", fact.ref, "times")
        assay = Input("assay", fact.number("assay_pct"), "%", fact.ref, "times")
        inputs = (dry, assay, account, const("hundred_assay", 100, "%", "over"), const("hundred", 100, "%", "over"))
    return event.add("credited", ("credited", "入账回收量"), Op.PRODUCT, inputs, "kg")


def _due(event: _Event) -> Node:
    """What was leased, less the losses that the contract allows in process and in use."""
    row = event.row
    keeps = [
        event.add(
            name,
            text,
            Op.SUM,
            (const("hundred", 100, "%", "plus"), event.term(f"{name}_pct", allowed, "%", "minus")),
            "%",
        )
        for name, text, allowed in (
            ("process_loss", ("kept after process loss", "工艺损耗后"), row.process_loss_pct),
            ("use_loss", ("kept after loss in use", "使用损耗后"), row.use_loss_pct),
        )
    ]
    inputs = [Input("leased", event.fact.number("leased_kg"), "kg", event.fact.ref, "times")]
    inputs += [use(k, k.id.split(".")[1], "times") for k in keeps]
    inputs += [const("hundred_process", 100, "%", "over"), const("hundred_use", 100, "%", "over")]
    return event.add("due", ("due for return", "应归还量"), Op.PRODUCT, inputs, "kg")


def _held(event: _Event, credited: Node) -> bool:
    """Hold a recovery above what was ever leased, beyond the tolerance, until it has been reconciled (B.9)."""
    leased = event.fact.number("leased_kg")
    if credited.result * HUNDRED <= leased * (HUNDRED + event.terms.over_recovery_tolerance_pct):
        return False
    event.assembly.flag(
        "over-recovery",
        event.fact.id,
        f"{credited.result} kg of {event.row.element} were credited for {leased} kg leased, more than the tolerance"
        " allows: nothing is paid for the surplus until the two are reconciled.",
        f"{event.row.element} 入账 {credited.result} 千克，超过租赁量 {leased} 千克的容差：对账前不结算盈余。",
    )
    return True


def _surplus(event: _Event, surplus: Node) -> None:
    if event.terms.surplus_share_pct == 0:
        return
    price = event.price("surplus")
    share = term("surplus_share", event.terms.surplus_share_pct, "%", f"surplus_share_pct@v{event.version}", "times")
    text = ("lessee's share of surplus", "承租方盈余分享")
    value = event.add("surplus-value", text, Op.PRODUCT, _valued(surplus, price, share), event.terms.currency)
    _money_line(event, "return-surplus", text, use(value, "value", "minus"), surplus.result, price)


def _valued(kg: Node, price: UnitPrice, percent: Input) -> list[Input]:
    hundred = const("hundred", 100, "%", "over")
    return [use(kg, "quantity", "times"), use(price.node, "price", "times"), percent, hundred, *price.conversion()]


def _money_line(event: _Event, code: str, text: tuple[str, str], value: Input, kg: Decimal, price: UnitPrice) -> None:
    names = ELEMENT_NAMES[event.row.element]
    label = (
        f"{text[0].capitalize()}, {names[0]}, {event.fact.effective}",
        f"{text[1]}，{names[1]}，{event.fact.effective}",
    )
    root = event.assembly.amount(f"{event.row.element}.{code}.{event.fact.id}", label, Op.SUM, (value,), "return")
    provisional = price.provisional or event.fact.status is FactStatus.PROVISIONAL
    event.assembly.line(
        code,
        "return",
        label,
        root,
        (kg, "kg"),
        (price.node.result, price.node.unit),
        status_of(estimated=price.estimated, provisional=provisional),
        component=f"{code}.{event.row.element}",
        subject=event.fact.id,
    )
