"""Enter fixings in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from lode.market.errors import MarketCode, MarketError
from lode.market.models import Horizon, PricePoint, PriceSeries
from lode.market.periods import period_start
from lode.market.services.publish_series import refuse_unless_may_record
from lode.parties.actor import Actor


@dataclass(frozen=True)
class PriceRow:
    """One price as published: `effective` is the first day of its day, month or year; `value` in the series' units."""

    effective: date
    value: Decimal
    evidence: str = ""


@dataclass(frozen=True)
class Recorded:
    """What became of the rows: new fixings, corrections (new editions), and rows that said nothing new."""

    added: int
    corrected: int
    unchanged: int


def record_prices(*, series: str, rows: Sequence[PriceRow], actor: Actor, now: datetime) -> Recorded:
    """Record prices of one series as learned at `now`; all or none.

    A price that stands already with the same value is left alone, so a file may be sent twice. Another value becomes
    the next edition and supersedes the last; the old one stays. Nothing is recorded at or before a moment that a
    settlement was told to know. Raises MarketError `unknown-series`, `bad-period`,
    `bad-value` (two rows for one period, a number that is not finite), `not-allowed`.
    """
    refuse_unless_may_record(actor)
    with transaction.atomic():
        # The lock makes editions gap-free when two people send the same file at once, and keeps a settlement that is
        # told to know this moment waiting until these prices are there.
        horizon = Horizon.objects.select_for_update().get()
        recorded_at = max(now, horizon.known_through + timedelta(microseconds=1))
        terms = PriceSeries.objects.filter(code=series).first()
        if terms is None:
            raise MarketError(MarketCode.UNKNOWN_SERIES, f"There is no price series {series}: publish it first.")
        _refuse_bad_rows(terms, rows)
        newest = _newest_editions(series, [row.effective for row in rows])
        fresh = [row for row in rows if row.effective not in newest]
        other = [row for row in rows if row.effective in newest and newest[row.effective].value != row.value]
        PricePoint.objects.bulk_create(
            _point(series, row, newest.get(row.effective), actor, recorded_at) for row in [*fresh, *other]
        )
    return Recorded(added=len(fresh), corrected=len(other), unchanged=len(rows) - len(fresh) - len(other))


def _point(series: str, row: PriceRow, before: PricePoint | None, actor: Actor, recorded_at: datetime) -> PricePoint:
    return PricePoint(
        series_id=series,
        effective=row.effective,
        edition=before.edition + 1 if before else 1,
        value=row.value,
        recorded_at=recorded_at,
        recorded_by=actor.organisation,
        evidence=row.evidence,
        supersedes=before,
    )


def _newest_editions(series: str, days: Iterable[date]) -> dict[date, PricePoint]:
    """Return the newest edition of each day that has one; later editions overwrite earlier ones in the dict."""
    points = PricePoint.objects.filter(series=series, effective__in=days).order_by("edition")
    return {point.effective: point for point in points}


def _refuse_bad_rows(terms: PriceSeries, rows: Sequence[PriceRow]) -> None:
    seen: set[date] = set()
    for row in rows:
        if row.effective != period_start(terms.frequency, row.effective):
            raise MarketError(
                MarketCode.BAD_PERIOD,
                f"{terms.code} has one price a {terms.frequency}; {row.effective} is not the first day of one.",
            )
        if row.effective in seen:
            raise MarketError(
                MarketCode.BAD_VALUE, f"{terms.code} has two rows for {row.effective} in one file: keep the right one."
            )
        if not row.value.is_finite():
            raise MarketError(MarketCode.BAD_VALUE, f"{terms.code} on {row.effective}: {row.value} is not a number.")
        seen.add(row.effective)
