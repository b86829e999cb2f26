"""K6, performance warranty: the frozen terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from contracts.core.fields import (
    Language,
)
from contracts.core.limits import LimitsBlock


class Metric(StrEnum):
    """What is measured and guaranteed, in per cent of the nominal value."""

    SOH_C = "SOH_C"
    SOH_E = "SOH_E"
    SOCE = "SOCE"


class Axis(StrEnum):
    """Against what a guarantee curve runs."""

    AGE_MONTHS = "AGE_MONTHS"
    THROUGHPUT_MWH = "THROUGHPUT_MWH"
    KM = "KM"
    EFC = "EFC"


class Interpolation(StrEnum):
    """Between two points of the curve."""

    STEP = "STEP"
    LINEAR = "LINEAR"


class Combine(StrEnum):
    """Which curve counts where there are several: the lowest (whichever first), or each on its own (the highest)."""

    MIN_OF_CURVES = "MIN_OF_CURVES"
    BY_AXIS = "BY_AXIS"


class Benefit(StrEnum):
    """Who has the benefit of the measurement's uncertainty."""

    SUPPLIER = "SUPPLIER"
    NONE = "NONE"
    OWNER = "OWNER"


class LdBasis(StrEnum):
    """Damages for the days of this period only, or for all days so far less what was paid."""

    PERIOD = "PERIOD"
    CUMULATIVE = "CUMULATIVE"


class MisuseEffect(StrEnum):
    """What use outside the envelope does."""

    EXCLUDE = "EXCLUDE"
    VOID = "VOID"


@dataclass(frozen=True, slots=True)
class WarrantedAsset:
    """One warranted battery."""

    asset: str
    nominal_kwh: Decimal
    started_on: date | None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """From `at` on its axis, at least `pct` is guaranteed (STEP), or on the line between two points (LINEAR)."""

    axis: Axis
    at: Decimal
    pct: Decimal


@dataclass(frozen=True, slots=True)
class PerformanceWarrantyTerms:
    """The terms of a performance warranty on a fleet of batteries."""

    currency: str
    product: str
    product_zh: str
    assets: tuple[WarrantedAsset, ...]
    start: date
    end_age_months: int
    end_km: Decimal | None
    end_throughput_mwh: Decimal | None
    metric: Metric
    curve: tuple[CurvePoint, ...]
    interpolation: Interpolation
    combine: Combine
    deadband_pct: Decimal
    uncertainty_pct: Decimal
    uncertainty_benefit: Benefit
    settlement_months: int
    ld_rate: Decimal
    ld_basis: LdBasis
    day_count: str
    limits: LimitsBlock | None
    fee_per_period: Decimal | None
    max_test_age_days: int
    test_temperature_c: Decimal
    test_c_rate: Decimal
    test_rest_minutes: int
    envelope_max_temperature_c: Decimal | None
    envelope_max_c_rate: Decimal | None
    misuse_effect: MisuseEffect
    notice_days: int
    claim_window_days: int
    sole_remedy: bool
    payment_days: int
    governing_law: str
    governing_law_zh: str
    dispute_forum: str
    dispute_forum_zh: str
    prevailing_language: Language
