"""Performance warranty: its settlement and its place among the kinds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.facts import Fact
from contracts.core.kind import DuePeriod, Kind, TermsVersion
from contracts.core.period import Period
from contracts.core.statement import Settlement
from contracts.core.terms.performance_warranty_terms import SCHEMA, PerformanceWarrantyTerms


def settle(
    terms: PerformanceWarrantyTerms,
    facts: Iterable[Fact],
    period: Period,
    known_at: datetime,
    *,
    contract_ref: str = "",
    subject: str = "",
    stage: str = "",
    versions: tuple[TermsVersion, ...] = (),
) -> Settlement:
    """Settle one period."""
    raise SettlementError(SettlementCode.NOT_SUPPORTED, "This kind cannot be settled yet.")


def schedule(
    terms: PerformanceWarrantyTerms, start: date, end: date, *, facts: Iterable[Fact] = ()
) -> tuple[DuePeriod, ...]:
    """Return what falls due for periods that begin in `[start, end)`."""
    raise SettlementError(SettlementCode.NOT_SUPPORTED, "This kind cannot be scheduled yet.")


KIND: Final = Kind(
    code="performance-warranty",
    name_en="Performance warranty",
    name_zh="性能质保",
    party_roles=("warrantor", "beneficiary"),
    role_names={"warrantor": ("warrantor", "质保方"), "beneficiary": ("beneficiary", "受益方")},
    issuer_role="beneficiary",
    schema=SCHEMA,
    settle=settle,
    schedule=schedule,
)
