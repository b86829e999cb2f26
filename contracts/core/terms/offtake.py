"""K3, offtake and feedstock supply: lots settled provisionally on shipment, and finally once everything is known.

settlement = metal values - treatment - refining - penalties - freight; a provisional statement pays a percentage of it,
the final one all of it, each less what was paid before (terms B.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from contracts.core.assembly import Assembly, require_days, terms_on
from contracts.core.calendars import adjust, get_calendar
from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.facts import Fact, FactKind, of_kind, resolve
from contracts.core.kind import DuePeriod, Kind, TermsVersion
from contracts.core.numbers import HUNDRED
from contracts.core.period import Period, next_day
from contracts.core.price_figures import PriceBook, quotational_period
from contracts.core.prices import Anchor
from contracts.core.statement import LineStatus, Settlement
from contracts.core.terms.offtake_lines import LotSettlement
from contracts.core.terms.offtake_lot import EVENT_OF, Lot
from contracts.core.terms.offtake_schema import SCHEMA
from contracts.core.terms.offtake_terms import OfftakeTerms
from contracts.core.trace import Input, Node, Op, const, term, use

PROVISIONAL: Final = "provisional"
FINAL: Final = "final"
# What makes a lot wait for its final settlement, when the stage was left open.
_NOT_YET: Final = (
    SettlementCode.NOT_FINAL,
    SettlementCode.MISSING_PRICE,
    SettlementCode.MISSING_FX,
    SettlementCode.MISSING_FACT,
)


def settle(
    terms: OfftakeTerms,
    facts: Iterable[Fact],
    period: Period,
    known_at: datetime,
    *,
    contract_ref: str = "",
    subject: str = "",
    stage: str = "",
    versions: tuple[TermsVersion, ...] = (),
) -> Settlement:
    """Settle one lot (`subject`), or every lot whose provisional trigger lies in the period.

    `stage` is `provisional` or `final`; left open, a lot is settled finally if everything about it is final, else
    provisionally. `payment` facts of a lot are what earlier statements billed for it, and are taken off. Raises
    `missing-fact`, `missing-price`, `not-final`, `bad-fact`, and `bad-period`.
    """
    require_days(period)
    if stage not in ("", PROVISIONAL, FINAL):
        raise SettlementError(SettlementCode.BAD_DOCUMENT, f"{stage!r} is no stage; use provisional or final.")
    known = resolve(facts, known_at)
    names = (subject,) if subject else _lots_in(terms, known, period)
    stages, numbers = [], []
    assembly = Assembly("offtake", terms.currency, "buyer", "seller")
    for name in names:
        lot = _lot(terms, versions, known, name, known_at)
        stages.append(_settle_lot(assembly, lot, stage))
        numbers.append(lot.version)
    reached = stages[0] if len(set(stages)) == 1 else stage
    status = LineStatus.PROVISIONAL if PROVISIONAL in stages else LineStatus.FINAL
    return assembly.settlement(
        contract_ref,
        period,
        known_at,
        versions=tuple(dict.fromkeys(numbers)),
        subject=subject,
        stage=reached,
        status=status,
    )


def _lot(
    terms: OfftakeTerms, versions: tuple[TermsVersion, ...], known: tuple[Fact, ...], name: str, known_at: datetime
) -> Lot:
    """Return a lot under the version of the terms that held on the day of its provisional trigger."""
    first = Lot(name, known, terms, 1, known_at)
    event = first.event(terms.provisional_trigger)
    if event is None:
        raise first.missing(
            f"its {EVENT_OF[terms.provisional_trigger]}", f"{name}:{EVENT_OF[terms.provisional_trigger]}"
        )
    held = terms_on(terms, versions, event.effective, known_at)
    return Lot(name, known, held.terms, held.number, known_at)


def _lots_in(terms: OfftakeTerms, known: tuple[Fact, ...], period: Period) -> tuple[str, ...]:
    wanted = EVENT_OF[terms.provisional_trigger]
    found = (f for f in of_kind(known, FactKind.MILESTONE) if f.text("event") == wanted and f.effective in period)
    return tuple(dict.fromkeys(f.subject for f in found))


def _settle_lot(assembly: Assembly, lot: Lot, stage: str) -> str:
    """Add a lot's lines and return the stage that was reached."""
    if stage != PROVISIONAL:
        # Tried on a copy: a lot that turns out not to be final must leave no step behind.
        trial = Assembly(assembly.kind, assembly.currency, assembly.payer, assembly.payee)
        try:
            LotSettlement(trial, PriceBook(lot.facts), lot, final=True).compute()
        except SettlementError as error:
            if stage == FINAL or error.code not in _NOT_YET:
                raise
            stage = PROVISIONAL
        else:
            stage = FINAL
    work = LotSettlement(assembly, PriceBook(lot.facts), lot, final=stage == FINAL)
    total = work.compute()
    if total is not None and stage == PROVISIONAL:
        _retain(work, total)
    _take_off_payments(work)
    _flag_refund(work)
    return stage


