"""Which settlements of a contract are due. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from contracts.core.kind import DuePeriod
from contracts.core.period import Period

REGULAR = "regular"


@dataclass(frozen=True, order=True)
class PlannedRun:
    """A settlement that is due: what it is about, at which stage, over [start, end), payable on `due_date`."""

    period_start: date
    period_end: date
    subject: str
    purpose: str
    due_date: date


def plan(due: Iterable[DuePeriod], *, as_of: date, ended_on: date | None) -> tuple[PlannedRun, ...]:
    """Return the runs that may be computed on `as_of`, in order.

    A contract that ended cuts the period of its last day short; later ones do not happen. A period of no day is none.
    """
    planned = []
    for item in due:
        period = _until(item.period, ended_on)
        if period is None:
            continue
        first_day = item.due_date if period == item.period else min(item.due_date, period.end)
        if first_day <= as_of:
            planned.append(
                PlannedRun(period.start, period.end, item.subject, purpose_of(item.stage), item.payment_date)
            )
    return tuple(sorted(planned))


def purpose_of(stage: str) -> str:
    """Return the run's purpose for a stage of the schedule."""
    return stage or REGULAR


def _until(period: Period, ended_on: date | None) -> Period | None:
    if ended_on is not None and period.end > ended_on:
        period = replace(period, end=max(period.start, ended_on))
    return period if period.days else None
