"""Our side, read from the ledger at one tree size."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ledger.core.entry import Leg
from ledger.selectors.balances import balances
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.movements import movements
from ledger.selectors.values import Movement
from lode.reconciliation.core.book import IN_CUSTODY, Posting, custody_lines, in_window, on_the_way
from lode.reconciliation.core.values import Elsewhere, Line, Period, Side
from lode.reconciliation.models import ReconciledPeriod

# A shipment that takes longer is looked at by people; neighbouring movements further off explain nothing by themselves.
NEIGHBOURHOOD = dt.timedelta(days=92)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSide:
    """What the ledger says of our material with the partner, known at `known_at` entries.

    `opening_mg` is the last agreed closing balance, or the ledger's where nothing was agreed yet; `ledger_closing_mg`
    is the ledger's own balance on the last day, to hold the sum of the lines against.
    """

    lines: tuple[Line, ...]
    elsewhere: tuple[Elsewhere, ...]
    opening_mg: Mapping[str, int]
    ledger_closing_mg: Mapping[str, int]
    known_at: int

    @property
    def closing_mg(self) -> Mapping[str, int]:
        """Opening and all lines added up."""
        totals: dict[str, int] = defaultdict(int, self.opening_mg)
        for line in self.lines:
            totals[line.element] += line.mass_mg
        return dict(totals)


def period_of(row: ReconciledPeriod) -> Period:
    """Return a row's days as a value."""
    return Period(row.start_date, row.end_date)


def previous_of(row: ReconciledPeriod) -> ReconciledPeriod | None:
    """Return the period of the same two parties that ends where this one starts."""
    return ReconciledPeriod.objects.filter(
        our_party=row.our_party, partner=row.partner, end_date=row.start_date
    ).first()


def anything_between(our_party: str, partner: str, period: Period) -> bool:
    """Say whether the partner held, or moved, any material of the party in the period."""
    for day in (period.start_date - dt.timedelta(days=1), period.last_date):
        if balances(party=our_party, owner=our_party, holder=partner, as_of=day, group_by=()):
            return True
    found = movements(party=our_party, start=period.start_date, as_of=period.last_date)
    return any(
        leg.account.owner == our_party and leg.account.holder == partner for movement in found for leg in movement.legs
    )


def ledger_side(row: ReconciledPeriod, known_at: int | None = None) -> LedgerSide:
    """Read our lines of a period, the movements around it, and the balances at both ends."""
    size = ledger_size() if known_at is None else known_at
    period = period_of(row)
    previous = previous_of(row)
    agreed = previous if previous and previous.state == ReconciledPeriod.State.CLOSED else None
    before_mg = _balance(row, period.start_date - dt.timedelta(days=1), size)
    opening_mg = {element: int(mass) for element, mass in agreed.closing_mg.items()} if agreed else before_mg
    closed_size = agreed.known_at if agreed else None
    late = _without_zeros(opening_mg) != _without_zeros(before_mg)
    postings = _postings(row, period, size, everything=late)
    lines = custody_lines(
        [item for item in postings if in_window(item, period, closed_size)],
        our_party=row.our_party,
        partner=row.partner,
        around=postings,
    )
    return LedgerSide(
        lines=lines,
        elsewhere=_elsewhere(row, period, postings, lines),
        opening_mg=opening_mg,
        ledger_closing_mg=_balance(row, period.last_date, size),
        known_at=size,
    )


def _elsewhere(
    row: ReconciledPeriod, period: Period, postings: list[Posting], lines: tuple[Line, ...]
) -> tuple[Elsewhere, ...]:
    """Return our movements of neighbouring periods, and what is on its way to nobody knows whom yet."""
    here = {line.key for line in lines}
    around = custody_lines(postings, our_party=row.our_party, partner=row.partner)
    neighbours = tuple(
        Elsewhere(side=Side.OURS, line=line) for line in around if line.key not in here and not period.holds(line.date)
    )
    return (*neighbours, *on_the_way(postings, our_party=row.our_party, partner=row.partner))


def _postings(row: ReconciledPeriod, period: Period, size: int, *, everything: bool) -> list[Posting]:
    found = movements(
        party=row.our_party,
        start=None if everything else period.start_date - NEIGHBOURHOOD,
        as_of=period.last_date + NEIGHBOURHOOD,
        known_at=size,
    )
    return [_posting(movement) for movement in found]


def _posting(movement: Movement) -> Posting:
    return Posting(
        index=movement.index,
        entry_id=movement.entry_id,
        kind=movement.kind,
        occurred=movement.occurred,
        reference=movement.reference or "",
        corrects=movement.corrects,
        legs=tuple(Leg(*leg.account, leg.mass_mg) for leg in movement.legs),
    )


def _balance(row: ReconciledPeriod, day: dt.date, size: int) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for balance in balances(
        party=row.our_party,
        owner=row.our_party,
        holder=row.partner,
        as_of=day,
        known_at=size,
        group_by=("state",),
    ):
        if balance.state in IN_CUSTODY:
            totals[balance.element] += balance.mass_mg
    return dict(totals)


def _without_zeros(masses: Mapping[str, int]) -> dict[str, int]:
    return {element: mass for element, mass in masses.items() if mass}
