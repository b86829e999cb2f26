"""The published figures behind a price: found by series and day, converted, or replaced by an agreed fallback."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from contracts.core.calendars import get_calendar
from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.facts import Fact, FactKind, FactStatus, month_of
from contracts.core.fields import Policy
from contracts.core.numbers import ZERO
from contracts.core.period import Period, add_months, first_of_month
from contracts.core.prices import Average, Fallback, Frequency, FxMode, PriceBlock, PriceField
from contracts.core.rounding import Rounding
from contracts.core.statement import Flag
from contracts.core.trace import Input, Node, Op, Tracer, term, use

FX_DP: Final = 6


class PriceBook:
    """Published figures by series and by key: `2024-03` for a month, `2024-03-15` for a day."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._series: dict[str, dict[str, Fact]] = {}
        self.facts = tuple(facts)
        for fact in self.facts:
            if fact.kind in (FactKind.PRICE, FactKind.FX):
                self._keep(fact)

    def _keep(self, fact: Fact) -> None:
        key = month_of(fact) or fact.effective.isoformat()
        keys = self._series.setdefault(f"{fact.kind}:{fact.subject}", {})
        other = keys.get(key)
        if other is not None and dict(other.value) != dict(fact.value):
            raise fact.refuse(f"{other.id} says something else for {fact.subject} at {key}; withdraw one of them")
        if other is None or (fact.recorded, fact.id) > (other.recorded, other.id):
            keys[key] = fact

    def get(self, series: str, key: str, kind: FactKind = FactKind.PRICE) -> Fact | None:
        """Return the figure of a series at a key."""
        return self._series.get(f"{kind}:{series}", {}).get(key)

    def before(self, series: str, key: str, kind: FactKind = FactKind.PRICE) -> Fact | None:
        """Return the last figure of the same frequency published before a key."""
        keys = [k for k in self._series.get(f"{kind}:{series}", {}) if len(k) == len(key) and k < key]
        return self.get(series, max(keys), kind) if keys else None

    def after(self, series: str, key: str, kind: FactKind = FactKind.PRICE) -> Fact | None:
        """Return the first figure of the same frequency published after a key."""
        keys = [k for k in self._series.get(f"{kind}:{series}", {}) if len(k) == len(key) and k > key]
        return self.get(series, min(keys), kind) if keys else None


@dataclass(frozen=True, slots=True)
class Pricing:
    """What a price is computed with: figures, the contract's currency, where the steps go, and how they are named."""

    book: PriceBook
    tracer: Tracer
    currency: str
    prefix: str
    path: str
    label_en: str
    label_zh: str
    policy: Policy = Policy.BLOCK
    clause: str = "price"


def quotational_period(block: PriceBlock, anchor: date) -> Period:
    """Return the whole months over which a price is averaged, counted from the month of `anchor`."""
    start = add_months(first_of_month(anchor), block.offset_months)
    return Period(start, add_months(start, block.span_months))


def step(
    pricing: Pricing,
    name: str,
    label_en: str,
    label_zh: str,
    op: Op,
    inputs: Iterable[Input],
    unit: str,
    rounding: Rounding | None = None,
) -> Node:
    """Add one step of a price to the trace, named and labelled after the price."""
    return pricing.tracer.add(
        f"{pricing.prefix}.{name}",
        f"{pricing.label_en}: {label_en}",
        f"{pricing.label_zh}：{label_zh}",
        op,
        inputs,
        unit,
        clause=pricing.clause,
        rounding=rounding,
    )


def missing(
    pricing: Pricing, series: str, key: str, code: SettlementCode = SettlementCode.MISSING_PRICE
) -> SettlementError:
    """Return the error that names the figure which is missing, and what it is needed for."""
    what = "price" if code is SettlementCode.MISSING_PRICE else "exchange rate"
    return SettlementError(
        code,
        f"The {what} {series} for {key} has not been recorded, and {pricing.label_en} needs it: record the published"
        " figure, or agree a fallback in the price terms.",
        subject=f"{series}@{key}",
    )


