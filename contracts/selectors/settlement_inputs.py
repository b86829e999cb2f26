"""What a settlement is computed from, frozen at a moment."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q

from contracts.core.facts import Fact as FactValue
from contracts.core.facts import FactKind, FactStatus
from contracts.core.lifecycle import Move
from contracts.errors import UnknownContractError
from contracts.models import Contract, ContractVersion, Fact
from contracts.selectors.agreement import terms_of
from contracts.selectors.values import SettlementInputs, SettlementVersion


def contract_versions_for_settlement(*, ref: str, known_at: datetime) -> SettlementInputs:
    """Return every version that both had signed by `known_at`, by effective date; on one day the later prevails.

    For the engine, not for pages: it asks for no party. Raises ContractError `unknown-contract`.
    """
    row = _contract(ref)
    signed = (_signed_version(version, known_at) for version in row.versions.prefetch_related("signatures"))
    versions = sorted(filter(None, signed), key=lambda version: (version.effective_from, version.number))
    return SettlementInputs(
        ref=row.ref,
        kind=row.kind,
        party_a=row.party_a,
        party_b=row.party_b,
        versions=tuple(versions),
        ended_on=_ended_on(row, known_at),
    )


def contracts_to_settle(*, as_of: date) -> tuple[str, ...]:
    """Return the references of all contracts that both have signed and that begin on or before the day, oldest first.

    Ended ones are among them: their last periods are settled, and earlier ones again after a correction.
    """
    signed = Exists(
        ContractVersion.objects.filter(
            contract=OuterRef("pk"), ledger_reference__isnull=False, effective_from__lte=as_of
        )
    )
    return tuple(Contract.objects.filter(signed).order_by("id").values_list("ref", flat=True))


def facts_for(*, ref: str, known_at: datetime, kinds: Collection[str] | None = None) -> tuple[FactValue, ...]:
    """Return the newest version of each fact recorded by `known_at`, by kind, effective day, subject and name.

    Those of the contract, and those of no contract that one of its two parties recorded; no stranger's. None asks for
    all kinds. A fact that was corrected after `known_at` is given as it was known then. Raises `unknown-contract`.
    """
    row = _contract(ref)
    shared = Q(contract=None, recorded_by__in=(row.party_a, row.party_b))
    later = Fact.objects.filter(supersedes=OuterRef("pk"), recorded_at__lte=known_at)
    rows = Fact.objects.filter(Q(contract=row) | shared, ~Exists(later), recorded_at__lte=known_at)
    if kinds is not None:
        rows = rows.filter(kind__in=[str(kind) for kind in kinds])
    values = [fact_value(fact) for fact in rows]
    return tuple(sorted(values, key=lambda fact: (fact.kind, fact.effective, fact.subject, fact.id)))


def fact_value(row: Fact) -> FactValue:
    """Return a fact as the engine takes it."""
    return FactValue(
        id=row.fact_id,
        version=row.version,
        kind=FactKind(row.kind),
        subject=row.subject,
        effective=row.effective,
        recorded=row.recorded_at,
        status=FactStatus(row.status),
        source=row.source,
        value=row.value,
    )


def _contract(ref: str) -> Contract:
    row = Contract.objects.filter(ref=ref).first()
    if row is None:
        raise UnknownContractError(ref)
    return row


def _signed_version(version: ContractVersion, known_at: datetime) -> SettlementVersion | None:
    moments = [signature.signed_at for signature in version.signatures.all()]
    if len(moments) < 2 or max(moments) > known_at:  # noqa: PLR2004 - a contract has two parties
        return None
    return SettlementVersion(
        number=version.number,
        terms=terms_of(version.terms),
        terms_sha256=version.terms_sha256,
        digest=version.digest,
        effective_from=version.effective_from,
        known_since=max(moments),
    )


def _ended_on(row: Contract, known_at: datetime) -> date | None:
    turn = row.turns.filter(move__in=(Move.END, Move.TERMINATE), recorded_at__lte=known_at).last()
    return turn.effective_on if turn else None
