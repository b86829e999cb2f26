"""The rules that look at more than one entry: pledges, periods, shipments, keys and disputes, each by example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ledger.core.entry import Account, move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from tests.ledger.builder import DIGEST, account, moved
from tests.ledger.core.desk import Desk

OWN = account("lessor", "lessor")
LENT = account("lessor", "maker")
ON_WAY = OWN._replace(state="transit")
PARTIES = ("bank", "fund", "lessor", "maker")


@pytest.fixture
def desk() -> Desk:
    """1,000 mg of the lessor's nickel in its own stock."""
    desk = Desk(PARTIES)
    desk.post(desk.entry("receive", moved(OWN._replace(state="source"), OWN, 1000), reference="R"))
    return desk


def refusal(action: Callable[[], Any]) -> LedgerError:
    with pytest.raises(LedgerError) as refused:
        action()
    return refused.value


def line(account: Account, mass_mg: int) -> dict[str, str]:
    _, holder, element, state, lot = account
    return {"holder": holder, "element": element, "state": state, "lot": lot, "mass_mg": str(mass_mg)}


def pledge(desk: Desk, mass_mg: int, pledgee: str = "bank", of: Account = OWN) -> int:
    details = {"owner": of.owner, "pledgee": pledgee, "pledged": [line(of, mass_mg)]}
    return desk.post(desk.entry("pledge", details=details, parties=tuple(sorted((of.owner, pledgee)))))


def release(desk: Desk, index: int, *part: dict[str, str], pledgee: str = "bank", by: str | None = None) -> int:
    details: dict[str, Any] = {"owner": "lessor", "pledgee": pledgee, "pledge": desk.id_of(index)}
    details |= {"pledged": list(part)} if part else {}
    entry = desk.entry("release", details=details, parties=tuple(sorted(("lessor", pledgee))))
    return desk.post(entry, [by or pledgee])


def lease(desk: Desk, mass_mg: int, *more: str, **fields: Any) -> int:
    entry = desk.entry("lease-out", moved(OWN, LENT, mass_mg), contract="L", **fields)
    return desk.post(entry, sorted({"lessor", "maker", *more}))


def pledged(desk: Desk) -> dict[int, int]:
    return {lien.index: left for lien in desk.book.liens for left in lien.left.values()}


class TestPledges:
    def test_pledged_mass_does_not_move_without_the_pledgee(self, desk: Desk) -> None:
        first = pledge(desk, 600)
        lease(desk, 400)
        refused = refusal(lambda: lease(desk, 1))
        assert refused.code is LedgerCode.PLEDGED
        assert refused.sentence == (
            "600 mg of Ni of lessor at lessor (stock, lot lot-1) are pledged and 599 mg would be left: the entry needs "
            "the signature of bank, or a release before it."
        )
        lease(desk, 50, "bank")
        assert pledged(desk) == {first: 550}
        assert desk.balance(OWN) == 550

    def test_only_what_is_not_pledged_yet_can_be_pledged(self, desk: Desk) -> None:
        pledge(desk, 600)
        refused = refusal(lambda: pledge(desk, 401, "fund"))
        assert refused.code is LedgerCode.INSUFFICIENT
        assert "1000 mg stand there, 600 mg of it are pledged already and 401 mg are wanted" in refused.sentence
        pledge(desk, 400, "fund")
        assert refusal(lambda: pledge(desk, 1, of=LENT)).code is LedgerCode.INSUFFICIENT

    def test_what_was_pledged_last_is_cut_first_and_only_those_cut_sign(self, desk: Desk) -> None:
        first, last = pledge(desk, 600, "bank"), pledge(desk, 400, "fund")
        assert refusal(lambda: lease(desk, 100, "bank")).code is LedgerCode.PLEDGED
        lease(desk, 100, "fund")
        assert pledged(desk) == {first: 600, last: 300}
        refused = refusal(lambda: lease(desk, 301, "fund"))
        assert "needs the signature of bank," in refused.sentence
        lease(desk, 301, "bank", "fund")
        assert pledged(desk) == {first: 599}

    def test_what_was_cut_is_not_pledged_again_when_the_account_grows(self, desk: Desk) -> None:
        first = pledge(desk, 1000)
        lease(desk, 400, "bank")
        desk.post(desk.entry("return", moved(LENT, OWN, 400), contract="L"))
        assert pledged(desk) == {first: 600}
        lease(desk, 400)

    def test_a_release_frees_a_part_or_all_and_takes_the_pledgee(self, desk: Desk) -> None:
        first = pledge(desk, 600)
        assert refusal(lambda: release(desk, first, by="lessor")).code is LedgerCode.MISSING_SIGNATURE
        release(desk, first, line(OWN, 250))
        assert pledged(desk) == {first: 350}
        assert refusal(lambda: release(desk, first, line(OWN, 351))).code is LedgerCode.BAD_FIELD
        release(desk, first)
        assert pledged(desk) == {}
        assert "is not open" in refusal(lambda: release(desk, first)).sentence
        lease(desk, 1000)

    def test_nobody_releases_the_pledge_of_another(self, desk: Desk) -> None:
        first = pledge(desk, 600)
        assert refusal(lambda: release(desk, first, pledgee="fund")).code is LedgerCode.BAD_FIELD

    def test_a_pledge_is_released_and_not_reversed(self, desk: Desk) -> None:
        index = pledge(desk, 600)
        back = desk.entry("reversal", moved(OWN, LENT, 1), reason="No.", corrects=desk.id_of(index))
        assert refusal(lambda: desk.post(back, ["bank", "lessor"])).code is LedgerCode.BAD_CORRECTION

    def test_a_reversal_takes_nothing_pledged_back_without_the_pledgee(self, desk: Desk) -> None:
        received = desk.size - 1
        pledge(desk, 600)
        legs = moved(OWN, OWN._replace(state="source"), 1000)
        back = desk.entry("reversal", legs, reason="Weighed twice.", corrects=desk.id_of(received))
        assert refusal(lambda: desk.post(back)).code is LedgerCode.PLEDGED
        desk.post(back, ["bank", "lessor"])
        assert (pledged(desk), desk.balance(OWN)) == ({}, 0)

    def test_pledges_on_several_accounts_live_and_end_each_by_itself(self, desk: Desk) -> None:
        lease(desk, 300)
        details = {"owner": "lessor", "pledgee": "bank", "pledged": [line(OWN, 700), line(LENT, 300)]}
        both = desk.post(desk.entry("pledge", details=details, parties=("bank", "lessor")))
        release(desk, both, line(OWN, 700))
        assert [lien.left for lien in desk.book.liens] == [{LENT: 300}]
        lease(desk, 700)
        assert desk.balance(LENT) == 1000


