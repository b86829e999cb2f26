"""A partner reconciles a month: the recycler's own statement against the ledger, with the mistakes that people make.

In the file: two digits exchanged, kilograms written under tonnes, a row left out, packs counted that were still on the
road, and one weight that the recycler's scale measured differently, for which the ledger is adjusted and both sign.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ledger.selectors.movements import movements
from ledger.services.sequence_pending import sequence_pending
from lode.demo.cast import LESSOR, RECYCLER
from lode.demo.clock import morning, next_month
from lode.demo.fleet import pack_mass_mg
from lode.demo.posting import MG_PER_KG
from lode.parties.actor import Actor
from lode.reconciliation import services
from lode.reconciliation.core.page import PageRow
from lode.reconciliation.selectors import period_page
from lode.reconciliation.selectors.values import PeriodPage

RECONCILED_MONTH = date(2025, 2, 1)
OURS = Actor(organisation=LESSOR, role="commercial")
THEIRS = Actor(organisation=RECYCLER, role="partner")
COLUMNS = ("Delivery note", "Date", "Kind", "Element", "Contained mass", "Unit")
OTHER_SCALE_KG = Decimal("12.500000")


@dataclass(frozen=True)
class Written:
    """A row of the recycler's file."""

    reference: str
    day: date
    kind: str
    element: str
    mass: Decimal
    unit: str = "kg"

    def cells(self) -> tuple[str, ...]:
        """Return the cells in the order of the columns."""
        return (self.reference, self.day.isoformat(), self.kind, self.element, f"{self.mass:,f}", self.unit)


def statement_file(*, complete: bool) -> bytes:
    """Return the recycler's CSV of the month; the first one leaves a row out, the complete one does not."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.cells() for row in _written() if complete or not _left_out(row))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _left_out(row: Written) -> bool:
    return row.kind == "return" and row.element == "Co"


def _written() -> Iterator[Written]:
    """Yield what the ledger has of the recycler's custody in the month, as the recycler wrote it down."""
    for movement in movements(party=RECYCLER, start=RECONCILED_MONTH, as_of=RECONCILED_MONTH.replace(day=28)):
        for leg in movement.legs:
            account = leg.account
            if account.owner == LESSOR and account.holder == RECYCLER and account.state in {"stock", "scrap"}:
                kind = "collection" if leg.mass_mg > 0 else "return"
                mass = Decimal(leg.mass_mg) / MG_PER_KG
                reference = movement.reference or ""
                yield _mistaken(Written(reference, movement.occurred, kind, account.element, mass))
    for element in ("Ni", "Co"):
        sent = Decimal(pack_mass_mg(element, 20)) / MG_PER_KG
        yield Written("DN-2502", RECONCILED_MONTH.replace(day=28), "delivery", element, sent)


def _mistaken(row: Written) -> Written:
    where = (row.reference[-1:], row.element)
    if where == ("B", "Ni"):  # 1,365.75 kg typed as 1,356.75
        return Written(row.reference, row.day, row.kind, row.element, _exchange_digits(row.mass))
    if where == ("C", "Co"):  # kilograms under the heading of tonnes
        return Written(row.reference, row.day, row.kind, row.element, row.mass, unit="t")
    if where == ("C", "Ni"):
        return Written(row.reference, row.day, row.kind, row.element, row.mass - OTHER_SCALE_KG)
    return row


def _exchange_digits(mass: Decimal) -> Decimal:
    whole, point, rest = f"{mass:f}".partition(".")
    return Decimal(f"{whole[:-2]}{whole[-1]}{whole[-2]}{point}{rest}")


def reconcile() -> None:
    """Upload, ask, upload again, match, adjust, and sign: the period closes with its digest on the ledger."""
    now = morning(next_month(RECONCILED_MONTH).replace(day=3))
    period = _submit("ringcycle-2025-02.csv", complete=False, now=now)
    for row in _open_rows(period, now):
        if row.theirs is None and row.ours is not None:
            services.ask(
                period_id=period,
                ours_key=row.ours.key,
                theirs_key="",
                text="Your statement has no row for this return. Is it missing?",
                actor=OURS,
                now=now,
            )
    _submit("ringcycle-2025-02-corrected.csv", complete=True, now=now)
    for row in _open_rows(period, now):
        if row.state == "asked" and row.decision is not None:  # answered by the new file
            services.undo_match(period_id=period, match_id=row.decision.number, actor=OURS, now=now)
    services.accept_exact(period_id=period, actor=OURS, now=now)
    for row in _open_rows(period, now):
        _decide(period, row, now)
    for actor in (THEIRS, OURS):
        services.sign_period(period_id=period, digest=_page(period, now).digest, actor=actor, now=now)
    sequence_pending()


def _submit(name: str, *, complete: bool, now: datetime) -> int:
    services.submit_statement(
        our_party=LESSOR,
        start_date=RECONCILED_MONTH,
        end_date=next_month(RECONCILED_MONTH),
        file_name=name,
        file_bytes=statement_file(complete=complete),
        actor=THEIRS,
        now=now,
    )
    return services.open_period(
        our_party=LESSOR,
        partner=RECYCLER,
        start_date=RECONCILED_MONTH,
        end_date=next_month(RECONCILED_MONTH),
        actor=OURS,
        now=now,
    )


def _page(period: int, now: datetime) -> PeriodPage:
    return period_page(actor=OURS, period_id=period, today=now.date())


def _open_rows(period: int, now: datetime) -> list[PageRow]:
    return [row for row in _page(period, now).rows if row.state in {"open", "asked"}]


def _decide(period: int, row: PageRow, now: datetime) -> None:
    ours_key = row.ours.key if row.ours else ""
    theirs_key = row.theirs.key if row.theirs else ""
    if row.ours is not None and row.ours.reference.endswith("C") and row.element == "Ni":
        for actor in (THEIRS, OURS):
            services.post_adjustment(
                period_id=period,
                ours_key=ours_key,
                theirs_key=theirs_key,
                reason="The recycler's calibrated scale weighed the packs of this round; both accept its figure",
                actor=actor,
                now=now,
            )
        sequence_pending()
        return
    assert row.suggested_reason is not None, row.why.en  # every mistake of the file explains itself
    services.match_with_difference(
        period_id=period,
        ours_key=ours_key,
        theirs_key=theirs_key,
        reason=row.suggested_reason,
        actor=OURS,
        now=now,
    )
