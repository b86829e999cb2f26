"""Sums of late legs by blocks of an account's chain are what adding up the legs gives, over any stretch and day."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker

from ledger.core.entry import Account
from ledger.selectors.balances import account_balance
from ledger.sql import late
from ledger.sql.guarding import disarm
from tests.support import databases

LEGS = 9000
COLUMNS = "entry_index, leg_no, account_id, mass_mg, occurred, occurred_max, account_seq, balance_after_mg"
FIRST_DAY = dt.date(2020, 1, 1)
PLACES = st.integers(0, LEGS)
DAYS = st.dates(FIRST_DAY - dt.timedelta(days=2), FIRST_DAY + dt.timedelta(days=920)) | st.just(dt.date(2204, 1, 1))


def legs_of_a_hot_account() -> list[tuple[int, dt.date]]:
    """Masses and days: a third are late by anything up to two years, one is of a day far ahead, one of long ago."""
    dice = random.Random(1)
    legs = []
    for place in range(LEGS):
        day = FIRST_DAY + dt.timedelta(days=place // 10)
        late = dt.timedelta(days=dice.choice([0, 0, dice.randint(0, 730)]))
        legs.append((dice.randint(1, 10**12), day - late))
    legs[600] = (7, dt.date(2204, 1, 1))
    legs[700] = (5, dt.date(1990, 1, 1))
    return legs


@pytest.fixture(scope="module")
def hot(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[psycopg.Connection]:
    """A database with one account of nine thousand legs, which somebody put there who may do anything."""
    with (
        django_db_blocker.unblock(),
        databases.clone(databases.migrated_template()) as name,
        psycopg.connect(databases.CLUSTER.url("postgres", name), autocommit=True) as superuser,
    ):
        disarm(superuser)
        for table in ("ledger_leg", "ledger_late", "ledger_account", "ledger_balance"):
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        superuser.execute("ALTER TABLE ledger_leg ENABLE ALWAYS TRIGGER ledger_fold_late")
        _fill(superuser)
        yield superuser


def _fill(superuser: psycopg.Connection) -> None:
    legs = legs_of_a_hot_account()
    latest = list(itertools.accumulate((day for _, day in legs), max))
    late_days = max((most - day).days for (_, day), most in zip(legs, latest, strict=True))
    balances = list(itertools.accumulate(mass for mass, _ in legs))
    superuser.execute(
        "INSERT INTO ledger_account (id, owner, holder, element, state, lot) VALUES (1, 'o', 'h', 'Ni', 'stock', 'l')"
    )
    superuser.execute(
        "INSERT INTO ledger_balance (account_id, seq, last_entry_id, mass_mg, occurred_max, late_days, bounded)"
        " VALUES (1, %s, '', %s, %s, %s, true)",
        [LEGS - 1, balances[-1], latest[-1], late_days],
    )
    with superuser.cursor() as cursor, cursor.copy(f"COPY ledger_leg ({COLUMNS}) FROM STDIN") as stream:
        for place, (mass, day) in enumerate(legs):  # entries with an even index
            stream.write_row((place * 2, 0, 1, mass, day, latest[place], place, balances[place]))


LATE = [
    (place, mass, day)
    for place, ((mass, day), most) in enumerate(
        zip(
            legs_of_a_hot_account(), itertools.accumulate((day for _, day in legs_of_a_hot_account()), max), strict=True
        )
    )
    if day < most
]


def test_most_of_what_is_summed_came_late() -> None:
    assert len(LATE) > 8000  # after the one of a day far ahead, all are late


@settings(max_examples=150, deadline=None)
@given(stretch=st.tuples(PLACES, PLACES).map(sorted), day=DAYS)
@example(stretch=[0, LEGS], day=dt.date(2022, 1, 1))
@example(stretch=[0, 8192], day=dt.date(2022, 1, 1))
@example(stretch=[1, 8704], day=dt.date(2204, 1, 1))
@example(stretch=[512, 1024], day=dt.date(2020, 2, 1))
def test_any_stretch_up_to_any_day(hot: psycopg.Connection, stretch: list[int], day: dt.date) -> None:
    first, past = stretch
    found = hot.execute("SELECT ledger_late_sum(1, %s, %s, %s)", [first, past, day]).fetchone()
    assert found == (sum(mass for place, mass, late in LATE if first <= place < past and late <= day),)


@settings(max_examples=60, deadline=None)
@given(known_at=st.integers(0, 2 * LEGS), day=st.none() | DAYS)
def test_the_balance_of_any_day_at_any_size(hot: psycopg.Connection, known_at: int, day: dt.date | None) -> None:
    expected = sum(
        mass
        for place, (mass, occurred) in enumerate(legs_of_a_hot_account())
        if place * 2 < known_at and (day is None or occurred <= day)
    )
    asked = {"account": Account("o", "h", "Ni", "stock", "l"), "as_of": day, "known_at": known_at}
    assert account_balance(party=None, **asked) == expected
    assert account_balance(party="x", **asked) == 0


def test_whole_blocks_are_kept_and_no_others(hot: psycopg.Connection) -> None:
    kept = hot.execute(
        "SELECT level, count(DISTINCT number), max(number) FROM ledger_late GROUP BY level ORDER BY level"
    ).fetchall()
    assert kept == [(0, LEGS // 512, LEGS // 512 - 1), (1, 1, 0)]
    top = hot.execute("SELECT mass_mg FROM ledger_late WHERE level = 1 ORDER BY occurred DESC LIMIT 1").fetchone()
    assert top == (sum(mass for place, mass, _ in LATE if place < 8192),)


def test_a_check_of_the_sums_finds_each_that_is_wrong(hot: psycopg.Connection) -> None:
    assert wrong_blocks_as(hot) == []
    for damage, block in (
        ("UPDATE ledger_late SET mass_mg = mass_mg + 1 WHERE level = 1", (1, 0)),
        ("UPDATE ledger_late SET mass_mg = mass_mg + 1 WHERE number = 16", (0, 16)),
        ("DELETE FROM ledger_late WHERE number = 16 AND occurred = '-infinity'", (0, 16)),
        ("DELETE FROM ledger_late WHERE level = 1", (1, 0)),
        ("INSERT INTO ledger_late VALUES (1, 2, 0, '2021-06-01', 0)", (2, 0)),
    ):
        with hot.transaction(force_rollback=True):
            assert hot.execute(damage).rowcount > 0
            assert wrong_blocks_as(hot) == [(Account("o", "h", "Ni", "stock", "l"), *block)]


def test_a_ledger_that_stood_before_is_folded_by_the_migration(hot: psycopg.Connection) -> None:
    with hot.transaction(force_rollback=True):
        hot.execute("DELETE FROM ledger_late")
        assert wrong_blocks_as(hot) != []
        for (place,) in hot.execute("SELECT account_seq FROM ledger_leg WHERE account_seq & 511 = 511 ORDER BY 1"):
            hot.execute("SELECT ledger_fold(1, %s)", [place])
        assert wrong_blocks_as(hot) == []


def wrong_blocks_as(superuser: psycopg.Connection) -> list[tuple[Account, int, int]]:
    return [(Account(*row[:5]), *row[5:]) for row in superuser.execute(late._WRONG).fetchall()]


def test_a_sum_takes_so_many_look_ups_however_many_came_late(hot: psycopg.Connection) -> None:
    """Of 9000 legs it reads those in front of the first whole block and behind the last, and a row for each block."""
    plan = hot.execute(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT ledger_late_sum(1, 5, 8999, '2021-06-01')"
    ).fetchone()[0][0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 250
