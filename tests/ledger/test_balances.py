"""Balances at any day and any tree size are what a replay of the entries gives."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from ledger.core.entry import Account, Entry, decode, net_legs, move
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note
from ledger.selectors.balances import account_balance, account_statement, balances, closing
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.entries import entry_detail
from ledger.services.submit_entry import submit_entries
from tests.ledger import world
from tests.ledger.world import NOW, account, append, lease_out, note, open_world, receive

FIRST_DAY = dt.date(2024, 1, 1)


def random_notes(seed: int, count: int) -> list[bytes]:
    """Entries that never overdraw, with days that jump back and forth as late paper does."""
    dice = random.Random(seed)
    stock = {account(lot=f"lot-{n}"): 0 for n in range(3)}
    out = {place: 0 for place in stock}
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
