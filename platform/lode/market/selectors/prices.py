"""Reads of prices, each as known at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from lode.market.errors import MarketCode, MarketError
from lode.market.models import PricePoint, PriceSeries
from lode.market.periods import period_end, period_start


@dataclass(frozen=True)
class Series:
    """One published series. `unit` is what one price buys, in `currency`."""

    code: str
    name_en: str
    name_zh: str
    unit: str
    currency: str
    frequency: str
    source: str
    licence: str

    def name(self, language: str) -> str:
        """Return the name in the language asked for."""
        return self.name_zh if language.startswith("zh") else self.name_en


@dataclass(frozen=True)
class Fixing:
    """One price in one edition: for [effective, until), `value` in `currency` per `unit`, learned at `recorded_at`."""

    series: str
    effective: date
    until: date
    value: Decimal
    unit: str
    currency: str
    edition: int
    recorded_at: datetime
    recorded_by: str
    evidence: str
    source: str
    superseded: bool = False

    @property
    def fact_id(self) -> str:
        """Name the fixing for ever; its version is the edition."""
        return f"price:{self.series}:{self.effective}"


def list_series() -> tuple[Series, ...]:
    """Return every series by code."""
    return tuple(_series(row) for row in PriceSeries.objects.all())


def get_series(code: str) -> Series:
    """Return one series. Raises MarketError `unknown-series`."""
    row = PriceSeries.objects.filter(code=code).first()
    if row is None:
        raise MarketError(MarketCode.UNKNOWN_SERIES, f"There is no price series {code}: check its code.")
    return _series(row)


def prices(
    *, series: str, known_at: datetime, start: date | None = None, end: date | None = None
) -> tuple[Fixing, ...]:
    """Return the fixings of a series as known at a time, newest edition each, in order of their day.

    With [start, end) only those whose day, month or year overlaps it.
    """
    rows = PricePoint.objects.filter(series=series, recorded_at__lte=known_at).select_related("series")
    newest = {row.effective: row for row in rows.order_by("effective", "edition")}
    return tuple(fixing for row in newest.values() if _overlaps(fixing := _fixing(row), start, end))


def prices_of(
    *, series: Iterable[str], known_at: datetime, start: date | None = None, end: date | None = None
) -> tuple[Fixing, ...]:
    """Return what `prices` returns, of several series, in order of their codes."""
    return tuple(
        fixing
        for code in sorted(set(series))
        for fixing in prices(series=code, known_at=known_at, start=start, end=end)
    )


def price_at(*, series: str, month: date, known_at: datetime) -> Fixing | None:
    """Return the price for the month (or year, or day: by the series) that holds the day, or None if none is known."""
    day = period_start(get_series(series).frequency, month)
    rows = PricePoint.objects.filter(series=series, effective=day, recorded_at__lte=known_at)
    row = rows.select_related("series").order_by("-edition").first()
    return None if row is None else _fixing(row)


def editions(*, series: str) -> tuple[Fixing, ...]:
    """Return every edition of every fixing, those that were superseded too: the table that the prices page shows."""
    rows = list(PricePoint.objects.filter(series=series).select_related("series").order_by("effective", "edition"))
    newest = {row.effective: row.edition for row in rows}
    return tuple(_fixing(row, superseded=row.edition < newest[row.effective]) for row in rows)


def gaps(*, series: str, start: date, end: date, known_at: datetime) -> tuple[date, ...]:
    """Return the days, months or years of [start, end) (by the series) for which no price is known."""
    frequency = get_series(series).frequency
    known = {fixing.effective for fixing in prices(series=series, known_at=known_at, start=start, end=end)}
    missing = []
    day = period_start(frequency, start)
    while day < end:
        if day not in known:
            missing.append(day)
        day = period_end(frequency, day)
    return tuple(missing)


def recorded_since(*, since: datetime, known_at: datetime) -> tuple[Fixing, ...]:
    """Return the fixings learned after a time, as known at another: why a settlement has to be looked at again."""
    rows = (
        PricePoint.objects.filter(recorded_at__gt=since, recorded_at__lte=known_at)
        .select_related("series")
        .order_by("recorded_at", "id")
    )
    return tuple(_fixing(row) for row in rows)


def _series(row: PriceSeries) -> Series:
    return Series(row.code, row.name_en, row.name_zh, row.unit, row.currency, row.frequency, row.source, row.licence)


def _fixing(row: PricePoint, *, superseded: bool = False) -> Fixing:
    return Fixing(
        series=row.series_id,
        effective=row.effective,
        until=period_end(row.series.frequency, row.effective),
        value=row.value,
        unit=row.series.unit,
        currency=row.series.currency,
        edition=row.edition,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        evidence=row.evidence,
        source=row.series.source,
        superseded=superseded,
    )


def _overlaps(fixing: Fixing, start: date | None, end: date | None) -> bool:
    return (end is None or fixing.effective < end) and (start is None or start < fixing.until)
