"""K6, performance warranty: damages for every day on which a battery is below its guarantee, within the limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from contracts.core.assembly import Assembly, Slice, require_days, slices, status_of
from contracts.core.calendars import adjust, get_calendar
from contracts.core.facts import Fact, FactKind, of_kind, resolve
from contracts.core.kind import DuePeriod, Kind, TermsVersion
from contracts.core.limits import DeductibleKind, LimitsBlock
from contracts.core.limits_clip import Clipped, Clipper, History
from contracts.core.numbers import ZERO
from contracts.core.period import Period, add_months
from contracts.core.statement import LineStatus, Settlement
from contracts.core.terms.performance_warranty_asset import AssetRun
from contracts.core.terms.performance_warranty_schema import SCHEMA
from contracts.core.terms.performance_warranty_terms import LdBasis, PerformanceWarrantyTerms
from contracts.core.trace import Input, Node, Op, Tracer, use


@dataclass(slots=True)
class _Claim:
    """What one battery owes before limits."""

    asset: str
    parts: list[Node] = field(default_factory=list)
    first_day: date = date.max
    short_days: int = 0
    short_kwh: Decimal = ZERO
    unverified_days: int = 0
    excluded_days: int = 0
    provisional: bool = False


def settle(
    terms: PerformanceWarrantyTerms,
    facts: Iterable[Fact],
    period: Period,
    known_at: datetime,
    *,
    contract_ref: str = "",
    subject: str = "",
    stage: str = "",
    versions: tuple[TermsVersion, ...] = (),
) -> Settlement:
    """Settle the damages of one period, of all batteries or of the one that `subject` names.

    `payment` facts of a battery or of the contract are what was billed before: they use up rolling and aggregate caps,
    and with the basis CUMULATIVE they are taken off. Raises `bad-period` and `bad-fact`.
    """
    require_days(period)
    known = resolve(facts, known_at)
    parts = slices(terms, versions, period, known_at)
    ruling: PerformanceWarrantyTerms = parts[-1].terms if parts else terms
    number = parts[-1].number if parts else 1
    assembly = Assembly("performance-warranty", ruling.currency, "warrantor", "beneficiary")
    by_subject = _by_subject(known)
    if ruling.ld_basis is LdBasis.CUMULATIVE:
        whole = Period(min(ruling.start, period.start), period.end)
        parts = slices(terms, versions, whole, known_at)
    claims = _claims(assembly, parts, by_subject, subject)
    for claim in claims:
        _flag_days(assembly, claim, period)
    _bill(assembly, ruling, number, claims, by_subject, contract_ref, period)
    numbers = tuple(dict.fromkeys(p.number for p in parts))
    return assembly.settlement(contract_ref, period, known_at, versions=numbers, subject=subject, stage=stage)


def _by_subject(known: tuple[Fact, ...]) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    for fact in known:
        found.setdefault(fact.subject, []).append(fact)
    return found


def _claims(assembly: Assembly, parts: tuple[Slice, ...], by_subject: dict[str, list[Fact]], only: str) -> list[_Claim]:
    """Judge every battery under every version, and put the claims in the order in which their shortfalls began."""
    claims: dict[str, _Claim] = {}
    for part in parts:
        for place, row in enumerate(part.terms.assets):
            if only and row.asset != only:
                continue
            run = AssetRun(assembly, part.terms, part.number, place, by_subject.get(row.asset, ()))
            judged = run.judge(part.period)
            claim = claims.setdefault(row.asset, _Claim(row.asset))
            claim.parts += judged.parts
            claim.first_day = min(claim.first_day, judged.first_day or date.max)
            claim.short_days += judged.short_days
            claim.short_kwh = judged.short_kwh or claim.short_kwh
            claim.unverified_days += judged.unverified_days
            claim.excluded_days += judged.excluded_days
            claim.provisional = claim.provisional or judged.provisional
    return sorted(claims.values(), key=lambda c: (c.first_day, c.asset))


def _flag_days(assembly: Assembly, claim: _Claim, period: Period) -> None:
    if claim.unverified_days:
        assembly.flag(
            "unverified",
            claim.asset,
            f"{claim.asset}: no test counts on {claim.unverified_days} days of {period}, so nothing is owed for"
            " them; the party that must test is asked to.",
            f"{claim.asset}：{period} 内有 {claim.unverified_days} 天无有效测试，"
            "该等天数不计违约金，请测试义务方补测。",
        )
    if claim.excluded_days:
        assembly.flag(
            "excluded",
            claim.asset,
            f"{claim.asset}: {claim.excluded_days} days of {period} are not covered (withheld data, or use outside the"
            " agreed limits).",
            f"{claim.asset}：{period} 内有 {claim.excluded_days} 天不予质保（数据缺失归责于使用方或超限使用）。",
        )


def _bill(
    assembly: Assembly,
    terms: PerformanceWarrantyTerms,
    version: int,
    claims: list[_Claim],
    by_subject: dict[str, list[Fact]],
    contract_ref: str,
    period: Period,
) -> None:
    gross = [(claim, _gross(assembly, terms, claim, by_subject)) for claim in claims if claim.parts]
    events = [(claim.asset, claim.asset, node) for claim, node in gross if node.result > 0]
    if terms.limits is not None and events:
        history = _history(assembly, terms, by_subject, contract_ref, period)
        clipper = Clipper(assembly.tracer, terms.limits, history, terms.currency, f"limits@v{version}")
        clipped = {c.event: c for c in clipper.clip(events)}
    else:
        clipped = {name: Clipped(name, node, ZERO, "") for name, _, node in events}
    for claim, node in gross:
        if claim.asset in clipped:
            _line(assembly, terms, claim, node, clipped[claim.asset])


def _gross(
    assembly: Assembly, terms: PerformanceWarrantyTerms, claim: _Claim, by_subject: dict[str, list[Fact]]
) -> Node:
    """Return what a battery owes: the sum of its days, less what was paid for them where damages are cumulative."""
    inputs = [use(node, node.id, "plus") for node in claim.parts]
    if terms.ld_basis is LdBasis.CUMULATIVE:
        inputs += [_paid(fact, terms.currency) for fact in of_kind(by_subject.get(claim.asset, ()), FactKind.PAYMENT)]
    label = (f"{claim.asset}: damages before limits", f"{claim.asset}：限额前违约金")
    return assembly.amount(f"{claim.asset}.gross", label, Op.EXCESS, inputs, "remedy")


def _paid(fact: Fact, currency: str) -> Input:
    if fact.text("currency") != currency:
        raise fact.refuse(f"it is in {fact.text('currency')}, the contract settles in {currency}")
    return Input(
        f"paid_{fact.value.get('statement', '') or fact.id}", fact.number("amount"), currency, fact.ref, "minus"
    )


def _history(
    assembly: Assembly,
    terms: PerformanceWarrantyTerms,
    by_subject: dict[str, list[Fact]],
    contract_ref: str,
    period: Period,
) -> History:
    """Return what earlier statements used of the limits; a payment counts on the day that ends its period."""
    names = {row.asset for row in terms.assets} | {contract_ref}
    paid = [f for name in sorted(names) for f in of_kind(by_subject.get(name, ()), FactKind.PAYMENT)]
    earlier = [f for f in paid if f.effective <= period.start]
    since = add_months(period.end, -12)
    fee = terms.fee_per_period
    return History(
        paid_12m=tuple(_paid(f, terms.currency) for f in earlier if f.effective > since),
        paid_total=tuple(_paid(f, terms.currency) for f in earlier),
        fee_period=fee,
        fees_12m=fee * 12 / terms.settlement_months if fee is not None else None,
        deductible_used=_deductible_used(assembly, terms, by_subject, period),
    )


def _deductible_used(
    assembly: Assembly, terms: PerformanceWarrantyTerms, by_subject: dict[str, list[Fact]], period: Period
) -> Decimal:
    """Return the gross damages of earlier days that an annual or aggregate deductible was taken from."""
    limits: LimitsBlock | None = terms.limits
    if limits is None or not limits.deductible or limits.deductible_kind is DeductibleKind.PER_CLAIM:
        return ZERO
    since = terms.start
    if limits.deductible_kind is DeductibleKind.ANNUAL:
        years = 0
        while add_months(terms.start, 12 * (years + 1)) <= period.start:
            years += 1
        since = add_months(terms.start, 12 * years)
    if since >= period.start:
        return ZERO
    shadow = Assembly(assembly.kind, assembly.currency, assembly.payer, assembly.payee, Tracer())
    earlier = _claims(shadow, (Slice(Period(since, period.start), 1, terms),), by_subject, "")
    return sum((node.result for claim in earlier for node in claim.parts), ZERO)


def _line(assembly: Assembly, terms: PerformanceWarrantyTerms, claim: _Claim, gross: Node, clipped: Clipped) -> None:
    label = (
        f"Damages, {claim.asset}: {claim.short_days} days below guarantee",
        f"违约金，{claim.asset}：低于保证值 {claim.short_days} 天",
    )
    root = assembly.amount(f"{claim.asset}.line", label, Op.SUM, (use(clipped.node, "payable", "plus"),), "remedy")
    status: LineStatus = status_of(estimated=False, provisional=claim.provisional)
    unit = f"{terms.currency}/kWh/a"
    assembly.line(
        "damages",
        "remedy",
        label,
        root,
        (claim.short_kwh, "kWh"),
        (terms.ld_rate, unit),
        status,
        component=f"damages.{claim.asset}",
        subject=claim.asset,
    )
    if clipped.cut > 0:
        by, before = clipped.by.replace("_", " "), f"{gross.result} {terms.currency}"
        assembly.flag(
            "capped",
            claim.asset,
            f"{claim.asset}: {before} before limits, {root.result} payable ({by}); the rest is recorded and not carried"
            " over.",
            f"{claim.asset}：限额前 {before}，应付 {root.result}（{by}）；余额仅记录，不结转。",
        )


def schedule(
    terms: PerformanceWarrantyTerms, start: date, end: date, *, facts: Iterable[Fact] = ()
) -> tuple[DuePeriod, ...]:
    """Return the settlement periods that begin in `[start, end)`, stepped from the start of the warranty to its end."""
    del facts
    last = max(add_months(row.started_on or terms.start, terms.end_age_months) for row in terms.assets)
    calendar = get_calendar("TARGET")
    due: list[DuePeriod] = []
    n = 0
    while (day := add_months(terms.start, n * terms.settlement_months)) < min(end, last):
        n += 1
        stop = min(last, add_months(terms.start, n * terms.settlement_months))
        if day >= start:
            payment = adjust(calendar, stop + timedelta(days=terms.payment_days), "MF")
            due.append(DuePeriod(stop, Period(day, stop), payment))
    return tuple(due)


KIND: Final = Kind(
    code="performance-warranty",
    name_en="Performance warranty",
    name_zh="性能质保",
    party_roles=("warrantor", "beneficiary"),
    role_names={"warrantor": ("warrantor", "质保方"), "beneficiary": ("beneficiary", "受益方")},
    issuer_role="beneficiary",
    schema=SCHEMA,
    settle=settle,
    schedule=schedule,
)
