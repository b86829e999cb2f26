"""Movements, for settlement, reconciliation and the picture of flows."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable

from ledger.core import entry as entries
from ledger.core.entry import Account
from ledger.core.note import Note
from ledger.selectors.entries import legs_of
from ledger.selectors.values import FlowBand, Movement, PostedLeg
from ledger.sql import reads
from ledger.sql.reads import Where

ALL_LOTS = "*"


def movements(
    *,
    party: str | None,
    contract: str | None = None,
    element: str | None = None,
    kind: str | None = None,
    start: dt.date | None = None,
    as_of: dt.date | None = None,
    known_at: int | None = None,
) -> tuple[Movement, ...]:
    """Return the entries with legs, by index, that occurred from `start` to `as_of` and are known at a tree size.

    `element` keeps only legs of it. A party sees the entries that it may read; None sees all.
    """
    where = Where()
    reads.readable(where, party)
    where.add("e.contract = %(contract)s", contract=contract)
    where.add("e.kind = %(kind)s", kind=kind)
    where.add("e.occurred >= %(start)s", start=start)
    where.add("e.occurred <= %(as_of)s", as_of=as_of)
    where.add("e.index < %(known_at)s", known_at=known_at)
    where.add("EXISTS (SELECT FROM ledger_leg AS l WHERE l.entry_index = e.index)")
    stored = reads.entries(where, order="e.index")
    legs = legs_of([item.index for item in stored], party)
    found = []
    for item in stored:
        kept = tuple(leg for leg in legs[item.index] if element in (None, leg.account.element))
        if not kept:
            continue
        entry = entries.decode(Note.parse(item.note).text)
        found.append(
            Movement(
                index=item.index,
                entry_id=item.entry_id.hex(),
                kind=item.kind,
                occurred=item.occurred,
                recorded=item.recorded,
                contract=item.contract,
                reference=item.reference,
                corrects=entry.corrects,
                details=entry.details,
                documents=entry.documents,
                legs=kept,
            )
        )
    return tuple(found)


def flow_legs(
    *,
    party: str | None,
    element: str,
    start: dt.date | None = None,
    end: dt.date | None = None,
    known_at: int | None = None,
) -> tuple[FlowBand, ...]:
    """Return what flowed from account to account (lots summed to `*`), by kind, between two days.

    An entry says what left and what entered, not which gram went where: its debits and credits are paired first in the
    same lot, then for the same owner, then in order.
    """
    bands: dict[tuple[str, Account, Account], tuple[int, list[int]]] = {}
    for movement in movements(party=party, element=element, start=start, as_of=end, known_at=known_at):
        for source, target, mass_mg in pair(movement.legs):
            key = (movement.kind, source._replace(lot=ALL_LOTS), target._replace(lot=ALL_LOTS))
            mass, indexes = bands.get(key, (0, []))
            if not indexes or indexes[-1] != movement.index:
                indexes.append(movement.index)
            bands[key] = (mass + mass_mg, indexes)
    return tuple(
        FlowBand(kind, element, source, target, mass, tuple(indexes))
        for (kind, source, target), (mass, indexes) in sorted(bands.items())
    )


def pair(legs: Iterable[PostedLeg]) -> list[tuple[Account, Account, int]]:
    """Split the legs of one entry and element into (from, to, mass in mg); every milligram is used once."""
    left = {leg.account: -leg.mass_mg for leg in legs if leg.mass_mg < 0}
    right = {leg.account: leg.mass_mg for leg in legs if leg.mass_mg > 0}
    rules: tuple[Callable[[Account], object], ...] = (
        lambda account: (account.owner, account.lot),
        lambda account: account.owner,
        lambda account: account.lot,
        lambda account: None,  # noqa: ARG005 - the last rule pairs whatever is left
    )
    pairs = []
    for rule in rules:
        for source, target in itertools.product(left, right):
            if rule(source) == rule(target) and (mass := min(left[source], right[target])):
                left[source] -= mass
                right[target] -= mass
                pairs.append((source, target, mass))
    return pairs
