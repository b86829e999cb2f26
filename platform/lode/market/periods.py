"""Which day names a price's period."""

from __future__ import annotations

from datetime import date


def period_start(frequency: str, day: date) -> date:
    """Return the first day of the day, month or year that holds `day`."""
    if frequency == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1) if frequency == "month" else day


def period_end(frequency: str, day: date) -> date:
    """Return the first day after the day, month or year that holds `day`."""
    start = period_start(frequency, day)
    if frequency == "year":
        return start.replace(year=start.year + 1)
    if frequency == "month":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return date.fromordinal(start.toordinal() + 1)
