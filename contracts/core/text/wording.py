"""How terms are written in each language: numbers, dates, units, choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from contracts.core.numbers import text_of
from contracts.core.schema import Field, FieldType

EN: Final = "en"
ZH: Final = "zh"
LANGUAGES: Final = (EN, ZH)
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
# A unit's words: for one and for several in English, and in Chinese. Units not listed are written as they are.
_UNITS: Final[Mapping[str, tuple[str, str, str]]] = {
    "d": ("day", "days", "天"),
    "months": ("month", "months", "个月"),
    "month": ("month", "months", "个月"),
    "min": ("minute", "minutes", "分钟"),
    "digits": ("decimal place", "decimal places", "位小数"),
    "values": ("value", "values", "个数值"),
    "cycle": ("cycle", "cycles", "次循环"),
    "kg": ("kg", "kg", "千克"),
    "t": ("t", "t", "吨"),
    "km": ("km", "km", "公里"),
}
_PER: Final[Mapping[str, tuple[str, str]]] = {
    "t": ("per tonne", "每吨"),
    "kg": ("per kg", "每千克"),
    "g": ("per gram", "每克"),
    "ozt": ("per troy ounce", "每金衡盎司"),
    "lb": ("per lb", "每磅"),
    "kWh": ("per kWh", "每千瓦时"),
    "a": ("per year", "每年"),
    "month": ("per month", "每月"),
}
_AXIS_UNITS: Final = {"AGE_MONTHS": "months", "THROUGHPUT_MWH": "MWh", "KM": "km", "EFC": "cycle"}


def write_number(value: Decimal | int) -> str:
    """Write a number with commas before groups of three digits, alike in both languages."""
    plain = text_of(Decimal(value))
    whole, point, rest = plain.lstrip("-").partition(".")
    sign = "\u2212" if plain.startswith("-") else ""
    return f"{sign}{int(whole):,}{point}{rest}"


def write_date(day: date, language: str) -> str:
    """Write a day in prose: 5 September 2026, 2026年9月5日."""
    if language == ZH:
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def write_value(field: Field, value: Any, language: str, lookup: Callable[[str], Any]) -> str:
    """Write a term in words. `lookup` finds what a unit depends on (currency, price unit, axis) in the terms around."""
    if field.type is FieldType.DATE:
        return write_date(value, language)
    if field.type is FieldType.BOOL:
        return ("yes" if value else "no") if language == EN else ("是" if value else "否")
    if field.type is FieldType.ENUM:
        chosen = next(c for c in field.choices if c.value == str(value))
        return chosen.label_zh if language == ZH else chosen.label_en
    if isinstance(value, Decimal | int):
        return _with_unit(value, field.unit, language, lookup)
    return str(value)


def _with_unit(value: Decimal | int, unit: str, language: str, lookup: Callable[[str], Any]) -> str:
    number = write_number(value)
    if unit == "%":
        return f"{number}%" if language == ZH else f"{number} %"
    if unit == "%/a":
        return f"每年 {number}%" if language == ZH else f"{number} % per year"
    if unit == "content":
        return f"{number} {lookup('unit')}"
    if unit == "axis":
        unit = _AXIS_UNITS[str(lookup("axis"))]
    if unit.split("/")[0] == "currency":
        return _money(number, unit, language, lookup)
    return _counted(value, number, unit, language)


def _money(number: str, unit: str, language: str, lookup: Callable[[str], Any]) -> str:
    # `unit` is that of the price around; a name such as refining_charge_unit is a term beside this one.
    units = unit.split("/")[1:]
    names = [lookup("price_unit") if u == "unit" else lookup(u) if u.endswith("_unit") else u for u in units]
    words = [_PER.get(str(name), (f"per {name}", f"每{name}")) for name in names]
    if language == ZH:
        return "".join(zh for _, zh in words) + f" {number} {lookup('currency')}"
    return " ".join([f"{number} {lookup('currency')}", *(en for en, _ in words)])


def _counted(value: Decimal | int, number: str, unit: str, language: str) -> str:
    if unit in ("", "1"):
        return number
    one, several, chinese = _UNITS.get(unit, (unit, unit, unit))
    if language == ZH:
        return f"{number} {chinese}"
    return f"{number} {one if value == 1 else several}"
