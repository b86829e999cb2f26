"""How the demo world posts: entries of each kind, signed by whoever its rule asks for, on the demo's clock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from ledger.core.entry import Account, Entry, Leg, decode, net_legs
from ledger.core.kinds import kind_of
from ledger.core.note import Note
from ledger.selectors.entries import entry_by_id
from ledger.services.sequence_pending import sequence_pending
from lode.demo.clock import evening
from lode.parties.actor import Actor
from lode.parties.services import post_entry

MG_PER_KG = 1_000_000

# Contained fraction of the pure compound, from IUPAC standard atomic weights (Ni 58.6934, Co 58.933194, S 32.06,
# O 15.999, H 1.008): NiSO4·6H2O 58.6934 / 262.8414, CoSO4·7H2O 58.933194 / 281.0962.
FRACTION = {"NiSO4.6H2O": Decimal("0.22331"), "CoSO4.7H2O": Decimal("0.20966")}


def kg(mass: Decimal | str) -> int:
    """Return kilograms as whole milligrams, the half away from zero."""
    return int((Decimal(mass) * MG_PER_KG).to_integral_value(rounding=ROUND_HALF_UP))


@dataclass(frozen=True)
class Assay:
    """A lot as weighed and analysed: kilograms wet, moisture and purity as percentages, and the compound's fraction."""

    wet_kg: Decimal
    moisture_pct: Decimal
    purity_pct: Decimal
    compound: str

    @property
    def contained_mg(self) -> int:
        """Contained element: wet mass × (1 − moisture) × purity × stoichiometric fraction, rounded once."""
        dry = self.wet_kg * (100 - self.moisture_pct) / 100
        return kg(dry * self.purity_pct / 100 * FRACTION[self.compound])

    def details(self) -> dict[str, str]:
        """Return the evidence as an entry's details."""
        return {
            "compound": self.compound,
            "contained_fraction": str(FRACTION[self.compound]),
            "moisture_pct": str(self.moisture_pct),
            "purity_pct": str(self.purity_pct),
            "wet_kg": str(self.wet_kg),
        }


def certificate(name: str, content: Mapping[str, Any]) -> dict[str, str]:
    """Return the digest of a document whose content the demo makes up: `{name: sha256}`."""
    text = repr(sorted(content.items()))
    return {name: hashlib.sha256(text.encode()).hexdigest()}


@dataclass
class Book:
    """Posts entries one by one, each on its day; counts what was posted by kind."""

    counts: dict[str, int] = field(default_factory=dict)

    def post(self, kind: str, on: date, legs: Iterable[Leg], *, by: str, reference: str, **members: Any) -> str:
        """Sign and post an entry in the evening of its day; return its hex id. `by` hands it in."""
        entry = Entry(
            kind=kind,
            book=settings.LEDGER_ORIGIN,
            nonce=f"{kind}/{reference}",
            occurred=on.isoformat(),
            legs=net_legs(legs),
            reference=reference,
            **members,
        )
        signers = sorted(kind_of(entry).required_signers(entry))
        return self.hand_in(entry, signers, by=by, now=evening(on))

    def take_back(self, entry_id: str, on: date, *, by: str, reason: str) -> str:
        """Reverse a posted entry: the legs of the original with the other sign, signed by those who signed it."""
        original = decode(Note.parse(entry_by_id(entry_id=entry_id, party=None).note).text)
        entry = Entry(
            kind="reversal",
            book=original.book,
            nonce=f"reversal/{original.nonce}",
            occurred=on.isoformat(),
            legs=tuple(leg._replace(mass_mg=-leg.mass_mg) for leg in original.legs),
            parties=original.parties,
            reference=original.reference,
            reason=reason,
            corrects=entry_id,
        )
        return self.hand_in(entry, sorted(kind_of(entry).required_signers(entry, original)), by=by, now=evening(on))

    def hand_in(self, entry: Entry, signers: Iterable[str], *, by: str, now: datetime) -> str:
        """Sign with hosted keys, submit and sequence."""
        actor = Actor(organisation=by, role="partner")
        with transaction.atomic():
            submission = post_entry(entry=entry, signers=tuple(signers), actor=actor, now=now)
        sequence_pending()
        self.counts[entry.kind] = self.counts.get(entry.kind, 0) + 1
        return submission.entry_id


def stock(owner: str, holder: str, element: str, lot: str) -> Account:
    """Return the account of refined stock."""
    return Account(owner, holder, element, "stock", lot)


def split(mass_mg: int, share_pct: Decimal) -> tuple[int, int]:
    """Split a mass into the share (rounded to a milligram) and the rest."""
    part = int((mass_mg * share_pct / 100).to_integral_value(rounding=ROUND_HALF_UP))
    return part, mass_mg - part
