"""K6, performance warranty: the schema of its terms, and what must hold between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Final

from contracts.core.errors import Problem, ProblemCode
from contracts.core.fields import (
    CURRENCY,
    DAY_COUNT_CHOICES,
    LAW_FIELDS,
    PAYMENT_DAYS,
    block,
    choice,
    day,
    enum,
    flag,
    money,
    number,
    percent,
    table,
    text,
    whole,
)
from contracts.core.limits import LIMITS_SCHEMA
from contracts.core.schema import Schema
from contracts.core.terms.performance_warranty_terms import (
    Axis,
    Benefit,
    Combine,
    CurvePoint,
    Interpolation,
    LdBasis,
    Metric,
    MisuseEffect,
    PerformanceWarrantyTerms,
    WarrantedAsset,
)


def _check(terms: PerformanceWarrantyTerms) -> Iterable[Problem]:
    if any(p.axis is Axis.AGE_MONTHS and p.at != int(p.at) for p in terms.curve):
        text_en, text_zh = "A curve by age steps at whole months.", "按月龄的曲线须以整月为界。"
        yield Problem("curve", ProblemCode.INCONSISTENT, text_en, text_zh)
    names = [row.asset for row in terms.assets]
    if len(set(names)) < len(names):
        yield Problem("assets", ProblemCode.DUPLICATE, "An asset is listed twice.", "同一资产重复列出。")
    for axis in Axis:
        points = [p for p in terms.curve if p.axis is axis]
        if any(b.at <= a.at for a, b in pairwise(points)):
            text_en, text_zh = "Points of a curve must rise along their axis.", "保证值曲线各点须沿坐标递增。"
            yield Problem("curve", ProblemCode.INCONSISTENT, text_en, text_zh)
        if any(b.pct > a.pct for a, b in pairwise(points)):
            text_en, text_zh = "A guarantee cannot rise again along its axis.", "保证值不得沿坐标回升。"
            yield Problem("curve", ProblemCode.INCONSISTENT, text_en, text_zh)
        if points and points[0].at != 0:
            text_en, text_zh = "Each curve starts at 0 of its axis.", "每条曲线须自坐标 0 起。"
            yield Problem("curve", ProblemCode.INCONSISTENT, text_en, text_zh)


_POINT: Final[Schema[CurvePoint]] = Schema(
    fields=(
        enum(
            "axis",
            "Against",
            "坐标",
            Axis,
            {
                "AGE_MONTHS": ("age in months", "使用月数"),
                "THROUGHPUT_MWH": ("throughput in MWh", "吞吐量（MWh）"),
                "KM": ("distance in km", "里程（km）"),
                "EFC": ("equivalent full cycles", "等效满循环次数"),
            },
            default="AGE_MONTHS",
            clause="guarantee",
        ),
        number("at", "From", "自", "axis", clause="guarantee"),
        percent("pct", "Guaranteed", "保证值", clause="guarantee"),
    ),
    build=CurvePoint,
)

_ASSET: Final[Schema[WarrantedAsset]] = Schema(
    fields=(
        text("asset", "Battery", "电池", clause="assets"),
        number("nominal_kwh", "Nominal energy", "标称能量", "kWh", minimum=Decimal("0.000001"), clause="assets"),
        day("started_on", "Warranted from, if not the start", "质保起算日（如不同）", required=False, clause="assets"),
    ),
    build=WarrantedAsset,
)

_COVER_FIELDS = (
    CURRENCY,
    text("product", "Product", "产品", default="traction battery pack", group="cover", clause="assets"),
    text(
        "product_zh", "Product (Chinese text)", "产品（中文文本）", default="动力电池包", group="cover", clause="assets"
    ),
    table("assets", "Warranted batteries", "质保电池", _ASSET, group="cover", clause="assets"),
    day("start", "Start", "起始日", group="cover", clause="term"),
    whole(
        "end_age_months",
        "Ends after",
        "质保期限",
        "months",
        minimum=Decimal(1),
        maximum=Decimal(600),
        group="cover",
        clause="term",
    ),
    number("end_km", "or after", "或里程达到", "km", required=False, group="cover", clause="term"),
    number("end_throughput_mwh", "or after", "或吞吐量达到", "MWh", required=False, group="cover", clause="term"),
    enum(
        "metric",
        "Measured as",
        "指标",
        Metric,
        {
            "SOH_C": ("state of health by capacity", "容量健康度"),
            "SOH_E": ("state of health by energy", "能量健康度"),
            "SOCE": ("state of certified energy (UN GTR 22)", "认证能量状态（UN GTR 22）"),
        },
        default="SOH_C",
        group="guarantee",
        clause="guarantee",
    ),
    table("curve", "Guarantee", "保证值曲线", _POINT, group="guarantee", clause="guarantee"),
    enum(
        "interpolation",
        "Between points",
        "插值",
        Interpolation,
        {"STEP": ("steps", "阶梯"), "LINEAR": ("straight line", "线性")},
        default="STEP",
        group="guarantee",
        clause="guarantee",
    ),
    enum(
        "combine",
        "Several curves",
        "多条曲线",
        Combine,
        {
            "MIN_OF_CURVES": ("whichever is reached first: the lowest", "先到者为准：取最低"),
            "BY_AXIS": ("each must be met: the highest", "均须满足：取最高"),
        },
        default="MIN_OF_CURVES",
        group="guarantee",
        clause="guarantee",
    ),
    percent(
        "deadband_pct", "Deadband", "死区", default="0", maximum=Decimal(20), group="guarantee", clause="guarantee"
    ),
    percent(
        "uncertainty_pct",
        "Measurement uncertainty",
        "测量不确定度",
        default="0",
        maximum=Decimal(20),
        group="test",
        clause="test",
    ),
    enum(
        "uncertainty_benefit",
        "Its benefit goes to",
        "不确定度归属",
        Benefit,
        {
            "SUPPLIER": ("the warrantor", "质保方"),
            "NONE": ("nobody", "均不适用"),
            "OWNER": ("the beneficiary", "受益方"),
        },
        default="NONE",
        group="test",
        clause="test",
    ),
)

_REMEDY_FIELDS = (
    whole(
        "settlement_months",
        "Settled every",
        "结算频率",
        "months",
        default="3",
        minimum=Decimal(1),
        maximum=Decimal(12),
        group="remedy",
        clause="remedy",
    ),
    number(
        "ld_rate",
        "Damages per kWh short and year",
        "每缺 1 kWh 每年违约金",
        "currency/kWh/a",
        group="remedy",
        clause="remedy",
    ),
    enum(
        "ld_basis",
        "Damages count",
        "违约金口径",
        LdBasis,
        {
            "PERIOD": ("the days of the period", "按本期天数"),
            "CUMULATIVE": ("all days so far, less what was paid", "累计减已付"),
        },
        default="PERIOD",
        group="remedy",
        clause="remedy",
    ),
    choice(
        "day_count", "Day count", "计息基准", DAY_COUNT_CHOICES, default="ACT/365F", group="remedy", clause="remedy"
    ),
    block("limits", "Limits", "责任限额", LIMITS_SCHEMA, required=False, group="remedy", clause="limits"),
    money("fee_per_period", "Warranty fee per period", "每期质保费", required=False, group="remedy", clause="limits"),
    whole(
        "max_test_age_days",
        "A test counts for",
        "测试有效期",
        "d",
        default="120",
        minimum=Decimal(1),
        maximum=Decimal(1000),
        group="test",
        clause="test",
    ),
    number(
        "test_temperature_c",
        "Test temperature",
        "测试温度",
        "°C",
        default="25",
        minimum=Decimal(-40),
        group="test",
        clause="test",
    ),
    number("test_c_rate", "Test rate", "测试倍率", "C", default="0.33", group="test", clause="test"),
    whole(
        "test_rest_minutes",
        "Rest before a test",
        "测试前静置",
        "min",
        default="60",
        maximum=Decimal(10080),
        group="test",
        clause="test",
    ),
    number(
        "envelope_max_temperature_c",
        "Used up to",
        "使用温度上限",
        "°C",
        required=False,
        group="test",
        clause="exclusions",
    ),
    number("envelope_max_c_rate", "Used up to", "使用倍率上限", "C", required=False, group="test", clause="exclusions"),
    enum(
        "misuse_effect",
        "Use outside the envelope",
        "超限使用",
        MisuseEffect,
        {
            "EXCLUDE": ("those days are not covered", "相应天数不予质保"),
            "VOID": ("cover ends for that battery", "该电池质保终止"),
        },
        default="EXCLUDE",
        group="test",
        clause="exclusions",
    ),
    whole(
        "notice_days",
        "Notice of a claim within",
        "索赔通知期",
        "d",
        default="30",
        maximum=Decimal(730),
        group="remedy",
        clause="claims",
    ),
    whole(
        "claim_window_days",
        "Claims lapse after",
        "索赔时效",
        "d",
        default="365",
        maximum=Decimal(3650),
        group="remedy",
        clause="claims",
    ),
    flag("sole_remedy", "Damages are the only remedy", "违约金为唯一救济", "yes", group="remedy", clause="remedy"),
    replace(PAYMENT_DAYS, clause="remedy"),
)

SCHEMA: Final[Schema[PerformanceWarrantyTerms]] = Schema(
    fields=(*_COVER_FIELDS, *_REMEDY_FIELDS, *LAW_FIELDS), build=PerformanceWarrantyTerms, check=_check
)