def agree(desk: Desk, until: str, one: str = "lessor", other: str = "maker") -> int:
    entry = desk.entry(
        "statement", documents={"balance": DIGEST}, parties=(one, other), details={"closes_until": until}
    )
    return desk.post(entry)


class TestPeriods:
    def test_a_closed_day_takes_no_entry_between_the_two_any_more(self, desk: Desk) -> None:
        lease(desk, 100, occurred="2024-01-01")
        agree(desk, "2024-01-01")
        refused = refusal(lambda: lease(desk, 100, occurred="2024-01-01"))
        assert refused.code is LedgerCode.CLOSED_PERIOD
        assert refused.sentence == (
            "lessor and maker have closed Ni of lessor at maker (stock, lot lot-1) up to and with 2024-01-01, and the "
            "entry happened on 2024-01-01: book it, or an adjustment of what was booked, dated after that day."
        )
        lease(desk, 100, occurred="2024-01-02")

    def test_a_reversal_and_an_adjustment_carry_a_day_of_their_own(self, desk: Desk) -> None:
        wrong = lease(desk, 100, occurred="2024-01-01")
        agree(desk, "2024-01-01")
        fields = {"reason": "Counted again.", "corrects": desk.id_of(wrong)}
        for kind in ("reversal", "adjustment"):
            back = desk.entry(kind, moved(LENT, OWN, 100), occurred="2024-01-01", **fields)
            assert refusal(lambda back=back: desk.post(back)).code is LedgerCode.CLOSED_PERIOD
        desk.post(desk.entry("reversal", moved(LENT, OWN, 100), occurred="2024-01-02", **fields))
        assert desk.balance(OWN) == 1000

    def test_it_closes_either_way_round_and_nothing_else(self, desk: Desk) -> None:
        agree(desk, "2024-01-01")
        theirs = account("maker", "lessor")
        early = {"reference": "R", "occurred": "2023-12-31"}
        for target, code in ((theirs, LedgerCode.CLOSED_PERIOD), (LENT, LedgerCode.CLOSED_PERIOD), (OWN, None)):
            entry = desk.entry("receive", moved(target._replace(state="source"), target, 5), **early)
            assert (refusal(lambda entry=entry: desk.post(entry)).code if code else desk.post(entry)) is not None
        other = account("fund", "maker")
        desk.post(desk.entry("receive", moved(other._replace(state="source"), other, 5), **early))

    def test_the_day_only_grows(self, desk: Desk) -> None:
        desk.day = "2024-03-01"
        agree(desk, "2024-02-29")
        agree(desk, "2024-01-31")
        assert refusal(lambda: lease(desk, 1, occurred="2024-02-29")).code is LedgerCode.CLOSED_PERIOD
        assert [(c.parties, c.until) for c in desk.book.drain().closed] == [(("lessor", "maker"), "2024-02-29")]

    def test_a_day_that_is_not_over_is_not_closed(self, desk: Desk) -> None:
        refused = refusal(lambda: agree(desk, "2024-01-03"))
        assert (refused.code, "lies after 2024-01-02" in refused.sentence) == (LedgerCode.BAD_FIELD, True)
        agree(desk, "2024-01-02")

    def test_an_issued_statement_closes_nothing(self, desk: Desk) -> None:
        fields = {"documents": {"invoice": DIGEST}, "parties": ("lessor", "maker"), "details": {"issuer": "lessor"}}
        desk.post(desk.entry("statement", **fields))
        lease(desk, 1, occurred="2020-01-01")