class Figures:
    """The figures of one quotational period, as inputs of the average."""

    def __init__(self, pricing: Pricing, block: PriceBlock, window: Period) -> None:
        self.pricing, self.block, self.window = pricing, block, window
        self.inputs: list[Input] = []
        self.facts: list[Fact] = []
        self.flags: list[Flag] = []
        self.missing: list[str] = []
        self.estimated = self.provisional = False
        foreign = block.currency is not None and block.currency != pricing.currency
        self.converted = foreign and block.fx_mode is FxMode.DAILY
        if foreign and block.fx_series is None:
            raise missing(pricing, f"{block.currency}{pricing.currency}", str(window), SettlementCode.MISSING_FX)

    def keys(self) -> list[str]:
        """Return the months, or the days on which the calendar says that the series publishes."""
        if self.block.frequency is Frequency.MONTHLY:
            starts = (self.window.start, *self.window.month_starts())
            return [day.isoformat()[:7] for day in starts]
        name = "NONE" if self.block.average is Average.FORWARD_FILL else self.block.calendar
        calendar = get_calendar(name, self.pricing.book.facts)
        return [day.isoformat() for day in calendar.business_days(self.window)]

    def collect(self) -> None:
        """Find every figure, or what replaces it; raises where too many are missing."""
        keys = self.keys()
        for key in keys:
            fact = self.pricing.book.get(self.block.series, key)
            if fact is not None:
                self._take(fact, key)
            elif self.block.average is Average.FORWARD_FILL and self.block.frequency is Frequency.DAILY:
                self._carry_forward(key)
            else:
                self._replace(key)
        if len(self.missing) > self.block.max_missing_days or not self.inputs:
            self._disrupted()

    def _carry_forward(self, key: str) -> None:
        prior = self.pricing.book.before(self.block.series, key)
        if prior is None:
            self.missing.append(key)
        else:
            self._take(prior, key)

    def _replace(self, key: str) -> None:
        self.missing.append(key)
        for option in self.block.fallback:
            if option.method is Fallback.SKIP_DAY:
                self._flag(key, "left out", "已剔除")
                return
            fact = self._fallback(option.method, key)
            if fact is not None:
                spread = self.block.alternative_spread if option.method is Fallback.ALTERNATIVE_SERIES else ZERO
                self._take(fact, key, spread)
                self._flag(
                    key, f"replaced by {fact.subject} of {_key_of(fact)}", f"以 {fact.subject} {_key_of(fact)} 替代"
                )
                return
        if self.pricing.policy is Policy.BLOCK:
            raise missing(self.pricing, self.block.series, key)

    def _fallback(self, method: Fallback, key: str) -> Fact | None:
        book, block = self.pricing.book, self.block
        if method is Fallback.PRIOR_PUBLISHED:
            return book.before(block.series, key)
        if method is Fallback.NEXT_PUBLISHED:
            return book.after(block.series, key)
        return book.get(block.alternative_series or "", key)

    def _disrupted(self) -> None:
        first = (self.missing or [str(self.window)])[0]
        if self.pricing.policy is Policy.BLOCK:
            raise missing(self.pricing, self.block.series, first)
        self.estimated = True
        if not self.inputs:
            fact = self.pricing.book.before(self.block.series, first)
            if fact is None:
                raise missing(self.pricing, self.block.series, first)
            self._take(fact, first)
        self.flags.append(
            Flag(
                "estimated",
                f"{self.block.series}@{first}",
                f"{self.pricing.label_en} is estimated: {self.block.series} is not published for {first}.",
                f"{self.pricing.label_zh}为暂估：{self.block.series} 尚未公布 {first} 的价格。",
            )
        )

    def _take(self, fact: Fact, key: str, spread: Decimal = ZERO) -> None:
        block = self.block
        self._check_quotation(fact)
        name = block.field.value if block.field.value in fact.value else "value"
        if name == "value" and block.field is not PriceField.SETTLEMENT:
            raise fact.refuse(f"it has no {block.field.value} figure")
        self.facts.append(fact)
        self.provisional = self.provisional or fact.status is FactStatus.PROVISIONAL
        quoted = f"{block.currency or self.pricing.currency}/{block.unit}"
        given = Input(key, fact.number(name), quoted, fact.ref)
        if spread != ZERO:
            path = f"{self.pricing.path}.alternative_spread"
            inputs = (replace(given, role="plus"), term("spread", spread, quoted, path, "plus"))
            given = use(step(self.pricing, f"alternative-{key}", key, key, Op.SUM, inputs, quoted), key)
        self.inputs.append(self._convert(given, key) if self.converted else given)

    def _check_quotation(self, fact: Fact) -> None:
        currency = self.block.currency or self.pricing.currency
        if fact.value.get("unit", self.block.unit) != self.block.unit:
            raise fact.refuse(f"it is quoted per {fact.value['unit']}, the contract prices per {self.block.unit}")
        if fact.value.get("currency", currency) != currency:
            raise fact.refuse(f"it is quoted in {fact.value['currency']}, the contract expects {currency}")

    def _convert(self, given: Input, key: str) -> Input:
        rate = self._rate(key)
        unit = f"{self.pricing.currency}/{self.block.unit}"
        inputs = (replace(given, role="times"), rate)
        return use(step(self.pricing, f"fx-{key}", f"{key} converted", f"{key} 换汇", Op.PRODUCT, inputs, unit), key)

    def convert_average(self, node: Node, unit: str) -> Node:
        """Convert an average at the average exchange rate of the same days."""
        rates = [self._rate(i.name) for i in self.inputs]
        role, rate_unit = rates[0].role, rates[0].unit
        plain = [replace(r, role="") for r in rates]
        mean = step(self.pricing, "fx", "average rate", "平均汇率", Op.MEAN, plain, rate_unit, Rounding(FX_DP))
        inputs = (use(node, "price", "times"), use(mean, "rate", role))
        return step(self.pricing, "converted", "converted", "换汇后", Op.PRODUCT, inputs, unit)

    def _rate(self, key: str) -> Input:
        series = self.block.fx_series or ""
        fact = self.pricing.book.get(series, key, FactKind.FX)
        for option in self.block.fallback if fact is None else ():
            if option.method is Fallback.PRIOR_PUBLISHED:
                fact = fact or self.pricing.book.before(series, key, FactKind.FX)
            if option.method is Fallback.NEXT_PUBLISHED:
                fact = fact or self.pricing.book.after(series, key, FactKind.FX)
        if fact is None:
            raise missing(self.pricing, series, key, SettlementCode.MISSING_FX)
        self.facts.append(fact)
        base = fact.value.get("unit", series[-6:-3])
        quote = fact.value.get("currency", series[-3:])
        source, target = self.block.currency, self.pricing.currency
        if {base, quote} != {source, target}:
            raise fact.refuse(f"the pair {base}{quote} does not convert {source} to {target}")
        role = "times" if base == source else "over"
        return Input(f"{series}_{key}", fact.number("rate"), f"{quote}/{base}", fact.ref, role)

    def _flag(self, key: str, text_en: str, text_zh: str) -> None:
        series = self.block.series
        message_en = f"{self.pricing.label_en}: {series} of {key} was not published and is {text_en}."
        message_zh = f"{self.pricing.label_zh}：{series} {key} 未公布，{text_zh}。"
        self.flags.append(Flag("fallback", f"{series}@{key}", message_en, message_zh))


def _key_of(fact: Fact) -> str:
    return month_of(fact) or fact.effective.isoformat()
