"""Terms that every kind shares, and short ways to declare a field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from contracts.core.rounding import MINOR_UNITS
from contracts.core.schema import Choice, Field, FieldType, Schema, choices_of


class Element(StrEnum):
    """The contained elements that the ledger accounts for; C is graphite."""

    LI = "Li"
    NI = "Ni"
    CO = "Co"
    MN = "Mn"
    C = "C"
    CU = "Cu"


class Language(StrEnum):
    """Which text prevails."""

    EN = "en"
    ZH = "zh"
    EQUAL = "equal"


class Policy(StrEnum):
    """What a missing input does."""

    BLOCK = "BLOCK"
    ESTIMATE = "ESTIMATE"


class UmpireRule(StrEnum):
    """How a disputed assay is settled once the umpire has reported (terms A.2)."""

    UMPIRE = "UMPIRE"
    MEAN_CLOSER = "MEAN_CLOSER"
    MIDDLE = "MIDDLE"
    MEAN_ALL = "MEAN_ALL"
    MEAN_NEAREST_TWO = "MEAN_NEAREST_TWO"


class LimitBasis(StrEnum):
    """Whether a splitting limit is in the assay's own unit or in % of the mean."""

    ABS = "ABS"
    REL = "REL"


ELEMENT_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "Li": ("lithium", "锂"),
    "Ni": ("nickel", "镍"),
    "Co": ("cobalt", "钴"),
    "Mn": ("manganese", "锰"),
    "C": ("graphite", "石墨"),
    "Cu": ("copper", "铜"),
}
LANGUAGE_NAMES: Final = {
    "en": ("English", "英文"),
    "zh": ("Chinese", "中文"),
    "equal": ("both equally", "两种文本同等"),
}
POLICY_NAMES: Final = {
    "BLOCK": ("do not settle until it is known", "未知前不结算"),
    "ESTIMATE": ("settle on the last published value, flagged estimated", "按最近公布值暂估并标注"),
}
UMPIRE_NAMES: Final = {
    "UMPIRE": ("the umpire's result", "仲裁化验结果"),
    "MEAN_CLOSER": ("mean of the umpire's and the closer party's results", "仲裁结果与较接近一方结果的平均值"),
    "MIDDLE": ("the middle of the three results", "三个结果的中间值"),
    "MEAN_ALL": ("mean of the three results", "三个结果的平均值"),
    "MEAN_NEAREST_TWO": ("mean of the two nearest results", "最接近的两个结果的平均值"),
}
LIMIT_BASIS_NAMES: Final = {"ABS": ("absolute", "绝对值"), "REL": ("relative, % of the mean", "相对值（均值百分比）")}
DAY_COUNT_CHOICES: Final = tuple(
    Choice(c, c, c) for c in ("ACT/360", "ACT/365F", "ACT/365NL", "ACT/ACT.ISDA", "30/360.BOND", "30E/360")
)
BUSINESS_DAY_CHOICES: Final = (
    Choice("U", "unadjusted", "不调整"),
    Choice("F", "following", "顺延"),
    Choice("MF", "modified following", "修正顺延"),
    Choice("P", "preceding", "提前"),
    Choice("MP", "modified preceding", "修正提前"),
)
CALENDAR_CHOICES: Final = (
    Choice("NONE", "every day", "每日"),
    Choice("WEEKENDS", "weekends only", "仅周末休市"),
    Choice("TARGET", "TARGET", "TARGET（欧元区支付系统）"),
    Choice("UK.EXCHANGE", "London exchange days", "伦敦交易所日历"),
    Choice("TARGET+UK", "TARGET and London", "TARGET 与伦敦"),
)


def number(name: str, label_en: str, label_zh: str, unit: str, **rest: Any) -> Field:
    """Declare a decimal term, never negative unless `minimum` says otherwise."""
    rest.setdefault("minimum", Decimal(0))
    return Field(name, FieldType.DECIMAL, label_en, label_zh, unit=unit, **rest)


def percent(name: str, label_en: str, label_zh: str, **rest: Any) -> Field:
    """Declare a percentage between 0 and 100."""
    rest.setdefault("maximum", Decimal(100))
    return number(name, label_en, label_zh, "%", **rest)