def ship(desk: Desk, mass_mg: int, **details: str) -> int:
    return desk.post(desk.entry("ship", moved(OWN, ON_WAY, mass_mg), parties=("fund", "maker"), details=details))


def arrival(desk: Desk, index: int | None, mass_mg: int, to: Account = LENT, **fields: Any):
    details = {} if index is None else {"shipment": desk.id_of(index)}
    return desk.entry("arrive", moved(ON_WAY, to, mass_mg), details=details, **fields)


def on_the_way(desk: Desk) -> dict[int, int]:
    shipments = {(item.index, item.entry_id): item for item in map(desk.book.shipments.find, desk.posted) if item}
    return {index: sum(item.left.values()) for (index, _), item in sorted(shipments.items())}


class TestShipments:
    def test_no_more_arrives_of_a_shipment_than_is_on_its_way(self, desk: Desk) -> None:
        first, second = ship(desk, 300), ship(desk, 200)
        desk.post(arrival(desk, first, 250))
        assert on_the_way(desk) == {first: 50, second: 200}
        refused = refusal(lambda: desk.post(arrival(desk, first, 51)))
        assert refused.code is LedgerCode.INSUFFICIENT
        assert "Of the shipment, 50 mg of" in refused.sentence
        desk.post(arrival(desk, first, 50))
        assert on_the_way(desk) == {second: 200}
        assert refusal(lambda: desk.post(arrival(desk, first, 1))).code is LedgerCode.INSUFFICIENT

    def test_only_what_was_shipped_arrives_and_only_of_a_shipment(self, desk: Desk) -> None:
        first = ship(desk, 300)
        other = ON_WAY._replace(lot="lot-2")
        legs = moved(other, other._replace(holder="maker", state="stock"), 5)
        wrong_lot = desk.entry("arrive", legs, details={"shipment": desk.id_of(first)})
        assert refusal(lambda: desk.post(wrong_lot)).code is LedgerCode.BAD_LEG
        assert "no shipment" in refusal(lambda: desk.post(arrival(desk, 0, 5))).sentence
        unknown = desk.entry("arrive", moved(ON_WAY, LENT, 5), details={"shipment": DIGEST})
        assert refusal(lambda: desk.post(unknown)).code is LedgerCode.BAD_FIELD

    def test_the_receiver_named_signs_until_the_shipment_is_overdue(self, desk: Desk) -> None:
        first = ship(desk, 300, receiver="maker", expected_by="2024-01-10")
        desk.day = "2024-01-10"
        refused = refusal(lambda: desk.post(arrival(desk, first, 300, OWN)))
        assert refused.code is LedgerCode.MISSING_SIGNATURE
        assert refused.sentence == (
            "What was shipped to maker leaves transit with their signature, unless it is overdue."
        )
        # Neither a day claimed nor the day of recording alone makes it overdue.
        early = arrival(desk, first, 300, OWN, occurred="2024-01-11")
        assert refusal(lambda: desk.post(early)).code is LedgerCode.MISSING_SIGNATURE
        desk.day = "2024-01-11"
        late = arrival(desk, first, 300, OWN, occurred="2024-01-10")
        assert refusal(lambda: desk.post(late)).code is LedgerCode.MISSING_SIGNATURE
        desk.post(arrival(desk, first, 200, OWN))
        lost = ON_WAY._replace(state="unaccounted")
        desk.post(arrival(desk, first, 100, lost))
        assert (on_the_way(desk), desk.balance(OWN), desk.balance(lost)) == ({}, 900, 100)

    def test_a_difference_takes_both_holders_and_the_receiver(self, desk: Desk) -> None:
        first = ship(desk, 300, receiver="maker")
        lost = ON_WAY._replace(state="unaccounted")
        alone = arrival(desk, first, 10, lost)
        assert refusal(lambda: desk.post(alone, ["lessor"])).code is LedgerCode.MISSING_SIGNATURE
        desk.post(alone, ["lessor", "maker"])
        legs = net_legs((*move(ON_WAY, LENT, 280), *move(ON_WAY, lost, 10)))
        short = desk.entry("arrive", legs, details={"shipment": desk.id_of(first)})
        assert refusal(lambda: desk.post(short, ["maker"])).code is LedgerCode.MISSING_SIGNATURE
        desk.post(short, ["lessor", "maker"])
        assert on_the_way(desk) == {}

    def test_what_leaves_transit_unnamed_ends_the_oldest_without_a_receiver_first(self, desk: Desk) -> None:
        awaited, first, second = ship(desk, 100, receiver="maker"), ship(desk, 200), ship(desk, 300)
        desk.post(arrival(desk, None, 250))
        assert on_the_way(desk) == {awaited: 100, second: 250}
        loss = desk.entry("loss", moved(ON_WAY, ON_WAY._replace(state="loss"), 251), reason="Fire.")
        assert refusal(lambda: desk.post(loss)).code is LedgerCode.MISSING_SIGNATURE
        desk.post(loss, ["lessor", "maker"])
        assert on_the_way(desk) == {awaited: 99}
        assert first not in on_the_way(desk)

    def test_naming_one_shipment_leaves_the_receiver_of_another_alone(self, desk: Desk) -> None:
        awaited, free = ship(desk, 100, receiver="fund"), ship(desk, 200)
        desk.post(arrival(desk, free, 200))
        assert on_the_way(desk) == {awaited: 100}
        assert refusal(lambda: desk.post(arrival(desk, awaited, 1))).code is LedgerCode.MISSING_SIGNATURE

    def test_a_shipment_is_taken_back_whole_or_not_at_all(self, desk: Desk) -> None:
        first = ship(desk, 300, receiver="maker")
        back = desk.entry(
            "reversal", moved(ON_WAY, OWN, 300), reason="No.", corrects=desk.id_of(first), parties=("fund", "maker")
        )
        assert refusal(lambda: desk.post(back, ["lessor"])).code is LedgerCode.MISSING_SIGNATURE
        come = desk.post(arrival(desk, first, 1))
        assert refusal(lambda: desk.post(back, ["lessor", "maker"])).code is LedgerCode.BAD_CORRECTION
        undone = desk.entry("reversal", moved(LENT, ON_WAY, 1), reason="Miscounted.", corrects=desk.id_of(come))
        desk.post(undone)
        desk.post(back, ["lessor", "maker"])
        assert (on_the_way(desk), desk.balance(OWN)) == ({}, 1000)

    def test_the_reversal_of_an_arrival_opens_its_shipment_again(self, desk: Desk) -> None:
        first = ship(desk, 300)
        come = desk.post(arrival(desk, first, 300))
        assert on_the_way(desk) == {}
        desk.post(desk.entry("reversal", moved(LENT, ON_WAY, 300), reason="No.", corrects=desk.id_of(come)))
        assert on_the_way(desk) == {first: 300}
        desk.post(arrival(desk, first, 300))

    def test_an_export_is_no_shipment_and_can_be_taken_back(self, desk: Desk) -> None:
        out = desk.post(desk.entry("ship", moved(OWN, OWN._replace(state="exported"), 300)))
        assert on_the_way(desk) == {}
        legs = moved(OWN._replace(state="exported"), OWN, 300)
        desk.post(desk.entry("reversal", legs, reason="No.", corrects=desk.id_of(out)))
        assert desk.balance(OWN) == 1000


