"""Day-count fractions, exactly: a whole number over a whole number, never a decimal.

Conventions and their sources: ISDA 2006 Definitions section 4.16; ISDA, "The Actual/Actual Day Count Fraction" (1999);
ICMA Rule 251; the Association Francaise de Banques' rule. Names are those of the published test figures.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.period import add_months

FEBRUARY: Final = 2
LAST_DAY: Final = 31
MONTH_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class DayCount:
    """Days over the days of a year, as a reader of the statement sees them: 31 / 360."""

    days: int
    basis: int

    @property
    def fraction(self) -> Fraction:
        """The fraction of a year."""
        return Fraction(self.days, self.basis)


def _actual(start: date, end: date) -> int:
    return (end - start).days


def _is_last_of_february(day: date) -> bool:
    return day.month == FEBRUARY and day.day == calendar.monthrange(day.year, FEBRUARY)[1]


def _no_leap(start: date, end: date) -> int:
    """Count days as if 29 February did not exist."""

    def position(day: date) -> int:
        # 2001 is no leap year: every other day of any year has its place in it.
        in_year = date(2001, day.month, min(day.day, 28) if day.month == FEBRUARY else day.day)
        return day.year * 365 + in_year.timetuple().tm_yday

    return position(end) - position(start)


def _thirty(start: date, d1: int, end: date, d2: int) -> int:
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + d2 - d1


def _thirty_bond(start: date, end: date) -> int:
    """Bond basis, ISDA 2006 4.16(f)."""
    d1 = min(start.day, MONTH_DAYS)
    d2 = MONTH_DAYS if end.day == LAST_DAY and d1 == MONTH_DAYS else end.day
    return _thirty(start, d1, end, d2)


def _thirty_365(start: date, end: date) -> int:
    """30/365 of the published figures: months of 30 days in years of 365, days as in the bond basis."""
    return _thirty_bond(start, end) + 5 * (end.year - start.year)


def _thirty_us(start: date, end: date) -> int:
    """The US rule: the last of February counts as a 30th where the period starts on it."""
    d1, d2 = start.day, end.day
    if _is_last_of_february(start):
        d2 = MONTH_DAYS if _is_last_of_february(end) else d2
        d1 = MONTH_DAYS
    if d2 == LAST_DAY and d1 >= MONTH_DAYS:
        d2 = MONTH_DAYS
    return _thirty(start, min(d1, MONTH_DAYS), end, d2)


def _thirty_nasd(start: date, end: date) -> int:
    d1 = min(start.day, MONTH_DAYS)
    if end.day == LAST_DAY and d1 < MONTH_DAYS:
        return _thirty(start, d1, end, 1) + MONTH_DAYS
    return _thirty(start, d1, end, min(end.day, MONTH_DAYS))


def _thirty_european(start: date, end: date) -> int:
    """Eurobond basis, ISDA 2006 4.16(g)."""
    return _thirty(start, min(start.day, MONTH_DAYS), end, min(end.day, MONTH_DAYS))


def _thirty_italian(start: date, end: date) -> int:
    def day_of(day: date) -> int:
        return MONTH_DAYS if day.month == FEBRUARY and day.day > 27 else min(day.day, MONTH_DAYS)  # noqa: PLR2004 -- 28th and 29th

    return _thirty(start, day_of(start), end, day_of(end))


def _thirty_isda(start: date, end: date, termination: date | None) -> int:
    """30E/360 (ISDA), ISDA 2006 4.16(h): the last of February counts as a 30th, but not on the termination date."""
    d1 = MONTH_DAYS if _is_last_of_february(start) else min(start.day, MONTH_DAYS)
    d2 = MONTH_DAYS if _is_last_of_february(end) and end != termination else min(end.day, MONTH_DAYS)
    return _thirty(start, d1, end, d2)


def _isda(start: date, end: date) -> Fraction:
    """Days in leap years over 366 plus days in other years over 365."""
    if end < start:
        return -_isda(end, start)
    total = Fraction(0)
    day = start
    while day < end:
        stop = min(end, date(day.year + 1, 1, 1))
        total += Fraction(_actual(day, stop), 366 if calendar.isleap(day.year) else 365)
        day = stop
    return total


def _afb(start: date, end: date) -> Fraction:
    """Whole years back from the end, then the rest over 366 if it holds a 29 February, else over 365."""
    if end < start:
        return -_afb(end, start)
    years, rest = 0, end
    while (earlier := _year_before(rest)) >= start:
        years, rest = years + 1, earlier
    return years + Fraction(_actual(start, rest), 366 if _holds_leap_day(start, rest) else 365)


def _year_before(day: date) -> date:
    earlier = add_months(day, -12)
    is_28_february_of_leap_year = earlier.month == FEBRUARY and earlier.day == 28 and calendar.isleap(earlier.year)  # noqa: PLR2004
    return earlier + timedelta(days=1) if is_28_february_of_leap_year else earlier


def _holds_leap_day(start: date, end: date) -> bool:
    """Tell whether a 29 February d lies in the period with start <= d < end."""
    years = (y for y in (start.year, end.year) if calendar.isleap(y))
    return any(start <= date(y, FEBRUARY, 29) < end for y in years)


def _icma(start: date, end: date, reference_start: date, reference_end: date) -> Fraction:
    """Days over (days of the reference period x periods a year), reference periods stepped out as far as needed."""
    months = round(Fraction(12 * _actual(reference_start, reference_end), 365))
    if months < 1 or reference_end <= reference_start:
        raise SettlementError(
            SettlementCode.BAD_PERIOD, "ACT/ACT.ICMA needs a reference period of a month or more; give its two days."
        )
    total, n = Fraction(0), -1
    # Quasi-periods are stepped from the anchor, so that a 31st stays a 31st.
    while add_months(reference_start, n * months) > start:
        n -= 1
    while (left := add_months(reference_start, n * months)) < end:
        right = reference_end if n == 0 else add_months(reference_start, (n + 1) * months)
        shared = _actual(max(left, start), min(right, end))
        if shared > 0:
            total += Fraction(shared * months, 12 * _actual(left, right))
        n += 1
    return total


_SIMPLE: Final[Mapping[str, tuple[Callable[[date, date], int], int]]] = MappingProxyType(
    {
        "ACT/360": (_actual, 360),
        "ACT/365F": (_actual, 365),
        "ACT/365NL": (_no_leap, 365),
        "ACT/366": (_actual, 366),
        "30/360.US": (_thirty_us, 360),
        "30/360.BOND": (_thirty_bond, 360),
        "30/360.NASD": (_thirty_nasd, 360),
        "30/360.ITALIAN": (_thirty_italian, 360),
        "30E/360": (_thirty_european, 360),
        "30/365": (_thirty_365, 365),
    }
)
CONVENTIONS: Final = (
    *_SIMPLE,
    "30E/360.ISDA",
    "ACT/365L",
    "ACT/365.25",
    "ACT/ACT.ISDA",
    "ACT/ACT.AFB",
    "ACT/ACT.ICMA",
    "1/1",
)


def count(
    convention: str,
    start: date,
    end: date,
    *,
    reference: tuple[date, date] | None = None,
    termination: date | None = None,
) -> DayCount:
    """Return days and basis of `[start, end)`, unreduced where the convention has a fixed basis.

    `reference` is the reference period of ACT/ACT.ICMA, `termination` the last date of a 30E/360.ISDA schedule.
    Raises `unknown-convention`.
    """
    if convention in _SIMPLE:
        days_of, basis = _SIMPLE[convention]
        return DayCount(days_of(start, end), basis)
    if convention == "30E/360.ISDA":
        return DayCount(_thirty_isda(start, end, termination), 360)
    if convention == "ACT/365L":  # ISDA 2006 4.16(i) as applied to periods that are not annual
        return DayCount(_actual(start, end), 366 if calendar.isleap(end.year) else 365)
    if convention == "ACT/365.25":
        return DayCount(4 * _actual(start, end), 1461)
    exact = _fraction_of(convention, start, end, reference)
    return DayCount(exact.numerator, exact.denominator)


def _fraction_of(convention: str, start: date, end: date, reference: tuple[date, date] | None) -> Fraction:
    if convention == "ACT/ACT.ISDA":
        return _isda(start, end)
    if convention == "ACT/ACT.AFB":
        return _afb(start, end)
    if convention == "ACT/ACT.ICMA":
        return _icma(start, end, *(reference or (start, end)))
    if convention == "1/1":
        return Fraction(1)
    raise SettlementError(
        SettlementCode.UNKNOWN_CONVENTION,
        f"{convention!r} is not a day count known here; use one of {', '.join(CONVENTIONS)}.",
        subject=convention,
    )


def fraction(
    convention: str,
    start: date,
    end: date,
    *,
    reference: tuple[date, date] | None = None,
    termination: date | None = None,
) -> Fraction:
    """Return the fraction of a year that `[start, end)` is under a convention; arguments as for `count`."""
    return count(convention, start, end, reference=reference, termination=termination).fraction
