"""Whatever is posted: nothing is made or lost, nothing is below zero, and an audit agrees with who posted it.

Random entries of all kinds that bear on each other are posted by the book. What stands is audited; what was refused is
forced into the log by an operator without scruples, and the audit refuses that very entry for the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ledger.core import balances as balance_file
from ledger.core.audit import Audit, Depth, Report, Trust
from ledger.core.audit_open import OpenAll, open_all
from ledger.core.entry import Account, Entry, Leg, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from tests.ledger.builder import DIGEST, Book, account, moved
from tests.ledger.core.desk import Desk
from tests.ledger.core.test_mutations import look_closely

OWNERS, BANK = ("lessor", "maker"), "bank"
DAYS = ("2023-12-01", "2023-12-15", "2023-12-31", "2024-01-01")


@dataclass
class World:
    """A desk, the log that it fills, and what it refused."""

    desk: Desk = field(default_factory=lambda: Desk((*OWNERS, BANK)))
    refused: list[tuple[int, bytes, LedgerCode]] = field(default_factory=list)

    def post(self, entry: Entry, signers: list[str]) -> None:
        signers = sorted(set(signers))
        candidate = self.desk.candidate(entry, signers)
        try:
            self.desk.post(entry, signers)
        except LedgerError as error:
            self.refused.append((self.desk.size, candidate.note, error.code))

    def of_kind(self, *kinds: str) -> list[tuple[str, Entry]]:
        return [(each.hex(), found.entry) for each, found in self.desk.posted.items() if found.kind.name in kinds]


@st.composite
def steps(draw: st.DrawFn, world: World, kinds: tuple[str, ...]) -> None:
    """Try to post one entry."""
    kind = draw(st.sampled_from(kinds))
    owner, holder = draw(st.sampled_from(OWNERS)), draw(st.sampled_from(OWNERS))
    stock = account(owner, holder, element=draw(st.sampled_from(("Ni", "Ni", "Ni", "Co"))))
    mass = draw(st.integers(1, 60))
    day = draw(st.sampled_from(DAYS))
    other = OWNERS[owner == OWNERS[0]]
    on_way = stock._replace(state="transit")
    signers = {owner, holder, *draw(st.sets(st.sampled_from((*OWNERS, BANK))))}
    entry = world.desk.entry
    simple = {
        "receive": (stock._replace(state="source"), stock, {"reference": "R"}),
        "title": (stock, stock._replace(owner=other), {}),
        "lease-out": (stock, stock._replace(holder=OWNERS[holder == OWNERS[0]]), {"contract": "L"}),
        "process": (stock, stock._replace(state="scrap"), {"reference": "B"}),
        "loss": (stock, stock._replace(state="loss"), {"reason": "Spilt."}),
        "adjustment": (on_way, stock._replace(holder=other), {"reason": "Counted.", "reference": "C"}),
    }
    if kind in simple:
        source, target, fields = simple[kind]
        world.post(entry(kind, moved(source, target, mass), occurred=day, **fields), [*signers])
    elif kind == "ship":
        details = draw(st.sampled_from(({}, {"receiver": other}, {"receiver": other, "expected_by": "2023-12-15"})))
        parties = (other,) if details else ()
        world.post(
            entry("ship", moved(stock, on_way, mass), details=details, parties=parties, occurred=day), [*signers]
        )
    elif kind == "arrive":
        shipments = [{"shipment": each} for each, _ in world.of_kind("ship")]
        details = draw(st.sampled_from([{}, *shipments]))
        arrived = moved(on_way, stock._replace(holder=draw(st.sampled_from(OWNERS))), mass)
        world.post(entry("arrive", arrived, details=details, occurred=day), [*signers])
    elif kind == "reversal" and (posted := world.of_kind(*simple, "ship", "arrive")):
        entry_id, original = draw(st.sampled_from(posted))
        back = tuple(leg._replace(mass_mg=-leg.mass_mg) for leg in original.legs)
        fields = {"corrects": entry_id, "reason": "No.", "parties": original.parties, "occurred": day}
        world.post(entry("reversal", back, **fields), [*signers, *original.owners, *original.holders])
    elif kind == "pledge":
        line = {**stock._asdict(), "mass_mg": str(mass)}
        del line["owner"]
        details = {"owner": owner, "pledgee": BANK, "pledged": [line]}
        world.post(entry("pledge", details=details, parties=tuple(sorted((owner, BANK)))), [owner, BANK])
    elif kind == "release" and (pledges := world.of_kind("pledge")):
        entry_id, given_ = draw(st.sampled_from(pledges))
        details = {"owner": given_.details["owner"], "pledgee": BANK, "pledge": entry_id}
        world.post(entry("release", details=details, parties=given_.parties), [BANK])
    elif kind == "statement":
        details = {"closes_until": day}
        world.post(entry("statement", documents={"b": DIGEST}, parties=OWNERS, details=details), [*OWNERS])


ALL_KINDS = (
    *("receive", "receive", "title", "lease-out", "process", "loss", "adjustment", "ship", "arrive", "reversal"),
    *("pledge", "release", "statement"),
)


def posted_world(data: st.DataObject, kinds: tuple[str, ...] = ALL_KINDS) -> World:
    world = World()
    world.desk.day = "2024-01-01"  # that of the builder's leaves
    for owner in OWNERS:
        stock = account(owner, owner)
        legs = moved(stock._replace(state="source"), stock, 100)
        world.post(world.desk.entry("receive", legs, reference="R", occurred=DAYS[0]), [owner])
    for _ in range(data.draw(st.integers(1, 25))):
        data.draw(steps(world, kinds))
    return world


def log_of(notes: list[bytes]) -> Book:
    book = Book()
    for note in notes:
        book.append_note(note)
    return book


def audit(book: Book, balances: dict[Account, int] | None = None, opening: OpenAll = open_all) -> Report:
    files = book.export()
    if balances is not None:
        files["balances.json"] = balance_file.encode(book.origin, book.size, balances)
    run = Audit(files.get, Trust(book.policy, book.registry_key.vkey), Depth.FULL, opening=opening)
    list(run.run())
    return run.report


def summed(entries: list[Entry]) -> dict[Account, int]:
    """Return balances by nothing but adding up legs."""
    return {leg.account: leg.mass_mg for leg in net_legs(leg for entry in entries for leg in entry.legs)}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_nothing_is_made_or_lost_and_the_audit_agrees(data):
    world = posted_world(data)
    balances = {each: mass for each, mass in world.desk.balances.items() if mass}
    for element in ("Ni", "Co"):
        assert sum(mass for each, mass in balances.items() if each.element == element) == 0
    assert all(mass >= 0 for each, mass in world.desk.balances.items() if each.state != "source")
    posted = list(world.desk.posted.values())
    book = log_of([each.note for each in posted])
    report = audit(book, balances)
    assert report == audit(book, balances, look_closely)
    assert (report.entries, report.accounts) == (len(posted), len(world.desk.balances))
    # As known at an earlier size: the replay of the log up to there.
    size = data.draw(st.integers(0, len(posted)))
    assert (
        audit(log_of([each.note for each in posted[:size]]), summed([each.entry for each in posted[:size]])).size
        == size
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_the_book_refuses_an_audit_refuses_for_the_same_reason(data):
    world = posted_world(data)
    rare = sorted(world.refused, key=lambda each: each[2] in (LedgerCode.INSUFFICIENT, LedgerCode.CLOSED_PERIOD))
    for index, note, code in rare:
        forced = log_of([each.note for each in list(world.desk.posted.values())[:index]])
        try:
            forced.append_note(note)
        except LedgerError:
            continue  # no seal can be made of it
        event(code)
        for opening in (open_all, look_closely):
            with pytest.raises(LedgerError) as found:
                audit(forced, opening=opening)
            assert (found.value.code, found.value.index) == (code, index), found.value.sentence
        return


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_taking_everything_back_leaves_nothing(data):
    world = posted_world(data, ("receive", "receive", "title", "lease-out", "process", "loss"))
    desk = world.desk
    for entry_id, original in reversed(world.of_kind("receive", "title", "lease-out", "process", "loss")):
        before = dict(desk.balances)
        legs = tuple(leg._replace(mass_mg=-leg.mass_mg) for leg in original.legs)
        desk.post(desk.entry("reversal", legs, corrects=entry_id, reason="No."))
        assert {each: desk.balance(each) + mass for each, mass in summed([original]).items()} == {
            each: before[each] for each in summed([original])
        }
    assert all(mass == 0 for mass in desk.balances.values())


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 10**12)), max_size=30))
def test_netted_legs_move_what_the_single_ones_move(moves):
    accounts = [account(owner, holder, element=element) for owner in OWNERS for holder in OWNERS for element in ("Ni",)]
    accounts += [each._replace(state="scrap") for each in accounts[:2]]
    legs = [leg for one, other, mass in moves for leg in moved(accounts[one], accounts[other], mass)]
    netted = net_legs(legs)
    totals: dict[Account, int] = {}
    for leg in legs:
        totals[leg.account] = totals.get(leg.account, 0) + leg.mass_mg
    assert netted == tuple(Leg(*each, mass) for each, mass in sorted(totals.items()) if mass)
    assert sum(leg.mass_mg for leg in netted) == 0