def rate(name: str, label_en: str, label_zh: str, **rest: Any) -> Field:
    """Declare a rate in per cent a year, up to 100."""
    rest.setdefault("minimum", Decimal(0))
    rest.setdefault("maximum", Decimal(100))
    return Field(name, FieldType.RATE, label_en, label_zh, unit="%/a", **rest)


def money(name: str, label_en: str, label_zh: str, **rest: Any) -> Field:
    """Declare an amount in the contract's currency."""
    rest.setdefault("minimum", Decimal(0))
    rest.setdefault("max_dp", 3)
    return Field(name, FieldType.MONEY, label_en, label_zh, unit="currency", **rest)


def whole(name: str, label_en: str, label_zh: str, unit: str, **rest: Any) -> Field:
    """Declare a whole number, never negative unless `minimum` says otherwise."""
    rest.setdefault("minimum", Decimal(0))
    rest.setdefault("maximum", Decimal(100000))
    return Field(name, FieldType.INT, label_en, label_zh, unit=unit, **rest)


def day(name: str, label_en: str, label_zh: str, **rest: Any) -> Field:
    """Declare a calendar day."""
    return Field(name, FieldType.DATE, label_en, label_zh, **rest)


def text(name: str, label_en: str, label_zh: str, **rest: Any) -> Field:
    """Declare a short text of at most 200 characters."""
    return Field(name, FieldType.TEXT, label_en, label_zh, **rest)


def flag(name: str, label_en: str, label_zh: str, default: str, **rest: Any) -> Field:
    """Declare a yes-or-no term."""
    return Field(name, FieldType.BOOL, label_en, label_zh, default=default, **rest)


def enum(
    name: str, label_en: str, label_zh: str, members: type[StrEnum], labels: Mapping[str, tuple[str, str]], **rest: Any
) -> Field:
    """Declare a choice among the members of an enum."""
    options = choices_of(members, labels)
    return Field(name, FieldType.ENUM, label_en, label_zh, choices=options, enum=members, **rest)


def choice(name: str, label_en: str, label_zh: str, options: Iterable[Choice], **rest: Any) -> Field:
    """Declare a choice among given values that stay texts."""
    return Field(name, FieldType.ENUM, label_en, label_zh, choices=tuple(options), **rest)


def table(name: str, label_en: str, label_zh: str, rows: Schema[Any], **rest: Any) -> Field:
    """Declare a table: a list of rows, each read by its own schema."""
    return Field(name, FieldType.TABLE, label_en, label_zh, rows=rows, **rest)


def block(name: str, label_en: str, label_zh: str, rows: Schema[Any], **rest: Any) -> Field:
    """Declare a block: terms within a term."""
    return Field(name, FieldType.BLOCK, label_en, label_zh, rows=rows, **rest)


CURRENCY: Final = choice(
    "currency", "Currency", "币种", (Choice(c, c, c) for c in sorted(MINOR_UNITS)), default="USD", group="payment"
)
PAYMENT_DAYS: Final = whole(
    "payment_days",
    "Payment term",
    "付款期限",
    "d",
    default="30",
    maximum=Decimal(365),
    group="payment",
    clause="payment",
)
LAW_FIELDS: Final = (
    text("governing_law", "Governing law", "适用法律", default="the laws of England and Wales", group="law"),
    text(
        "governing_law_zh",
        "Governing law (Chinese text)",
        "适用法律（中文文本）",
        default="英格兰和威尔士法律",
        group="law",
    ),
    text(
        "dispute_forum",
        "Disputes are settled by",
        "争议解决机构",
        default="arbitration in Singapore under the SIAC Rules",
        group="law",
    ),
    text(
        "dispute_forum_zh",
        "Disputes are settled by (Chinese text)",
        "争议解决机构（中文文本）",
        default="新加坡国际仲裁中心依其规则在新加坡仲裁",
        group="law",
    ),
    enum("prevailing_language", "Prevailing language", "优先语言", Language, LANGUAGE_NAMES, default="en", group="law"),
)
