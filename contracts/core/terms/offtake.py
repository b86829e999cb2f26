"""Offtake: its settlement and its place among the kinds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.facts import Fact
from contracts.core.kind import DuePeriod, Kind, TermsVersion
from contracts.core.period import Period
from contracts.core.statement import Settlement
from contracts.core.terms.offtake_terms import SCHEMA, OfftakeTerms


def settle(
    terms: OfftakeTerms,
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


def schedule(terms: OfftakeTerms, start: date, end: date, *, facts: Iterable[Fact] = ()) -> tuple[DuePeriod, ...]:
    """Return what falls due for periods that begin in `[start, end)`."""
    raise SettlementError(SettlementCode.NOT_SUPPORTED, "This kind cannot be scheduled yet.")


KIND: Final = Kind(
    code="offtake",
    name_en="Offtake",
    name_zh="承购",
    party_roles=("seller", "buyer"),
    role_names={"seller": ("seller", "卖方"), "buyer": ("buyer", "买方")},
    issuer_role="seller",
    schema=SCHEMA,
    settle=settle,
    schedule=schedule,
)
