"""What a settlement is computed from, gathered as known at a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from contracts.core.facts import Fact
from contracts.core.kind import Kind, TermsVersion
from contracts.core.schema import parse
from contracts.core.terms import KINDS
from contracts.selectors import contract_versions_for_settlement, facts_for
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.movements import movements
from ledger.selectors.values import Movement
from lode.market.selectors import prices_of
from lode.settlement.core.balance import MovedEntry, MovedLeg, balance_facts
from lode.settlement.core.document import VersionUsed
from lode.settlement.core.prices import PublishedPrice, price_facts, series_named
from lode.settlement.errors import SettlementsCode, SettlementsError


@dataclass(frozen=True)
class Agreement:
    """A contract as known at a moment: its kind, who takes which role, and its versions by effective day."""

    ref: str
    kind: Kind
    parties: Mapping[str, str]
    versions: tuple[TermsVersion, ...]
    used: tuple[VersionUsed, ...]
    series: frozenset[str]
    ended_on: date | None

    def terms_on(self, day: date) -> Any:
        """Return the terms in force on a day: of the last version effective by then, else of the first one."""
        in_force = [version for version in self.versions if version.effective_from <= day]
        return (in_force or list(self.versions[:1]))[-1].terms


@dataclass(frozen=True)
class Inputs:
    """All that the pure settlement is given, and the tree size of the ledger at which it was read."""

    agreement: Agreement
    facts: tuple[Fact, ...]
    ledger_size: int


def agreement_at(*, ref: str, known_at: datetime) -> Agreement:
    """Return the contract as known at a moment; raises SettlementsError `wrong-state` if nothing was signed by then."""
    found = contract_versions_for_settlement(ref=ref, known_at=known_at)
    if not found.versions:
        raise SettlementsError(
            SettlementsCode.WRONG_STATE,
            f"By {known_at.isoformat()} nobody had signed {ref} on both sides, so there is nothing to settle: sign it.",
            subject=ref,
        )
    kind = KINDS[found.kind]
    return Agreement(
        ref=found.ref,
        kind=kind,
        parties=dict(zip(kind.party_roles, (found.party_a, found.party_b), strict=True)),
        versions=tuple(
            TermsVersion(v.number, v.effective_from, v.known_since, parse(kind.schema, v.terms)) for v in found.versions
        ),
        used=tuple(VersionUsed(v.number, v.terms_sha256, v.effective_from) for v in found.versions),
        series=frozenset().union(*(series_named(v.terms) for v in found.versions)),
        ended_on=found.ended_on,
    )


def gather(*, ref: str, known_at: datetime, size: int | None = None) -> Inputs:
    """Return the contract, its facts, the prices that it names and its movements on the ledger, all as known then.

    `size` is the ledger's tree size to read at, all of it where None.
    """
    agreement = agreement_at(ref=ref, known_at=known_at)
    size = ledger_size() if size is None else size
    facts = (
        *facts_for(ref=ref, known_at=known_at),
        *published(agreement, known_at),
        *_balance_changes(agreement, known_at, size),
    )
    return Inputs(agreement, facts, size)


def published(agreement: Agreement, known_at: datetime) -> tuple[Fact, ...]:
    """Return the prices of the series that the contract names, as facts."""
    fixings = prices_of(series=agreement.series, known_at=known_at)
    return price_facts(
        PublishedPrice(
            series=fixing.series,
            effective=fixing.effective,
            until=fixing.until,
            value=fixing.value,
            unit=fixing.unit,
            currency=fixing.currency,
            edition=fixing.edition,
            recorded_at=fixing.recorded_at,
            source=fixing.source,
        )
        for fixing in fixings
    )


def _balance_changes(agreement: Agreement, known_at: datetime, size: int) -> tuple[Fact, ...]:
    lessor = agreement.parties.get("lessor")
    if lessor is None:
        return ()
    ours = _entries(movements(party=None, contract=agreement.ref, known_at=size), known_at)
    named = {entry.entry_id for entry in ours}
    # A reversal names the entry that it takes back, not the contract.
    taken_back = _entries(movements(party=None, kind="reversal", known_at=size), known_at)
    reversals = [entry for entry in taken_back if entry.corrects in named and entry.entry_id not in named]
    return balance_facts(contract=agreement.ref, lessor=lessor, entries=[*ours, *reversals])


def _entries(found: Iterable[Movement], known_at: datetime) -> list[MovedEntry]:
    return [
        MovedEntry(
            index=movement.index,
            entry_id=movement.entry_id,
            kind=movement.kind,
            occurred=movement.occurred,
            recorded=movement.recorded,
            corrects=movement.corrects,
            legs=tuple(MovedLeg(*leg.account[:4], leg.mass_mg) for leg in movement.legs),
        )
        for movement in found
        if movement.recorded <= known_at
    ]
