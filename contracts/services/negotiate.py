"""Hand the turn over: propose, counter, agree, decline."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from contracts.core.lifecycle import Move
from contracts.errors import ContractCode, ContractError
from contracts.models import ContractVersion, Draft
from contracts.selectors.agreement import VersionFields, terms_of, version_fields
from contracts.services.desk import Desk, open_desk
from contracts.services.save_draft import draft_at
from lode.parties.actor import Actor


def propose(*, actor: Actor, ref: str, now: datetime, expected_revision: int | None = None) -> int:
    """Put the draft forward as an immutable version, hand the turn to the counterparty, return the version's number.

    Raises TermsError when terms are missing or do not fit each other; ContractError `stale-revision`, `wrong-state`,
    `not-your-turn`, `unknown-contract`, `not-allowed`.
    """
    return _put_forward(Move.PROPOSE, actor=actor, ref=ref, now=now, expected_revision=expected_revision)


def counter(*, actor: Actor, ref: str, now: datetime, expected_revision: int | None = None) -> int:
    """Answer a proposal with other terms, saved before by `save_draft`; return the new version's number.

    Raises as `propose` does, and `nothing-changed` when the terms are those that were proposed.
    """
    return _put_forward(Move.COUNTER, actor=actor, ref=ref, now=now, expected_revision=expected_revision)


def agree(*, actor: Actor, ref: str, number: int, now: datetime) -> None:
    """Accept the version that the counterparty put forward last: from now on both may sign it, nobody may change it.

    Raises ContractError `unknown-version` unless `number` is the latest, `wrong-state`, `not-your-turn`,
    `unknown-contract`, `not-allowed`.
    """
    with transaction.atomic():
        desk = open_desk(actor=actor, ref=ref)
        desk.require(Move.AGREE)
        desk.make(Move.AGREE, now=now, version=latest_version(desk, number))


def decline(*, actor: Actor, ref: str, reason: str, now: datetime) -> None:
    """End the negotiation, saying why: a contract is then terminated, an amendment dropped. A draft is withdrawn so.

    Possible until both have signed. Raises ContractError `reason-missing`, `wrong-state`, `not-your-turn`,
    `unknown-contract`, `not-allowed`.
    """
    with transaction.atomic():
        desk = open_desk(actor=actor, ref=ref)
        desk.require(Move.DECLINE)
        if not reason.strip():
            raise ContractError(ContractCode.REASON_MISSING, f"Say why {ref} is declined: the counterparty reads it.")
        desk.make(Move.DECLINE, now=now, version=desk.contract.versions.last(), reason=reason.strip())


def latest_version(desk: Desk, number: int) -> ContractVersion:
    """Return the version of that number; raises `unknown-version` unless it is the latest that was put forward."""
    latest = desk.contract.versions.last()
    if latest is None or latest.number != number:
        stands = f"the latest is version {latest.number}" if latest else "none was put forward yet"
        raise ContractError(
            ContractCode.UNKNOWN_VERSION, f"{desk.contract.ref} has no version {number} to act on: {stands}."
        )
    return latest


def _put_forward(move: Move, *, actor: Actor, ref: str, now: datetime, expected_revision: int | None) -> int:
    with transaction.atomic():
        desk = open_desk(actor=actor, ref=ref)
        desk.require(move)
        version = _record_version(desk, draft_at(desk, expected_revision), move, now)
        desk.contract.prevailing_language = terms_of(version.terms)["prevailing_language"]
        desk.make(move, now=now, version=version)
        # The pen goes to whoever is waited for; what was written stands in the version.
        Draft.objects.filter(contract=desk.contract).update(holder=desk.counterparty)
        return version.number


def _record_version(desk: Desk, draft: Draft, move: Move, now: datetime) -> ContractVersion:
    row = desk.contract
    latest = row.versions.last()
    in_force = row.versions.filter(ledger_reference__isnull=False).last()
    number = latest.number + 1 if latest else 1
    fields = version_fields(
        ref=row.ref,
        kind=row.kind,
        number=number,
        parties=(row.party_a, row.party_b),
        terms=draft.terms,
        effective_from=draft.effective_from,
        supersedes=(in_force.number, in_force.digest) if in_force else None,
    )
    if move is Move.COUNTER and latest is not None and _same(latest, fields):
        raise ContractError(
            ContractCode.NOTHING_CHANGED,
            f"{row.ref}: these are the terms of version {latest.number}: agree to it, or change a term first.",
        )
    return ContractVersion.objects.create(
        contract=row,
        number=number,
        terms=fields.terms,
        text=fields.text,
        terms_sha256=fields.terms_sha256,
        text_sha256=fields.text_sha256,
        digest=fields.digest,
        effective_from=fields.effective_from,
        supersedes=in_force,
        proposed_by=desk.actor.organisation,
        recorded_at=desk.recorded_at(now),
    )


def _same(version: ContractVersion, fields: VersionFields) -> bool:
    stands = (version.terms_sha256, version.text_sha256, version.effective_from)
    return stands == (fields.terms_sha256, fields.text_sha256, fields.effective_from)
