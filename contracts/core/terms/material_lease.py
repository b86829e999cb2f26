"""Material lease: its settlement and its place among the kinds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.facts import Fact
from contracts.core.kind import DuePeriod, Kind, TermsVersion
from contracts.core.period import Period
from contracts.core.statement import Settlement
from contracts.core.terms.material_lease_terms import SCHEMA, MaterialLeaseTerms


def settle(
    terms: MaterialLeaseTerms,
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


def schedule(terms: MaterialLeaseTerms, start: date, end: date, *, facts: Iterable[Fact] = ()) -> tuple[DuePeriod, ...]:
    """Return what falls due for periods that begin in `[start, end)`."""
    raise SettlementError(SettlementCode.NOT_SUPPORTED, "This kind cannot be scheduled yet.")


KIND: Final = Kind(
    code="material-lease",
    name_en="Material lease",
    name_zh="矿物租赁",
    party_roles=("lessor", "lessee"),
    role_names={"lessor": ("lessor", "出租方"), "lessee": ("lessee", "承租方")},
    issuer_role="lessor",
    schema=SCHEMA,
    settle=settle,
    schedule=schedule,
)
