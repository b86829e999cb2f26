"""Reads of prices."""

from lode.market.selectors.prices import (
    Fixing,
    Series,
    editions,
    gaps,
    get_series,
    list_series,
    price_at,
    prices,
    prices_of,
    recorded_since,
)

__all__ = [
    "Fixing",
    "Series",
    "editions",
    "gaps",
    "get_series",
    "list_series",
    "price_at",
    "prices",
    "prices_of",
    "recorded_since",
]
