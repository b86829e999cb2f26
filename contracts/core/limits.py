"""The amount limits block: what is payable of a gross claim, and every step that clips it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from contracts.core.fields import enum, flag, money, percent
from contracts.core.schema import Schema


class DeductibleKind(StrEnum):
    """Against what a deductible is counted."""

    PER_CLAIM = "PER_CLAIM"
    ANNUAL = "ANNUAL"
    AGGREGATE = "AGGREGATE"


@dataclass(frozen=True, slots=True)
class LimitsBlock:
    """Limits on amounts, applied in this order: deductible, per event, per period, rolling 12 months, aggregate."""

    deductible: Decimal | None
    deductible_kind: DeductibleKind
    franchise: bool
    per_event_cap: Decimal | None
    per_period_cap: Decimal | None
    per_period_cap_pct: Decimal | None
    rolling_12m_cap: Decimal | None
    rolling_12m_cap_pct: Decimal | None
    aggregate_cap: Decimal | None


_DEDUCTIBLE_NAMES = {
    "PER_CLAIM": ("each claim", "每次索赔"),
    "ANNUAL": ("each year", "每年"),
    "AGGREGATE": ("the whole term", "整个期间"),
}

LIMITS_SCHEMA: Final[Schema[LimitsBlock]] = Schema(
    fields=(
        money("deductible", "Deductible", "免赔额", required=False),
        enum(
            "deductible_kind", "Counted against", "免赔额口径", DeductibleKind, _DEDUCTIBLE_NAMES, default="PER_CLAIM"
        ),
        flag("franchise", "Paid in full once above the deductible", "超过免赔额即全额赔付", "no"),
        money("per_event_cap", "Cap per event", "单次上限", required=False),
        money("per_period_cap", "Cap per settlement period", "每结算期上限", required=False),
        percent(
            "per_period_cap_pct", "Cap per settlement period, of the fee", "每结算期上限（占费用）", required=False
        ),
        money("rolling_12m_cap", "Cap in any 12 months", "任意 12 个月上限", required=False),
        percent(
            "rolling_12m_cap_pct", "Cap in any 12 months, of the fees", "任意 12 个月上限（占费用）", required=False
        ),
        money("aggregate_cap", "Cap over the whole term", "累计上限", required=False),
    ),
    build=LimitsBlock,
)
