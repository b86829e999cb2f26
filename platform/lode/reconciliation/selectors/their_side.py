"""The partner's side: the live statement and its lines, and what the partner listed in neighbouring periods."""

from __future__ import annotations

from collections import defaultdict

from lode.reconciliation.core.values import Elsewhere, Kind, Line, Side
from lode.reconciliation.models import PartnerLine, PartnerStatement, ReconciledPeriod
from lode.reconciliation.selectors.ledger_side import NEIGHBOURHOOD
from lode.reconciliation.selectors.values import StatementView


def live_statement(row: ReconciledPeriod) -> PartnerStatement | None:
    """Return the statement that counts, if the partner has submitted one."""
    return row.statements.filter(state=PartnerStatement.State.SUBMITTED).first()


def line_of(row: PartnerLine) -> Line:
    """Return a stored line as a value."""
    return Line(
        key=row.key,
        reference=row.reference,
        date=row.date,
        element=row.element,
        mass_mg=row.mass_mg,
        kind=Kind(row.kind),
        lot=row.lot,
        origin=str(row.row_number),
    )


def lines_of(statement: PartnerStatement | None) -> tuple[Line, ...]:
    """Return the lines of a statement, none where there is none."""
    return tuple(line_of(row) for row in statement.lines.all()) if statement else ()


def listed_elsewhere(row: ReconciledPeriod) -> tuple[Elsewhere, ...]:
    """Return what the partner's live statements of neighbouring periods list."""
    rows = PartnerLine.objects.filter(
        statement__state=PartnerStatement.State.SUBMITTED,
        statement__period__our_party=row.our_party,
        statement__period__partner=row.partner,
        date__gte=row.start_date - NEIGHBOURHOOD,
        date__lt=row.end_date + NEIGHBOURHOOD,
    ).exclude(statement__period=row)
    return tuple(Elsewhere(side=Side.THEIRS, line=line_of(line)) for line in rows.order_by("date", "pk"))


def statement_view(row: PartnerStatement) -> StatementView:
    """Return a statement as the pages and the API show it."""
    totals: dict[str, int] = defaultdict(int)
    count = 0
    for element, mass_mg in row.lines.values_list("element", "mass_mg"):
        totals[element] += mass_mg
        count += 1
    return StatementView(
        number=row.pk,
        period_number=row.period_id,
        revision=row.revision,
        file_name=row.file_name,
        file_sha256=row.file_sha256,
        submitted_by=row.submitted_by,
        submitted_at=row.submitted_at,
        state=row.state,
        row_count=count,
        totals_mg=dict(sorted(totals.items())),
        columns=tuple(row.columns),
        rejected=tuple(row.rejected),
        ignored=tuple(row.ignored),
    )
