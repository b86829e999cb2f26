"""What an entry has to do with others: a shipment with its arrivals, a pledge with its releases, disputes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from ledger.core.errors import LedgerError
from ledger.selectors.entries import indexes_of
from ledger.selectors.standing import arrivals_of, disputes, pledges, releases_of, shipments
from ledger.selectors.values import EntryDetail
from lode.web import formats

if TYPE_CHECKING:
    from lode.web.ui import Text


@dataclass(frozen=True)
class Link:
    """A word, the entries that it leads to, and what stands after them."""

    label: Text
    indexes: tuple[int, ...] = ()
    note: Text = ""


@dataclass(frozen=True)
class Dispute:
    """A party whose key was compromised when it signed; `reaffirmed` is the entry that clears it."""

    name: str
    reaffirmed: int | None


def links_of(found: EntryDetail, party: str | None) -> list[Link]:
    """Return what the entry leads to, and what leads to it, as far as `party` may read that."""
    details: Mapping[str, Any] = found.body.get("details", {})
    kind = found.summary.kind
    if kind == "ship":
        return _of_shipment(found, party)
    if kind == "arrive" and "shipment" in details:
        return [Link(_("Ends the shipment of"), _indexes([details["shipment"]], party))]
    if kind == "pledge":
        return _of_pledge(found, party)
    if kind == "release" and "pledge" in details:
        return [Link(_("Releases the pledge of"), _indexes([details["pledge"]], party))]
    if kind == "reaffirm":
        return [Link(_("Stands by"), _indexes(details.get("entries", ()), party))]
    return []


def disputes_of(found: EntryDetail, names: Mapping[str, str]) -> list[Dispute]:
    """Return what is disputed about the entry, or was."""
    rows = disputes(indexes=[found.summary.index])
    return [Dispute(names.get(row.party, row.party), row.reaffirmed) for row in rows]


def _of_shipment(found: EntryDetail, party: str | None) -> list[Link]:
    rows = shipments(party=party, index=found.summary.index)
    links = [Link(_("Still on the way"), note=_masses((row.account.element, row.left_mg) for row in rows))]
    if rows and rows[0].expected_by is not None:
        links.append(Link(_("Expected by"), note=rows[0].expected_by.isoformat()))
    if arrived := arrivals_of(shipment=rows, party=party):
        links.append(Link(_("Arrived by"), arrived))
    return links if rows else []


def _of_pledge(found: EntryDetail, party: str | None) -> list[Link]:
    entry = found.summary
    rows = pledges(party=party, index=entry.index)
    links = [Link(_("Still pledged"), note=_masses((row.account.element, row.left_mg) for row in rows))]
    if released := releases_of(index=entry.index, entry_id=entry.entry_id, party=party):
        links.append(Link(_("Released by"), released))
    return links


def _masses(parts: Iterable[tuple[str, int]]) -> str:
    totals: dict[str, int] = {}
    for element, mass_mg in parts:
        totals[element] = totals.get(element, 0) + mass_mg
    return ", ".join(formats.mass(mass_mg, "kg", element) for element, mass_mg in sorted(totals.items()))


def _indexes(entry_ids: Iterable[str], party: str | None) -> tuple[int, ...]:
    try:
        return tuple(sorted(indexes_of(entry_ids=entry_ids, party=party).values()))
    except LedgerError:  # the detail is not the id of an entry: older entries could say anything there
        return ()
