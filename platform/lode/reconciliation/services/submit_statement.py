"""The partner submits its own statement."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from lode.parties.actor import Actor
from lode.reconciliation.core.cells import shown
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.parse import ParsedStatement, parse_statement
from lode.reconciliation.core.values import Period, Text
from lode.reconciliation.models import PartnerLine, PartnerStatement, ReconciledPeriod
from lode.reconciliation.selectors.previews import elements_between
from lode.reconciliation.selectors.their_side import live_statement, statement_view
from lode.reconciliation.selectors.values import StatementView
from lode.reconciliation.services.open_period import open_period
from lode.reconciliation.services.writing import locked_period

_MAX_NAME = 120


def submit_statement(
    *,
    our_party: str,
    start_date: dt.date,
    end_date: dt.date,
    file_name: str,
    file_bytes: bytes,
    actor: Actor,
    now: dt.datetime,
    leave_out_rejected: bool = False,
) -> StatementView:
    """Keep the file of the actor's organisation, the partner, for [start_date, end_date); open the period if need be.

    The same bytes again are the same statement; other bytes supersede it, and decisions about unchanged rows stand.
    Raises ReconciliationError `file-…`, `rows-rejected` unless `leave_out_rejected`, `nothing-accepted`, those of
    `open_period`, `period-closed`.
    """
    with transaction.atomic():
        period_id = open_period(
            our_party=our_party,
            partner=actor.organisation,
            start_date=start_date,
            end_date=end_date,
            actor=actor,
            now=now,
        )
        period = locked_period(actor, period_id)
        parsed = parse_statement(
            file_bytes,
            elements=elements_between(our_party, actor.organisation),
            period=Period(start_date, end_date),
        )
        live = live_statement(period)
        if live is not None and live.file_sha256 == parsed.sha256:
            return statement_view(live)
        _check(parsed, leave_out_rejected=leave_out_rejected)
        row = _store(period, live, parsed, file_name=file_name, file_bytes=file_bytes, actor=actor, now=now)
        return statement_view(row)


def _check(parsed: ParsedStatement, *, leave_out_rejected: bool) -> None:
    count = len(parsed.rejected)
    if count and not leave_out_rejected:
        first = parsed.rejected[0]
        problem = first.problems[0]
        raise ReconciliationError(
            Code.ROWS_REJECTED,
            Text(
                f"{count} rows were not understood; first row {first.row_number}, {problem.heading}: {problem.text.en} "
                "Put them right, or submit without them.",
                f"有 {count} 行无法识别，首先是第 {first.row_number} 行“{problem.heading}”：{problem.text.zh}"
                "请更正，或不含这些行提交。",
            ),
        )
    if not parsed.rows and count:
        raise ReconciliationError(
            Code.NOTHING_ACCEPTED,
            Text("No row was understood; there is nothing to submit.", "没有可识别的行，无法提交。"),
        )


def _store(
    period: ReconciledPeriod,
    live: PartnerStatement | None,
    parsed: ParsedStatement,
    *,
    file_name: str,
    file_bytes: bytes,
    actor: Actor,
    now: dt.datetime,
) -> PartnerStatement:
    if live is not None:
        live.state = PartnerStatement.State.SUPERSEDED
        live.ended_at = now
        live.save(update_fields=["state", "ended_at"])
    row = PartnerStatement.objects.create(
        period=period,
        revision=period.statements.count() + 1,
        file_name=shown(file_name)[:_MAX_NAME] or "statement.csv",
        file_bytes=file_bytes,
        file_sha256=parsed.sha256,
        columns=[
            {"position": column.position, "heading": column.heading, "column": column.column, "unit": column.unit}
            for column in parsed.columns
        ],
        rejected=[
            {
                "row_number": rejected.row_number,
                "printed": list(rejected.printed),
                "problems": [
                    {
                        "column": problem.column,
                        "heading": problem.heading,
                        "printed": problem.printed,
                        "code": problem.code,
                        "en": problem.text.en,
                        "zh": problem.text.zh,
                    }
                    for problem in rejected.problems
                ],
            }
            for rejected in parsed.rejected
        ],
        ignored=[{"row_number": row.row_number, "en": row.text.en, "zh": row.text.zh} for row in parsed.ignored],
        submitted_by=actor.organisation,
        submitted_person=actor.person_id,
        submitted_at=now,
    )
    if live is not None:
        live.superseded_by = row
        live.save(update_fields=["superseded_by"])
    PartnerLine.objects.bulk_create(_lines(row, parsed), batch_size=1_000)
    return row


def _lines(statement: PartnerStatement, parsed: ParsedStatement) -> list[PartnerLine]:
    return [
        PartnerLine(
            statement=statement,
            row_number=row.row_number,
            key=row.key,
            reference=row.reference,
            date=row.date,
            kind=row.kind,
            element=row.element,
            mass_mg=row.mass_mg,
            lot=row.lot,
            mass_printed=row.mass_printed,
            notes=[{"en": note.en, "zh": note.zh} for note in row.notes],
        )
        for row in parsed.rows
    ]
