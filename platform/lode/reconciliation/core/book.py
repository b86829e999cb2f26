"""Our side of a reconciliation: what the ledger says came into and left the partner's custody.

Counted is our material that lies with the partner, at rest or in process. What is on its way is in nobody's hands: a
shipment of the partner's leaves its custody on the day it is sent, one to the partner enters on the day it arrives.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.core.entry import Leg, State
from lode.reconciliation.core.values import Elsewhere, Kind, Line, Period, Side, Transit

IN_CUSTODY = frozenset({State.STOCK, State.PROCESS, State.PRODUCT, State.SCRAP})
_KINDS = {
    "arrive": Kind.DELIVERY,
    "receive": Kind.DELIVERY,
    "ship": Kind.RETURN,
    "collect": Kind.COLLECTION,
    "recover": Kind.RECOVERY,
    "loss": Kind.LOSS,
    "adjustment": Kind.ADJUSTMENT,
    "reversal": Kind.ADJUSTMENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A ledger entry as far as a reconciliation needs it. `entry_id` and `corrects` are hex."""

    index: int
    entry_id: str
    kind: str
    occurred: dt.date
    reference: str
    corrects: str | None
    legs: tuple[Leg, ...]


def in_window(posting: Posting, period: Period, closed_size: int | None) -> bool:
    """Say whether an entry belongs to a period.

    It occurred in the period, or before it and came into the ledger after the balance before was agreed: `closed_size`
    is the tree size of that agreement, None where there is none yet.
    """
    if period.holds(posting.occurred):
        return True
    late = closed_size is not None and posting.index >= closed_size
    return late and posting.occurred < period.start_date


def custody_lines(
    postings: Sequence[Posting], *, our_party: str, partner: str, around: Sequence[Posting] = ()
) -> tuple[Line, ...]:
    """Return one line an entry and element, in mg, signed; what corrects an entry given here is folded into its line.

    A line that comes to nothing (a process that keeps the mass, an entry that was reversed) is left out. `around` are
    entries of other periods, among which a shipment's arrival is looked for.
    """
    roots = _roots(postings)
    masses: dict[tuple[int, str], int] = defaultdict(int)
    lots: dict[tuple[int, str], set[str]] = defaultdict(set)
    for posting in postings:
        for leg in posting.legs:
            if leg.owner == our_party and leg.holder == partner and leg.state in IN_CUSTODY:
                key = (roots[posting.index], leg.element)
                masses[key] += leg.mass_mg
                lots[key].add(leg.lot)
    by_index = {posting.index: posting for posting in postings}
    return tuple(
        Line(
            key=f"{index}.{element}",
            reference=by_index[index].reference,
            date=by_index[index].occurred,
            element=element,
            mass_mg=mass_mg,
            kind=_kind(by_index[index].kind, mass_mg),
            lot=", ".join(sorted(lots[index, element])),
            transit=_transit(by_index[index], element, around or postings, partner),
            origin=by_index[index].entry_id,
        )
        for (index, element), mass_mg in sorted(masses.items())
        if mass_mg
    )


def on_the_way(postings: Sequence[Posting], *, our_party: str, partner: str) -> tuple[Elsewhere, ...]:
    """Return shipments of our material by others than the partner that have not arrived anywhere yet."""
    found: list[Elsewhere] = []
    for posting in postings:
        if posting.kind != "ship":
            continue
        for leg in posting.legs:
            if leg.owner != our_party or leg.holder == partner or leg.state != State.TRANSIT or leg.mass_mg <= 0:
                continue
            if _arrival(posting, leg, postings) is None:
                line = Line(
                    key=f"{posting.index}.{leg.element}.{leg.lot}",
                    reference=posting.reference,
                    date=posting.occurred,
                    element=leg.element,
                    mass_mg=leg.mass_mg,
                    transit=Transit(shipped_date=posting.occurred),
                )
                found.append(Elsewhere(side=Side.OURS, line=line))
    return tuple(found)


def _roots(postings: Iterable[Posting]) -> dict[int, int]:
    """Map each entry to the entry that it puts right in the end, itself where it corrects nothing given here."""
    by_id = {posting.entry_id: posting for posting in postings}
    roots: dict[int, int] = {}
    for posting in by_id.values():
        root = posting
        while root.corrects in by_id:
            root = by_id[root.corrects]
        roots[posting.index] = root.index
    return roots


def _kind(name: str, mass_mg: int) -> Kind:
    if name in _KINDS:
        return _KINDS[name]
    if name in {"process", "embody"}:
        return Kind.LOSS if mass_mg < 0 else Kind.RECOVERY
    return Kind.DELIVERY if mass_mg > 0 else Kind.RETURN


def _transit(posting: Posting, element: str, postings: Sequence[Posting], partner: str) -> Transit | None:
    """Say when a shipment of the partner's arrived, so that one still on its way explains itself."""
    for leg in posting.legs:
        if leg.element == element and leg.holder == partner and leg.state == State.TRANSIT and leg.mass_mg > 0:
            arrival = _arrival(posting, leg, postings)
            return Transit(shipped_date=posting.occurred, arrived_date=arrival.occurred if arrival else None)
    return None


def _arrival(shipment: Posting, leg: Leg, postings: Sequence[Posting]) -> Posting | None:
    """Find the first entry that takes the shipped mass out of transit: by its reference, else by its account."""
    taken = [
        posting
        for posting in postings
        if posting.index > shipment.index
        and any(other.account == leg.account and other.mass_mg < 0 for other in posting.legs)
    ]
    named = [posting for posting in taken if posting.reference and posting.reference == shipment.reference]
    return min(named or taken, key=lambda posting: (posting.occurred, posting.index), default=None)
