"""The named points at which a number is rounded, and the only ways to do it (terms: R2, R3, R4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from typing import Final

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.numbers import CONTEXT, ZERO, decimal_of

# ISO 4217:2015 with amendments to 2025: the currencies that a contract may name, and their minor units.
MINOR_UNITS: Final[dict[str, int]] = {
    "AED": 2, "ARS": 2, "AUD": 2, "BHD": 3, "BRL": 2, "CAD": 2, "CHF": 2, "CLP": 0, "CNY": 2, "COP": 2, "CZK": 2,
    "DKK": 2, "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2, "ISK": 0, "JOD": 3, "JPY": 0,
    "KRW": 0, "KWD": 3, "KZT": 2, "MAD": 2, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "OMR": 3, "PEN": 2, "PHP": 2,
    "PLN": 2, "QAR": 2, "RON": 2, "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2, "TND": 3, "TRY": 2, "TWD": 2, "UGX": 0,
    "USD": 2, "VND": 0, "ZAR": 2,
}  # fmt: skip


class Mode(StrEnum):
    """How a tie is broken: `half-up` is away from zero on both signs, so that a reversal cancels exactly."""

    HALF_UP = "half-up"
    HALF_EVEN = "half-even"


_DECIMAL_MODE = {Mode.HALF_UP: ROUND_HALF_UP, Mode.HALF_EVEN: ROUND_HALF_EVEN}


@dataclass(frozen=True, slots=True)
class Rounding:
    """A named rounding point: digits after the decimal point, and the mode."""

    dp: int
    mode: Mode = Mode.HALF_UP

    def apply(self, value: Decimal) -> Decimal:
        """Return `value` with exactly `dp` digits after the point."""
        return value.quantize(Decimal(1).scaleb(-self.dp), rounding=_DECIMAL_MODE[self.mode], context=CONTEXT)


def minor_unit(currency: str) -> int:
    """Return the digits after the point of a currency's minor unit (ISO 4217): USD 2, JPY 0, KWD 3."""
    try:
        return MINOR_UNITS[currency]
    except KeyError:
        raise SettlementError(
            SettlementCode.UNKNOWN_CURRENCY,
            f"{currency!r} is not a currency known here; use an ISO 4217 code such as USD, EUR or CNY.",
            subject=currency,
        ) from None


def money_rounding(currency: str) -> Rounding:
    """Return the rounding of a line amount in `currency`: its minor unit, half up (R3)."""
    return Rounding(minor_unit(currency))


def round_money(value: Decimal, currency: str) -> Decimal:
    """Round an amount to the minor unit of its currency, half up."""
    return money_rounding(currency).apply(value)


def largest_remainder(total: Decimal, weights: Sequence[Decimal], dp: int) -> tuple[Decimal, ...]:
    """Split `total` in proportion to `weights` into parts of `dp` digits that add up to `total` exactly (R4).

    Each part is first rounded towards minus infinity in units of 10^-dp, then the units left over go one each to the
    largest remainders, earlier parts first where remainders are equal. `total` must itself have at most `dp` digits,
    weights must not be negative and not all be zero.
    """
    if any(w < 0 for w in weights) or not any(weights):
        raise SettlementError(
            SettlementCode.BAD_FACT, "A split needs weights of which none is negative and one at least is above zero."
        )
    with localcontext(CONTEXT):
        unit = Decimal(1).scaleb(-dp)
        if total != total.quantize(unit, context=CONTEXT):
            raise SettlementError(SettlementCode.BAD_FACT, f"{total} has more than {dp} digits after the point.")
        whole = Fraction(sum(weights, ZERO))
        exact = [Fraction(total) * Fraction(w) / whole / Fraction(unit) for w in weights]
        floors = [x.numerator // x.denominator for x in exact]
        left = int(Fraction(total) / Fraction(unit)) - sum(floors)
        by_remainder = sorted(range(len(weights)), key=lambda i: (floors[i] - exact[i], i))
        for i in by_remainder[:left]:
            floors[i] += 1
        return tuple((Decimal(n) * unit).quantize(unit) for n in floors)


def floor_steps(value: Fraction) -> Decimal:
    """Return the largest whole number not above `value`."""
    return decimal_of(value).to_integral_value(rounding=ROUND_FLOOR, context=CONTEXT)
