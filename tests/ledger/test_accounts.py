"""One account over time, and what was learned of a day: each figure is what a replay of the signed entries gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker

from ledger.core.entry import Account, Entry, decode
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note
from ledger.selectors.accounts import account_history, account_lines, account_statement, learned, learned_lines
from ledger.selectors.balances import account_balance, balances, stream_balances
from ledger.selectors.checkpoints import known_size
from ledger.selectors.entries import entry_detail
from ledger.selectors.values import LinePlace, Order
from ledger.services.submit_entry import submit_entries
from tests.ledger.conftest import standing
from tests.ledger.test_balances import FIRST_DAY, random_notes
from tests.ledger.world import NOW, account, append, open_world, receive

SIZE = 104
AXES = ("owner", "holder", "state", "lot")
GROUPS = st.lists(st.sampled_from(AXES), unique=True).map(lambda axes: sorted(axes, key=AXES.index))
DAYS = st.dates(FIRST_DAY - dt.timedelta(days=2), FIRST_DAY + dt.timedelta(days=70))
SIZES = st.integers(0, SIZE)


@pytest.fixture(scope="module")
def book(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Entry]]:
    """A book of a hundred movements, many of them late, one of a day far away in either direction."""
    entries: list[Entry] = []

    def build() -> None:
        open_world()
        notes = random_notes(7, 98)
        notes[10:10] = [receive(3, account(lot="lot-0"), occurred="2204-01-01")]
        notes[20:20] = [receive(5, account(lot="lot-0"), occurred="1990-01-01")]
        submit_entries(notes=notes, submitted_by="lessor", now=NOW)
        entries.extend(decode(Note.parse(entry_detail(index=index, party=None).note).text) for index in range(SIZE))

    with standing(tmp_path_factory.mktemp("accounts"), django_db_blocker, build):
        assert known_size(known_at=None) == SIZE
        yield entries


def legs_of(entries: list[Entry], place: Account, known_at: int) -> list[tuple[int, str, int]]:
    return [
        (index, entry.occurred, leg.mass_mg)
        for index, entry in enumerate(entries[:known_at])
        for leg in entry.legs
        if leg.account == place
    ]


def replay(entries: list[Entry], as_of: dt.date | None, known_at: int, axes: tuple[str, ...]) -> dict[object, int]:
    totals: dict[object, int] = {}
    for entry in entries[:known_at]:
        if as_of is None or entry.occurred <= as_of.isoformat():
            for leg in entry.legs:
                key = (leg.element, *(getattr(leg, axis) for axis in axes))
                totals[key] = totals.get(key, 0) + leg.mass_mg
    return {key: mass for key, mass in sorted(totals.items()) if mass}


def places(entries: list[Entry]) -> list[Account]:
    return sorted({leg.account for entry in entries for leg in entry.legs})


@settings(max_examples=60, deadline=None)
@given(as_of=st.none() | DAYS, known_at=SIZES, axes=GROUPS, page=st.integers(1, 4))
def test_a_position_by_any_axes_is_the_replay_whole_or_in_pages(
    book: list[Entry], as_of: dt.date | None, known_at: int, axes: list[str], page: int
) -> None:
    expected = replay(book, as_of, known_at, tuple(axes))
    asked = {"party": None, "as_of": as_of, "known_at": known_at, "group_by": axes}
    pages = [balances(**asked, offset=first, limit=page) for first in range(0, len(expected) + 1, page)]
    for rows in (balances(**asked), tuple(stream_balances(**asked)), tuple(row for one in pages for row in one)):
        assert [((row.element, *(getattr(row, axis) for axis in axes)), row.mass_mg) for row in rows] == list(
            expected.items()
        )


@settings(max_examples=60, deadline=None)
@given(data=st.data(), as_of=st.none() | DAYS, known_at=SIZES)
def test_the_balance_of_one_account_is_the_replay(
    book: list[Entry], data: st.DataObject, as_of: dt.date | None, known_at: int
) -> None:
    place = data.draw(st.sampled_from(places(book)))
    expected = sum(
        mass for _, occurred, mass in legs_of(book, place, known_at) if as_of is None or occurred <= as_of.isoformat()
    )
    assert account_balance(account=place, party=place.holder, as_of=as_of, known_at=known_at) == expected
    assert account_balance(account=place, party="stranger", as_of=as_of, known_at=known_at) == 0


@settings(max_examples=60, deadline=None)
@given(data=st.data(), start=st.none() | DAYS, end=st.none() | DAYS, known_at=SIZES, page=st.integers(1, 7))
def test_a_statement_goes_from_opening_to_closing_by_days(
    book: list[Entry], data: st.DataObject, start: dt.date | None, end: dt.date | None, known_at: int, page: int
) -> None:
    place = data.draw(st.sampled_from(places(book)))
    found = account_statement(account=place, party=None, start=start, end=end, known_at=known_at)
    legs = legs_of(book, place, known_at)
    expected = sorted(
        (occurred, index, mass)
        for index, occurred, mass in legs
        if (start is None or start.isoformat() <= occurred) and (end is None or occurred <= end.isoformat())
    )
    lines = list(account_lines(found))
    assert [(line.occurred.isoformat(), line.index, line.leg.mass_mg) for line in lines] == expected
    assert found.opening_mg == sum(mass for _, day, mass in legs if start and day < start.isoformat())
    if start is None or end is None or start <= end:
        balance = found.opening_mg
        for line in lines:
            assert line.balance_before_mg == balance
            balance += line.leg.mass_mg
            assert line.balance_after_mg == balance
        assert balance == found.closing_mg
    in_pages, after = [], None
    while batch := list(account_lines(found, after=after, limit=page)):
        in_pages += batch
        after = LinePlace(batch[-1].occurred, batch[-1].index)
    assert in_pages == lines


@settings(max_examples=30, deadline=None)
@given(data=st.data(), known_at=SIZES, page=st.integers(1, 7))
def test_a_history_says_what_was_known_and_what_was_so(
    book: list[Entry], data: st.DataObject, known_at: int, page: int
) -> None:
    place = data.draw(st.sampled_from(places(book)))
    legs = legs_of(book, place, known_at)
    for order, key in ((Order.RECORDED, lambda leg: leg[0]), (Order.OCCURRED, lambda leg: (leg[1], leg[0]))):
        found = account_history(account=place, party=None, order=order, known_at=known_at)
        lines = list(account_lines(found))
        assert [line.index for line in lines] == [index for index, *_ in sorted(legs, key=key)]
        assert all(one.balance_after_mg == two.balance_before_mg for one, two in pairwise(lines))
        assert [line.balance_after_mg for line in lines[-1:]] == [sum(mass for *_, mass in legs)] * bool(legs)
        in_pages, after = [], None
        while batch := list(account_lines(found, after=after, limit=page)):
            in_pages += batch
            after = LinePlace(batch[-1].occurred, batch[-1].index)
        assert in_pages == lines
        if order is Order.RECORDED:  # what the parties hold in their seals
            assert [line.balance_after_mg for line in lines] == [line.leg.balance_after_mg for line in lines]


@settings(max_examples=60, deadline=None)
@given(
    as_of=DAYS, sizes=st.tuples(SIZES, SIZES).map(sorted), axes=GROUPS,
    page=st.integers(1, 9),
)  # fmt: skip
def test_what_was_learned_of_a_day_is_the_lines_that_came_late(
    book: list[Entry], as_of: dt.date, sizes: list[int], axes: list[str], page: int
) -> None:
    since, known_at = sizes
    asked = {"party": None, "as_of": as_of, "since": since, "known_at": known_at}
    before, after = (replay(book, as_of, size, tuple(axes)) for size in sizes)
    expected = {
        key: (before.get(key, 0), after.get(key, 0))
        for key in sorted(before.keys() | after.keys())
        if before.get(key, 0) != after.get(key, 0)
    }
    rows = list(learned(**asked, group_by=axes))
    assert {
        (row.element, *(getattr(row, axis) for axis in axes)): (row.before_mg, row.after_mg) for row in rows
    } == expected
    assert [row for first in range(0, len(rows) + 1, page) for row in learned(**asked, group_by=axes, offset=first, limit=page)] == rows  # fmt: skip  # noqa: E501
    lines = list(learned_lines(**asked))
    assert [(line.index, line.leg.account, line.leg.mass_mg) for line in lines] == [
        (index, leg.account, leg.mass_mg)
        for index, entry in enumerate(book[:known_at])
        if index >= since and entry.occurred <= as_of.isoformat()
        for leg in entry.legs
    ]
    in_pages, place = [], (-1, -1)
    while batch := list(learned_lines(**asked, after=place, limit=page)):
        in_pages += batch
        place = batch[-1].index, batch[-1].leg_no
    assert in_pages == lines


def test_what_was_learned_shows_a_party_its_own_accounts(book: list[Entry]) -> None:
    asked = {"as_of": dt.date(2024, 6, 1), "since": 0, "known_at": SIZE}
    assert {line.leg.account.holder for line in learned_lines(party="maker", **asked)} == {"maker"}
    assert {row.holder for row in learned(party="maker", **asked)} == {"maker"}
    assert list(learned_lines(party="stranger", **asked)) == list(learned(party="stranger", **asked)) == []
    assert {line.leg.account.lot for line in learned_lines(party=None, lot="lot-1", **asked)} == {"lot-1"}


def test_sizes_in_disorder_and_sizes_to_come_are_refused(book: list[Entry]) -> None:
    for ask in (
        lambda: learned(party=None, as_of=FIRST_DAY, since=5, known_at=4),
        lambda: next(learned_lines(party=None, as_of=FIRST_DAY, since=5, known_at=4)),
        lambda: known_size(known_at=SIZE + 1),
    ):
        with pytest.raises(LedgerError) as refusal:
            ask()
        assert refusal.value.code == LedgerCode.BAD_FIELD


def test_a_statement_known_at_a_size_stays_as_it_is_when_more_is_recorded(own_database: str) -> None:
    open_world()
    append(receive(1000, occurred="2024-01-05"))
    found = account_statement(account=account(), party="lessor")
    append(receive(7, occurred="2024-01-02"))
    again = account_statement(account=account(), party="lessor", known_at=found.known_at)
    assert (again.closing_mg, [line.index for line in account_lines(found)]) == (1000, [4])
    now = account_statement(account=account(), party="lessor")
    assert [(line.index, line.balance_after_mg) for line in account_lines(now)] == [(5, 7), (4, 1007)]
