"""K3, offtake and feedstock supply: the frozen terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from contracts.core.fields import (
    Element,
    Language,
    LimitBasis,
    UmpireRule,
)
from contracts.core.prices import Anchor, PriceBlock


class PayableMode(StrEnum):
    """How the payable content follows from the content c, the percentage p and the deduction d."""

    PCT = "PCT"  # c x p
    PCT_MD = "PCT_MD"  # min(c x p, c - d)
    DED_PCT = "DED_PCT"  # (c - d) x p
    PCT_DED = "PCT_DED"  # c x p - d
    BAND = "BAND"  # c x p of the band that c lies in
    THRESHOLD = "THRESHOLD"  # c x p, nothing below d


class Binding(StrEnum):
    """Whose assay binds when the other party misses the exchange."""

    SELLER = "seller"
    BUYER = "buyer"
    NONE = "none"


class ProvisionalPrice(StrEnum):
    """Which price values a provisional invoice."""

    LAST_PUBLISHED = "LAST_PUBLISHED"
    PRIOR_MONTH = "PRIOR_MONTH"


@dataclass(frozen=True, slots=True)
class PayableBand:
    """From this content upwards (until the next band), the percentage that is payable."""

    content_from: Decimal
    payable_pct: Decimal


@dataclass(frozen=True, slots=True)
class PayableElement:
    """One element that the buyer pays for."""

    element: Element
    price: PriceBlock
    payable_mode: PayableMode
    payable_pct: Decimal
    deduction: Decimal
    bands: tuple[PayableBand, ...]
    refining_charge: Decimal
    refining_charge_unit: str
    splitting_limit: Decimal
    splitting_basis: LimitBasis
    reporting_dp: int
    payable_unit_dp: int | None


@dataclass(frozen=True, slots=True)
class Penalty:
    """A charge for an impurity above a threshold."""

    element: str
    unit: str
    threshold: Decimal
    step: Decimal
    rate_per_step: Decimal
    pro_rata: bool
    reject_above: Decimal | None


@dataclass(frozen=True, slots=True)
class OfftakeTerms:
    """The terms of an offtake. Lots are facts: their weights, moistures, assays and milestones."""

    currency: str
    product: str
    product_zh: str
    incoterm: str
    delivery_place: str
    title_passes: Anchor
    commencement: date
    maturity: date
    elements: tuple[PayableElement, ...]
    penalties: tuple[Penalty, ...]
    umpire_rule: UmpireRule
    exchange_deadline_days: int
    default_binding: Binding
    weight_dp: int
    payable_dp: int | None
    franchise_pct: Decimal
    treatment_charge: Decimal
    treatment_basis: str
    min_treatment_charge: Decimal | None
    freight_per_lot: Decimal
    provisional_pct: Decimal
    provisional_price: ProvisionalPrice
    provisional_trigger: Anchor
    over_moisture_reject_pct: Decimal | None
    payment_days: int
    calendar: str
    business_day_rule: str
    set_off: bool
    governing_law: str
    governing_law_zh: str
    dispute_forum: str
    dispute_forum_zh: str
    prevailing_language: Language
