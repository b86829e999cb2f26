"""The way out: refined salts are received, leased, weighed again, built into packs, delivered to the fleet.

Quantities of compounds, assays, differences and yields are invented within what plants report; mass per pack follows
the published kilograms per kilowatt-hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from ledger.core import manifest
from ledger.core.entry import Account, Leg, move
from ledger.selectors.entries import entry_by_id
from ledger.services.keep_manifest import keep_manifest
from lode.demo.cast import CELL_MAKER, LESSOR, OPERATOR
from lode.demo.fleet import CHEMISTRY, METALS, PACKS_A_BATCH, References, balance_of, pack_mass_mg, serials
from lode.demo.posting import Assay, Book, certificate, stock

# Wet kilograms received of the nickel and the cobalt sulfate, and wet kilograms missing when they were weighed again.
DELIVERIES: Mapping[str, tuple[Decimal, Decimal, Decimal, Decimal]] = {
    "2311": (Decimal(64120), Decimal(22950), Decimal(14), Decimal(6)),
    "2312": (Decimal(64085), Decimal(22940), Decimal(9), Decimal(4)),
    "2401": (Decimal(64210), Decimal(22990), Decimal(22), Decimal(9)),
    "2402": (Decimal(64095), Decimal(22935), Decimal(11), Decimal(5)),
}


def _sulfates(tag: str) -> dict[str, Assay]:
    nickel_kg, cobalt_kg, *_ = DELIVERIES[tag]
    return {
        "Ni": Assay(nickel_kg, Decimal("0.40"), Decimal("99.95"), "NiSO4.6H2O"),
        "Co": Assay(cobalt_kg, Decimal("0.35"), Decimal("99.90"), "CoSO4.7H2O"),
    }


def receive_and_lease_out(book: Book, refs: References, month: date) -> None:
    """The lessor takes refined salts in and leases them out; the lessee fetches them and weighs them again."""
    tag = f"{month:%y%m}"
    assays = _sulfates(tag)
    for element, assay in assays.items():
        lot = f"{element.lower()}-{tag}"
        legs = move(
            Account(LESSOR, LESSOR, element, "source", lot), stock(LESSOR, LESSOR, element, lot), assay.contained_mg
        )
        book.post(
            "receive", month.replace(day=3), legs, by=LESSOR, reference=f"PO-{tag}-{element}",
            details=assay.details(), documents=certificate(f"certificate of analysis {lot}", assay.details()),
        )  # fmt: skip
    held = {element: assay.contained_mg for element, assay in assays.items()}
    legs_out: list[Leg] = []
    for element, mass_mg in held.items():
        lot = f"{element.lower()}-{tag}"
        legs_out += move(stock(LESSOR, LESSOR, element, lot), stock(LESSOR, CELL_MAKER, element, lot), mass_mg)
    book.post("lease-out", month.replace(day=8), legs_out, by=LESSOR, reference=f"DN-{tag}", contract=refs.first_lease)
    _haul(book, month, tag, held)


def _haul(book: Book, month: date, tag: str, held: Mapping[str, int]) -> None:
    missing_wet = dict(zip(METALS, DELIVERIES[tag][2:], strict=True))
    out: list[Leg] = []
    arrived: list[Leg] = []
    for element, mass_mg in held.items():
        lot = f"{element.lower()}-{tag}"
        here = stock(LESSOR, CELL_MAKER, element, lot)
        transit = here._replace(state="transit")
        assay = _sulfates(tag)[element]
        missing_mg = (
            mass_mg
            - Assay(
                assay.wet_kg - missing_wet[element], assay.moisture_pct, assay.purity_pct, assay.compound
            ).contained_mg
        )
        out += move(here, transit, mass_mg)
        arrived += [
            *move(transit, here, mass_mg - missing_mg),
            *move(transit, here._replace(state="unaccounted"), missing_mg),
        ]
    book.post("ship", month.replace(day=9), out, by=CELL_MAKER, reference=f"CMR-{tag}")
    book.post(
        "arrive", month.replace(day=15), arrived, by=CELL_MAKER, reference=f"CMR-{tag}",
        details={f"missing_wet_kg_{element}": str(mass) for element, mass in missing_wet.items()},
    )  # fmt: skip


def build_packs(book: Book, month: date, *, packs: int = PACKS_A_BATCH, first_serial: int) -> None:
    """The cell maker builds packs out of the month's lots; cathode scrap is 4 % of what went in (Busch et al.)."""
    tag = f"{month:%y%m}"
    scrap_legs: list[Leg] = []
    built_legs: list[Leg] = []
    for element in METALS:
        lot = f"{element.lower()}-{tag}"
        here = stock(LESSOR, CELL_MAKER, element, lot)
        built_mg = pack_mass_mg(element, packs)
        scrap_mg = built_mg * 4 // 96
        scrap_legs += move(here, Account(LESSOR, CELL_MAKER, element, "scrap", "cathode-scrap"), scrap_mg)
        built_legs += move(here, Account(LESSOR, CELL_MAKER, element, "product", f"packs-{tag}"), built_mg)
    book.post("process", month.replace(day=24), scrap_legs, by=CELL_MAKER, reference=f"CATH-{tag}")
    listed = serials(f"KW{tag}", first_serial, packs)
    entry_id = book.post(
        "embody", month.replace(day=27), built_legs, by=CELL_MAKER, reference=f"PACK-{tag}",
        details={**manifest.read([listed]).details, "chemistry": CHEMISTRY},
    )  # fmt: skip
    index = entry_by_id(entry_id=entry_id, party=CELL_MAKER).summary.index
    keep_manifest(index=index, chunks=[listed], party=CELL_MAKER)


def deliver_packs(book: Book, built: date, month: date) -> None:
    """Packs go from the cell maker to the fleet: custody moves, title does not; sealed packs arrive as they left."""
    tag = f"{built:%y%m}"
    here = {element: Account(LESSOR, CELL_MAKER, element, "product", f"packs-{tag}") for element in METALS}
    held = {element: balance_of(account) for element, account in here.items()}
    out: list[Leg] = []
    arrived: list[Leg] = []
    for element, account in here.items():
        transit = account._replace(state="transit")
        out += move(account, transit, held[element])
        arrived += move(transit, account._replace(holder=OPERATOR), held[element])
    book.post("ship", month.replace(day=10), out, by=CELL_MAKER, reference=f"DN-PACK-{tag}")
    book.post("arrive", month.replace(day=18), arrived, by=OPERATOR, reference=f"DN-PACK-{tag}")
