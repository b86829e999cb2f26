"""Business days: computed calendars under versioned names, and the rules that move a date to one.

A calendar's name may carry its version (`TARGET@1`); without one it means version 1. A holiday that a market adds later
is a `calendar` fact on top of the computed days, so that an older statement keeps the calendar it was settled with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.facts import Fact, FactKind
from contracts.core.period import Period, add_months, last_of_month

DAY: Final = timedelta(days=1)
SATURDAY: Final = 5
MID_MONTH: Final = 15


def easter_sunday(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (Meeus/Jones/Butcher algorithm)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    ell = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * ell) // 451
    month, day = divmod(h + ell - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _monday_on_or_after(day: date) -> date:
    return day + timedelta(days=(7 - day.weekday()) % 7)


def _monday_on_or_before(day: date) -> date:
    return day - timedelta(days=day.weekday())


@lru_cache(maxsize=512)
def _target_holidays(year: int) -> frozenset[date]:
    """TARGET (ECB): 1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December, as since 2000."""
    easter = easter_sunday(year)
    days = {date(year, 1, 1), date(year, 12, 25), easter - 2 * DAY, easter + DAY, date(year, 5, 1), date(year, 12, 26)}
    if year == 2001:  # noqa: PLR2004 -- TARGET closed once for the changeover to euro cash
        days.add(date(2001, 12, 31))
    return frozenset(days)


# Days on which England closed once, and the bank holidays moved for them (proclamations of those years).
_UK_EXTRA: Final = frozenset(
    {
        date(2002, 6, 3),
        date(2002, 6, 4),
        date(2011, 4, 29),
        date(2012, 6, 4),
        date(2012, 6, 5),
        date(2020, 5, 8),
        date(2022, 6, 2),
        date(2022, 6, 3),
        date(2022, 9, 19),
        date(2023, 5, 8),
    }
)
_UK_MAY_MOVED: Final = frozenset({2020})
_UK_SPRING_MOVED: Final = frozenset({2002, 2012, 2022})


@lru_cache(maxsize=512)
def _uk_holidays(year: int) -> frozenset[date]:
    """London exchange days: the bank holidays of England and Wales, weekend ones moved to the next working days."""
    easter = easter_sunday(year)
    new_year = date(year, 1, 1)
    days = {easter - 2 * DAY, easter + DAY, _monday_on_or_before(date(year, 8, 31))}
    days.add(_monday_on_or_after(new_year) if new_year.weekday() >= SATURDAY else new_year)
    if year not in _UK_MAY_MOVED:
        days.add(_monday_on_or_after(date(year, 5, 1)))
    if year not in _UK_SPRING_MOVED:
        days.add(_monday_on_or_before(date(year, 5, 31)))
    for day in (date(year, 12, 25), date(year, 12, 26)):
        days.add(day + 2 * DAY if day.weekday() >= SATURDAY else day)
    return frozenset(days | {d for d in _UK_EXTRA if d.year == year})


def _no_holidays(year: int) -> frozenset[date]:
    del year
    return frozenset()


_COMPUTED: Final[Mapping[str, tuple[Callable[[int], frozenset[date]], bool]]] = MappingProxyType(
    {
        "NONE": (_no_holidays, False),
        "WEEKENDS": (_no_holidays, True),
        "TARGET": (_target_holidays, True),
        "UK.EXCHANGE": (_uk_holidays, True),
        "UK": (_uk_holidays, True),
    }
)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The business days of one market, or of several at once (`A+B` is open when both are)."""

    name: str
    parts: tuple[str, ...]
    extra: frozenset[date] = field(default_factory=frozenset)

    def is_business_day(self, day: date) -> bool:
        """Tell whether every market of the calendar is open."""
        if day in self.extra:
            return False
        for part in self.parts:
            holidays, has_weekends = _COMPUTED[part]
            if (has_weekends and day.weekday() >= SATURDAY) or day in holidays(day.year):
                return False
        return True

    def business_days(self, period: Period) -> tuple[date, ...]:
        """Return the business days of a period, in order."""
        days = (period.start + n * DAY for n in range(period.days))
        return tuple(day for day in days if self.is_business_day(day))

    def last_business_day(self, day: date) -> date:
        """Return the last business day of the month of `day`."""
        return adjust(self, last_of_month(day), "P")

    def is_month_end(self, day: date) -> bool:
        """Tell whether no business day of the month comes after `day`."""
        return day >= self.last_business_day(day)


