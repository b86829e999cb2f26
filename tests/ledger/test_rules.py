"""The rules over the database: what they remember outlives the sequencer, and a replay of the entries agrees."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connections, transaction

from ledger.core.entry import Account, move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import SignerKey
from ledger.selectors.balances import account_balance
from ledger.services.fill_shipments import fill_shipments
from ledger.services.register_key import register_key, revoke_key
from ledger.services.sequence_pending import sequence_pending
from ledger.services.submit_entry import dry_run, submit_entries, submit_entry
from ledger.services.verify_ledger import verify_ledger
from tests.ledger.world import (
    ASSAY,
    NOW,
    account,
    append,
    force_into_inbox,
    key_of,
    lease_out,
    note,
    open_world,
    receive,
)
from tests.support.databases import beyond_the_guard

pytestmark = pytest.mark.usefixtures("own_database")

PARTIES = ("bank", "fund", "lessor", "maker")
OWN = account()
LENT = account(holder="maker")
ON_WAY = account(state="transit")


@pytest.fixture(autouse=True)
def stocked(own_database: None) -> None:
    """1,000 mg of the lessor's nickel in its own stock, posted as entry 5."""
    open_world(PARTIES)
    append(receive(1000))


def refused(data: bytes) -> LedgerCode:
    """Return why an entry is refused: by the check before it is kept, and by the sequencer itself."""
    with pytest.raises(LedgerError) as early:
        append(data)
    entry_id = bytes.fromhex(force_into_inbox(data))
    assert sequence_pending().refused == 1
    ((code,),) = rows("SELECT code FROM ledger_inbox WHERE entry_id = %s ORDER BY id DESC LIMIT 1", entry_id)
    assert code == early.value.code
    return early.value.code