def _retain(work: LotSettlement, total: Node) -> None:
    """Hold back what a provisional payment leaves open: pct x settlement is paid, rounded once."""
    currency, lot = work.assembly.currency, work.lot
    path = f"provisional_pct@v{lot.version}"
    pct = term("provisional", lot.terms.provisional_pct, "%", path, "times")
    inputs = (use(total, "settlement", "times"), pct, const("hundred", 100, "%", "over"))
    text = (f"{lot.name}: provisional payment", f"{lot.name}：暂付款")
    paid = work.assembly.amount(f"{lot.name}.provisional", text, Op.PRODUCT, inputs, "payment")
    label = (
        f"{lot.name}: held back until final settlement ({HUNDRED - lot.terms.provisional_pct} %)",
        f"{lot.name}：最终结算前暂扣（{HUNDRED - lot.terms.provisional_pct}%）",
    )
    kept = (use(paid, "provisional", "plus"), use(total, "settlement", "minus"))
    root = work.assembly.amount(f"{lot.name}.retention", label, Op.SUM, kept, "payment")
    percent = (HUNDRED - lot.terms.provisional_pct, "%")
    work.assembly.line(
        "retention", "payment", label, root, percent, (total.result, currency), LineStatus.PROVISIONAL, subject=lot.name
    )


def _take_off_payments(work: LotSettlement) -> None:
    """Take off what earlier statements of the lot billed, one line each."""
    lot, assembly = work.lot, work.assembly
    for fact in of_kind(lot.facts, FactKind.PAYMENT, lot.name):
        if fact.text("currency") != assembly.currency:
            raise fact.refuse(f"it is in {fact.text('currency')}, the contract settles in {assembly.currency}")
        what = fact.value.get("statement", "") or fact.id
        label = (f"{lot.name}: less earlier payment ({what})", f"{lot.name}：减前期付款（{what}）")
        given = Input("paid", fact.number("amount"), assembly.currency, fact.ref, "minus")
        root = assembly.amount(f"{lot.name}.paid.{fact.id}", label, Op.SUM, (given,), "payment")
        status = LineStatus.FINAL if work.final else LineStatus.PROVISIONAL
        quantity = (Decimal(1), "payment")
        assembly.line(
            "earlier-payment",
            "payment",
            label,
            root,
            quantity,
            None,
            status,
            component="earlier-payment",
            subject=lot.name,
        )


def _flag_refund(work: LotSettlement) -> None:
    due = sum((line.amount for line in work.assembly.lines if line.subject == work.lot.name), Decimal(0))
    if due < 0:
        currency = work.assembly.currency
        work.assembly.flag(
            "refund",
            work.lot.name,
            f"{work.lot.name} settles to less than was paid before: the seller refunds {-due} {currency} by a credit"
            " note.",
            f"{work.lot.name} 结算额低于已付款项：卖方以贷项通知单退还 {-due} {currency}。",
        )


def schedule(terms: OfftakeTerms, start: date, end: date, *, facts: Iterable[Fact] = ()) -> tuple[DuePeriod, ...]:
    """Return, for each lot whose provisional trigger lies in `[start, end)`, its provisional and its final settlement.

    The final one covers the days from the trigger to the end of the last quotational period, once every event that an
    element is priced from has been recorded.
    """
    known = tuple(facts)
    wanted = EVENT_OF[terms.provisional_trigger]
    due: list[DuePeriod] = []
    for fact in of_kind(known, FactKind.MILESTONE):
        if fact.value.get("event") != wanted or not start <= fact.effective < end:
            continue
        after = next_day(fact.effective)
        due.append(_due(terms, Period(fact.effective, after), fact.subject, PROVISIONAL))
        last = _last_day(terms, Lot(fact.subject, known, terms, 1, fact.recorded), after)
        if last is not None:
            due.append(_due(terms, Period(fact.effective, last), fact.subject, FINAL))
    return tuple(sorted(set(due)))


def _due(terms: OfftakeTerms, period: Period, lot: str, stage: str) -> DuePeriod:
    payment = adjust(
        get_calendar(terms.calendar), period.end + timedelta(days=terms.payment_days), terms.business_day_rule
    )
    return DuePeriod(period.end, period, payment, lot, stage)


def _last_day(terms: OfftakeTerms, lot: Lot, after: date) -> date | None:
    last = after
    for row in terms.elements:
        if row.price.anchor is Anchor.FIXED:
            continue
        event = lot.event(row.price.anchor)
        if event is None:
            return None
        last = max(last, quotational_period(row.price, event.effective).end)
    return last


KIND: Final = Kind(
    code="offtake",
    name_en="Offtake",
    name_zh="承购",
    party_roles=("seller", "buyer"),
    role_names={"seller": ("seller", "卖方"), "buyer": ("buyer", "买方")},
    issuer_role="seller",
    schema=SCHEMA,
    settle=settle,
    schedule=schedule,
)
