"""What happens to the material in which month."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial

from ledger.core.entry import Account, Leg, move
from ledger.selectors.balances import balances
from lode.demo.black_mass import LOTS, sell_black_mass
from lode.demo.cast import CELL_MAKER, LESSOR, OPERATOR, RECYCLER
from lode.demo.clock import next_month
from lode.demo.fleet import METALS, PACKS_A_BATCH, References, pack_mass_mg
from lode.demo.homeward import (
    collect_cathode_scrap,
    collect_packs,
    give_back,
    recover,
    send_packs,
    supply_again,
    take_in_packs,
)
from lode.demo.outward import build_packs, deliver_packs, receive_and_lease_out
from lode.demo.posting import Book


def post_twice_and_reverse(book: Book, month: date) -> None:
    """A delivery note is posted under a wrong lot and taken back: the mistake stays readable, its effect is gone."""
    here = Account(LESSOR, OPERATOR, "Ni", "product", "packs-2312")
    legs = move(here, Account(LESSOR, RECYCLER, "Ni", "scrap", "eol-typo"), pack_mass_mg("Ni", 1))
    day = month.replace(day=20)
    wrong = book.post("collect", day, legs, by=RECYCLER, reference=f"COL-{month:%y%m}-A")
    book.take_back(wrong, day, by=RECYCLER, reason="Collected pack belongs to another fleet; entered by mistake")


def write_off(book: Book, month: date, *, holder: str) -> None:
    """At the year's end both agree that what stayed unaccounted at a holder is lost."""
    legs: list[Leg] = []
    for element in METALS:
        rows = balances(
            party=None, owner=LESSOR, holder=holder, element=element, state="unaccounted", group_by=("lot",)
        )
        for row in rows:
            if row.mass_mg:
                assert row.lot is not None
                here = Account(LESSOR, holder, element, "unaccounted", row.lot)
                legs += move(here, here._replace(state="loss"), row.mass_mg)
    book.post(
        "loss", month.replace(day=28), legs, by=LESSOR, reference=f"WO-{month:%y%m}",
        reason="Weighing differences of the year, inside three sigma of the scales, accepted as lost",
    )  # fmt: skip


Event = tuple[date, Callable[[], object]]
FIRST_LEASE = (date(2023, 11, 1), date(2023, 12, 1), date(2024, 1, 1), date(2024, 2, 1))

# When what was collected is recovered and given back.
WAY_BACK = (
    (date(2024, 4, 1), date(2024, 5, 1), date(2024, 6, 1)),
    (date(2024, 10, 1), date(2024, 11, 1), date(2024, 12, 1)),
    (date(2024, 12, 1), date(2025, 1, 1), date(2025, 2, 1)),
    (date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1)),
)
SECOND_LEASE = date(2025, 6, 1)
IN_TRANSIT = date(2025, 2, 1)


def events(book: Book, refs: References) -> Mapping[date, tuple[Callable[[], object], ...]]:
    """Return what happens in each month, in order, each to be called once."""
    found: dict[date, list[Callable[[], object]]] = {}
    for month, event in (*_outward(book, refs), *_homeward(book, refs), *_other(book, refs)):
        found.setdefault(month, []).append(event)
    return {month: tuple(calls) for month, calls in sorted(found.items())}


def _outward(book: Book, refs: References) -> Iterator[Event]:
    for number, month in enumerate(FIRST_LEASE):
        yield month, partial(receive_and_lease_out, book, refs, month)
        yield month, partial(build_packs, book, month, first_serial=1 + number * PACKS_A_BATCH)
        yield next_month(month), partial(deliver_packs, book, month, next_month(month))


def _homeward(book: Book, refs: References) -> Iterator[Event]:
    for number, (collected, recovered, returned) in enumerate(WAY_BACK):
        if number == 0:
            yield collected, partial(collect_cathode_scrap, book, collected)
        else:
            yield (
                collected,
                partial(collect_packs, book, collected, built="2311", first_measured=10 * number),
            )
        yield recovered, partial(recover, book, collected, recovered)
        yield returned, partial(give_back, book, refs, recovered, returned)
    yield SECOND_LEASE, partial(supply_again, book, refs, SECOND_LEASE, packs=150)
    yield next_month(SECOND_LEASE), partial(deliver_packs, book, SECOND_LEASE, next_month(SECOND_LEASE))


def _other(book: Book, refs: References) -> Iterator[Event]:
    yield IN_TRANSIT, partial(send_packs, book, IN_TRANSIT, built="2312", packs=20)
    yield next_month(IN_TRANSIT), partial(take_in_packs, book, next_month(IN_TRANSIT), built="2312", packs=20)
    for tag in LOTS:
        month = date(2000 + int(tag[:2]), int(tag[2:]), 1)
        yield month, partial(sell_black_mass, book, refs, month)
    yield date(2024, 9, 1), partial(post_twice_and_reverse, book, date(2024, 9, 1))
    yield date(2024, 12, 1), partial(write_off, book, date(2024, 12, 1), holder=CELL_MAKER)
