"""Whatever is handed in, in whatever order: what the book lets through keeps every promise, by a second reckoning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.core.entry import Account, Entry, Leg
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.kinds import kind_of
from tests.ledger.builder import DIGEST, account, moved
from tests.ledger.core.audits import audited
from tests.ledger.core.desk import Desk

PARTIES = ("bank", "fund", "lessor", "maker")
DAYS = ("2024-01-02", "2024-01-05", "2024-01-09", "2024-01-12")
PLACES = tuple(account("lessor", holder, state) for holder in ("lessor", "maker") for state in ("stock", "transit"))
# Few accounts and few amounts, so that what is wanted is often what is there, or one more.
MASSES = st.sampled_from((1, 20, 50))
REFUSALS = frozenset(
    {
        *(LedgerCode.INSUFFICIENT, LedgerCode.PLEDGED, LedgerCode.CLOSED_PERIOD, LedgerCode.MISSING_SIGNATURE),
        *(LedgerCode.BAD_CORRECTION, LedgerCode.BAD_FIELD, LedgerCode.BAD_LEG),
    }
)
signers = st.sampled_from(((), (), ("bank",), ("fund",), ("bank", "fund"), ("lessor", "maker")))
stocks = st.sampled_from([place for place in PLACES if place.state == "stock"])
days = st.sampled_from(DAYS)


class TheBook(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(PARTIES, verify=lambda *_: True)
        self.pledges: list[int] = []
        self.ships: list[int] = []
        self.moves: list[int] = []
        self.taken_back: set[str] = set()
        self.closed: dict[frozenset[str], str] = {}
        for place in PLACES[::2]:
            self.move("receive", moved(place._replace(state="source"), place, 50), DAYS[0], (), reference="R")

    def hand_in(self, entry: Entry, extra: Sequence[str] = (), also: frozenset[str] = frozenset()) -> int | None:
        """Post the entry, signed by whom its kind asks for and by `extra`; hold what came of it to the promises."""
        before, liens, shipments = dict(self.desk.balances), self.liens(), self.shipments()
        try:
            original = self.desk.posted[bytes.fromhex(entry.corrects)].entry if entry.corrects else None
            needed = kind_of(entry).required_signers(entry, original)
            signed = frozenset(needed) | frozenset(extra) | also
            index = self.desk.post(entry, sorted(signed))
        except LedgerError as error:
            if error.code not in REFUSALS:
                raise
            assert (self.desk.balances, self.liens(), self.shipments()) == (before, liens, shipments)
            return None
        for (_, pledgee, place), left in liens.items():
            if self.liens().get((_, pledgee, place), 0) < left:
                assert pledgee in signed, "pledged mass moved without its pledgee"
        for (number, receiver, until, place), left in shipments.items():
            overdue = until is not None and until < min(entry.occurred, self.desk.day)
            if self.shipments().get((number, receiver, until, place), 0) < left and receiver and not overdue:
                assert receiver in signed, "a shipment left transit without its receiver"
        for leg in entry.legs:
            assert entry.occurred > self.closed.get(frozenset({leg.owner, leg.holder}), ""), "a closed day was moved"
        if entry.legs:
            self.moves.append(index)
        return index

    def liens(self) -> dict[tuple[int, str, Account], int]:
        return {
            (lien.index, lien.pledgee, place): left
            for lien in self.desk.book.liens
            for place, left in lien.left.items()
        }

    def shipments(self) -> dict[tuple[int, str | None, str | None, Account], int]:
        found = filter(None, map(self.desk.book.shipments.find, self.desk.posted))
        return {
            (item.index, item.receiver, item.expected_by, place): left
            for item in found for place, left in item.left.items()
        }  # fmt: skip

    def move(self, kind: str, legs: Sequence[Leg], day: str, extra: Sequence[str], **fields: Any) -> int | None:
        return self.hand_in(self.desk.entry(kind, legs, occurred=day, **fields), extra)

    @rule(day=days)
    def a_day_goes_by(self, day: str) -> None:
        self.desk.day = max(self.desk.day, day)

    @rule(to=stocks, mass=MASSES, day=days)
    def receive(self, to: Account, mass: int, day: str) -> None:
        self.move("receive", moved(to._replace(state="source"), to, mass), day, (), reference="R")

    @rule(of=stocks, mass=MASSES, day=days, extra=signers)
    def lease(self, of: Account, mass: int, day: str, extra: tuple[str, ...]) -> None:
        other = of._replace(holder="maker" if of.holder == "lessor" else "lessor")
        self.move("lease-out", moved(of, other, mass), day, extra, contract="L")

    @rule(of=st.sampled_from(PLACES), mass=MASSES, day=days, extra=signers)
    def sell(self, of: Account, mass: int, day: str, extra: tuple[str, ...]) -> None:
        self.move("title", moved(of, of._replace(owner="maker"), mass), day, extra)

    @rule(of=stocks, mass=MASSES, day=days, receiver=st.sampled_from((None, "fund", "maker")),
          until=st.sampled_from((None, *DAYS)), extra=signers)  # fmt: skip
    def ship(
        self, of: Account, mass: int, day: str, receiver: str | None, until: str | None, extra: tuple[str, ...]
    ) -> None:
        details = {"receiver": receiver, "expected_by": until}
        details = {name: value for name, value in details.items() if value is not None}
        legs = moved(of, of._replace(state="transit"), mass)
        index = self.move("ship", legs, day, extra, details=details, parties=("fund", "maker"))
        if index is not None:
            self.ships.append(index)

    @rule(pick=st.integers(0, 99), to=stocks, ways=st.tuples(st.booleans(), st.booleans()),
          mass=MASSES, day=days, extra=signers)  # fmt: skip
    def arrive(
        self, pick: int, to: Account, ways: tuple[bool, bool], mass: int, day: str, extra: tuple[str, ...]
    ) -> None:
        lost, named = ways
        if not self.ships:
            return
        index = self.ships[pick % len(self.ships)]
        (start,) = [leg.account for leg in self.entry(index).legs if leg.mass_mg > 0]
        end = start._replace(state="unaccounted") if lost else to._replace(owner=start.owner)
        details = {"shipment": self.desk.id_of(index)} if named else {}
        self.move("arrive", moved(start, end, mass), day, extra, details=details)

    @rule(of=st.sampled_from(PLACES), mass=MASSES, day=days, extra=signers)
    def lose(self, of: Account, mass: int, day: str, extra: tuple[str, ...]) -> None:
        self.move("loss", moved(of, of._replace(state="loss"), mass), day, extra, reason="Fire.")

    @rule(of=st.sampled_from(PLACES), mass=MASSES, pledgee=st.sampled_from(("bank", "fund")))
    def pledge(self, of: Account, mass: int, pledgee: str) -> None:
        line = {"holder": of.holder, "element": "Ni", "state": of.state, "lot": of.lot, "mass_mg": str(mass)}
        details = {"owner": of.owner, "pledgee": pledgee, "pledged": [line]}
        free = self.desk.balance(of) - sum(left for (_, _, place), left in self.liens().items() if place == of)
        index = self.hand_in(self.desk.entry("pledge", details=details, parties=tuple(sorted((of.owner, pledgee)))))
        assert (index is not None) == (mass <= free)
        if index is not None:
            self.pledges.append(index)

    @rule(pick=st.integers(0, 99), part=st.none() | MASSES)
    def release(self, pick: int, part: int | None) -> None:
        if not self.pledges:
            return
        index = self.pledges[pick % len(self.pledges)]
        given = self.entry(index)
        details = {**given.details, "pledge": self.desk.id_of(index)}
        details.pop("pledged") if part is None else details.update(
            pledged=[{**given.details["pledged"][0], "mass_mg": str(part)}]
        )
        left = sum(left for (number, _, _), left in self.liens().items() if number == index)
        done = self.hand_in(self.desk.entry("release", details=details, parties=given.parties))
        assert (done is not None) == (left >= (part or 1))
        assert sum(m for (number, _, _), m in self.liens().items() if number == index) == (
            left if done is None else left - (part or left)
        )

    @rule(pick=st.integers(0, 999), day=days, extra=signers)
    def take_back(self, pick: int, day: str, extra: tuple[str, ...]) -> None:
        if not self.moves:
            return
        index = self.moves[pick % len(self.moves)]
        original, entry_id = self.entry(index), self.desk.id_of(index)
        if original.kind == "reversal":
            return
        before = dict(self.desk.balances)
        legs = [leg._replace(mass_mg=-leg.mass_mg) for leg in original.legs]
        done = self.move("reversal", legs, day, extra, reason="No.", corrects=entry_id, parties=original.parties)
        if done is None:
            return
        assert entry_id not in self.taken_back, "an entry was taken back twice"
        self.taken_back.add(entry_id)
        for leg in original.legs:
            assert self.desk.balance(leg.account) == before[leg.account] - leg.mass_mg

    @rule(day=days)
    def close(self, day: str) -> None:
        details = {"closes_until": day}
        statement = self.desk.entry("statement", documents={"d": DIGEST}, parties=("lessor", "maker"), details=details)
        done = self.hand_in(statement)
        assert (done is not None) == (day <= self.desk.day)
        if done is not None:
            pair = frozenset({"lessor", "maker"})
            self.closed[pair] = max(day, self.closed.get(pair, ""))

    def teardown(self) -> None:
        """What was let through holds before every auditor, and before each party with its part of it."""
        ledger = self.desk.ledger()
        audited(ledger)
        for party in PARTIES:
            audited(ledger, party)

    def entry(self, index: int) -> Entry:
        return list(self.desk.posted.values())[index].entry

    @invariant()
    def nothing_is_below_zero_and_nothing_is_made_or_lost(self) -> None:
        for place, mass in self.desk.balances.items():
            assert mass >= 0 or place.state == "source"
        assert sum(self.desk.balances.values()) == 0

    @invariant()
    def what_is_pledged_or_on_its_way_is_there(self) -> None:
        for found in (self.liens(), self.shipments()):
            totals: dict[Account, int] = {}
            for key, left in found.items():
                assert left > 0
                totals[key[-1]] = totals.get(key[-1], 0) + left
            for place, total in totals.items():
                assert total <= self.desk.balance(place)


TestTheBook = TheBook.TestCase
TestTheBook.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
