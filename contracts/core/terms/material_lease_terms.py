"""K1, material lease: the frozen terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from contracts.core.fields import (
    Element,
    Language,
    LimitBasis,
    Policy,
    UmpireRule,
)
from contracts.core.prices import PriceBlock


class RateType(StrEnum):
    """What the fee is charged on."""

    FIXED = "FIXED"
    FLOATING = "FLOATING"
    PER_KG_MONTH = "PER_KG_MONTH"


class FeeBasis(StrEnum):
    """Which price values the leased quantity."""

    INCEPTION = "INCEPTION"
    PERIOD_AVG = "PERIOD_AVG"
    PERIOD_END = "PERIOD_END"


class Medium(StrEnum):
    """In what the fee is paid."""

    CURRENCY = "CURRENCY"
    METAL = "METAL"


class Allocation(StrEnum):
    """Whether serials are leased, or a share of a pool."""

    POOL = "POOL"
    ALLOCATED = "ALLOCATED"


class QuantityBasis(StrEnum):
    """Where the contained quantity comes from."""

    ASSAYED = "ASSAYED"
    DECLARED = "DECLARED"
    BOM = "BOM"


class Transfer(StrEnum):
    """What happens to the lease when the battery is sold on."""

    NOVATE = "NOVATE"
    CONSENT = "CONSENT"
    TERMINATE = "TERMINATE"


class Bearer(StrEnum):
    """Who bears the loss of the leased material."""

    LESSEE = "LESSEE"
    LESSOR = "LESSOR"


@dataclass(frozen=True, slots=True)
class LeasedElement:
    """One element under lease: how it is priced, and what may be lost of it."""

    element: Element
    form: str
    price: PriceBlock
    inception_price: Decimal | None
    rate_pct: Decimal | None
    fee_per_kg_month: Decimal | None
    process_loss_pct: Decimal
    use_loss_pct: Decimal
    accountability_pct: Decimal


@dataclass(frozen=True, slots=True)
class MaterialLeaseTerms:
    """The terms of a material lease. Quantities are kilograms of contained element and live on the ledger."""

    currency: str
    title_retained: bool
    allocation: Allocation
    quantity_basis: QuantityBasis
    elements: tuple[LeasedElement, ...]
    commencement: date
    maturity: date
    evergreen_notice_days: int
    delivery_place: str
    incoterm: str
    rate_type: RateType
    rate_pct: Decimal | None
    benchmark_series: str | None
    spread_pct: Decimal
    day_count: str
    fee_frequency_months: int
    business_day_rule: str
    calendar: str
    end_of_month: bool
    fee_price_basis: FeeBasis
    fee_medium: Medium
    min_fee: Decimal | None
    missing_price: Policy
    payment_days: int
    default_rate_pct: Decimal
    return_window_days: int
    shortfall_price_pct: Decimal
    surplus_share_pct: Decimal
    over_recovery_tolerance_pct: Decimal
    splitting_limit: Decimal
    splitting_basis: LimitBasis
    umpire_rule: UmpireRule
    buyout_premium_pct: Decimal
    casualty_bearer: Bearer
    transfer_on_sale: Transfer
    allow_overdraft: bool
    governing_law: str
    governing_law_zh: str
    dispute_forum: str
    dispute_forum_zh: str
    prevailing_language: Language
