"""Correct the ledger where it was wrong: one side proposes, the other agrees, both sign the entry."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from ledger.core.entry import Account, Entry, Leg, decode, encode, entry_id
from ledger.core.errors import LedgerError
from ledger.selectors.balances import balances
from ledger.selectors.entries import entry_by_id
from lode.parties.actor import Actor
from lode.parties.errors import PartiesError
from lode.parties.services import keep_signature, post_entry
from lode.reconciliation.core.adjust import Contra, adjusting_legs, custody_account
from lode.reconciliation.core.book import IN_CUSTODY
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.page import PageRow
from lode.reconciliation.core.splits import PART
from lode.reconciliation.core.values import Text
from lode.reconciliation.models import Adjustment, Match, ReconciledPeriod
from lode.reconciliation.selectors.their_side import live_statement
from lode.reconciliation.services.writing import check_open, checked_text, locked_period, record, row_of

_MAX_REASON = 400


def post_adjustment(
    *,
    period_id: int,
    ours_key: str,
    theirs_key: str,
    reason: str,
    actor: Actor,
    now: datetime,
    contra: Contra = Contra.UNACCOUNTED,
    lot: str = "",
    given: str = "",
) -> int:
    """Propose to bring the ledger to the partner's mass (or the agreed mean), or agree to the other side's proposal.

    The first call keeps the entry's text; the same call by the other side signs it with both parties' keys and hands
    it to the ledger. A side that keeps its key itself gives its line over the kept text in `given`: the proposer by
    calling again, before the other side can agree. Returns the adjustment's number. Raises ReconciliationError
    `adjustment-does-not-fit`, `ledger-refused`, `text-empty`, `text-too-long`, `row-not-found`, `row-decided`,
    `not-found`, `forbidden`, `period-closed`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        row = row_of(period, ours_key=ours_key, theirs_key=theirs_key, actor=actor, now=now)
        mass_mg = _mass_due(row, actor)
        said = checked_text(reason, _MAX_REASON)
        standing = _standing(period, ours_key, theirs_key)
        if standing is not None and standing.mass_mg == mass_mg and standing.contra == contra:
            if standing.proposed_by == actor.organisation:
                if given:
                    _keep(standing, actor=actor, now=now, given=given)
                return standing.pk
            return _agree(period, row, standing, actor=actor, now=now, given=given).pk
        if standing is not None:
            _withdraw(standing, now)
        entry = _entry(period, row, mass_mg, reason=said, contra=contra, lot=lot, now=now)
        return _propose(period, row, entry, mass_mg, contra=contra, actor=actor, now=now).pk


