"""A lease of nickel between two firms, with prices, on a real ledger: built once, copied for each test."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from django.conf import settings

from contracts.selectors import contract_detail
from contracts.services import agree, create_draft, propose, sign_version
from ledger.core.entry import Account, Entry, Leg, move, net_legs
from ledger.core.kinds import kind_of
from ledger.services.open_ledger import open_ledger
from ledger.services.sequence_pending import sequence_pending
from lode.market.services import PriceRow, SeriesTerms, publish_series, record_prices
from lode.parties.actor import Actor
from lode.parties.services import create_hosted_key, create_organisation, post_entry

LESSOR = Actor("meridian", "commercial", 1)
LESSEE = Actor("voltaic", "commercial", 2)
PREPARER = Actor("meridian", "finance", 10)
APPROVER = Actor("meridian", "finance", 11)
PAYER = Actor("voltaic", "finance", 20)
STRANGER = Actor("stranger", "finance", 30)
AUDITOR = Actor("veritas", "auditor", 40, sees_all=True)
TONNE = 1_000_000_000  # milligrams
# LME nickel as it might have been published, US dollars a tonne; March is missing until a test records it.
PRICES = {1: Decimal("18000.00"), 2: Decimal("18600.00"), 4: Decimal("17400.00")}


def at(month: int, day: int, hour: int = 6) -> datetime:
    """A moment of 2024."""
    return datetime(2024, month, day, hour, tzinfo=UTC)


def build() -> str:
    """Open the ledger, sign the lease, deliver 36 t of nickel, publish prices; return the contract's reference."""
    start = datetime(2023, 12, 1, 9, tzinfo=UTC)
    for identifier, kind in (("meridian", "lessor"), ("voltaic", "cell-maker"), ("stranger", "recycler")):
        create_organisation(
            identifier=identifier, kind=kind, name_en=identifier, name_zh=identifier, country="GB", now=start
        )
    open_ledger(now=start)
    for party in ("meridian", "voltaic"):
        create_hosted_key(organisation=party, label="2023a", now=start)
    sequence_pending()
    ref = sign_lease(start)
    record_prices_of_the_year(start)
    receive_and_lease_out(ref, date(2024, 1, 1), 36 * TONNE)
    return ref


def sign_lease(now: datetime, **terms: object) -> str:
    """Draft, agree and sign a lease of nickel: 6 % a year on the month's average price, ACT/360."""
    nickel = {"element": "Ni", "form": "nickel sulphate", "price": {"series": "nickel", "unit": "t"}}
    agreed = {
        "elements": [nickel],
        "commencement": "2024-01-01",
        "maturity": "2025-01-01",
        "rate_pct": "6",
        "min_fee": "0",
        **terms,
    }
    ref = create_draft(actor=LESSOR, kind="material-lease", counterparty="voltaic", terms=agreed, now=now)
    propose(actor=LESSOR, ref=ref, now=now)
    agree(actor=LESSEE, ref=ref, number=1, now=now)
    for actor in (LESSOR, LESSEE):
        version = contract_detail(ref=ref, party=actor.organisation, as_of=now.date()).versions[-1]
        sign_version(actor=actor, ref=ref, number=1, text_sha256=version.text_sha256, now=now)
    sequence_pending()
    return ref


def record_prices_of_the_year(now: datetime) -> None:
    """Publish the nickel series and the prices known so far."""
    series = SeriesTerms("nickel", "LME nickel", "LME 镍", "t", "USD", "month", "invented for tests", "none")
    publish_series(series=series, actor=PREPARER, now=now)
    for month, value in PRICES.items():
        publish_price(month, value, at(month + 1, 2))


def publish_price(month: int, value: Decimal, now: datetime) -> None:
    """Record the average of a month of 2024."""
    rows = [PriceRow(date(2024, month, 1), value)]
    record_prices(series="nickel", rows=rows, actor=PREPARER, now=now)


def receive_and_lease_out(
    ref: str, day: date, mass_mg: int, lot: str = "lot-1", recorded: datetime | None = None
) -> None:
    """The lessor takes nickel in and leases it out on the same day."""
    ours = Account("meridian", "meridian", "Ni", "stock", lot)
    now = recorded or datetime(day.year, day.month, day.day, 18, tzinfo=UTC)
    post("receive", day, move(ours._replace(state="source"), ours, mass_mg), now, reference=f"PO-{lot}")
    post(
        "lease-out",
        day,
        move(ours, ours._replace(holder="voltaic"), mass_mg),
        now,
        reference=f"DN-{lot}",
        contract=ref,
    )


def post(kind: str, day: date, legs: tuple[Leg, ...], now: datetime, **members: object) -> str:
    """Sign and post an entry; return its hex id."""
    entry = Entry(
        kind=kind,
        book=settings.LEDGER_ORIGIN,
        nonce=f"{kind}/{members.get('reference')}/{now.isoformat()}".replace("+", "-"),
        occurred=day.isoformat(),
        legs=net_legs(legs),
        **members,
    )
    signers = sorted(kind_of(entry).required_signers(entry))
    submission = post_entry(entry=entry, signers=signers, actor=LESSOR, now=now)
    sequence_pending()
    return submission.entry_id