class TestRecoveryKeys:
    def test_with_a_recovery_key_the_registry_alone_changes_nothing_of_a_party(self, desk: Desk) -> None:
        recovery = desk.register("maker", purpose="recovery")
        old = desk.keys["maker"]
        refused = refusal(lambda: desk.register("maker", "2025a"))
        assert refused.code is LedgerCode.MISSING_SIGNATURE
        assert "its recovery key, or an entry key of it" in refused.sentence
        assert refusal(lambda: desk.revoke(old)).code is LedgerCode.MISSING_SIGNATURE
        desk.register("maker", "2025a", by=[old])
        desk.revoke(old, by=[recovery])
        lease(desk, 1)

    def test_a_recovery_key_is_changed_by_a_recovery_key_alone(self, desk: Desk) -> None:
        recovery, old = desk.register("maker", purpose="recovery"), desk.keys["maker"]
        second = {"purpose": "recovery"}
        assert refusal(lambda: desk.register("maker", "b", by=[old], **second)).code is LedgerCode.MISSING_SIGNATURE
        assert refusal(lambda: desk.revoke(recovery, by=[old])).code is LedgerCode.MISSING_SIGNATURE
        spare = desk.register("maker", "b", by=[recovery], **second)
        desk.revoke(recovery, by=[spare])
        assert refusal(lambda: desk.revoke(old, by=[recovery])).code is LedgerCode.KEY_NOT_VALID
        desk.revoke(spare, by=[spare])
        desk.register("maker", "2025a")  # no recovery key is left, so the registry is enough again

    def test_a_recovery_key_signs_nothing_else_and_for_nobody_else(self, desk: Desk) -> None:
        recovery = desk.register("maker", purpose="recovery")
        entry = desk.entry("lease-out", moved(OWN, LENT, 1), contract="L")
        assert refusal(lambda: desk.post(entry, ["lessor", "maker", recovery])).code is LedgerCode.KEY_NOT_VALID
        notice = desk.entry("notice", reason="Hello.")
        assert refusal(lambda: desk.post(notice, [desk.root, recovery])).code is LedgerCode.KEY_NOT_VALID
        assert refusal(lambda: desk.revoke(desk.keys["lessor"], by=[recovery])).code is LedgerCode.KEY_NOT_VALID

    def test_a_key_that_cannot_be_taken_is_refused_before_anything_is_changed(self, desk: Desk) -> None:
        key = desk.keys["maker"]
        assert refusal(lambda: desk.register("maker")).code is LedgerCode.DUPLICATE
        desk.revoke(key)
        assert refusal(lambda: desk.revoke(key)).code is LedgerCode.KEY_NOT_VALID


