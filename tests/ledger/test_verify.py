"""One flipped byte, wherever it stands, is found and named; nothing is found where nothing is wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from ledger.services.publish_files import publish_files
from ledger.services.verify_ledger import verify_ledger
from tests.ledger.conftest import ENTRIES, Grown
from tests.support import databases


@pytest.fixture
def damaged(
    grown: Grown, settings: Settings, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> Iterator[Callable[[str], None]]:
    """A copy of the ledger, and a superuser's hand to damage it."""
    shutil.copytree(grown.var, tmp_path / "var")
    settings.VAR_DIR, settings.LEDGER_DIR = tmp_path / "var", tmp_path / "var" / "ledger"
    with django_db_blocker.unblock(), databases.clone(grown.database) as copy:
        yield lambda statement: damage(copy, statement)


def damage(database: str, statement: str) -> None:
    """Do as a superuser what nobody else can: with the guard and the foreign keys off."""
    with databases.beyond_the_guard(database) as connection:
        connection.execute("SET session_replication_role = replica")
        guarded = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'ledger_guard%'"
        for (table,) in connection.execute(guarded).fetchall():
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        assert connection.execute(statement).rowcount >= 1, statement


def flip(column: str, table: str, where: str, at: int = 40) -> str:
    return f"UPDATE {table} SET {column} = set_byte({column}, {at}, get_byte({column}, {at}) # 1) WHERE {where}"


def test_a_sound_ledger_has_no_problems(damaged: Callable[[str], None]) -> None:
    report = verify_ledger(depth="full")
    assert (report.problems, report.size, report.sound) == ((), ENTRIES, True)
    assert verify_ledger(depth="quick").sound


@pytest.mark.parametrize("index", [0, 77, 299])
@pytest.mark.parametrize("column", ["note", "seal", "leaf", "leaf_hash", "entry_id"])
def test_a_flipped_byte_in_an_entry_names_it(damaged: Callable[[str], None], column: str, index: int) -> None:
    damaged(flip(column, "ledger_entry", f"index = {index}", 20))
    assert_named(index)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "'loss'"),
        ("occurred", "occurred + 1"),
        ("recorded", "recorded + interval '1 second'"),
        ("contract", "'L-9'"),
        ("reference", "'other'"),
        ("corrects", "'\\x00'"),
        ("public", "NOT public"),
        ("readers", "readers || ARRAY['recycler']"),
        ("nonce", "set_byte(nonce, 3, get_byte(nonce, 3) # 1)"),
    ],
)
def test_a_column_that_is_not_what_was_signed_names_the_entry(
    damaged: Callable[[str], None], column: str, value: str
) -> None:
    damaged(f"UPDATE ledger_entry SET {column} = {value} WHERE index = 77")
    assert_named(77)


@pytest.mark.parametrize(
    "change",
    [
        "mass_mg = mass_mg + 1",
        "account_id = account_id + 1",
        "occurred = occurred - 1",
        "occurred_max = occurred_max + 1",
        "account_seq = account_seq + 1000",
        "balance_after_mg = balance_after_mg - 1",
        "leg_no = 7",
    ],
)
def test_a_leg_that_is_not_what_was_signed_names_the_entry(damaged: Callable[[str], None], change: str) -> None:
    damaged(f"UPDATE ledger_leg SET {change} WHERE entry_index = 77 AND leg_no = 0")
    assert_named(77)


def test_a_missing_or_added_leg_names_the_entry(damaged: Callable[[str], None]) -> None:
    damaged("DELETE FROM ledger_leg WHERE entry_index = 77 AND leg_no = 1")
    assert_named(77)