def rows(query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connections["default"].cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def sound() -> bool:
    report = verify_ledger()
    assert report.problems == ()
    return True


def pledge(mass_mg: int, pledgee: str = "bank", of: Account = OWN) -> bytes:
    line = {"holder": of.holder, "element": "Ni", "state": of.state, "lot": of.lot, "mass_mg": str(mass_mg)}
    details = {"owner": "lessor", "pledgee": pledgee, "pledged": [line]}
    parties = tuple(sorted(("lessor", pledgee)))
    return note("pledge", (), parties, parties=parties, details=details)


def release(entry_id: str, pledgee: str = "bank") -> bytes:
    details = {"owner": "lessor", "pledgee": pledgee, "pledge": entry_id}
    return note("release", (), [pledgee], parties=tuple(sorted(("lessor", pledgee))), details=details)


def pledges() -> list[tuple[int, str, int, int]]:
    return rows("SELECT entry_index, pledgee, pledged_mg, left_mg FROM ledger_pledge ORDER BY entry_index")


def signed_too(data: bytes, party: str) -> bytes:
    """Return the note with one more signature."""
    text = data[: data.index(b"\n\n") + 1]
    return data + f"{key_of(party).sign(text)}\n".encode()


class TestPledges:
    def test_pledged_mass_stays_and_a_release_frees_it(self) -> None:
        given = append(pledge(600))
        append(lease_out(400))
        assert refused(lease_out(1)) is LedgerCode.PLEDGED
        assert pledges() == [(6, "bank", 600, 600)]
        append(signed_too(lease_out(100), "bank"))
        assert pledges() == [(6, "bank", 600, 500)]
        append(release(given.entry_id))
        assert pledges() == [(6, "bank", 600, 0)]
        append(lease_out(500))
        assert sound()

    def test_more_than_is_free_is_not_pledged(self) -> None:
        append(pledge(600))
        assert refused(pledge(401, "fund")) is LedgerCode.INSUFFICIENT
        assert refused(pledge(1, of=LENT)) is LedgerCode.INSUFFICIENT

    def test_what_waits_is_pledged_already(self) -> None:
        with transaction.atomic():
            submit_entry(note=pledge(600), submitted_by="lessor", now=NOW)
            with pytest.raises(LedgerError) as mass:
                submit_entry(note=lease_out(401), submitted_by="lessor", now=NOW)
            with pytest.raises(LedgerError) as again:
                submit_entry(note=pledge(401, "fund"), submitted_by="lessor", now=NOW)
            submit_entry(note=signed_too(lease_out(500), "bank"), submitted_by="lessor", now=NOW)
            submit_entry(note=signed_too(lease_out(500), "bank"), submitted_by="lessor", now=NOW)
        assert (mass.value.code, again.value.code) == (LedgerCode.PLEDGED, LedgerCode.INSUFFICIENT)
        assert pledges() == [(6, "bank", 600, 0)]
        assert sound()

    def test_pledge_movement_and_release_go_in_one_batch(self) -> None:
        given = pledge(1000)
        with transaction.atomic():
            first = submit_entry(note=given, submitted_by="lessor", now=NOW)
            answers = submit_entries(
                notes=[signed_too(lease_out(300), "bank"), release(first.entry_id), lease_out(700)],
                submitted_by="lessor",
                now=NOW,
            )
        assert [answer.state for answer in answers] == ["pending"] * 3
        assert pledges() == [(6, "bank", 1000, 0)]
        assert account_balance(account=LENT, party=None) == 1000

    def test_a_dry_run_names_the_pledgee_among_those_who_have_to_sign(self) -> None:
        append(pledge(600))
        preview = dry_run(note=lease_out(401), now=NOW, as_if_signed=True)
        assert (preview.signed, preview.missing) == (("lessor", "maker"), ("bank",))
        nothing_free = dry_run(note=pledge(400, "fund"), now=NOW)
        assert (nothing_free.lines, nothing_free.missing) == ((), ())


def ship(mass_mg: int, **details: str) -> bytes:
    return note("ship", net_legs(move(OWN, ON_WAY, mass_mg)), ["lessor"], parties=("fund", "maker"), details=details)


def arrive(mass_mg: int, shipment: str | None = None, to: Account = LENT, **fields: Any) -> bytes:
    details = {} if shipment is None else {"shipment": shipment}
    return note("arrive", net_legs(move(ON_WAY, to, mass_mg)), [to.holder], details=details, **fields)


def shipments() -> list[tuple[int, str | None, int, int]]:
    return rows("SELECT entry_index, receiver, shipped_mg, left_mg FROM ledger_shipment ORDER BY entry_index")


class TestShipments:
    def test_a_shipment_arrives_in_parts_and_no_more_of_it(self) -> None:
        first, _ = append(ship(300)), append(ship(200))
        append(arrive(250, first.entry_id))
        assert refused(arrive(51, first.entry_id)) is LedgerCode.INSUFFICIENT
        assert shipments() == [(6, None, 300, 50), (7, None, 200, 200)]
        append(arrive(60))  # nothing named: the oldest first
        assert shipments() == [(6, None, 300, 0), (7, None, 200, 190)]
        assert refused(arrive(1, first.entry_id)) is LedgerCode.INSUFFICIENT
        assert sound()

    def test_what_left_before_there_was_a_table_is_filled_in(self, own_database: str) -> None:
        first = append(ship(300, receiver="maker", expected_by="2024-01-10"))
        append(arrive(250, first.entry_id))
        append(ship(200))
        before = shipments()
        with beyond_the_guard(own_database) as connection:
            connection.execute("ALTER TABLE ledger_shipment DISABLE TRIGGER USER")
            connection.execute("DELETE FROM ledger_shipment")
            for name in ("rows", "statements", "writers"):
                connection.execute(f"ALTER TABLE ledger_shipment ENABLE ALWAYS TRIGGER ledger_guard_{name}")
        assert not verify_ledger().sound
        assert fill_shipments()  # as `lode migrate` does
        assert shipments() == before == [(6, "maker", 300, 50), (8, None, 200, 200)]
        assert sound()
        assert not fill_shipments()

    def test_a_receiver_is_waited_for_until_the_day(self) -> None:
        sent = append(ship(300, receiver="maker", expected_by="2024-01-10"))
        back = arrive(300, sent.entry_id, OWN, occurred="2024-01-11")
        assert refused(back) is LedgerCode.MISSING_SIGNATURE
        assert refused(arrive(300, to=OWN)) is LedgerCode.MISSING_SIGNATURE
        append(back, at=NOW + dt.timedelta(days=10))
        assert shipments() == [(6, "maker", 300, 0)]
        assert sound()

    def test_the_reversal_of_an_arrival_opens_it_again(self) -> None:
        sent = append(ship(300))
        come = append(arrive(300, sent.entry_id))
        undone = note("reversal", net_legs(move(LENT, ON_WAY, 300)), ["maker"], reason="No.", corrects=come.entry_id)
        append(undone)
        assert shipments() == [(6, None, 300, 300)]
        append(note("reversal", net_legs(move(ON_WAY, OWN, 300)), ["lessor"], reason="No.", corrects=sent.entry_id,
                    parties=("fund", "maker")))  # fmt: skip
        assert shipments() == [(6, None, 300, 0)]
        assert sound()

    def test_a_shipment_that_waits_can_be_named(self) -> None:
        with transaction.atomic():
            sent = submit_entry(note=ship(300, receiver="maker"), submitted_by="lessor", now=NOW)
            submit_entry(note=arrive(200, sent.entry_id), submitted_by="maker", now=NOW)
        assert shipments() == [(6, "maker", 300, 100)]

    def test_what_has_arrived_in_part_is_not_taken_back(self) -> None:
        sent = append(ship(300))
        append(arrive(1, sent.entry_id))
        append(receive(1, ON_WAY._replace(state="stock")))
        append(ship(1))  # there would be enough in transit again
        back = note("reversal", net_legs(move(ON_WAY, OWN, 300)), ["lessor"], reason="No.", corrects=sent.entry_id,
                    parties=("fund", "maker"))  # fmt: skip
        assert refused(back) is LedgerCode.BAD_CORRECTION


def agree(until: str) -> bytes:
    parties = ("lessor", "maker")
    details = {"closes_until": until}
    return note("statement", (), parties, parties=parties, documents={"balance": ASSAY}, details=details)


class TestPeriods:
    def test_a_closed_period_stays_closed_for_whoever_leads(self) -> None:
        append(agree("2023-12-31"))
        assert refused(lease_out(1, occurred="2023-12-31")) is LedgerCode.CLOSED_PERIOD
        append(agree("2022-12-31"))
        append(lease_out(1, occurred="2024-01-01"))
        assert rows("SELECT party, other, closed_until, entry_index FROM ledger_period") == [
            ("lessor", "maker", dt.date(2023, 12, 31), 6)
        ]
        assert sound()

    def test_a_period_that_is_not_over_is_not_closed(self) -> None:
        assert refused(agree("2024-01-02")) is LedgerCode.BAD_FIELD

    def test_what_waits_closes_already(self) -> None:
        with transaction.atomic():
            submit_entry(note=agree("2023-12-31"), submitted_by="lessor", now=NOW)
            with pytest.raises(LedgerError) as refusal:
                submit_entry(note=lease_out(1, occurred="2023-12-31"), submitted_by="lessor", now=NOW)
        assert refusal.value.code is LedgerCode.CLOSED_PERIOD


def disputes() -> list[tuple[int, str, int | None]]:
    return rows("SELECT entry_index, party, reaffirmed_index FROM ledger_dispute ORDER BY entry_index, party")


def reaffirm(*entry_ids: str, by: SignerKey) -> bytes:
    from ledger.core.entry import Entry, sign_entry
    from tests.ledger.world import BOOK

    entry = Entry("reaffirm", BOOK, f"again {entry_ids[0][:8]} {by.name}".replace(" ", "-"), "2024-01-01",
                  parties=("maker",), details={"entries": sorted(entry_ids)})  # fmt: skip
    return sign_entry(entry, [by]).to_bytes()


def change_key(label: str) -> SignerKey:
    key = key_of("maker", label)
    with transaction.atomic():
        register_key(party="maker", vkey=str(key.vkey), custody="held", now=NOW)
    return key


class TestDisputes:
    def test_what_a_compromised_key_signed_is_disputed_until_reaffirmed(self) -> None:
        append(lease_out(1))
        second, third = append(lease_out(2)), append(lease_out(3))
        with transaction.atomic():
            revoke_key(vkey=str(key_of("maker").vkey), reason="Stolen.", compromised_since_index=7, now=NOW)
        assert disputes() == [(7, "maker", None), (8, "maker", None)]
        new = change_key("2025a")
        append(reaffirm(third.entry_id, by=new), by="maker")
        assert disputes() == [(7, "maker", None), (8, "maker", 11)]
        assert sound()
        # The second key was stolen as well: what it reaffirmed is in doubt again.
        with transaction.atomic():
            revoke_key(vkey=str(new.vkey), reason="Stolen too.", compromised_since_index=11, now=NOW)
        assert disputes() == [(7, "maker", None), (8, "maker", None), (11, "maker", None)]
        append(reaffirm(second.entry_id, third.entry_id, by=change_key("2026a")), by="maker")
        assert disputes() == [(7, "maker", 14), (8, "maker", 14), (11, "maker", None)]
        assert sound()


class TestTables:
    """What the tables say must be what the entries give: a full verification finds every other value."""

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ("UPDATE ledger_pledge SET left_mg = 599", "The table of pledges says bank 600 599 of 6 lessor lessor Ni"),
            ("UPDATE ledger_shipment SET left_mg = 0", "The table of shipments says maker 2024-01-10 300 0 of 7"),
            ("UPDATE ledger_period SET closed_until = '2022-01-01'", "The table of closed periods says 2022-01-01 8"),
            ("UPDATE ledger_dispute SET reaffirmed_index = 3", "The table of disputes says 3 of 7 maker"),
        ],
        ids=["pledges", "shipments", "periods", "disputes"],
    )  # fmt: skip
    def test_a_changed_row_is_found(self, change: str, found: str) -> None:
        append(pledge(600))
        append(signed_too(ship(300, receiver="maker", expected_by="2024-01-10"), "maker"))
        append(agree("2023-12-31"))
        with transaction.atomic():
            revoke_key(vkey=str(key_of("maker").vkey), reason="Stolen.", compromised_since_index=7, now=NOW)
        assert sound()
        with connections["sequencer"].cursor() as cursor:
            cursor.execute(change)
        (problem, *_) = verify_ledger().problems
        assert problem.startswith(found)
