"""Black mass of the recycler's own feed, sold by the lot under the offtake.

Grades are invented inside the stoichiometric envelope of NMC 622.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.core.entry import Account, Leg, move
from lode.demo.cast import RECYCLER, REFINER
from lode.demo.fleet import References
from lode.demo.posting import Book, certificate, kg, split


@dataclass(frozen=True)
class BlackMass:
    """A lot of black mass: net wet weight in kilograms, moisture, and dry grades as both parties reported them."""

    wet_kg: Decimal
    moisture_pct: Decimal
    seller: Mapping[str, Decimal]
    buyer: Mapping[str, Decimal]
    umpire: Mapping[str, Decimal]

    def contained_mg(self, element: str) -> int:
        """Contained element by the seller's assay, which is what enters the ledger."""
        dry = self.wet_kg * (100 - self.moisture_pct) / 100
        return kg(dry * self.seller[element] / 100)


def _lot(wet: str, moisture: str, seller: str, buyer: str, umpire: Mapping[str, Decimal] | None = None) -> BlackMass:
    names = ("Ni", "Co", "Li")
    return BlackMass(
        Decimal(wet), Decimal(moisture),
        dict(zip(names, map(Decimal, seller.split()), strict=True)),
        dict(zip(names, map(Decimal, buyer.split()), strict=True)),
        umpire or {},
    )  # fmt: skip


# Grades lie inside the stoichiometric envelope of NMC 622 with some NMC 111; the third lot's cobalt goes to an umpire.
LOTS: Mapping[str, BlackMass] = {
    "2407": _lot("24850", "3.20", "21.62 7.24 4.11", "21.48 7.20 4.07"),
    "2410": _lot("26120", "2.85", "20.95 7.61 4.02", "20.88 7.55 4.05"),
    "2501": _lot("25430", "3.45", "21.37 7.48 4.15", "21.30 7.12 4.11", {"Co": Decimal("7.21")}),
    "2504": _lot("27010", "3.05", "21.80 7.05 4.20", "21.71 7.01 4.18"),
    "2508": _lot("25890", "2.95", "21.55 7.18 4.09", "21.49 7.22 4.06"),
}


def sell_black_mass(book: Book, refs: References, month: date) -> None:
    """The recycler makes black mass of its own feed and sells it: title passes, then custody, with a difference."""
    tag = f"{month:%y%m}"
    lot, sold = LOTS[tag], f"bm-{tag}"
    received: list[Leg] = []
    titled: list[Leg] = []
    out: list[Leg] = []
    arrived: list[Leg] = []
    for element in lot.seller:
        mass_mg = lot.contained_mg(element)
        here = Account(RECYCLER, RECYCLER, element, "scrap", sold)
        theirs = here._replace(owner=REFINER)
        transit = theirs._replace(state="transit")
        missing_mg, weighed_mg = split(mass_mg, Decimal("0.11"))
        received += move(here._replace(state="source"), here, mass_mg)
        titled += move(here, theirs, mass_mg)
        out += move(theirs, transit, mass_mg)
        arrived += [
            *move(transit, theirs._replace(holder=REFINER), weighed_mg),
            *move(transit, theirs._replace(state="unaccounted"), missing_mg),
        ]
    grades = {f"grade_pct_{element}": str(grade) for element, grade in lot.seller.items()}
    weights = {"wet_kg": str(lot.wet_kg), "moisture_pct": str(lot.moisture_pct), **grades}
    book.post(
        "receive", month.replace(day=2), received, by=RECYCLER, reference=f"BM-{tag}",
        details=weights, documents=certificate(f"seller's assay {sold}", weights),
    )  # fmt: skip
    book.post("title", month.replace(day=11), titled, by=RECYCLER, reference=f"BM-{tag}", contract=refs.offtake)
    book.post("ship", month.replace(day=12), out, by=RECYCLER, reference=f"BL-{tag}")
    book.post("arrive", month.replace(day=19), arrived, by=REFINER, reference=f"BL-{tag}")
