"""One contract, as one party may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from contracts.core.compute import kind_of
from contracts.core.errors import ContractsError, Problem
from contracts.core.facts import FactKind
from contracts.core.lifecycle import State
from contracts.core.schema import check_terms, parse
from contracts.core.text import Clause
from contracts.models import Contract, ContractVersion, Draft, Turn
from contracts.selectors.agreement import clauses_of, first_day, last_day, rendered, signing_text, terms_of
from contracts.selectors.ledger_text import ledger_entry
from contracts.selectors.list_contracts import row_of, visible_contract
from contracts.selectors.settlement_inputs import facts_for
from contracts.selectors.standing import moves_of
from contracts.selectors.values import ContractRow, DraftView, SignatureView, TurnView, VersionView
from ledger.core.entry import encode
from ledger.core.errors import LedgerError
from ledger.selectors.entries import entry_by_id

OBLIGATIONS = 12
LOT_FACTS = (FactKind.MILESTONE, FactKind.WEIGHT, FactKind.MOISTURE, FactKind.ASSAY)


@dataclass(frozen=True)
class Obligation:
    """A day on which something falls due under the contract."""

    due_date: date
    what_en: str
    what_zh: str


@dataclass(frozen=True)
class ContractDetail:
    """Everything that a page about a contract shows. `roles` maps each role of the kind to its party.

    `terms` are those the reader looks at: its own draft while it has the pen (`draft` is set then), else the latest
    version put forward; `clauses` is their text, empty while `problems` keeps a draft from being read. `moves` are what
    the reader's organisation may do now. `in_force` is the number of the version in force on the day asked for, None
    before the first. `obligations` are the next days of the version in force, from that day on.
    """

    row: ContractRow
    roles: Mapping[str, str]
    terms: Mapping[str, Any]
    draft: DraftView | None
    problems: tuple[Problem, ...]
    clauses: tuple[Clause, ...]
    versions: tuple[VersionView, ...]
    in_force: int | None
    turns: tuple[TurnView, ...]
    moves: frozenset[str]
    obligations: tuple[Obligation, ...]


def contract_detail(*, ref: str, party: str | None, as_of: date) -> ContractDetail:
    """Return one contract as `party` (None: the auditor) sees it on a day.

    A draft is seen by who has the pen, and by the auditor; a withdrawn one by its author still. Raises ContractError
    `unknown-contract` where there is no such contract or the party may not see it.
    """
    row = visible_contract(ref, party)
    kind = kind_of(row.kind)
    versions = tuple(version_view(version, party) for version in _versions(row))
    draft = _draft(row, party)
    terms = draft.terms if draft else versions[-1].terms if versions else Draft.objects.get(contract=row).terms
    problems = check_terms(kind.schema, terms)[1] if draft else ()
    in_force = _in_force(versions, as_of)
    return ContractDetail(
        row=row_of(row),
        roles=dict(zip(kind.party_roles, (row.party_a, row.party_b), strict=True)),
        terms=terms,
        draft=draft,
        problems=problems,
        clauses=_clauses(row, draft, problems),
        versions=versions,
        in_force=in_force.number if in_force else None,
        turns=tuple(_turn_view(turn) for turn in row.turns.select_related("version")),
        moves=moves_of(row, party),
        obligations=_obligations(row, in_force, as_of),
    )


def version_view(version: ContractVersion, party: str | None) -> VersionView:
    """Return a version with its signatures and the index of the ledger entry that carries its digest."""
    reference = getattr(version, "ledger_reference", None)
    entry_id = reference.entry_id if reference else None
    entry = ledger_entry(version)
    return VersionView(
        number=version.number,
        terms=terms_of(version.terms),
        terms_sha256=version.terms_sha256,
        text_sha256=version.text_sha256,
        digest=version.digest,
        effective_from=version.effective_from,
        supersedes=version.supersedes.number if version.supersedes else None,
        proposed_by=version.proposed_by,
        recorded_at=version.recorded_at,
        signatures=tuple(
            SignatureView(signature.party, signature.key_name, signature.line, signature.signed_at)
            for signature in version.signatures.all()
        ),
        signing_text=signing_text(
            ref=version.contract.ref,
            number=version.number,
            digest=version.digest,
            text_sha256=version.text_sha256,
        ),
        entry_text=encode(entry) if entry else b"",
        entry_id=entry_id,
        entry_index=_entry_index(entry_id, party) if entry_id else None,
    )


def _versions(row: Contract) -> Iterable[ContractVersion]:
    related = row.versions.select_related("contract", "supersedes", "ledger_reference")
    return related.prefetch_related("signatures", "turns")


def _entry_index(entry_id: str, party: str | None) -> int | None:
    try:
        return entry_by_id(entry_id=entry_id, party=party).summary.index
    except LedgerError:  # handed in, and not sequenced yet
        return None


def _draft(row: Contract, party: str | None) -> DraftView | None:
    if not _is_drafting(row):
        return None
    draft = Draft.objects.get(contract=row)
    if party is not None and draft.holder != party:
        return None
    return DraftView(draft.holder, draft.terms, draft.effective_from, draft.revision, draft.saved_at)


def _is_drafting(row: Contract) -> bool:
    return (row.amendment or row.state) in {State.DRAFT, State.PROPOSED, State.COUNTERED}


def _clauses(row: Contract, draft: DraftView | None, problems: tuple[Problem, ...]) -> tuple[Clause, ...]:
    if draft is None:
        latest = row.versions.last()
        return clauses_of(latest.text) if latest else ()
    if problems:
        return ()
    parsed = parse(kind_of(row.kind).schema, draft.terms)
    return rendered(kind=row.kind, terms=parsed, parties=(row.party_a, row.party_b))


def _in_force(versions: tuple[VersionView, ...], day: date) -> VersionView | None:
    begun = [version for version in versions if version.signed_by_both and version.effective_from <= day]
    return max(begun, key=lambda version: (version.effective_from, version.number), default=None)


def _turn_view(turn: Turn) -> TurnView:
    return TurnView(
        number=turn.number,
        move=turn.move,
        party=turn.party,
        version_number=turn.version.number if turn.version else None,
        state_after=turn.state_after,
        amendment_after=turn.amendment_after,
        reason=turn.reason,
        effective_on=turn.effective_on,
        recorded_at=turn.recorded_at,
    )


def _obligations(row: Contract, in_force: VersionView | None, as_of: date) -> tuple[Obligation, ...]:
    if in_force is None or row.state in {State.ENDED, State.TERMINATED}:
        return ()
    last = last_day(in_force.terms)
    found = [*_settlements_due(row, in_force, as_of, last)]
    if last >= as_of:
        found.append(Obligation(last, "The contract runs out", "合同到期"))
    found.sort(key=lambda obligation: obligation.due_date)
    return tuple(found[:OBLIGATIONS])


def _settlements_due(row: Contract, in_force: VersionView, as_of: date, last: date) -> Iterable[Obligation]:
    kind = kind_of(row.kind)
    parsed = parse(kind.schema, in_force.terms)
    start = max(first_day(in_force.terms), date(as_of.year - 1, as_of.month, 1))
    known_at = datetime.combine(as_of + timedelta(days=1), time(), UTC)
    try:
        facts = facts_for(ref=row.ref, known_at=known_at, kinds=LOT_FACTS)
        due = kind.schedule(parsed, start, min(last, date(as_of.year + 1, as_of.month, 1)), facts=facts)
    except ContractsError:  # the kind's calendar does not reach so far
        return
    for item in due:
        if item.due_date >= as_of:
            what = item.subject or str(item.period)
            yield Obligation(item.due_date, f"Settlement of {what} is due", f"{what} 结算到期")
