"""Half-open periods of days: the first day counts, the last does not."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from contracts.core.errors import SettlementCode, SettlementError


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days `[start, end)`. `start == end` holds no day and can be built, but nothing settles over it."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise SettlementError(
                SettlementCode.BAD_PERIOD,
                f"The period {self} ends before it starts; give the first day and the day after the last.",
            )

    def __str__(self) -> str:
        return f"{self.start.isoformat()}..{self.end.isoformat()}"

    @property
    def days(self) -> int:
        """The number of days in the period."""
        return (self.end - self.start).days

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day < self.end

    def intersect(self, other: Period) -> Period | None:
        """Return the days that both hold, or None where they share none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def split(self, days: Iterable[date]) -> tuple[Period, ...]:
        """Cut the period at each of the days that lie inside it; the parts, in order, make up the whole."""
        cuts = [self.start, *sorted({day for day in days if self.start < day < self.end}), self.end]
        return tuple(Period(a, b) for a, b in pairwise(cuts))

    def month_starts(self) -> tuple[date, ...]:
        """Return the first day of each calendar month that begins strictly inside the period."""
        starts: list[date] = []
        day = first_of_month(self.start)
        while (day := add_months(day, 1)) < self.end:
            starts.append(day)
        return tuple(starts)


def parse_period(text: str) -> Period:
    """Read `2024-01-01..2024-02-01`; raises `bad-period` for anything else."""
    first, _, last = text.partition("..")
    try:
        return Period(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        raise SettlementError(
            SettlementCode.BAD_PERIOD,
            f"{text!r} is not a period; write the first day and the day after the last, as 2024-01-01..2024-02-01.",
        ) from None


def days_in_month(day: date) -> int:
    """Return how many days the calendar month of `day` has."""
    return calendar.monthrange(day.year, day.month)[1]


def first_of_month(day: date) -> date:
    """Return the first day of the calendar month of `day`."""
    return day.replace(day=1)


def last_of_month(day: date) -> date:
    """Return the last day of the calendar month of `day`."""
    return day.replace(day=days_in_month(day))


def add_months(day: date, months: int) -> date:
    """Step whole months from `day`, falling back to the last day of a shorter month (31 Jan + 1 = 28 or 29 Feb)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def whole_months(start: date, end: date) -> int:
    """Return the completed months from `start` to `end`, anniversaries counted by `add_months`."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if add_months(start, months) <= end else months - 1


def next_day(day: date) -> date:
    """Return the day after."""
    return day + timedelta(days=1)
