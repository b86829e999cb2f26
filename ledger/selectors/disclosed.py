"""What an entry hides, as far as a party was shown it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.core import disclosures
from ledger.selectors.entries import body_of, readable_entry
from ledger.sql import proofs


@dataclass(frozen=True, slots=True)
class DisclosedFacts:
    """The disclosures that a reader holds of an entry, and the entry's details with them in their place.

    `hidden` says whether the entry hides anything at all.
    """

    index: int
    hidden: bool
    disclosures: tuple[str, ...]
    details: Mapping[str, Any]


def disclosed_facts(*, index: int, party: str | None) -> DisclosedFacts:
    """Return what `party` holds (None: everything kept); raises `unknown-entry` where it may not read the entry."""
    entry = readable_entry(index=index, party=party)
    held = proofs.disclosures_of([entry.entry_id], party).get(entry.entry_id, ())
    details = body_of(entry.note).get("details", {})
    return DisclosedFacts(index, disclosures.ALGORITHM in details, held, disclosures.reveal(details, held))
