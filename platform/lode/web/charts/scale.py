"""Scales and ticks: round numbers and first days of months, in Decimal so that a label is exactly its place."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

MONTH_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120)
MONTHS_IN_YEAR = 12


@dataclass(frozen=True)
class Scale:
    """Maps values from `low` to `high` onto pixels from `start` to `end`."""

    low: Decimal
    high: Decimal
    start: float
    end: float

    def __call__(self, value: Decimal) -> float:
        span = self.high - self.low
        share = float((value - self.low) / span) if span else 0.5
        return self.start + share * (self.end - self.start)


def nice_step(span: Decimal, wanted: int) -> Decimal:
    """Return a step of 1, 2, 2.5 or 5 times a power of ten that parts `span` into at most about `wanted`."""
    rough = span / wanted
    power = Decimal(1).scaleb(rough.adjusted())
    return next(
        power * times
        for times in (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
        if power * times >= rough
    )


def ticks(low: Decimal, high: Decimal, wanted: int = 5) -> list[Decimal]:
    """Return round values that hold `low` and `high` between the first and the last."""
    if low == high:
        low, high = low - (abs(low) / 10 or 1), high + (abs(high) / 10 or 1)
    step = nice_step(high - low, wanted)
    first = (low / step).to_integral_value(ROUND_FLOOR)
    last = (high / step).to_integral_value(ROUND_CEILING)
    return [step * (first + i) for i in range(int(last - first) + 1)]


def inner_ticks(low: Decimal, high: Decimal, wanted: int = 5) -> list[Decimal]:
    """Return round values from `low` to `high`, none outside."""
    return [tick for tick in ticks(low, high, wanted) if low <= tick <= high]


def month_ticks(first: dt.date, last: dt.date, wanted: int = 6) -> list[dt.date]:
    """Return first days of months within the two days, evenly apart, at most about `wanted`."""
    months = (last.year - first.year) * MONTHS_IN_YEAR + last.month - first.month + 1
    step = next((s for s in MONTH_STEPS if months / s <= wanted), MONTH_STEPS[-1])
    start = first.year * MONTHS_IN_YEAR + first.month - 1
    start += -start % step
    days = []
    for month in range(start, last.year * MONTHS_IN_YEAR + last.month, step):
        day = dt.date(month // MONTHS_IN_YEAR, month % MONTHS_IN_YEAR + 1, 1)
        if first <= day <= last:
            days.append(day)
    return days or [first]


def plain(value: Decimal) -> Decimal:
    """Drop the zeros that a step leaves behind: 80 rather than 8E+1, 2.5 rather than 2.50."""
    kept = value.normalize()
    return kept.quantize(Decimal(1)) if kept == kept.to_integral_value() else kept