def withdraw_adjustment(*, period_id: int, adjustment_id: int, actor: Actor, now: datetime) -> None:
    """Take back, or turn down, a proposal that is not posted; doing so again changes nothing.

    Raises ReconciliationError `row-not-found`, `not-found`, `forbidden`, `period-closed`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        item = period.adjustments.filter(pk=adjustment_id).first()
        if item is None or item.state == Adjustment.State.POSTED:
            raise ReconciliationError(
                Code.ROW_NOT_FOUND,
                Text("There is no open proposal of that number in this period.", "本期没有该待处理的调整。"),
            )
        if item.state == Adjustment.State.PROPOSED:
            _withdraw(item, now)


def _mass_due(row: PageRow, actor: Actor) -> int:
    """Return what the partner's custody is to gain. An assay split says so itself; else the partner's mass counts."""
    if row.adjustment_due_mg and row.decision and row.decision.agreed_mg is not None:
        return row.adjustment_due_mg
    check_open(row, actor)
    if row.ours and PART in row.ours.key:
        raise ReconciliationError(
            Code.ADJUSTMENT_DOES_NOT_FIT,
            Text("Undo the split first: the ledger's entry is corrected as a whole.", "请先撤销拆分：分录须整体更正。"),
        )
    if not row.difference_mg:
        raise ReconciliationError(
            Code.ADJUSTMENT_DOES_NOT_FIT,
            Text("Both sides have the same mass; there is nothing to adjust.", "双方质量相同，无需调整。"),
        )
    return -row.difference_mg


def _standing(period: ReconciledPeriod, ours_key: str, theirs_key: str) -> Adjustment | None:
    return period.adjustments.filter(state=Adjustment.State.PROPOSED, ours_key=ours_key, theirs_key=theirs_key).first()


def _withdraw(item: Adjustment, now: datetime) -> None:
    item.state = Adjustment.State.WITHDRAWN
    item.ended_at = now
    item.save(update_fields=["state", "ended_at"])


def _entry(
    period: ReconciledPeriod, row: PageRow, mass_mg: int, *, reason: str, contra: Contra, lot: str, now: datetime
) -> Entry:
    """Write the entry that both are to sign."""
    legs, corrects = _corrected(period, row)
    account = custody_account(
        our_party=period.our_party,
        partner=period.partner,
        element=row.element,
        mass_mg=mass_mg,
        legs=legs,
        balances_mg=_held(period, row.element),
        lot=lot,
    )
    line = row.ours or row.theirs
    assert line is not None
    statement = live_statement(period)
    return Entry(
        kind="adjustment",
        book=settings.LEDGER_ORIGIN,
        nonce=f"reconciliation/{period.pk}/{row.key.replace('~', '/')}/{now:%Y%m%dT%H%M%S%f}",
        occurred=line.date.isoformat(),
        legs=tuple(sorted(adjusting_legs(account, mass_mg, contra=contra, our_party=period.our_party))),
        reference=line.reference or None,
        reason=reason,
        corrects=corrects,
        documents={"partner-statement": statement.file_sha256} if statement else {},
    )


def _corrected(period: ReconciledPeriod, row: PageRow) -> tuple[tuple[Leg, ...], str | None]:
    if row.ours is None:
        return (), None
    summary = entry_by_id(entry_id=row.ours.origin, party=period.our_party).summary
    return tuple(Leg(*leg.account, leg.mass_mg) for leg in summary.legs), summary.entry_id


def _held(period: ReconciledPeriod, element: str) -> dict[Account, int]:
    rows = balances(
        party=period.our_party,
        owner=period.our_party,
        holder=period.partner,
        element=element,
        group_by=("state", "lot"),
    )
    return {
        Account(period.our_party, period.partner, element, row.state, row.lot): row.mass_mg
        for row in rows
        if row.state is not None and row.lot is not None and row.state in IN_CUSTODY
    }


def _propose(
    period: ReconciledPeriod,
    row: PageRow,
    entry: Entry,
    mass_mg: int,
    *,
    contra: Contra,
    actor: Actor,
    now: datetime,
) -> Adjustment:
    try:
        text = encode(entry)
    except LedgerError as error:
        raise _refused(error.sentence) from error
    return Adjustment.objects.create(
        period=period,
        ours_key=row.ours.key if row.ours else "",
        theirs_key=row.theirs.key if row.theirs else "",
        element=row.element,
        mass_mg=mass_mg,
        contra=contra,
        reason=entry.reason or "",
        entry_text=text,
        entry_id=entry_id(text).hex(),
        proposed_by=actor.organisation,
        proposed_person=actor.person_id,
        proposed_at=now,
    )


def _keep(item: Adjustment, *, actor: Actor, now: datetime, given: str) -> None:
    try:
        keep_signature(text=bytes(item.entry_text), actor=actor, now=now, given=given)
    except PartiesError as error:
        raise _refused(error.sentence) from error


def _agree(
    period: ReconciledPeriod, row: PageRow, item: Adjustment, *, actor: Actor, now: datetime, given: str
) -> Adjustment:
    """Sign the proposed text for both, who have both asked for it now, and hand it to the ledger."""
    try:
        post_entry(
            entry=decode(bytes(item.entry_text)),
            signers=sorted({period.our_party, period.partner}),
            actor=actor,
            now=now,
            idempotency_key=f"reconciliation-adjustment/{item.pk}",
            given=given,
        )
    except (LedgerError, PartiesError) as error:
        raise _refused(error.sentence) from error
    item.state = Adjustment.State.POSTED
    item.agreed_by = actor.organisation
    item.agreed_person = actor.person_id
    item.ended_at = now
    item.save(update_fields=["state", "agreed_by", "agreed_person", "ended_at"])
    if row.ours and row.theirs and not row.adjustment_due_mg:
        agreed_mg = row.theirs.mass_mg
        record(period, row, state=Match.State.MATCHED, actor=actor, now=now, agreed_mg=agreed_mg)
    return item


def _refused(sentence: str) -> ReconciliationError:
    return ReconciliationError(
        Code.LEDGER_REFUSED,
        Text(f"The ledger does not take this entry: {sentence}", f"账本未接受该分录：{sentence}"),
    )
