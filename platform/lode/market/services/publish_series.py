"""Make a price series known."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from lode.market.errors import MarketCode, MarketError
from lode.market.models import PriceSeries
from lode.parties.actor import Actor

MAY_RECORD = frozenset({"finance", "commercial", "system"})


@dataclass(frozen=True)
class SeriesTerms:
    """What a series is. `unit` is what one price buys; `frequency` is day, month or year."""

    code: str
    name_en: str
    name_zh: str
    unit: str
    currency: str
    frequency: str
    source: str
    licence: str


def refuse_unless_may_record(actor: Actor) -> None:
    """Raise MarketError `not-allowed` unless the actor's role enters prices."""
    if actor.role not in MAY_RECORD or actor.sees_all:
        raise MarketError(
            MarketCode.NOT_ALLOWED, f"The role {actor.role} does not enter prices: ask a colleague in finance."
        )


def publish_series(*, series: SeriesTerms, actor: Actor, now: datetime) -> str:
    """Publish a series and return its code. Publishing the same again changes nothing.

    Raises MarketError `series-exists` when the code stands for something else, `not-allowed`.
    """
    refuse_unless_may_record(actor)
    wanted = asdict(series)
    wanted["frequency"] = PriceSeries.Frequency(series.frequency).value
    try:
        with transaction.atomic():
            PriceSeries.objects.create(**wanted, created_at=now)
    except IntegrityError as error:
        if not PriceSeries.objects.filter(**wanted).exists():
            raise MarketError(
                MarketCode.SERIES_EXISTS,
                f"There is a series {series.code} with another meaning: choose another code, "
                "for a published series is never redefined.",
            ) from error
    return series.code
