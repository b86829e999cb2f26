"""Balances at any day and any tree size are what a replay of the entries gives."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from ledger.core.entry import Account, Entry, decode, move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note
from ledger.selectors.accounts import account_lines, account_statement
from ledger.selectors.balances import account_balance, balances, closing
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.entries import entry_detail
from ledger.services.submit_entry import submit_entries
from tests.ledger.world import ASSAY, NOW, account, append, lease_out, note, open_world, receive

FIRST_DAY = dt.date(2024, 1, 1)


def random_notes(seed: int, count: int) -> list[bytes]:
    """Entries that never overdraw, with days that jump back and forth as late paper does."""
    dice = random.Random(seed)
    stock = {account(lot=f"lot-{n}"): 0 for n in range(3)}
    out = dict.fromkeys(stock, 0)
    notes = []
    for number in range(count):
        place = dice.choice(list(stock))
        day = FIRST_DAY + dt.timedelta(days=number // 2 + dice.choice([0, 0, 0, -9, -3, 12]))
        occurred = max(day, FIRST_DAY).isoformat()
        if stock[place] and dice.random() < 0.5:
            mass = dice.randint(1, stock[place])
            stock[place] -= mass
            out[place] += mass
            notes.append(lease_out(mass, of=place, occurred=occurred))
        else:
            mass = dice.randint(1, 10**12)
            stock[place] += mass
            notes.append(receive(mass, place, occurred=occurred))
    return notes


def replay(entries: list[Entry], as_of: dt.date | None, known_at: int) -> dict[Account, int]:
    totals: dict[Account, int] = {}
    for entry in entries[:known_at]:
        if as_of is None or entry.occurred <= as_of.isoformat():
            for leg in entry.legs:
                totals[leg.account] = totals.get(leg.account, 0) + leg.mass_mg
    return {place: mass for place, mass in totals.items() if mass}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_day_at_any_size_equals_replay(own_database: str, seed: int) -> None:
    open_world()
    submit_entries(notes=random_notes(seed, 60), submitted_by="lessor", now=NOW)
    size = ledger_size()
    assert size == 64
    entries = [decode(Note.parse(entry_detail(index=index, party=None).note).text) for index in range(size)]
    dice = random.Random(seed)
    points = [(None, size), (FIRST_DAY, size), (dt.date(2023, 12, 31), size), (dt.date(2030, 1, 1), 0)]
    points += [(FIRST_DAY + dt.timedelta(days=dice.randint(0, 50)), dice.randint(0, size)) for _ in range(60)]
    points += [(None, dice.randint(0, size)) for _ in range(10)]
    for as_of, known_at in points:
        rows = balances(party=None, as_of=as_of, known_at=known_at)
        found = {Account(r.owner, r.holder, r.element, r.state, r.lot): r.mass_mg for r in rows}
        assert found == replay(entries, as_of, known_at), (as_of, known_at)
    now = balances(party=None)
    assert {Account(r.owner, r.holder, r.element, r.state, r.lot): r.mass_mg for r in now} == replay(
        entries, None, size
    )


def test_the_replay_test_can_fail() -> None:
    entries = [decode(Note.parse(item).text) for item in random_notes(1, 60)]
    days = [entry.occurred for entry in entries]
    assert days != sorted(days)  # late legs are among them
    middle = FIRST_DAY + dt.timedelta(days=15)
    assert replay(entries, middle, 60) != replay(entries, None, 60) != replay(entries, middle, 30)


def test_an_element_closes_to_the_milligram_with_all_that_stands_outside(own_database: str) -> None:
    open_world()
    append(receive(1000))
    append(lease_out(600))
    at_maker, scrap = account(holder="maker"), account(holder="maker", state="scrap")
    out = (*move(at_maker, scrap, 90), *move(at_maker, account(holder="maker", state="loss"), 10))
    append(note("process", net_legs(out), ["maker"], reference="batch 1", occurred="2024-02-01"))
    (nickel,) = closing()
    assert nickel.closes
    assert (nickel.owned_mg, nickel.held_mg, nickel.states_mg, nickel.outside_mg) == (990, 990, 990, -990)
    assert nickel.owners == {"lessor": 990}
    assert nickel.holders == {"lessor": 400, "maker": 590}
    assert nickel.states == {"scrap": 90, "stock": 900}
    assert nickel.outside == {"loss": 10, "source": -1000}
    (january,) = closing(element="Ni", as_of=dt.date(2024, 1, 31))
    assert january.states == {"stock": 1000}
    assert closing(element="Co") == ()


def test_a_statement_opens_moves_and_closes(own_database: str) -> None:
    open_world()
    append(receive(1000, occurred="2024-01-05"))
    append(lease_out(300, occurred="2024-02-05"))
    append(receive(50, occurred="2024-01-20"))  # comes late
    append(lease_out(100, occurred="2024-03-05"))
    statement = account_statement(
        account=account(), party="lessor", start=dt.date(2024, 1, 10), end=dt.date(2024, 2, 28)
    )
    assert (statement.opening_mg, statement.closing_mg, statement.known_at) == (1000, 750, 8)
    late, lent = account_lines(statement)
    assert (late.index, late.kind, late.balance_before_mg, late.leg.mass_mg, late.balance_after_mg) == (
        6, "receive", 1000, 50, 1050,
    )  # fmt: skip
    assert (lent.index, lent.kind, lent.balance_before_mg, lent.leg.mass_mg, lent.balance_after_mg) == (
        5, "lease-out", 1050, -300, 750,
    )  # fmt: skip
    # What was sealed, when nobody knew of the late one yet.
    assert (lent.leg.seq, lent.leg.balance_before_mg, lent.leg.balance_after_mg) == (1, 1000, 700)
    before = account_statement(account=account(), party=None, end=dt.date(2024, 2, 28), known_at=6)
    assert (before.opening_mg, before.closing_mg) == (0, 700)


@pytest.mark.parametrize("party", ["recycler", "stranger"])
def test_an_account_of_others_is_not_found(own_database: str, party: str) -> None:
    open_world()
    append(receive(1000))
    for place in (account(), account(lot="lot-9")):
        with pytest.raises(LedgerError) as refusal:
            account_statement(account=place, party=party)
        assert refusal.value.code == LedgerCode.UNKNOWN_ACCOUNT
        assert account_balance(account=place, party=party) == 0


def test_balances_are_grouped_by_what_is_asked(own_database: str) -> None:
    open_world()
    append(receive(1000))
    append(receive(500, account(element="Co", lot="lot-2"), documents={"assay": ASSAY}))
    append(lease_out(600))
    rows = balances(party=None, state="stock", group_by=("holder",))
    assert [(row.element, row.holder, row.owner, row.mass_mg) for row in rows] == [
        ("Co", "lessor", None, 500),
        ("Ni", "lessor", None, 400),
        ("Ni", "maker", None, 600),
    ]
    assert [(row.element, row.mass_mg) for row in balances(party="maker", group_by=())] == [("Ni", 600)]
    assert balances(party=None, group_by=()) == ()  # over all states, source included, every element sums to zero
    with pytest.raises(LedgerError) as refusal:
        balances(party=None, group_by=("owner; DROP TABLE ledger_leg",))
    assert refusal.value.code == LedgerCode.BAD_FIELD
