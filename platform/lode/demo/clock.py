"""The demo's clock: 24 months that an argument moves, never the machine's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

START = date(2023, 11, 1)
END = date(2025, 11, 1)


def morning(day: date) -> datetime:
    """Return 06:00 UTC of a day: when what was due on it is worked through."""
    return datetime.combine(day, time(6), tzinfo=UTC)


def evening(day: date) -> datetime:
    """Return 18:00 UTC of a day: when what happened on it is handed in."""
    return datetime.combine(day, time(18), tzinfo=UTC)


def next_month(day: date) -> date:
    """Return the first day of the month after the one of `day`."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def months() -> Iterator[date]:
    """Yield the first day of each of the 24 months."""
    day = START
    while day < END:
        yield day
        day = next_month(day)
