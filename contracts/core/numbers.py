"""Exact decimal arithmetic: one wide context, one way to write a number down, no float."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from fractions import Fraction
from typing import Final

PRECISION: Final = 50  # digits: a sum of products of published figures is exact, only a division is ever cut
CONTEXT: Final = Context(
    prec=PRECISION, rounding=ROUND_HALF_EVEN, Emin=-999, Emax=999, traps=[DivisionByZero, InvalidOperation, Overflow]
)
ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
HUNDRED: Final = Decimal(100)
MAX_DIGITS: Final = 38  # what a term or a fact may hold, before and after the point together
_PLAIN = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_MINUSES = str.maketrans(
    {"\u2212": "-", "\u2013": "-", "\uff0c": ",", "\u00a0": "", "\u202f": "", "\u2009": "", " ": ""}
)


def parse_decimal(text: str) -> Decimal | None:
    """Read a number as people type it, or return None.

    Takes full-width digits and points, U+2212 as minus, thin and non-breaking spaces, and commas that stand before
    groups of three digits. Refuses exponents, NaN, infinities, and more than 38 digits.
    """
    plain = unicodedata.normalize("NFKC", text.translate(_MINUSES)).translate(_MINUSES)
    if not _PLAIN.fullmatch(plain) or sum(c.isdigit() for c in plain) > MAX_DIGITS or not plain.isascii():
        return None
    return Decimal(plain.replace(",", ""))


def text_of(value: Decimal) -> str:
    """Write a decimal in plain notation, keeping its digits after the point, with no exponent and no negative zero."""
    if value == 0:
        value = abs(value)
    return format(value, "f")


def shortest(value: Decimal) -> Decimal:
    """Return the same number without trailing zeros after the point, so that equal numbers are written alike."""
    if value == value.to_integral_value():
        return value.quantize(ONE, context=CONTEXT) if value != 0 else ZERO
    return value.normalize(CONTEXT)


def decimal_of(value: Fraction) -> Decimal:
    """Return a fraction as a decimal of 50 digits (exact where it terminates within them)."""
    with localcontext(CONTEXT):
        return Decimal(value.numerator) / Decimal(value.denominator)
