"""Schedules of dates: stepped from an anchor, rolled forward or backward, with stubs, adjusted to business days.

Every date is the anchor plus n tenors (never the previous date plus one), so a 31st falls back in short months and
comes back in long ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from contracts.core.calendars import Calendar, adjust, custom
from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.period import Period, add_months, last_of_month

FORWARD: Final = "FORWARD"
BACKWARD: Final = "BACKWARD"
THIRD_WEDNESDAY: Final = "THIRD_WEDNESDAY"
_TENOR = re.compile(r"(\d{1,4})([DWMY])")
_WEDNESDAY: Final = 2
_MAX_DATES: Final = 40_000
_EVERY_DAY: Final = custom("NONE", (), weekends=False)


@dataclass(frozen=True, slots=True)
class Tenor:
    """A length of time: 3M, 1W, 1Y, 1D."""

    count: int
    unit: str

    def step(self, day: date, times: int, *, end_of_month: bool) -> date:
        """Return `day` plus `times` tenors, a month end staying one with `end_of_month`."""
        n = self.count * times
        if self.unit in "DW":
            return day + timedelta(days=n * (7 if self.unit == "W" else 1))
        moved = add_months(day, n * (12 if self.unit == "Y" else 1))
        return last_of_month(moved) if end_of_month and day == last_of_month(day) else moved


def parse_tenor(text: str) -> Tenor:
    """Read `3M`, `1W`, `1Y`, `1D`; raises `bad-period`."""
    found = _TENOR.fullmatch(text)
    if not found or int(found[1]) == 0:
        raise SettlementError(SettlementCode.BAD_PERIOD, f"{text!r} is not a length of time; write 3M, 1W, 1Y or 1D.")
    return Tenor(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class Schedule:
    """The dates of a schedule and, for each period between two of them, whether it is a whole tenor."""

    dates: tuple[date, ...]
    regular: tuple[bool, ...]

    def periods(self) -> tuple[Period, ...]:
        """Return the half-open periods between the dates."""
        return tuple(Period(a, b) for a, b in zip(self.dates, self.dates[1:], strict=False))


@dataclass(frozen=True, slots=True)
class Rules:
    """How a schedule is generated. `first` and `next_to_last` are the ends of stubs, where there are any."""

    tenor: Tenor
    calendar: Calendar = _EVERY_DAY
    rule: str = "U"
    termination_rule: str = "U"
    generation: str = FORWARD
    end_of_month: bool = False
    first: date | None = None
    next_to_last: date | None = None


def generate(start: date, end: date, rules: Rules) -> Schedule:
    """Return the schedule from `start` to `end`; raises `bad-period` where it would hold no day or too many dates."""
    if start >= end:
        raise SettlementError(
            SettlementCode.BAD_PERIOD, f"A schedule from {start} to {end} holds no day; give an end after the start."
        )
    eom = rules.end_of_month and rules.tenor.unit in "MY"
    if rules.generation == BACKWARD:
        dates, regular, seed = _walk(end, start, rules, eom=eom, sign=-1)
        dates.reverse()
        regular.reverse()
    else:
        dates, regular, seed = _walk(start, end, rules, eom=eom, sign=1)
    return _adjusted(dates, regular, seed, rules, eom=eom)


def _walk(origin: date, target: date, rules: Rules, *, eom: bool, sign: int) -> tuple[list[date], list[bool], date]:
    """Step from `origin` towards `target`; `near` and `far` are the stub dates in that direction."""
    near, far = (rules.first, rules.next_to_last) if sign > 0 else (rules.next_to_last, rules.first)
    near = None if near == origin else near
    far = None if far == target else far
    dates, regular, seed = [origin], [], origin
    if near is not None:
        dates.append(near)
        regular.append(rules.tenor.step(seed, sign, end_of_month=eom) == near)
        seed = near
    stop = far or target
    for n in range(1, _MAX_DATES):
        day = rules.tenor.step(seed, sign * n, end_of_month=eom)
        if (day - stop).days * sign > 0:
            break
        _append(dates, regular, day, rules, regular_period=True)
    else:
        raise SettlementError(SettlementCode.BAD_PERIOD, f"The schedule has more than {_MAX_DATES} dates.")
    if far is not None:
        _append(dates, regular, far, rules, regular_period=False)
    last_rule = rules.termination_rule if sign > 0 else rules.rule
    _append(dates, regular, target, rules, regular_period=False, rule=last_rule)
    return dates, regular, seed


def _append(
    dates: list[date], regular: list[bool], day: date, rules: Rules, *, regular_period: bool, rule: str | None = None
) -> None:
    # Two dates that fall on the same business day are one date.
    chosen = rule or rules.rule
    if adjust(rules.calendar, dates[-1], chosen) != adjust(rules.calendar, day, chosen):
        dates.append(day)
        regular.append(regular_period)


def _adjusted(dates: list[date], regular: list[bool], seed: date, rules: Rules, *, eom: bool) -> Schedule:
    sticky = eom and rules.calendar.is_month_end(seed)
    inner = [_inner(day, rules, sticky=sticky) for day in dates[1:-1]]
    first = adjust(rules.calendar, dates[0], rules.rule)
    last = adjust(rules.calendar, dates[-1], rules.termination_rule)
    out = [first, *inner, last]
    if len(out) > 2 and out[-2] >= out[-1]:  # noqa: PLR2004 -- first, one inner, last
        regular[-2:] = [out[-2] == out[-1]]
        del out[-2]
    if len(out) > 2 and out[1] <= out[0]:  # noqa: PLR2004
        regular[:2] = [out[1] == out[0]]
        del out[1]
    return Schedule(tuple(out), tuple(regular))


def _inner(day: date, rules: Rules, *, sticky: bool) -> date:
    if rules.generation == THIRD_WEDNESDAY:
        first = day.replace(day=1)
        day = first + timedelta(days=(_WEDNESDAY - first.weekday()) % 7 + 14)
    return adjust(rules.calendar, last_of_month(day) if sticky else day, rules.rule)
