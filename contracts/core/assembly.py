"""Putting a settlement together: lines that end in a traced amount, flags, and the whole as a frozen statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.kind import TermsVersion
from contracts.core.numbers import ZERO
from contracts.core.period import Period
from contracts.core.rounding import Rounding, money_rounding
from contracts.core.statement import Balance, Flag, Line, LineStatus, Settlement, total_of
from contracts.core.trace import Input, Node, Op, Tracer

_ORDER = {LineStatus.FINAL: 0, LineStatus.PROVISIONAL: 1, LineStatus.ESTIMATED: 2}


def weakest(statuses: Iterable[LineStatus]) -> LineStatus:
    """Return the least settled of several statuses; final where there are none."""
    return max(statuses, key=_ORDER.__getitem__, default=LineStatus.FINAL)


def status_of(*, estimated: bool, provisional: bool) -> LineStatus:
    """Return the status of a line from what its inputs are."""
    if estimated:
        return LineStatus.ESTIMATED
    return LineStatus.PROVISIONAL if provisional else LineStatus.FINAL


def _shown(quantity: Decimal) -> Decimal:
    # A line shows its quantity to three digits (R7); the trace holds all of them.
    exponent = quantity.as_tuple().exponent
    return Rounding(3).apply(quantity) if isinstance(exponent, int) and exponent < -3 else quantity  # noqa: PLR2004


@dataclass(slots=True)
class Assembly:
    """Collects the lines, steps and flags of one settlement. `payee` receives positive amounts (R9)."""

    kind: str
    currency: str
    payer: str
    payee: str
    tracer: Tracer = field(default_factory=Tracer)
    lines: list[Line] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)

    def amount(self, node_id: str, label: tuple[str, str], op: Op, inputs: Iterable[Input], clause: str) -> Node:
        """Add a step in money, rounded to the minor unit of the currency: the root of a line."""
        rounding = money_rounding(self.currency)
        return self.tracer.add(node_id, *label, op, inputs, self.currency, clause=clause, rounding=rounding)

    def line(
        self,
        code: str,
        clause: str,
        label: tuple[str, str],
        root: Node,
        quantity: tuple[Decimal, str],
        unit_price: tuple[Decimal, str] | None,
        status: LineStatus,
        *,
        component: str = "",
        subject: str = "",
        currency: str = "",
    ) -> None:
        """Add a line whose amount is the result of `root`; a negative amount turns payer and payee round."""
        turned = root.result < 0
        self.lines.append(
            Line(
                code=code,
                clause_ref=clause,
                description_en=label[0],
                description_zh=label[1],
                quantity=_shown(quantity[0]),
                quantity_unit=quantity[1],
                unit_price=unit_price[0] if unit_price else None,
                unit_price_unit=unit_price[1] if unit_price else "",
                amount=root.result,
                currency=currency or self.currency,
                payer=self.payee if turned else self.payer,
                payee=self.payer if turned else self.payee,
                status=status,
                trace_ref=root.id,
                component=component,
                subject=subject,
            )
        )

    def flag(self, code: str, subject: str, message_en: str, message_zh: str) -> None:
        """Add something that the reader must know; the same flag twice is one."""
        flag = Flag(code, subject, message_en, message_zh)
        if flag not in self.flags:
            self.flags.append(flag)

    def settlement(
        self,
        contract_ref: str,
        period: Period,
        known_at: datetime,
        *,
        balances: tuple[Balance, ...] = (),
        versions: tuple[int, ...] = (),
        subject: str = "",
        stage: str = "",
        status: LineStatus | None = None,
    ) -> Settlement:
        """Return the statement: its total is the sum of the rounded lines in its currency (R4)."""
        trace = self.tracer.trace()
        money = [line for line in self.lines if line.currency == self.currency]
        metal: dict[str, Decimal] = {}
        for line in self.lines:
            if line.currency != self.currency:
                metal[line.currency] = metal.get(line.currency, ZERO) + line.amount
        refs = {i.ref.removeprefix("fact:") for n in trace for i in n.inputs if i.ref.startswith("fact:")}
        zero = Rounding(money_rounding(self.currency).dp).apply(ZERO)
        return Settlement(
            kind=self.kind,
            contract_ref=contract_ref,
            period=period,
            known_at=known_at,
            currency=self.currency,
            opening={b.name: b.opening for b in balances},
            closing={b.name: b.closing for b in balances},
            lines=tuple(self.lines),
            trace=trace,
            total=zero + total_of(money),
            status=status or weakest(line.status for line in self.lines),
            balances=balances,
            flags=tuple(self.flags),
            facts_used=tuple(sorted(refs)),
            versions=versions,
            subject=subject,
            stage=stage,
            issuer_role=self.payee,
            metal_total=metal,
        )


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the period over which one version of the terms holds."""

    period: Period
    number: int
    terms: Any


def require_days(period: Period) -> None:
    """Refuse a period without a day: there is no statement over no time."""
    if period.days == 0:
        raise SettlementError(
            SettlementCode.BAD_PERIOD, f"The period {period} holds no day, so there is nothing to settle."
        )


def slices(terms: Any, versions: tuple[TermsVersion, ...], period: Period, known_at: datetime) -> tuple[Slice, ...]:
    """Cut a period at the effective day of each version that was known at `known_at`.

    Of two versions effective on the same day the higher number holds. Without versions the given terms hold throughout.
    """
    known = sorted((v for v in versions if v.recorded <= known_at), key=lambda v: (v.effective_from, v.number))
    if not known:
        return (Slice(period, 1, terms),)
    parts = []
    for part in period.split(v.effective_from for v in known):
        held = [v for v in known if v.effective_from <= part.start]
        if held:
            parts.append(Slice(part, held[-1].number, held[-1].terms))
    return tuple(parts)


def terms_on(terms: Any, versions: tuple[TermsVersion, ...], day: date, known_at: datetime) -> Slice:
    """Return the version that holds on one day; the earliest one where none does yet."""
    after = date.fromordinal(day.toordinal() + 1)
    found = slices(terms, versions, Period(day, after), known_at)
    if found:
        return found[-1]
    first = min(versions, key=lambda v: (v.effective_from, v.number))
    return Slice(Period(day, after), first.number, first.terms)
