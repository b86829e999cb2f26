"""The page of a period: both sides, row by row, and whether it can be signed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from ledger.core.entry import encode
from ledger.core.errors import LedgerError
from ledger.selectors.entries import submission
from lode.parties.actor import Actor
from lode.parties.selectors import signature_stands
from lode.reconciliation.core.agreed import AgreedBalance, AgreedRow, digest_of, document
from lode.reconciliation.core.blockers import (
    Blocker,
    adjustment_waits,
    does_not_tie,
    earlier_open,
    no_statement,
    not_over,
    row_blockers,
)
from lode.reconciliation.core.page import Decision, PageRow, RowState, page_rows, tie_lines
from lode.reconciliation.core.splits import parted
from lode.reconciliation.core.values import Elsewhere, Line, Reason, Rule, Side, Tolerances
from lode.reconciliation.models import Adjustment, Match, PartnerStatement, ReconciledPeriod
from lode.reconciliation.selectors.access import visible_period
from lode.reconciliation.selectors.agreed_entry import agreed_entry
from lode.reconciliation.selectors.ledger_side import LedgerSide, ledger_side, period_of, previous_of
from lode.reconciliation.selectors.periods import summary_of
from lode.reconciliation.selectors.their_side import lines_of, listed_elsewhere, live_statement, statement_view
from lode.reconciliation.selectors.values import AdjustmentView, PeriodPage, QuestionView, SignatureView, SplitView


def period_page(*, actor: Actor, period_id: int, today: dt.date) -> PeriodPage:
    """Return everything that the page of a period shows, to one of its parties or the auditor.

    A closed period is shown as the ledger stood when it was closed. Raises ReconciliationError `not-found`.
    """
    return page_of(visible_period(actor, period_id), today=today)


def page_of(row: ReconciledPeriod, *, today: dt.date) -> PeriodPage:
    """Return the page of a period whose reader was already checked; services decide on the same page."""
    ours = ledger_side(row, row.known_at)
    statement = live_statement(row)
    rows = matched_rows(row, ours, lines_of(statement))
    adjustments = tuple(_adjustment_view(item) for item in row.adjustments.all())
    closed = row.state == ReconciledPeriod.State.CLOSED
    blockers = () if closed else _blockers(row, ours, statement, rows, adjustments, today)
    data, digest = _document(row, ours, statement, rows, blocked=bool(blockers), closed=closed)
    ties = tie_lines(rows, ours.opening_mg)
    signing_text = b"" if closed or not digest else encode(agreed_entry(row, digest, ties))
    return PeriodPage(
        summary=summary_of(row),
        statement=statement_view(statement) if statement else None,
        rows=rows,
        tie_lines=ties,
        threads=_threads(row),
        adjustments=adjustments,
        splits=tuple(
            SplitView(number=item.pk, side=item.side, line_key=item.line_key, parts_mg=tuple(item.parts_mg))
            for item in row.splits.filter(undone_at=None)
        ),
        blockers=blockers,
        signatures=tuple(
            SignatureView(
                party=item.party,
                signed_at=item.signed_at,
                digest=item.digest,
                current=item.digest == digest and (closed or signature_stands(item.party, signing_text)),
            )
            for item in row.signatures.all()
        ),
        exact_count=sum(1 for item in rows if item.rule is Rule.EXACT and item.decision is None),
        digest=digest,
        document=data,
        known_at=ours.known_at,
        signing_text=signing_text,
    )


def tolerances_of(row: ReconciledPeriod) -> Tolerances:
    """Return what the two parties allow each other."""
    return Tolerances(days=row.tolerance_days, mass_ppm=row.tolerance_ppm, splitting_limit_ppm=row.splitting_limit_ppm)


def matched_rows(row: ReconciledPeriod, ours: LedgerSide, theirs: tuple[Line, ...]) -> tuple[PageRow, ...]:
    """Put the live decisions over the suggestions."""
    decisions = tuple(_decision(item) for item in row.matches.filter(undone_at=None))
    splits: dict[Side, dict[str, list[int]]] = {side: {} for side in Side}
    for item in row.splits.filter(undone_at=None):
        splits[Side(item.side)][item.line_key] = item.parts_mg
    ours_lines = parted(ours.lines, splits[Side.OURS])
    theirs_lines = parted(theirs, splits[Side.THEIRS])
    elsewhere: tuple[Elsewhere, ...] = (*ours.elsewhere, *listed_elsewhere(row))
    return page_rows(
        ours_lines,
        theirs_lines,
        decisions,
        period=period_of(row),
        tolerances=tolerances_of(row),
        elsewhere=elsewhere,
    )


def _decision(row: Match) -> Decision:
    return Decision(
        number=row.pk,
        ours_key=row.ours_key,
        theirs_key=row.theirs_key,
        state=RowState(row.state),
        reason=Reason(row.reason) if row.reason else None,
        note=row.note,
        ours_mg=row.ours_mg,
        theirs_mg=row.theirs_mg,
        agreed_mg=row.agreed_mg,
        decided_by=row.decided_by,
    )


def _blockers(
    row: ReconciledPeriod,
    ours: LedgerSide,
    statement: PartnerStatement | None,
    rows: tuple[PageRow, ...],
    adjustments: tuple[AdjustmentView, ...],
    today: dt.date,
) -> tuple[Blocker, ...]:
    found: list[Blocker | None] = [not_over(period_of(row), today)]
    previous = previous_of(row)
    if previous and previous.state == ReconciledPeriod.State.OPEN:
        found.append(earlier_open(period_of(previous).label))
    if statement is None:
        found.append(no_statement(row.partner))
    found += row_blockers(rows)
    waiting = sum(
        1
        for item in adjustments
        if item.state == Adjustment.State.PROPOSED
        or (item.state == Adjustment.State.POSTED and item.ledger_state == "pending")
    )
    if waiting:
        found.append(adjustment_waits(waiting))
    found.append(does_not_tie(ours.closing_mg, ours.ledger_closing_mg))
    return tuple(blocker for blocker in found if blocker)


def _document(
    row: ReconciledPeriod,
    ours: LedgerSide,
    statement: PartnerStatement | None,
    rows: tuple[PageRow, ...],
    *,
    blocked: bool,
    closed: bool,
) -> tuple[bytes, str]:
    if closed:
        return bytes(row.document or b""), row.digest
    if blocked or statement is None:
        return b"", ""
    balance = AgreedBalance(
        our_party=row.our_party,
        partner=row.partner,
        period=period_of(row),
        opening_mg=ours.opening_mg,
        closing_mg=ours.closing_mg,
        statement_sha256=statement.file_sha256,
        rows=tuple(_agreed_row(item) for item in rows),
    )
    data = document(balance)
    return data, digest_of(data)


def _agreed_row(row: PageRow) -> AgreedRow:
    agreed = bool(row.difference_mg)
    reason = row.decision.reason if row.decision else None
    return AgreedRow(
        ours=row.ours, theirs=row.theirs, reason=reason if agreed else None, effect=row.effect if agreed else None
    )


def _threads(row: ReconciledPeriod) -> dict[str, tuple[QuestionView, ...]]:
    threads: dict[str, list[QuestionView]] = defaultdict(list)
    for item in row.questions.all():
        threads[f"{item.ours_key or '-'}~{item.theirs_key or '-'}"].append(
            QuestionView(asked_by=item.asked_by, asked_at=item.asked_at, text=item.text)
        )
    return {key: tuple(items) for key, items in threads.items()}


def _adjustment_view(row: Adjustment) -> AdjustmentView:
    """Return an adjustment with what became of it in the ledger."""
    state, message = "", ""
    text = bytes(row.entry_text)
    if row.state == Adjustment.State.POSTED:
        try:
            found = submission(entry_id=row.entry_id, party=row.proposed_by)
            state, message = found.state, found.message or ""
        except LedgerError as error:
            state, message = "refused", error.sentence
    return AdjustmentView(
        number=row.pk,
        row_key=f"{row.ours_key or '-'}~{row.theirs_key or '-'}",
        element=row.element,
        mass_mg=row.mass_mg,
        contra=row.contra,
        reason=row.reason,
        state=row.state,
        ledger_state=state,
        ledger_message=message,
        entry_id=row.entry_id,
        entry_text=text,
        proposed_by=row.proposed_by,
        proposer_signed=row.state != Adjustment.State.PROPOSED or signature_stands(row.proposed_by, text),
        agreed_by=row.agreed_by,
    )
