"""What can go wrong with prices: a closed set of codes, each with a sentence."""

from __future__ import annotations

from enum import StrEnum


class MarketCode(StrEnum):
    """Stable codes; never renamed."""

    UNKNOWN_SERIES = "unknown-series"
    SERIES_EXISTS = "series-exists"
    BAD_PERIOD = "bad-period"
    BAD_VALUE = "bad-value"
    NOT_ALLOWED = "not-allowed"


class MarketError(Exception):
    """Says what is wrong, where, why, and what to do."""

    def __init__(self, code: MarketCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
