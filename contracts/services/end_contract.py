"""Close a contract, and put one in force whose day has come."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from contracts.core.lifecycle import Move, Side, State
from contracts.errors import ContractCode, ContractError
from contracts.models import Contract
from contracts.selectors.agreement import last_day, terms_of
from contracts.services.desk import Desk, open_desk
from lode.parties.actor import Actor


def end_contract(*, actor: Actor, ref: str, on: date, now: datetime, reason: str = "") -> str:
    """End an active contract: `on` is the first day on which it no longer runs. Returns the state, ended or terminated.

    On or after the last day that its terms name it has `ended`; before it, it is `terminated`, which asks for a reason.
    An amendment that was open is dropped. Raises ContractError `reason-missing`, `bad-date` before the contract's first
    day, `wrong-state`, `unknown-contract`, `not-allowed`.
    """
    with transaction.atomic():
        desk = open_desk(actor=actor, ref=ref)
        desk.require(Move.END)
        in_force = desk.contract.versions.filter(ledger_reference__isnull=False)
        first, latest = in_force.first(), in_force.last()
        assert first is not None  # an active contract has been signed by both
        assert latest is not None
        if on < first.effective_from:
            raise ContractError(
                ContractCode.BAD_DATE, f"{ref} began on {first.effective_from}: it cannot end on {on}, before that."
            )
        last = last_day(terms_of(latest.terms))
        move = Move.END if on >= last else Move.TERMINATE
        if move is Move.TERMINATE and not reason.strip():
            raise ContractError(
                ContractCode.REASON_MISSING,
                f"{ref} runs to {last}: say why it ends on {on}.",
            )
        desk.make(move, now=now, version=latest, reason=reason.strip(), effective_on=on)
        return desk.contract.state


def activate_due(*, now: datetime) -> tuple[str, ...]:
    """Put in force every contract that both have signed and whose effective date has come; return their references.

    For a job that runs daily: settlements look at signatures and dates and do not wait for it.
    """
    due = (
        Contract.objects.filter(state=State.SIGNED, waits_for_a=False, waits_for_b=False)
        .order_by("id")
        .values_list("ref", flat=True)
    )
    return tuple(ref for ref in due if _activate(ref, now))


def _activate(ref: str, now: datetime) -> bool:
    with transaction.atomic():
        row = Contract.objects.select_for_update().get(ref=ref)
        latest = row.versions.last()
        signed_by_both = row.state == State.SIGNED and not row.waits_for_a and not row.waits_for_b
        if not signed_by_both or latest is None or latest.effective_from > now.date():
            return False
        calendar = Actor(organisation=row.author, role="calendar")
        desk = Desk(row, Side.A if row.party_a == row.author else Side.B, calendar)
        desk.make(Move.ACTIVATE, now=now, version=latest, effective_on=latest.effective_from)
        return True
