"""The price source block: which published figures make the unit price of a line, and every step from them to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from contracts.core.fields import (
    CALENDAR_CHOICES,
    choice,
    enum,
    flag,
    number,
    table,
    text,
    whole,
)
from contracts.core.schema import Choice, Schema


class PriceField(StrEnum):
    """Which figure of a published quotation is used."""

    SETTLEMENT = "settlement"
    LOW = "low"
    MID = "mid"
    HIGH = "high"
    BID = "bid"
    ASK = "ask"


class Frequency(StrEnum):
    """Whether the series publishes a figure a month or a figure a day."""

    MONTHLY = "MONTHLY"
    DAILY = "DAILY"


class Anchor(StrEnum):
    """From which event the quotational period is counted; FIXED has a price agreed in the contract instead."""

    PERIOD = "PERIOD"
    SHIPMENT = "SHIPMENT"
    ARRIVAL = "ARRIVAL"
    DELIVERY = "DELIVERY"
    FIXED = "FIXED"


class Average(StrEnum):
    """Arithmetic over published days, or over calendar days with the last published figure carried forward."""

    PUBLISHED = "PUBLISHED"
    FORWARD_FILL = "FORWARD_FILL"


class Fallback(StrEnum):
    """What replaces a figure that should have been published and was not; tried in the order given."""

    PRIOR_PUBLISHED = "PRIOR_PUBLISHED"
    NEXT_PUBLISHED = "NEXT_PUBLISHED"
    SKIP_DAY = "SKIP_DAY"
    ALTERNATIVE_SERIES = "ALTERNATIVE_SERIES"


class FxMode(StrEnum):
    """Convert each figure at its own day's rate, or the average at the average rate."""

    DAILY = "DAILY"
    AVG_OF_AVG = "AVG_OF_AVG"


@dataclass(frozen=True, slots=True)
class FallbackStep:
    """One fallback, in order of trial."""

    method: Fallback


@dataclass(frozen=True, slots=True)
class ParticipationBand:
    """Between two prices, the share of each unit of price above `start` that counts."""

    start: Decimal
    end: Decimal | None
    share_pct: Decimal


@dataclass(frozen=True, slots=True)
class PriceBlock:
    """The terms of one price. `unit` is the unit of mass that it is quoted for, `currency` that of the quotation."""

    series: str
    field: PriceField
    frequency: Frequency
    unit: str
    unit_kg: Decimal | None
    currency: str | None
    factor: Decimal
    anchor: Anchor
    offset_months: int
    span_months: int
    fixed_price: Decimal | None
    average: Average
    average_dp: int | None
    calendar: str
    fx_series: str | None
    fx_mode: FxMode
    fallback: tuple[FallbackStep, ...]
    alternative_series: str | None
    alternative_spread: Decimal
    max_missing_days: int
    adder: Decimal
    adder_pct: Decimal
    participation: tuple[ParticipationBand, ...]
    floor: Decimal | None
    cap: Decimal | None
    floor_zero: bool
    unit_price_dp: int | None


_FIELD_NAMES = {
    "settlement": ("settlement or published value", "结算价或公布值"),
    "low": ("low", "低端"),
    "mid": ("middle", "中间"),
    "high": ("high", "高端"),
    "bid": ("bid", "买价"),
    "ask": ("ask", "卖价"),
}
_FREQUENCY_NAMES = {"MONTHLY": ("one value a month", "每月一值"), "DAILY": ("one value a pricing day", "每定价日一值")}
_ANCHOR_NAMES = {
    "PERIOD": ("the settlement period", "结算期"),
    "SHIPMENT": ("month of shipment", "装运月"),
    "ARRIVAL": ("month of arrival", "到达月"),
    "DELIVERY": ("month of delivery", "交付月"),
    "FIXED": ("a fixed price", "固定价格"),
}
_AVERAGE_NAMES = {
    "PUBLISHED": ("arithmetic mean of published values", "公布值的算术平均"),
    "FORWARD_FILL": ("mean of calendar days, last value carried forward", "日历日平均，沿用最近公布值"),
}
_FALLBACK_NAMES = {
    "PRIOR_PUBLISHED": ("last value published before", "前一公布值"),
    "NEXT_PUBLISHED": ("next value published", "后一公布值"),
    "SKIP_DAY": ("leave the day out", "剔除该日"),
    "ALTERNATIVE_SERIES": ("alternative series", "替代价格指数"),
}
_FX_NAMES = {
    "DAILY": ("each value at its own day's rate", "逐日汇率"),
    "AVG_OF_AVG": ("average at average rate", "平均价按平均汇率"),
}
# Kilograms in a unit: the troy ounce of 31.1034768 g and the avoirdupois pound of 0.45359237 kg, where the contract
# does not agree another constant (many settlements use 31.1035 g or 2204.62 lb/t).
UNIT_KG: Final = {
    "t": Decimal(1000),
    "kg": Decimal(1),
    "g": Decimal("0.001"),
    "ozt": Decimal("0.0311034768"),
    "lb": Decimal("0.45359237"),
}
_UNIT_CHOICES = tuple(Choice(u, u, u) for u in ("t", "kg", "g", "ozt", "lb"))

