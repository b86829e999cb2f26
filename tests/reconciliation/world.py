"""A small world: Terra leases nickel to the recycler Ringcycle; November on the ledger, and others who look on."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

from django.conf import settings
from django.db import transaction

from ledger.core.entry import Account, Entry, Leg, move
from ledger.services.open_ledger import open_ledger
from lode.parties.actor import Actor
from lode.parties.services import create_hosted_key, create_organisation, post_entry
from lode.reconciliation.selectors import period_page
from lode.reconciliation.selectors.values import PeriodPage
from lode.reconciliation.services import open_period, submit_statement

KG = 1_000_000
START, END = dt.date(2025, 11, 1), dt.date(2025, 12, 1)
NOW = dt.datetime(2025, 12, 3, 9, 0, tzinfo=dt.UTC)
FIXTURE = Path(__file__).parent / "fixtures" / "ringcycle-2025-11.csv"

TERRA = Actor("terra", "commercial", person_id=1)
RINGCYCLE = Actor("ringcycle", "partner", person_id=2)
VOLTAIC = Actor("voltaic", "partner", person_id=3)
AUDITOR = Actor("veritas", "auditor", person_id=4, sees_all=True)
OUTSIDERS = (VOLTAIC, Actor("", "partner"), Actor("nobody", "finance"))
_nonces = itertools.count()


def open_world() -> None:
    """Four organisations, three with keys, and 400 t of nickel and 50 t of cobalt with the lessor."""
    open_ledger(now=NOW)
    for name, kind in (
        ("terra", "lessor"),
        ("ringcycle", "recycler"),
        ("voltaic", "cell-maker"),
        ("veritas", "auditor"),
    ):
        create_organisation(identifier=name, kind=kind, name_en=name.title(), name_zh=name, country="CN", now=NOW)
    for name in ("terra", "ringcycle", "voltaic"):
        create_hosted_key(organisation=name, label="2025a", now=NOW)
    for element, mass_kg in (("Ni", 400_000), ("Co", 50_000)):
        stock = account("terra", element)
        post(
            "receive", move(stock._replace(state="source"), stock, mass_kg * KG), ["terra"], dt.date(2025, 9, 1), "IN-1"
        )


def november() -> None:
    """What the ledger has: an opening of 20 t, five deliveries, a return, and a return still on its way."""
    deliver("DN-88100", dt.date(2025, 10, 20), 20_000)
    deliver("DN-88213", dt.date(2025, 11, 2), 48_200)
    deliver("DN-88240", dt.date(2025, 11, 5), 51_150)
    deliver("DN-88260", dt.date(2025, 11, 9), 12_480)
    deliver("DN-88275", dt.date(2025, 11, 12), 7_300)
    deliver("DN-88311", dt.date(2025, 11, 18), 46_900)
    send_back("RC-0197", dt.date(2025, 11, 20), 12_480, arrives=dt.date(2025, 11, 21))
    send_back("RS-0042", dt.date(2025, 11, 29), 5_000, arrives=dt.date(2025, 12, 2))


def account(holder: str, element: str = "Ni", state: str = "stock", lot: str = "lot-1") -> Account:
    return Account("terra", holder, element, state, lot)


def post(kind: str, legs: tuple[Leg, ...], signers: list[str], day: dt.date, reference: str, **fields: str) -> str:
    """Post one entry and return its id."""
    entry = Entry(
        kind=kind,
        book=settings.LEDGER_ORIGIN,
        nonce=f"test-{next(_nonces)}",
        occurred=day.isoformat(),
        legs=tuple(sorted(legs)),
        reference=reference or None,
        **fields,
    )
    with transaction.atomic():
        return post_entry(entry=entry, signers=signers, actor=TERRA, now=NOW).entry_id


def deliver(reference: str, day: dt.date, mass_kg: int, *, element: str = "Ni", shipped: dt.date | None = None) -> str:
    """Ship from Terra and take in at Ringcycle; return the arrival's id."""
    ship(reference, shipped or day, mass_kg, element=element)
    way = account("terra", element, "transit")
    return post("arrive", move(way, account("ringcycle", element), mass_kg * KG), ["ringcycle"], day, reference)


def ship(reference: str, day: dt.date, mass_kg: int, *, element: str = "Ni", holder: str = "terra") -> str:
    way = account(holder, element, "transit")
    return post("ship", move(account(holder, element), way, mass_kg * KG), [holder], day, reference)


def send_back(reference: str, day: dt.date, mass_kg: int, *, arrives: dt.date | None) -> None:
    ship(reference, day, mass_kg, holder="ringcycle")
    if arrives:
        way = account("ringcycle", "Ni", "transit")
        post("arrive", move(way, account("terra"), mass_kg * KG), ["terra"], arrives, reference)


def submit(data: bytes | None = None, **fields) -> int:
    """Submit a file for November as Ringcycle and return the number of the period."""
    view = submit_statement(
        **{
            "our_party": "terra",
            "start_date": START,
            "end_date": END,
            "file_name": "ringcycle-2025-11.csv",
            "file_bytes": FIXTURE.read_bytes() if data is None else data,
            "actor": RINGCYCLE,
            "now": NOW,
            **fields,
        }
    )
    return view.period_number


def open_for(partner: Actor) -> int:
    """Terra opens November with somebody who holds nothing of its."""
    return open_period(
        our_party="terra", partner=partner.organisation, start_date=START, end_date=END, actor=TERRA, now=NOW
    )


TODAY = NOW.date()


def page(period_id: int, actor: Actor = TERRA, today: dt.date = TODAY) -> PeriodPage:
    return period_page(actor=actor, period_id=period_id, today=today)


def keys(period_id: int, reference: str) -> dict[str, str]:
    """The keys of the row with that reference, as the services take them."""
    (row,) = [row for row in page(period_id).rows if (row.ours or row.theirs).reference == reference]
    return {"ours_key": row.ours.key if row.ours else "", "theirs_key": row.theirs.key if row.theirs else ""}
