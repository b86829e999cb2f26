"""K1, material lease: the fee on what is on lease, day by day, and what the return of it settles to.

The quantity line comes from the ledger as `balance-change` facts. A day is charged when the material is on lease at its
end: delivered on a day counts that day, returned on a day does not. The period is cut at every change of quantity,
rate, price and version; one line is made for each element, rate and price, rounded once (terms B.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from contracts.core import daycount
from contracts.core.assembly import Assembly, Slice, require_days, slices, status_of
from contracts.core.calendars import adjust, get_calendar
from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.facts import Fact, FactKind, FactStatus, of_kind, resolve
from contracts.core.fields import ELEMENT_NAMES
from contracts.core.kind import DuePeriod, Kind, TermsVersion
from contracts.core.numbers import ZERO
from contracts.core.period import Period, add_months, days_in_month, first_of_month, whole_months
from contracts.core.price_figures import PriceBook, Pricing
from contracts.core.prices import UNIT_KG
from contracts.core.pricing import UnitPrice, unit_price
from contracts.core.rounding import Rounding
from contracts.core.statement import Settlement
from contracts.core.terms.material_lease_quantity import QuantityLine, quantity_lines
from contracts.core.terms.material_lease_return import settle_events
from contracts.core.terms.material_lease_schema import SCHEMA
from contracts.core.terms.material_lease_terms import (
    FeeBasis,
    LeasedElement,
    MaterialLeaseTerms,
    Medium,
    RateType,
)
from contracts.core.trace import Input, Node, Op, const, term, use

KG: Final = Rounding(3)  # R7: metal quantities in kilograms, three digits, at account entry


@dataclass(slots=True)
class _Group:
    """The sub-periods of one element at one rate and one price: one line of the statement."""

    row: LeasedElement
    rate: Input
    price: UnitPrice | None
    provisional: bool
    parts: list[Node] = field(default_factory=list)
    kg_days: Decimal = ZERO
    days: int = 0
    first: date = date.max
    last: date = date.min


@dataclass(slots=True)
class _Run:
    """One settlement while it is computed."""

    assembly: Assembly
    facts: tuple[Fact, ...]
    book: PriceBook
    period: Period
    prices: dict[tuple[LeasedElement, str], UnitPrice] = field(default_factory=dict)
    groups: dict[tuple[str, str, str], _Group] = field(default_factory=dict)
    rates: dict[tuple[str, str], Node] = field(default_factory=dict)


def settle(
    terms: MaterialLeaseTerms,
    facts: Iterable[Fact],
    period: Period,
    known_at: datetime,
    *,
    contract_ref: str = "",
    subject: str = "",
    stage: str = "",
    versions: tuple[TermsVersion, ...] = (),
) -> Settlement:
    """Settle the lease fee, returns, buy-outs and losses of one period as known at one moment.

    `contract_ref` chooses the balance changes of this contract (all of them where it is empty). Raises `bad-period` for
    a period without a day, `missing-price`, `negative-balance`, `bad-fact`.
    """
    require_days(period)
    known = resolve(facts, known_at)
    parts = slices(terms, versions, period, known_at)
    ruling = parts[-1].terms if parts else terms
    assembly = Assembly("material-lease", ruling.currency, "lessee", "lessor")
    run = _Run(assembly, known, PriceBook(known), period)
    changes = of_kind(known, FactKind.BALANCE_CHANGE, contract_ref or None)
    lines = quantity_lines(assembly.tracer, changes, period, allow_overdraft=ruling.allow_overdraft)
    for part in parts:
        _charge_slice(run, part, lines, period)
    for group in run.groups.values():
        _add_line(run, group)
    if ruling.min_fee is not None:
        _top_up(run, ruling, lines, period)
    settle_events(run.assembly, run.book, parts, known, contract_ref, period)
    balances = tuple(line.balance() for line in lines.values())
    numbers = tuple(dict.fromkeys(p.number for p in parts))
    return assembly.settlement(
        contract_ref, period, known_at, balances=balances, versions=numbers, subject=subject, stage=stage
    )


def _charge_slice(run: _Run, part: Slice, lines: dict[str, QuantityLine], period: Period) -> None:
    terms: MaterialLeaseTerms = part.terms
    in_force = part.period.intersect(Period(terms.commencement, max(period.end, terms.commencement)))
    if in_force is None:
        return
    for n, row in enumerate(terms.elements):
        line = lines.get(row.element)
        if line is None:
            continue
        cuts = {*line.days(), *in_force.month_starts(), *_rate_days(run, terms)}
        for span in in_force.split(cuts):
            quantity = line.on(span.start)
            if quantity.result != 0:
                _charge(run, part, n, row, span, quantity)


def _rate_days(run: _Run, terms: MaterialLeaseTerms) -> tuple[date, ...]:
    if terms.rate_type is not RateType.FLOATING:
        return ()
    return tuple(f.effective for f in of_kind(run.facts, FactKind.PRICE, terms.benchmark_series))


def _charge(run: _Run, part: Slice, n: int, row: LeasedElement, span: Period, quantity: Node) -> None:
    """Add the fee of one element over days of one quantity, rate and price."""
    terms: MaterialLeaseTerms = part.terms
    rate, provisional = _rate(run, part, n, row, span)
    price = None if _is_flat(terms) else _price(run, part, n, row, span)
    price_id = price.node.id if price else ""
    key = (row.element.value, str(rate.value), price_id)
    group = run.groups.setdefault(key, _Group(row, rate, price, provisional))
    inputs = [use(quantity, "quantity", "times"), rate, *_time(terms, span)]
    if price is not None:
        inputs += [use(price.node, "price", "times"), *price.conversion()]
    unit = "kg" if terms.fee_medium is Medium.METAL else terms.currency
    names = ELEMENT_NAMES[row.element]
    node = run.assembly.tracer.add(
        f"{row.element}.fee.{span.start}",
        f"{names[0]}: fee of {span}",
        f"{names[1]}：{span} 租费",
        Op.PRODUCT,
        inputs,
        unit,
        clause="fee",
    )
    group.parts.append(node)
    group.kg_days += quantity.result * span.days
    group.days += span.days
    group.first, group.last = min(group.first, span.start), max(group.last, span.end)


def _is_flat(terms: MaterialLeaseTerms) -> bool:
    return terms.rate_type is RateType.PER_KG_MONTH or terms.fee_medium is Medium.METAL


def _time(terms: MaterialLeaseTerms, span: Period) -> tuple[Input, ...]:
    """Return the inputs that turn a rate per year, or a fee per month, into one for the days of `span`."""
    if terms.rate_type is RateType.PER_KG_MONTH:
        in_month = days_in_month(span.start)
        return (const("days", span.days, "d", "times"), const("days_in_month", in_month, "d/month", "over"))
    counted = daycount.count(terms.day_count, span.start, span.end)
    return (
        const("days", counted.days, "d", "times"),
        const("basis", counted.basis, "d/a", "over"),
        const("hundred", 100, "%", "over"),
    )


def _rate(run: _Run, part: Slice, n: int, row: LeasedElement, span: Period) -> tuple[Input, bool]:
    terms: MaterialLeaseTerms = part.terms
    where = f"v{part.number}"
    if terms.rate_type is RateType.PER_KG_MONTH:
        fee, unit = row.fee_per_kg_month or ZERO, f"{terms.currency}/kg/month"
        return term("fee_per_kg_month", fee, unit, f"elements.{n}.fee_per_kg_month@{where}", "times"), False
    if row.rate_pct is not None:
        return term("rate", row.rate_pct, "%/a", f"elements.{n}.rate_pct@{where}", "times"), False
    if terms.rate_type is RateType.FIXED:
        return term("rate", terms.rate_pct or ZERO, "%/a", f"rate_pct@{where}", "times"), False
    return _floating(run, terms, where, span)


def _floating(run: _Run, terms: MaterialLeaseTerms, where: str, span: Period) -> tuple[Input, bool]:
    series = of_kind(run.facts, FactKind.PRICE, terms.benchmark_series)
    published = [f for f in series if f.effective <= span.start]
    if not published:
        raise SettlementError(
            SettlementCode.MISSING_PRICE,
            f"The benchmark {terms.benchmark_series} has no value on or before {span.start}, so the lease rate is not"
            " known: record the published rate.",
            subject=f"{terms.benchmark_series}@{span.start}",
        )
    fact = published[-1]
    inputs = (
        Input("benchmark", fact.number("value"), "%/a", fact.ref, "plus"),
        term("spread", terms.spread_pct, "%/a", f"spread_pct@{where}", "plus"),
    )
    label = (f"lease rate from {fact.effective}", f"{fact.effective} 起租赁费率")
    key = (fact.ref, where)
    if key not in run.rates:
        run.rates[key] = run.assembly.tracer.add(f"rate.{fact.effective}", *label, Op.SUM, inputs, "%/a", clause="fee")
    return use(run.rates[key], "rate", "times"), fact.status is FactStatus.PROVISIONAL


def _price(run: _Run, part: Slice, n: int, row: LeasedElement, span: Period) -> UnitPrice:
    """Return the price that values the days of `span`, computed once and used by every sub-period it covers."""
    terms: MaterialLeaseTerms = part.terms
    at_end = terms.fee_price_basis is FeeBasis.PERIOD_END
    anchor = run.period.end - timedelta(days=1) if at_end else span.start
    month = "" if terms.fee_price_basis is FeeBasis.INCEPTION else anchor.isoformat()[:7]
    key = (row, month)
    if key not in run.prices:
        run.prices[key] = _new_price(run, part, n, row, anchor)
    return run.prices[key]


def _new_price(run: _Run, part: Slice, n: int, row: LeasedElement, anchor: date) -> UnitPrice:
    terms: MaterialLeaseTerms = part.terms
    names = ELEMENT_NAMES[row.element]
    path = f"elements.{n}.price@v{part.number}"
    if terms.fee_price_basis is FeeBasis.INCEPTION:
        unit = f"{terms.currency}/{row.price.unit}"
        where = f"elements.{n}.inception_price@v{part.number}"
        agreed = term("inception_price", row.inception_price or ZERO, unit, where)
        label = (f"{names[0]}: price at inception", f"{names[1]}：起租价格")
        node = run.assembly.tracer.add(f"{row.element}.price", *label, Op.CHOSEN, (agreed,), unit, clause="price")
        return UnitPrice(node, row.price.unit_kg or UNIT_KG[row.price.unit], row.price.unit)
    pricing = Pricing(
        run.book,
        run.assembly.tracer,
        terms.currency,
        f"{row.element}.price.{anchor.isoformat()[:7]}",
        path,
        f"{names[0]} price",
        f"{names[1]}价格",
        terms.missing_price,
    )
    price = unit_price(pricing, row.price, first_of_month(anchor))
    for flag in price.flags:
        run.assembly.flag(flag.code, flag.subject, flag.message_en, flag.message_zh)
    return price


def _add_line(run: _Run, group: _Group) -> None:
    names = ELEMENT_NAMES[group.row.element]
    metal = group.parts[0].unit == "kg"
    span = Period(group.first, group.last)
    label = (f"Lease fee, {names[0]}, {span} ({group.days} days)", f"租赁费，{names[1]}，{span}（{group.days} 天）")
    inputs = [use(node, node.id, "plus") for node in group.parts]
    node_id = f"{group.row.element}.line.{group.first}"
    if metal:
        root = run.assembly.tracer.add(node_id, *label, Op.SUM, inputs, "kg", clause="fee", rounding=KG)
    else:
        root = run.assembly.amount(node_id, label, Op.SUM, inputs, "fee")
    shown = group.price.node if group.price else None
    average = KG.apply(group.kg_days / group.days)
    run.assembly.line(
        "lease-fee",
        "fee",
        label,
        root,
        (average, "kg"),
        (shown.result, shown.unit) if shown else (group.rate.value, group.rate.unit),
        status_of(
            estimated=bool(group.price and group.price.estimated),
            provisional=group.provisional or bool(group.price and group.price.provisional),
        ),
        component=f"lease-fee.{group.row.element}",
        currency=group.row.element.value if metal else "",
    )


def _top_up(run: _Run, terms: MaterialLeaseTerms, lines: dict[str, QuantityLine], period: Period) -> None:
    """Add what is missing to the least fee, in proportion to the days on which something was on lease."""
    days = (period.start + timedelta(days=n) for n in range(period.days))
    active = sum(1 for day in days if _is_active(lines, day, terms))
    whole = _whole_period(terms, period)
    if active == 0:
        return
    tracer, label = run.assembly.tracer, ("least fee of the period", "本期最低租费")
    inputs = (
        term("min_fee", terms.min_fee or ZERO, terms.currency, "min_fee", "times"),
        const("active_days", active, "d", "times"),
        const("period_days", whole.days, "d", "over"),
    )
    least = tracer.add("min-fee", *label, Op.PRODUCT, inputs, terms.currency, clause="fee")
    roots = {line.trace_ref for line in run.assembly.lines if line.currency == terms.currency}
    charged = [use(node, node.id, "minus") for node in tracer.nodes if node.id in roots]
    text = ("Top-up to the least fee", "补足最低租费")
    root = run.assembly.amount("min-fee.top-up", text, Op.EXCESS, (use(least, "least_fee", "plus"), *charged), "fee")
    if root.result != 0:
        status = status_of(estimated=False, provisional=False)
        quantity = (Decimal(active), "d")
        run.assembly.line("min-fee", "fee", text, root, quantity, (terms.min_fee or ZERO, terms.currency), status)


def _is_active(lines: dict[str, QuantityLine], day: date, terms: MaterialLeaseTerms) -> bool:
    return day >= terms.commencement and any(line.on(day).result > 0 for line in lines.values())


def _whole_period(terms: MaterialLeaseTerms, period: Period) -> Period:
    """Return the whole months that a period is all, or the first or last part, of."""
    grid, months = first_of_month(terms.commencement), terms.fee_frequency_months
    begun = whole_months(grid, max(grid, period.start)) // months
    start = add_months(grid, begun * months)
    return Period(start, max(add_months(start, months), period.end))


def schedule(terms: MaterialLeaseTerms, start: date, end: date, *, facts: Iterable[Fact] = ()) -> tuple[DuePeriod, ...]:
    """Return the fee periods that begin in `[start, end)`: whole calendar months, with a stub at either end.

    Where facts are given and something is still on lease at maturity, periods go on until it has been returned.
    """
    calendar = get_calendar(terms.calendar)
    changes = sorted(of_kind(facts, FactKind.BALANCE_CHANGE), key=lambda f: f.effective)
    due: list[DuePeriod] = []
    day = terms.commencement
    grid = first_of_month(day)
    while day < end:
        grid = add_months(grid, terms.fee_frequency_months)
        stop = grid if day >= terms.maturity else min(grid, terms.maturity)
        if day >= terms.maturity and not _outstanding(changes, day):
            break
        if day >= start:
            payment = adjust(calendar, stop + timedelta(days=terms.payment_days), terms.business_day_rule)
            due.append(DuePeriod(stop, Period(day, stop), payment))
        if stop < grid:
            grid = add_months(grid, -terms.fee_frequency_months)
        day = stop
    return tuple(due)


def _outstanding(changes: list[Fact], day: date) -> bool:
    totals: dict[str, Decimal] = {}
    for fact in changes:
        if fact.effective <= day:
            name = fact.text("element")
            totals[name] = totals.get(name, ZERO) + fact.number("delta_kg")
    return any(total > 0 for total in totals.values())


KIND: Final = Kind(
    code="material-lease",
    name_en="Material lease",
    name_zh="矿物租赁",
    party_roles=("lessor", "lessee"),
    role_names={"lessor": ("lessor", "出租方"), "lessee": ("lessee", "承租方")},
    issuer_role="lessor",
    schema=SCHEMA,
    settle=settle,
    schedule=schedule,
)
