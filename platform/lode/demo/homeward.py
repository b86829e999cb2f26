"""The way back: collected, recovered by assay, returned under the lease, supplied again under the next.

Quantities of compounds, assays, differences and yields are invented within what plants report; mass per pack follows
the published kilograms per kilowatt-hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ledger.core.entry import Account, Leg, move
from ledger.selectors.balances import balances
from lode.demo.cast import CELL_MAKER, LESSOR, OPERATOR, RECYCLER, REFINER
from lode.demo.figures import retired_packs
from lode.demo.fleet import METALS, References, balance_of, pack_mass_mg
from lode.demo.outward import build_packs
from lode.demo.posting import Book, certificate, split, stock


@dataclass(frozen=True)
class Yields:
    """What a recovery campaign gave by its assays, as percentages of the contained input; the rest is unaccounted."""

    dust_pct: Decimal
    recovered_pct: Mapping[str, Decimal]
    lost_pct: Mapping[str, Decimal]


def _yields(dust: str, recovered: str, lost: str) -> Yields:
    def metals(text: str) -> Mapping[str, Decimal]:
        return dict(zip(METALS, map(Decimal, text.split()), strict=True))

    return Yields(Decimal(dust), metals(recovered), metals(lost))


CAMPAIGNS: Mapping[str, Yields] = {
    "2405": _yields("0.40", "98.62 98.35", "1.15 1.40"),
    "2411": _yields("0.85", "98.10 97.90", "1.62 1.85"),
    "2501": _yields("0.78", "98.34 98.05", "1.48 1.70"),
    "2503": _yields("0.81", "98.41 98.22", "1.37 1.55"),
}


def collect_cathode_scrap(book: Book, month: date) -> None:
    """The recycler fetches the cell maker's production scrap, still the lessor's."""
    legs: list[Leg] = []
    for element in METALS:
        here = Account(LESSOR, CELL_MAKER, element, "scrap", "cathode-scrap")
        legs += move(here, Account(LESSOR, RECYCLER, element, "scrap", f"eol-{month:%y%m}"), balance_of(here))
    book.post("collect", month.replace(day=12), legs, by=RECYCLER, reference=f"COL-{month:%y%m}")


@dataclass(frozen=True)
class Round:
    """A collection round: its day, how many packs, and what distinguishes its reference."""

    day: int
    packs: int
    suffix: str


ROUNDS = (Round(5, 60, "-A"), Round(12, 50, "-B"), Round(20, 40, "-C"))


def collect_packs(book: Book, month: date, *, built: str, first_measured: int) -> None:
    """Packs are retired and collected in rounds; their health is that of batteries of the PulseBat data set."""
    measured = retired_packs("NMC")[first_measured : first_measured + 10]
    for number, found in enumerate(ROUNDS):
        legs: list[Leg] = []
        for element in METALS:
            here = Account(LESSOR, OPERATOR, element, "product", f"packs-{built}")
            there = Account(LESSOR, RECYCLER, element, "scrap", f"eol-{month:%y%m}")
            legs += move(here, there, pack_mass_mg(element, found.packs))
        sampled = {pack.serial: str(pack.health) for pack in measured[number::3]}
        book.post(
            "collect", month.replace(day=found.day), legs, by=RECYCLER,
            reference=f"COL-{month:%y%m}{found.suffix}", details={"packs": found.packs, "sampled_soh": sampled},
        )  # fmt: skip


def send_packs(book: Book, month: date, *, built: str, packs: int) -> None:
    """The operator sends packs itself at the end of a month; they are on their way when the month closes."""
    legs: list[Leg] = []
    for element in METALS:
        here = Account(LESSOR, OPERATOR, element, "product", f"packs-{built}")
        legs += move(here, here._replace(state="transit"), pack_mass_mg(element, packs))
    book.post("ship", month.replace(day=26), legs, by=OPERATOR, reference=f"DN-{month:%y%m}")


def take_in_packs(book: Book, month: date, *, built: str, packs: int) -> None:
    """The recycler takes in, early in the month, what the operator sent at the end of the last."""
    legs: list[Leg] = []
    for element in METALS:
        transit = Account(LESSOR, OPERATOR, element, "transit", f"packs-{built}")
        there = transit._replace(holder=RECYCLER, state="scrap")
        legs += move(transit, there, pack_mass_mg(element, packs))
    sent = month - timedelta(days=1)
    book.post("arrive", month.replace(day=4), legs, by=RECYCLER, reference=f"DN-{sent:%y%m}")


def recover(book: Book, collected: date, month: date) -> None:
    """The recycler opens, shreds and leaches what it collected; outputs are attributed by assay."""
    lot_in, lot_out = f"eol-{collected:%y%m}", f"rec-{month:%y%m}"
    yields = CAMPAIGNS[f"{month:%y%m}"]
    shredded: list[Leg] = []
    assayed: list[Leg] = []
    for element in METALS:
        scrap = Account(LESSOR, RECYCLER, element, "scrap", lot_in)
        process = Account(LESSOR, RECYCLER, element, "process", f"leach-{month:%y%m}")
        mass_mg = balance_of(scrap)
        dust_mg, kept_mg = split(mass_mg, yields.dust_pct)
        shredded += [*move(scrap, process, kept_mg), *move(scrap, process._replace(state="loss"), dust_mg)]
        good_mg, _ = split(kept_mg, yields.recovered_pct[element])
        lost_mg, _ = split(kept_mg, yields.lost_pct[element])
        assayed += [
            *move(process, stock(LESSOR, RECYCLER, element, lot_out), good_mg),
            *move(process, process._replace(state="loss"), lost_mg),
            *move(process, process._replace(state="unaccounted"), kept_mg - good_mg - lost_mg),
        ]
    book.post("process", month.replace(day=5), shredded, by=RECYCLER, reference=f"SHRED-{month:%y%m}")
    assay = {f"recovered_pct_{element}": str(pct) for element, pct in yields.recovered_pct.items()}
    book.post(
        "recover", month.replace(day=22), assayed, by=RECYCLER, reference=f"LEACH-{month:%y%m}",
        details=assay, documents=certificate(f"assay {lot_out}", assay),
    )  # fmt: skip


def give_back(book: Book, refs: References, recovered: date, month: date) -> None:
    """Recovered salts return to the lessor under the lease, at the recycler's gate, and travel to the refiner."""
    lot = f"rec-{recovered:%y%m}"
    returned: list[Leg] = []
    out: list[Leg] = []
    arrived: list[Leg] = []
    for element in METALS:
        there = stock(LESSOR, RECYCLER, element, lot)
        mass_mg = balance_of(there)
        ours = there._replace(holder=LESSOR)
        transit = ours._replace(state="transit")
        missing_mg, weighed_mg = split(mass_mg, Decimal("0.08"))
        returned += move(there, ours, mass_mg)
        out += move(ours, transit, mass_mg)
        arrived += [
            *move(transit, ours._replace(holder=REFINER), weighed_mg),
            *move(transit, ours._replace(state="unaccounted"), missing_mg),
        ]
    tag = f"{month:%y%m}"
    book.post("return", month.replace(day=6), returned, by=LESSOR, reference=f"RT-{tag}", contract=refs.first_lease)
    book.post("ship", month.replace(day=7), out, by=LESSOR, reference=f"CMR-{tag}")
    book.post("arrive", month.replace(day=13), arrived, by=REFINER, reference=f"CMR-{tag}")


def supply_again(book: Book, refs: References, month: date, packs: int) -> None:
    """What was recovered goes into a second lease, and into new packs."""
    tag = f"{month:%y%m}"
    legs: list[Leg] = []
    for element in METALS:
        for row in balances(
            party=None, owner=LESSOR, holder=REFINER, element=element, state="stock", group_by=("lot",)
        ):
            assert row.lot is not None
            here = stock(LESSOR, REFINER, element, row.lot)
            legs += move(here, stock(LESSOR, CELL_MAKER, element, row.lot), row.mass_mg)
    book.post("re-supply", month.replace(day=8), legs, by=LESSOR, reference=f"DN-{tag}", contract=refs.second_lease)
    blended: list[Leg] = []
    for leg in legs:
        if leg.holder == CELL_MAKER:
            here = leg.account
            blended += move(here, here._replace(lot=f"{leg.element.lower()}-{tag}"), leg.mass_mg)
    book.post("process", month.replace(day=16), blended, by=CELL_MAKER, reference=f"BLEND-{tag}")
    build_packs(book, month, packs=packs, first_serial=1)
