"""How entries of the ledger change the quantity that a lease is charged on. Pure.

The quantity is what the lessee has on lease: the lessor's mineral, delivered and not yet credited. Where it lies, in
whose hands, in which cell, makes no difference to it; that is custody, and the ledger keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from contracts.core.facts import Fact, FactKind, FactStatus
from contracts.core.numbers import text_of

_DELIVERS = frozenset({"lease-out", "re-supply"})
# What is unaccounted for is still on lease until somebody books it as a loss.
_GONE = frozenset({"source", "loss", "exported"})


@dataclass(frozen=True)
class MovedLeg:
    """One leg of an entry: integer milligrams of the contained element, plus where it arrives."""

    owner: str
    holder: str
    element: str
    state: str
    mass_mg: int


@dataclass(frozen=True)
class MovedEntry:
    """An entry of the ledger that names the contract, or corrects one that does."""

    index: int
    entry_id: str
    kind: str
    occurred: date
    recorded: datetime
    corrects: str | None
    legs: tuple[MovedLeg, ...]


def balance_facts(*, contract: str, lessor: str, entries: Sequence[MovedEntry]) -> tuple[Fact, ...]:
    """Return one `balance-change` fact an entry and element, in kg, effective on the day that the entry occurred.

    Lease-out and re-supply deliver; return credits; loss is charged; an adjustment and a reversal change what they
    correct. Embodiment, shipment, collection and recovery move custody and state, so they change nothing here.
    """
    by_id = {entry.entry_id: entry for entry in entries}
    facts = []
    for entry in sorted(entries, key=lambda moved: moved.index):
        original = by_id.get(entry.corrects) if entry.corrects else None
        for element in sorted({leg.element for leg in entry.legs}):
            delta_mg, cause = _change(entry, original, lessor, element)
            if delta_mg:
                facts.append(_fact(contract, entry, element, delta_mg, cause))
    return tuple(facts)


def kilograms(mass_mg: int) -> Decimal:
    """Return milligrams as kilograms, exactly."""
    return Decimal(mass_mg).scaleb(-6)


def _change(entry: MovedEntry, original: MovedEntry | None, lessor: str, element: str) -> tuple[int, str]:
    if entry.kind == "reversal":
        return (-_change(original, None, lessor, element)[0] if original else 0), "adjusted"
    legs = [leg for leg in entry.legs if leg.element == element and leg.owner == lessor]
    if entry.kind in _DELIVERS:
        return _arrived(legs, gone=False), "delivered"
    if entry.kind == "return":
        return -_arrived(legs, gone=False), "credited"
    if entry.kind == "loss":
        return -_arrived(legs, gone=True), "lost"
    if entry.kind == "adjustment":
        return _with_others(legs, lessor), "adjusted"
    return 0, ""


def _arrived(legs: Iterable[MovedLeg], *, gone: bool) -> int:
    return sum(leg.mass_mg for leg in legs if leg.mass_mg > 0 and (leg.state in _GONE) is gone)


def _with_others(legs: Iterable[MovedLeg], lessor: str) -> int:
    """Return by how much the lessor's mineral in others' hands grows."""
    return sum(leg.mass_mg for leg in legs if leg.holder != lessor and leg.state not in _GONE)


def _fact(contract: str, entry: MovedEntry, element: str, delta_mg: int, cause: str) -> Fact:
    return Fact(
        id=f"ledger:{entry.index}:{element}",
        version=1,
        kind=FactKind.BALANCE_CHANGE,
        subject=contract,
        effective=entry.occurred,
        recorded=entry.recorded,
        status=FactStatus.FINAL,
        source=f"ledger entry {entry.index} ({entry.entry_id[:12]})",
        value={
            "element": element,
            "delta_kg": text_of(kilograms(delta_mg)),
            "entry_index": str(entry.index),
            "cause": cause,
        },
    )
