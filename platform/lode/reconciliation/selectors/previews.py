"""What a file would say, before anybody submits it."""

from __future__ import annotations

import datetime as dt

from ledger.selectors.balances import balances
from lode.parties.actor import Actor
from lode.reconciliation.core.changes import changes_between
from lode.reconciliation.core.headings import ELEMENT_WORDS
from lode.reconciliation.core.parse import ParsedRow, parse_statement
from lode.reconciliation.core.values import Line, Period
from lode.reconciliation.models import ReconciledPeriod
from lode.reconciliation.selectors.their_side import lines_of, live_statement
from lode.reconciliation.selectors.values import Preview


def elements_between(our_party: str, partner: str) -> frozenset[str]:
    """Return the elements that a statement may name: the usual ones, and whatever the ledger keeps between the two."""
    kept = balances(party=our_party, owner=our_party, holder=partner, group_by=())
    return frozenset(ELEMENT_WORDS) | {row.element for row in kept}


def preview_statement(
    *, actor: Actor, our_party: str, start_date: dt.date, end_date: dt.date, file_bytes: bytes
) -> Preview:
    """Read a file as the actor's organisation would submit it as the partner; nothing is kept.

    Raises ReconciliationError `file-…` with the reason when nothing can be read.
    """
    parsed = parse_statement(
        file_bytes,
        elements=elements_between(our_party, actor.organisation),
        period=Period(start_date, end_date),
    )
    row = ReconciledPeriod.objects.filter(
        our_party=our_party, partner=actor.organisation, start_date=start_date
    ).first()
    older = lines_of(live_statement(row)) if row else ()
    return Preview(parsed, changes_between(older, tuple(line_of_row(item) for item in parsed.rows)))


def line_of_row(row: ParsedRow) -> Line:
    """Return a parsed row as a line to match."""
    return Line(
        key=row.key,
        reference=row.reference,
        date=row.date,
        element=row.element,
        mass_mg=row.mass_mg,
        kind=row.kind,
        lot=row.lot,
        origin=str(row.row_number),
    )