class TestDisputes:
    def test_what_a_compromised_key_signed_can_be_reaffirmed_by_another(self, desk: Desk) -> None:
        before, after = lease(desk, 1), lease(desk, 2)
        desk.revoke(desk.keys["maker"], compromised_since_index=after)
        desk.register("maker", "2025a")

        def reaffirm(*indexes: int, by: str = "maker") -> int:
            listed = sorted(desk.id_of(index) for index in indexes)
            return desk.post(desk.entry("reaffirm", details={"entries": listed}, parties=(by,)))

        desk.book.drain()
        refused = refusal(lambda: reaffirm(before, after))
        assert (refused.code, desk.id_of(before) in refused.sentence) == (LedgerCode.BAD_FIELD, True)
        assert refusal(lambda: reaffirm(after, by="lessor")).code is LedgerCode.BAD_FIELD
        done = reaffirm(after)
        (said,) = desk.book.drain().reaffirmed
        assert (said.index, said.parties, said.entry_ids) == (done, {"maker"}, (bytes.fromhex(desk.id_of(after)),))

    def test_a_reaffirmation_is_not_itself_reaffirmed(self, desk: Desk) -> None:
        after = lease(desk, 2)
        desk.revoke(desk.keys["maker"], compromised_since_index=after)
        key = desk.register("maker", "2025a")
        first = desk.post(desk.entry("reaffirm", details={"entries": [desk.id_of(after)]}, parties=("maker",)))
        desk.revoke(key, compromised_since_index=first)
        desk.register("maker", "2026a")
        again = desk.entry("reaffirm", details={"entries": [desk.id_of(first)]}, parties=("maker",))
        assert refusal(lambda: desk.post(again)).code is LedgerCode.BAD_FIELD
        desk.post(desk.entry("reaffirm", details={"entries": [desk.id_of(after)]}, parties=("maker",)))

    def test_a_key_is_not_compromised_in_the_future_nor_where_it_signs_for_no_party(self, desk: Desk) -> None:
        size = desk.size
        assert (
            refusal(lambda: desk.revoke(desk.keys["maker"], compromised_since_index=size + 1)).code
            is LedgerCode.BAD_FIELD
        )
        other = desk.register("fund", purpose="log")
        assert refusal(lambda: desk.revoke(other, compromised_since_index=0)).code is LedgerCode.BAD_FIELD
        desk.revoke(desk.keys["maker"], compromised_since_index=desk.size)