def test_a_wrong_balance_names_the_account_and_its_last_entry(damaged: Callable[[str], None]) -> None:
    damaged("UPDATE ledger_balance SET mass_mg = mass_mg + 1 WHERE account_id ="
            " (SELECT id FROM ledger_account WHERE holder = 'maker')")  # fmt: skip
    (problem,) = verify_ledger().problems
    assert problem == (
        "The balance of Ni of lessor at maker (stock, lot lot-1) is given as 76 mg; "
        "after entry 299, the last that touches it, it is 75 mg."
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_balance SET seq = seq + 1 WHERE account_id = 1",
        "UPDATE ledger_balance SET late_days = 0 WHERE late_days > 0",
        "UPDATE ledger_balance SET bounded = NOT bounded WHERE bounded",
        "DELETE FROM ledger_balance WHERE account_id = 1",
        "UPDATE ledger_account SET lot = 'lot-2' WHERE holder = 'maker'",
        "INSERT INTO ledger_account (owner, holder, element, state, lot) VALUES ('a', 'a', 'Ni', 'stock', 'x')",
        "UPDATE ledger_key SET party = 'maker' WHERE party = 'lessor'",
        "UPDATE ledger_key SET valid_from_index = 0 WHERE party = 'lessor'",
        "DELETE FROM ledger_key WHERE party = 'recycler'",
        "INSERT INTO ledger_keyrevocation SELECT vkey, 5 FROM ledger_key WHERE party = 'recycler'",
        flip("note", "ledger_checkpoint", "size = 300", 30),
        "UPDATE ledger_checkpoint SET note = set_byte(note, 30, 91) WHERE size = 300",  # no base64 any more
        "UPDATE ledger_checkpoint SET note = set_byte(note, 3, 255) WHERE size = 300",  # no UTF-8 any more
        "UPDATE ledger_checkpoint SET note = '' WHERE size = 300",
        "UPDATE ledger_checkpoint SET note = set_byte(note, 30, 91) WHERE size = 295",
        "UPDATE ledger_checkpoint SET note = set_byte(note, 120, 91) WHERE size = 295",
        "UPDATE ledger_checkpoint SET note = set_byte(note, 3, 255) WHERE size = 295",
        "UPDATE ledger_checkpoint SET note = '' WHERE size = 295",
        flip("note", "ledger_checkpoint", "size = 295", 120),
        flip("root", "ledger_checkpoint", "size = 295", 3),
        flip("root", "ledger_checkpoint", "size = 300", 3),
        flip("frontier", "ledger_checkpoint", "size = 295", 30),
        "UPDATE ledger_checkpoint SET created_at = created_at + interval '1 day' WHERE size = 295",
        "UPDATE ledger_inbox SET state = 'pending', entry_index = NULL WHERE entry_index = 77",
        "UPDATE ledger_inbox SET entry_index = 78 WHERE entry_index = 77",
        flip("note", "ledger_inbox", "entry_index = 77"),
        "DELETE FROM ledger_entry WHERE index = 299",
        "DELETE FROM ledger_tile",
        flip("root", "ledger_tile", "level = 0", 3),
        "INSERT INTO ledger_tile SELECT 1, 0, hashes, root FROM ledger_tile",
    ],
)
def test_every_other_change_is_found(damaged: Callable[[str], None], statement: str) -> None:
    damaged(statement)
    assert not verify_ledger().sound, statement


@pytest.mark.parametrize("index", [0, 77, 255])
def test_a_flipped_byte_in_a_tile_names_the_entry(damaged: Callable[[str], None], index: int) -> None:
    damaged(flip("hashes", "ledger_tile", "level = 0", index * 32 + 5))
    assert_named(index)


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000"])
def test_a_flipped_byte_in_a_published_file_is_found(
    damaged: Callable[[str], None], settings: Settings, path: str
) -> None:
    file = settings.LEDGER_DIR / "public" / path
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    for depth in ("full", "quick"):
        (problem,) = verify_ledger(depth=depth).problems
        assert path in problem
    file.unlink()
    assert len(verify_ledger(depth="quick").problems) == 1
    if path == "checkpoint":
        publish_files()
        assert verify_ledger(depth="quick").sound


def assert_named(index: int) -> None:
    problems = verify_ledger().problems
    assert problems
    assert f"ntry {index}" in problems[0], problems[0]