def get_calendar(name: str, facts: Iterable[Fact] = ()) -> Calendar:
    """Return a calendar by name (`TARGET`, `UK.EXCHANGE`, `WEEKENDS`, `NONE`, `TARGET+UK`, or one made of facts).

    Each `calendar` fact whose subject is the name, or one of its parts, adds its holidays; a name that is not computed
    needs at least one such fact and then closes at weekends too. Raises `unknown-calendar`.
    """
    base, _, version = name.partition("@")
    extra: set[date] = set()
    parts: list[str] = []
    listed = [f for f in facts if f.kind is FactKind.CALENDAR]
    for part in base.split("+"):
        own = [f for f in listed if f.subject in (part, name)]
        extra.update(date.fromisoformat(text) for f in own for text in f.text("holidays").split())
        if (part not in _COMPUTED and not own) or version not in ("", "1"):
            raise SettlementError(
                SettlementCode.UNKNOWN_CALENDAR,
                f"{name!r} is not a calendar known here; use {', '.join(_COMPUTED)}, two of them joined by +, or record"
                " a calendar fact with its holidays.",
                subject=name,
            )
        parts.append(part if part in _COMPUTED else "WEEKENDS")
    return Calendar(name, tuple(parts), frozenset(extra))


def custom(name: str, holidays: Iterable[date], *, weekends: bool = True) -> Calendar:
    """Return a calendar from a list of holidays."""
    return Calendar(name, ("WEEKENDS" if weekends else "NONE",), frozenset(holidays))


def _step(calendar: Calendar, day: date, direction: int) -> date:
    while not calendar.is_business_day(day):
        day += direction * DAY
    return day


def adjust(calendar: Calendar, day: date, rule: str) -> date:
    """Move `day` to a business day by a rule: U, F, MF, P, MP, HMMF (half-month), NEAREST (ties follow).

    Raises `unknown-convention` for another rule.
    """
    if rule == "U" or calendar.is_business_day(day):
        return day
    after, before = _step(calendar, day, 1), _step(calendar, day, -1)
    chosen = {
        "F": after,
        "P": before,
        "MF": after if after.month == day.month else before,
        "MP": before if before.month == day.month else after,
        "HMMF": before if _crosses_half_month(day, after) else after,
        "NEAREST": after if after - day <= day - before else before,
    }
    if rule not in chosen:
        raise SettlementError(
            SettlementCode.UNKNOWN_CONVENTION,
            f"{rule!r} is not a business day rule; use U, {', '.join(chosen)}.",
            subject=rule,
        )
    return chosen[rule]


def _crosses_half_month(day: date, after: date) -> bool:
    return after.month != day.month or (day.day <= MID_MONTH < after.day)


def advance(calendar: Calendar, day: date, count: int, unit: str, rule: str, *, end_of_month: bool = False) -> date:
    """Step `count` units (D business days, W weeks, M months, Y years) from `day` and adjust by `rule`.

    With `end_of_month`, a month's last business day steps to a month's last business day (with rule U: last calendar
    day to last calendar day).
    """
    if count == 0:
        return adjust(calendar, day, rule)
    if unit == "D":
        for _ in range(abs(count)):
            day = _step(calendar, day + (DAY if count > 0 else -DAY), 1 if count > 0 else -1)
        return day
    if unit == "W":
        return adjust(calendar, day + timedelta(weeks=count), rule)
    moved = add_months(day, count * (12 if unit == "Y" else 1))
    if end_of_month and rule == "U" and day == last_of_month(day):
        return last_of_month(moved)
    if end_of_month and rule != "U" and calendar.is_month_end(day):
        return calendar.last_business_day(moved)
    return adjust(calendar, moved, rule)
