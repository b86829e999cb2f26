"""A verifier refuses what a dishonest operator lets through against the rules over more than one entry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.core.errors import LedgerCode, LedgerError
from tests.ledger.builder import DIGEST, Book, account, moved, signer
from tests.ledger.core.audits import audited

OWN, LENT = account("lessor", "lessor"), account("lessor", "maker")
ON_WAY = OWN._replace(state="transit")
LINE = {"holder": "lessor", "element": "Ni", "state": "stock", "lot": "lot-1", "mass_mg": "600"}
PLEDGE = {"owner": "lessor", "pledgee": "bank", "pledged": [LINE]}


@pytest.fixture
def book() -> Book:
    """A thousand milligrams of nickel in the lessor's stock: entry 3, received on 2 January."""
    book = Book()
    for party in ("bank", "lessor", "maker"):
        book.register(party)
    book.append(book.entry("receive", moved(OWN._replace(state="source"), OWN, 1000), reference="R"))
    return book


def lease(book: Book, mass_mg: int, *more: str, **fields: str) -> int:
    entry = book.entry("lease-out", moved(OWN, LENT, mass_mg), contract="L", **fields)
    return book.append(entry, ["lessor", "maker", *more])


def ship(book: Book, mass_mg: int, **details: str) -> str:
    entry = book.entry("ship", moved(OWN, ON_WAY, mass_mg), parties=("maker",), details=details)
    return book.ids[book.append(entry)].hex()


def arrive(book: Book, mass_mg: int, shipment: str, to=LENT, **fields: str) -> None:
    book.append(book.entry("arrive", moved(ON_WAY, to, mass_mg), details={"shipment": shipment}, **fields))


def pledged_mass_moves(book: Book) -> None:
    book.append(book.entry("pledge", details=PLEDGE, parties=("bank", "lessor")))
    lease(book, 400)
    lease(book, 1)


def pledged_twice(book: Book) -> None:
    for _ in range(2):
        book.append(book.entry("pledge", details=PLEDGE, parties=("bank", "lessor")))


def released_twice(book: Book) -> None:
    index = book.append(book.entry("pledge", details=PLEDGE, parties=("bank", "lessor")))
    given_up = {"owner": "lessor", "pledgee": "bank", "pledge": book.ids[index].hex()}
    for _ in range(2):
        book.append(book.entry("release", details=given_up, parties=("bank", "lessor")))


def a_closed_day_is_moved(book: Book) -> None:
    closing = {"closes_until": "2024-01-01"}
    book.append(book.entry("statement", documents={"d": DIGEST}, parties=("lessor", "maker"), details=closing))
    lease(book, 1, occurred="2024-01-01")


def a_day_to_come_is_closed(book: Book) -> None:
    closing = {"closes_until": "2024-01-02"}
    book.append(book.entry("statement", documents={"d": DIGEST}, parties=("lessor", "maker"), details=closing))


def more_arrives_than_was_shipped(book: Book) -> None:
    first = ship(book, 100)
    ship(book, 100)
    arrive(book, 101, first)


def a_shipment_is_taken_back_before_its_day(book: Book) -> None:
    arrive(book, 100, ship(book, 100, receiver="maker", expected_by="2024-01-01"), OWN, occurred="2024-01-09")


def what_has_arrived_is_taken_back(book: Book) -> None:
    first = ship(book, 100)
    arrive(book, 1, first)
    ship(book, 1)
    book.append(book.entry("reversal", moved(ON_WAY, OWN, 100), reason="No.", corrects=first, parties=("maker",)))


def a_key_is_changed_without_the_recovery_key(book: Book) -> None:
    key = signer("maker.example/recovery/2024a")
    details = {"action": "register", "vkey": str(key.vkey), "party": "maker", "purpose": "recovery", "custody": "held"}
    book.append(book.entry("key", details=details))
    book.revoke(book.signers["maker"])


def what_nobody_disputes_is_reaffirmed(book: Book) -> None:
    book.append(book.entry("reaffirm", details={"entries": [book.ids[3].hex()]}, parties=("lessor",)))


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (pledged_mass_moves, LedgerCode.PLEDGED),
        (pledged_twice, LedgerCode.INSUFFICIENT),
        (released_twice, LedgerCode.BAD_FIELD),
        (a_closed_day_is_moved, LedgerCode.CLOSED_PERIOD),
        (a_day_to_come_is_closed, LedgerCode.BAD_FIELD),
        (more_arrives_than_was_shipped, LedgerCode.INSUFFICIENT),
        (a_shipment_is_taken_back_before_its_day, LedgerCode.MISSING_SIGNATURE),
        (what_has_arrived_is_taken_back, LedgerCode.BAD_CORRECTION),
        (a_key_is_changed_without_the_recovery_key, LedgerCode.MISSING_SIGNATURE),
        (what_nobody_disputes_is_reaffirmed, LedgerCode.BAD_FIELD),
    ],
    ids=lambda value: getattr(value, "__name__", None) and value.__name__.replace("_", " "),
)
@pytest.mark.parametrize("party", [None, "lessor"])
def test_what_breaks_a_rule_is_found_and_named(
    book: Book, deed: Callable[[Book], None], code: LedgerCode, party: str | None
) -> None:
    deed(book)
    with pytest.raises(LedgerError) as found:
        audited(book, party)
    assert (found.value.code, found.value.index) == (code, book.size - 1)
    assert f"ntry {book.size - 1}" in found.value.sentence


def test_a_party_that_sees_only_a_part_refuses_nothing_that_it_cannot_know(book: Book) -> None:
    """The bank sees its pledge and not what its consent has let through; the maker does not see the pledge at all."""
    index = book.append(book.entry("pledge", details=PLEDGE, parties=("bank", "lessor")))
    lease(book, 500, "bank")
    given_up = {"owner": "lessor", "pledgee": "bank", "pledge": book.ids[index].hex()}
    book.append(book.entry("release", details=given_up, parties=("bank", "lessor")))
    for party in (None, "bank", "lessor", "maker"):
        audited(book, party)
