"""How numbers, units, money, days and times are written, the same in both languages unless the words differ.

Separators are `1,250.125` in English and in Chinese, so figures take the fast path of an f-string; Babel writes the
dates of prose. Every unit is parted from its number by U+00A0, and minus is U+2212.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Final

from babel.dates import format_date, format_skeleton
from babel.numbers import get_currency_precision
from django.utils.translation import gettext as _

NBSP: Final = "\u00a0"
MINUS: Final = "\u2212"
EN_DASH: Final = "\u2013"
SHORT_HASH: Final = 8

MG_PER_UNIT: Final[dict[str, int]] = {"mg": 1, "g": 1_000, "kg": 1_000_000, "t": 1_000_000_000}
"""Milligrams in a unit of mass."""
MASS_PLACES: Final[dict[str, int]] = {"mg": 0, "g": 3, "kg": 3, "t": 3}
"""Decimals shown by default: a total in tonnes shows its kilograms, a line in kilograms its grams."""

BABEL_LOCALES: Final[dict[str, str]] = {"en": "en", "zh-hans": "zh_Hans"}


class NumberTextCode(StrEnum):
    """Why a typed number was not understood."""

    EMPTY = "empty"
    NOT_A_NUMBER = "not_a_number"
    GROUPING = "grouping"


class NumberTextError(ValueError):
    """A typed number was not understood; `code` says why, the message what to type."""

    def __init__(self, code: NumberTextCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def number(value: Decimal | int, places: int | None = None, *, signed: bool = False) -> str:
    """Return `1,250.125`: grouped, rounded half to even to `places` (as it stands where None), with a true minus.

    `signed` prints plus too. A value that is not zero never reads as zero: it reads as `<0.001`, with its sign.
    """
    exact = Decimal(value)
    shown = exact if places is None else exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    sign = MINUS if exact < 0 else ("+" if signed and exact > 0 else "")
    if exact and not shown:
        return f"{sign}<{Decimal(1).scaleb(-(places or 0)):f}"
    return f"{sign}{abs(shown):,f}"


def with_unit(figure: str, unit: str) -> str:
    """Join a figure and its unit so that no line breaks between them."""
    return f"{figure}{NBSP}{unit.replace(' ', NBSP)}" if unit else figure


def mass_number(mass_mg: int, unit: str = "t", places: int | None = None, *, signed: bool = False) -> str:
    """Return a mass of `mass_mg` milligrams as a figure in `unit` (t, kg, g, mg), without the unit."""
    value = Decimal(mass_mg).scaleb(-len(str(MG_PER_UNIT[unit])) + 1)
    return number(value, MASS_PLACES[unit] if places is None else places, signed=signed)


def mass(mass_mg: int, unit: str = "t", basis: str = "", places: int | None = None, *, signed: bool = False) -> str:
    """Return `1,250.125 t Ni`: the basis (an element's symbol, LCE, gross) is part of the unit."""
    return with_unit(mass_number(mass_mg, unit, places, signed=signed), f"{unit} {basis}".strip())


def money(amount: Decimal, currency: str, *, signed: bool = False, places: int | None = None) -> str:
    """Return `1,234,567.50 USD`: the ISO 4217 code always, its minor units unless `places` is given."""
    shown = get_currency_precision(currency) if places is None else places
    return with_unit(number(amount, shown, signed=signed), currency)


def percent(ratio: Decimal, places: int = 1, *, signed: bool = False) -> str:
    """Return `94.5%` of the ratio 0.945."""
    return number(ratio * 100, places, signed=signed) + "%"


def iso_date(day: dt.date) -> str:
    """Return the day as tables write it, `2026-09-05`. A moment is refused: its day depends on a zone."""
    if isinstance(day, dt.datetime):
        raise TypeError(f"{day!r} is a moment, not a day: use utc_time, or take its date in a named zone first.")
    return day.isoformat()


def prose_date(day: dt.date, language: str) -> str:
    """Return `5 September 2026`, or `2026年9月5日`."""
    if language == "en":
        return f"{day.day} {format_date(day, 'MMMM y', locale='en')}"
    return format_date(day, "long", locale=BABEL_LOCALES.get(language, "en"))


def prose_month(day: dt.date, language: str) -> str:
    """Return `September 2026`, or `2026年9月`."""
    return format_skeleton("yMMMM", day, locale=BABEL_LOCALES.get(language, "en"))


def period(first: dt.date, last: dt.date) -> str:
    """Return an inclusive period of days, `2026-09-01 – 2026-09-30`."""
    return f"{iso_date(first)} {EN_DASH} {iso_date(last)}"


def utc_time(moment: dt.datetime, *, seconds: bool = True) -> str:
    """Return `2026-09-05 14:03:00 UTC`. A moment without a zone is refused."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no zone: a time is never shown without one.")
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC" if seconds else "%Y-%m-%d %H:%M UTC")


def utc_stamp(moment: dt.datetime) -> str:
    """Return the machine's form of a moment, `2026-09-05T14:03:00Z`, for `<time datetime>`."""
    return utc_time(moment).replace(" UTC", "Z").replace(" ", "T")


def short_hash(digest: str) -> str:
    """Return the first eight characters of a hash, a key or a long identifier."""
    return digest[:SHORT_HASH]


_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_FOLDED = str.maketrans({MINUS: "-", EN_DASH: "-", "。": ".", "、": ",", "'": "", "_": ""})


def parse_number(text: str) -> Decimal:
    """Return the number that somebody typed, in half-width or full-width digits, with or without commas.

    Commas must stand at thousands: `12,5` might mean 12.5 or 125, and is refused rather than guessed.
    Raises NumberTextError with a sentence in the reader's language.
    """
    folded = "".join(unicodedata.normalize("NFKC", text).translate(_FOLDED).split())
    if not folded:
        raise NumberTextError(NumberTextCode.EMPTY, _("Enter a number."))
    if _PLAIN.fullmatch(folded):
        return Decimal(folded)
    if _GROUPED.fullmatch(folded):
        return Decimal(folded.replace(",", ""))
    if "," in folded and re.fullmatch(r"[+-]?[\d,]+(\.\d+)?", folded):
        raise NumberTextError(
            NumberTextCode.GROUPING,
            _("“%(text)s” can be read in two ways. Write a point for decimals, commas only at thousands: 1,250.125.")
            % {"text": text.strip()},
        )
    raise NumberTextError(
        NumberTextCode.NOT_A_NUMBER,
        _("“%(text)s” is not a number. Write digits only, such as 1250.125.") % {"text": text.strip()},
    )