PRICE_SCHEMA: Final[Schema[PriceBlock]] = Schema(
    fields=(
        text("series", "Price series", "价格指数", clause="price"),
        enum("field", "Figure used", "取值", PriceField, _FIELD_NAMES, default="settlement"),
        enum("frequency", "Published", "公布频率", Frequency, _FREQUENCY_NAMES, default="MONTHLY"),
        choice("unit", "Quoted per", "计价单位", _UNIT_CHOICES, default="t"),
        number("unit_kg", "Kilograms in that unit", "该单位千克数", "kg", required=False, minimum=Decimal("0.000001")),
        text("currency", "Quoted in, if not the contract's currency", "报价币种（如与合同不同）", required=False),
        number("factor", "Conversion factor", "换算系数", "1", default="1", minimum=Decimal("0.000001")),
        enum("anchor", "Quotational period counts from", "计价期起算", Anchor, _ANCHOR_NAMES, default="PERIOD"),
        whole(
            "offset_months",
            "Months after it",
            "其后月数",
            "months",
            default="0",
            minimum=Decimal(-12),
            maximum=Decimal(12),
        ),
        whole("span_months", "Length", "计价期长度", "months", default="1", minimum=Decimal(1), maximum=Decimal(24)),
        number(
            "fixed_price",
            "Fixed price",
            "固定价格",
            "currency/unit",
            required_if=("anchor", ("FIXED",)),
            minimum=None,
        ),
        enum("average", "Average", "平均方法", Average, _AVERAGE_NAMES, default="PUBLISHED"),
        whole("average_dp", "Average rounded to", "平均价小数位", "digits", required=False, maximum=Decimal(12)),
        choice("calendar", "Publication calendar", "公布日历", CALENDAR_CHOICES, default="UK.EXCHANGE"),
        text("fx_series", "Exchange rate series", "汇率序列", required=False),
        enum("fx_mode", "Converted", "换汇方式", FxMode, _FX_NAMES, default="DAILY"),
        table(
            "fallback",
            "Fallbacks, in order",
            "替代方法（按序）",
            Schema((enum("method", "Method", "方法", Fallback, _FALLBACK_NAMES),), FallbackStep),
            required=False,
        ),
        text("alternative_series", "Alternative series", "替代价格指数", required=False),
        number("alternative_spread", "Spread on it", "替代指数价差", "currency/unit", default="0", minimum=None),
        whole(
            "max_missing_days", "Values that may be missing", "允许缺失数", "values", default="3", maximum=Decimal(60)
        ),
        number("adder", "Premium or discount", "升贴水", "currency/unit", default="0", minimum=None),
        number("adder_pct", "Premium or discount", "升贴水比例", "%", default="0", minimum=Decimal(-100)),
        table(
            "participation",
            "Price participation",
            "价格分享",
            Schema(
                (
                    number("start", "From", "起", "currency/unit"),
                    number("end", "To", "止", "currency/unit", required=False),
                    number("share_pct", "Share", "分享比例", "%", minimum=Decimal(-100), maximum=Decimal(200)),
                ),
                ParticipationBand,
            ),
            required=False,
        ),
        number("floor", "Floor", "下限", "currency/unit", required=False, minimum=None),
        number("cap", "Cap", "上限", "currency/unit", required=False, minimum=None),
        flag("floor_zero", "A negative price counts as zero", "负价格按零计", "no"),
        whole("unit_price_dp", "Unit price rounded to", "单价小数位", "digits", required=False, maximum=Decimal(12)),
    ),
    build=PriceBlock,
)
