"""What every write of this app begins with: the period locked, the actor checked, the row found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from lode.parties.actor import Actor
from lode.parties.models import Person
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.page import PageRow
from lode.reconciliation.core.values import Text
from lode.reconciliation.models import Match, ReconciledPeriod, Split
from lode.reconciliation.selectors.access import NOT_FOUND, visible_periods
from lode.reconciliation.selectors.pages import page_of

MAX_NOTE = 500
MAX_QUESTION = 2_000


def locked_period(actor: Actor, period_id: int) -> ReconciledPeriod:
    """Lock an open period for a write by one of its parties.

    Raises ReconciliationError `not-found` to outsiders, `forbidden` to who may only read, `period-closed`.
    """
    row = visible_periods(actor).select_for_update().filter(pk=period_id).first()
    if row is None:
        raise ReconciliationError(NOT_FOUND.code, NOT_FOUND.text)
    check_party(actor, row.our_party, row.partner)
    if row.state == ReconciledPeriod.State.CLOSED:
        raise ReconciliationError(
            Code.PERIOD_CLOSED,
            Text(
                "Both sides have signed this period; nothing in it changes any more. Correct it in the next period.",
                "双方已签署本期，内容不再变更，请在下一期更正。",
            ),
        )
    return row


def check_party(actor: Actor, our_party: str, partner: str) -> None:
    """Raise `forbidden` unless the actor acts for one of the two parties and is no auditor."""
    if actor.sees_all or actor.role == Person.Role.AUDITOR or actor.organisation not in {our_party, partner}:
        raise ReconciliationError(
            Code.FORBIDDEN,
            Text(
                f"An auditor reads and changes nothing; {our_party} and {partner} may decide here.",
                f"审计员只能查看，只有 {our_party} 和 {partner} 可以处理。",
            ),
        )


def row_of(period: ReconciledPeriod, *, ours_key: str, theirs_key: str, actor: Actor, now: datetime) -> PageRow:
    """Find the two lines on the page and return them as one row, paired as asked.

    An empty key means that this side has no row. Raises ReconciliationError `row-not-found`, also for two elements,
    and `row-decided` where one of the two is taken.
    """
    page = page_of(period, today=now.date())
    ours = next((row for row in page.rows if row.ours and row.ours.key == ours_key), None) if ours_key else None
    theirs = (
        next((row for row in page.rows if row.theirs and row.theirs.key == theirs_key), None) if theirs_key else None
    )
    found = ours or theirs
    if found is None or (ours_key and ours is None) or (theirs_key and theirs is None):
        raise _row_not_found()
    if ours is theirs or not (ours and theirs):
        whole = bool(found.ours) == bool(ours_key) and bool(found.theirs) == bool(theirs_key)
        if whole or found.decision is None:
            return found if whole else _only(found, ours_key=ours_key)
        raise row_decided(found)
    for part in (ours, theirs):
        check_open(part, actor)
    if ours.element != theirs.element:
        raise _row_not_found()
    return PageRow(
        ours=ours.ours,
        theirs=theirs.theirs,
        state=ours.state,
        rule=None,
        suggested_reason=None,
        why=Text("paired by hand", "人工匹配"),
        decision=None,
    )


def _only(row: PageRow, *, ours_key: str) -> PageRow:
    """Return one side of a pair that was suggested and that nobody has decided."""
    return PageRow(
        ours=row.ours if ours_key else None,
        theirs=None if ours_key else row.theirs,
        state=row.state,
        rule=None,
        suggested_reason=None,
        why=row.why,
        decision=None,
    )


def _row_not_found() -> ReconciliationError:
    return ReconciliationError(
        Code.ROW_NOT_FOUND,
        Text(
            "This row is no longer on the page: the ledger or the statement has changed. Load the page again.",
            "页面上已没有该行：账本或对账单已有变化，请重新载入。",
        ),
    )


def row_decided(row: PageRow) -> ReconciliationError:
    """Return the error that somebody has decided the row already."""
    state = row.state.value
    who = row.decision.decided_by if row.decision else ""
    return ReconciliationError(
        Code.ROW_DECIDED,
        Text(f"The row is {state} already, by {who}. Undo that first.", f"该行已由 {who} 处理，请先撤销。"),
    )


def record(
    period: ReconciledPeriod,
    row: PageRow,
    *,
    state: Match.State,
    actor: Actor,
    now: datetime,
    reason: str = "",
    note: str = "",
    agreed_mg: int | None = None,
) -> Match:
    """Keep a decision about a row in place of the open question or dispute that stood there."""
    made = _match(period, row, state, actor, now)
    made.reason, made.note, made.agreed_mg = reason, note, agreed_mg
    _end_touched(period, [row], actor, now)
    made.save()
    return made


def record_matched(period: ReconciledPeriod, rows: Sequence[PageRow], *, actor: Actor, now: datetime) -> None:
    """Keep for many rows that they are matched, in a few statements however many they are."""
    _end_touched(period, rows, actor, now)
    Match.objects.bulk_create([_match(period, row, Match.State.MATCHED, actor, now) for row in rows], batch_size=1_000)


def _match(period: ReconciledPeriod, row: PageRow, state: Match.State, actor: Actor, now: datetime) -> Match:
    return Match(
        period=period,
        ours_key=row.ours.key if row.ours else "",
        theirs_key=row.theirs.key if row.theirs else "",
        state=state,
        ours_mg=row.ours.mass_mg if row.ours else None,
        theirs_mg=row.theirs.mass_mg if row.theirs else None,
        decided_by=actor.organisation,
        decided_person=actor.person_id,
        decided_at=now,
    )


def _end_touched(period: ReconciledPeriod, rows: Sequence[PageRow], actor: Actor, now: datetime) -> None:
    """End the live decisions about any of the rows' lines: those replaced, and those whose other line is gone."""
    ours = [row.ours.key for row in rows if row.ours]
    theirs = [row.theirs.key for row in rows if row.theirs]
    touched = period.matches.filter(Q(ours_key__in=ours) | Q(theirs_key__in=theirs), undone_at=None)
    touched.update(undone_by=actor.organisation, undone_person=actor.person_id, undone_at=now)


def end(item: Match | Split, *, actor: Actor, now: datetime) -> None:
    """End a decision or a split: it stays on record and counts no more."""
    item.undone_by = actor.organisation
    item.undone_person = actor.person_id
    item.undone_at = now
    item.save(update_fields=["undone_by", "undone_person", "undone_at"])


def check_open(row: PageRow, actor: Actor) -> None:
    """Raise `row-decided` for a settled row, and for a dispute of the other side, which only they take back."""
    if row.decision is None or row.stale:
        return
    theirs = row.state.value == Match.State.DISPUTED and row.decision.decided_by != actor.organisation
    if row.state.value in {Match.State.MATCHED, Match.State.WITH_DIFFERENCE} or theirs:
        raise row_decided(row)


def checked_text(text: str, limit: int) -> str:
    """Return a text without spaces around it. Raises ReconciliationError `text-empty`, `text-too-long`."""
    said = text.strip()
    if not said:
        raise ReconciliationError(Code.TEXT_EMPTY, Text("Write what you ask or object to.", "请填写内容。"))
    if len(said) > limit:
        raise ReconciliationError(
            Code.TEXT_TOO_LONG,
            Text(f"The text has {len(said):,} characters; {limit:,} are kept.", f"内容超过 {limit:,} 个字符。"),
        )
    return said
