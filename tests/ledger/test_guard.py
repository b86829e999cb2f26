"""The database refuses whoever tries to change what stands in the ledger.

What each role can still do is said at the end: the owner of the tables can take the guard away where no event triggers
stand, and a superuser can do anything. Only checkpoints that others hold stop those.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from pytest_django import DjangoDbBlocker

from ledger.sql import guarding, script
from tests.ledger.conftest import Grown, standing
from tests.ledger.world import append, lease_out, open_world, receive
from tests.support import databases
from tests.support.databases import CLUSTER

APPEND_ONLY = (
    "ledger_entry",
    "ledger_leg",
    "ledger_account",
    "ledger_checkpoint",
    "ledger_tile",
    "ledger_key",
    "ledger_keyrevocation",
)
GUARDED = (*APPEND_ONLY, "ledger_inbox", "ledger_balance")
ROLES = ("lode_app", "lode_sequencer", "lode_reader", "lode_owner")
COLUMN = {
    "ledger_entry": "kind",
    "ledger_leg": "mass_mg",
    "ledger_account": "owner",
    "ledger_checkpoint": "note",
    "ledger_tile": "root",
    "ledger_key": "party",
    "ledger_keyrevocation": "revoked_at_index",
    "ledger_inbox": "note",
    "ledger_balance": "mass_mg",
}


class Book:
    """A small ledger, the connections of each role to it, and what stands in its tables."""

    def __init__(self, database: str) -> None:
        self.database = database
        self._connections: dict[str, psycopg.Connection] = {}

    def attack(self, role: str, statement: str) -> None:
        """Run statements as a role, and commit."""
        connection = self.connection(role)
        with connection.transaction():
            connection.execute(statement)
        connection.execute("RESET ALL")
        connection.commit()

    def connection(self, role: str) -> psycopg.Connection:
        if role not in self._connections or self._connections[role].closed:
            self._connections[role] = psycopg.connect(CLUSTER.url(role, self.database))
        return self._connections[role]

    def refused(self, role: str, statement: str) -> psycopg.Error:
        before = self.rows()
        with pytest.raises(psycopg.Error) as refusal:
            self.attack(role, statement)
        assert self.rows() == before
        return refusal.value

    def rows(self) -> list[tuple[object, ...]]:
        query = " UNION ALL ".join(f"SELECT '{table}', t::text FROM {table} AS t" for table in GUARDED)
        connection = self.connection("postgres")
        with connection.transaction():
            return sorted(connection.execute(query).fetchall())

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()


@pytest.fixture(scope="module")
def original(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Grown]:
    with standing(tmp_path_factory.mktemp("guard"), django_db_blocker, _build) as ledger:
        yield ledger


def _build() -> None:
    open_world()
    append(receive(1000))
    append(lease_out(400))


@pytest.fixture
def book(original: Grown, django_db_blocker: DjangoDbBlocker) -> Iterator[Book]:
    with django_db_blocker.unblock(), databases.clone(original.database) as copy:
        book = Book(copy)
        yield book
        book.close()


def statements(table: str) -> list[str]:
    column = COLUMN[table]
    return [
        f"UPDATE {table} SET {column} = {column}",
        f"UPDATE {table} SET {column} = {column} WHERE false",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"TRUNCATE {table} CASCADE",
        f"TRUNCATE {table} RESTART IDENTITY CASCADE",
    ]


@pytest.mark.parametrize("role", ROLES)
def test_no_role_changes_empties_or_deletes_from_any_table(book: Book, role: str) -> None:
    for table in GUARDED:
        for statement in statements(table):
            if (role, table) == ("lode_sequencer", "ledger_balance") and statement.startswith("UPDATE"):
                continue  # the projection of balances is the sequencer's to keep
            error = book.refused(role, statement)
            # No privilege, the guard's own refusal, or (TRUNCATE alone) a foreign key that restricts.
            assert error.sqlstate in {"42501", "23001", "0A000"}, statement


def test_the_owner_is_told_why(book: Book) -> None:
    error = book.refused("lode_owner", "DELETE FROM ledger_entry")
    assert error.diag.message_primary == (
        "The ledger is append-only: DELETE on ledger_entry is refused for everybody, and nothing was changed."
    )


@pytest.mark.parametrize("role", ROLES)
def test_updates_hidden_in_other_statements_are_refused(book: Book, role: str) -> None:
    for statement in (
        "INSERT INTO ledger_checkpoint SELECT * FROM ledger_checkpoint ON CONFLICT (size) DO UPDATE SET note = ''",
        "WITH gone AS (DELETE FROM ledger_leg RETURNING *) SELECT count(*) FROM gone",
        "MERGE INTO ledger_entry AS e USING (SELECT 0) AS s ON true WHEN MATCHED THEN DELETE",
        "SELECT * FROM ledger_entry FOR UPDATE",
    ):
        if role == "lode_owner" and statement.endswith("FOR UPDATE"):
            continue  # a lock changes nothing
        book.refused(role, statement)


@pytest.mark.parametrize("role", ["lode_app", "lode_sequencer", "lode_reader"])
def test_roles_other_than_the_owner_cannot_alter_the_tables(book: Book, role: str) -> None:
    for statement in (
        "ALTER TABLE ledger_leg ALTER COLUMN mass_mg TYPE bigint USING mass_mg + 1",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_guard_rows",
        "DROP TRIGGER ledger_guard_rows ON ledger_entry",
        "DROP TABLE ledger_entry CASCADE",
        "ALTER TABLE ledger_entry RENAME TO entries",
        "CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE RULE quietly AS ON INSERT TO ledger_entry DO INSTEAD NOTHING",
        "SET session_replication_role = replica",
        "SET ROLE lode_owner",
        "CREATE TABLE heir () INHERITS (ledger_entry)",
    ):
        error = book.refused(role, statement)
        assert error.sqlstate == "42501", statement
    book.attack(role, "GRANT UPDATE, DELETE, TRUNCATE ON ledger_entry TO PUBLIC")  # grants nothing, and only warns
    assert book.refused(role, "UPDATE ledger_entry SET kind = kind").sqlstate == "42501"


def test_the_app_hands_in_and_does_not_post(book: Book) -> None:
    for table in (*APPEND_ONLY, "ledger_balance"):
        error = book.refused("lode_app", f"INSERT INTO {table} SELECT * FROM {table}")
        assert error.sqlstate == "42501"
    columns = "entry_id, note, received_at, submitted_by, kind, legs"
    values = "'\\x00', '\\x00', now(), 'lessor', 'receive', '[]'"
    book.refused("lode_app", f"INSERT INTO ledger_inbox ({columns}, state) VALUES ({values}, 'posted')")
    book.refused("lode_app", f"INSERT INTO ledger_inbox ({columns}, entry_index) VALUES ({values}, 3)")
    book.attack("lode_app", f"INSERT INTO ledger_inbox ({columns}) VALUES ({values})")


def test_the_sequencer_answers_once_and_does_not_touch_what_was_handed_in(book: Book) -> None:
    columns = "entry_id, note, received_at, submitted_by, kind, legs"
    book.attack("lode_app", f"INSERT INTO ledger_inbox ({columns}) VALUES ('\\x', '\\x', now(), 'l', 'k', '[]')")
    book.refused("lode_sequencer", "UPDATE ledger_inbox SET note = '\\x01' WHERE state = 'pending'")
    book.refused("lode_sequencer", "UPDATE ledger_inbox SET state = 'posted' WHERE state = 'pending'")
    error = book.refused("lode_sequencer", "UPDATE ledger_inbox SET entry_index = 0 WHERE state = 'posted'")
    assert error.sqlstate == "23001"
    book.attack("lode_sequencer", "UPDATE ledger_inbox SET state = 'refused', code = 'c', message = 'm' "
           "WHERE state = 'pending'")  # fmt: skip
    book.refused("lode_sequencer", "UPDATE ledger_inbox SET message = 'n' WHERE state = 'refused'")


@pytest.mark.parametrize("role", ["lode_owner", "lode_app"])
def test_only_the_sequencer_adds_rows(book: Book, role: str) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        book.attack(role, "INSERT INTO ledger_key VALUES ('v', 'n', 'p', 'entry', 'held', 0)")
    assert refusal.value.sqlstate in {"42501", "23001"}
    book.attack("lode_sequencer", "INSERT INTO ledger_key (vkey, name, party, purpose, custody, valid_from_index)"
           " VALUES ('v', 'n', 'p', 'entry', 'held', 0)")  # fmt: skip


def test_no_bounded_account_goes_below_zero_even_if_the_sequencer_errs(book: Book) -> None:
    error = book.refused("lode_sequencer", "UPDATE ledger_balance SET mass_mg = -1 WHERE bounded")
    assert error.diag.constraint_name == "ledger_balance_not_below_zero"
    book.attack("lode_sequencer", "UPDATE ledger_balance SET mass_mg = mass_mg")


def test_replica_mode_does_not_switch_the_guard_off(book: Book) -> None:
    for statement in ("DELETE FROM ledger_leg", "UPDATE ledger_entry SET kind = kind", "TRUNCATE ledger_entry CASCADE"):
        error = book.refused("postgres", f"SET session_replication_role = replica; {statement}")
        assert error.sqlstate == "23001"


def test_what_the_owner_can_still_do_without_event_triggers(book: Book) -> None:
    """The owner may rewrite a table or switch the guard off: `lode ledger verify` finds it, the database does not."""
    with databases.beyond_the_guard(book.database) as superuser:
        guarding.disarm(superuser)
    book.attack("lode_owner", "ALTER TABLE ledger_leg ALTER COLUMN mass_mg TYPE bigint USING mass_mg + 1")
    book.attack("lode_owner", "ALTER TABLE ledger_entry DISABLE TRIGGER USER; UPDATE ledger_entry SET kind = 'loss'")


def test_with_event_triggers_the_owner_cannot(book: Book) -> None:
    book.attack("postgres", script("event_triggers.sql"))
    for statement in (
        "ALTER TABLE ledger_leg ALTER COLUMN mass_mg TYPE bigint USING mass_mg + 1",
        "ALTER TABLE ledger_leg ALTER COLUMN mass_mg TYPE numeric",
        "ALTER TABLE ledger_entry DISABLE TRIGGER USER",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_guard_rows",
        "ALTER TABLE ledger_entry RENAME TO entries",
        "ALTER TABLE ledger_entry ENABLE REPLICA TRIGGER ledger_guard_statements",
        "DROP TRIGGER ledger_guard_rows ON ledger_entry",
        "ALTER TRIGGER ledger_guard_rows ON ledger_entry RENAME TO harmless",
        "DROP TABLE ledger_leg",
        "DROP TABLE ledger_entry CASCADE",
        "ALTER TABLE ledger_entry DROP COLUMN note",
        "DROP FUNCTION ledger_refuse_change() CASCADE",
        "CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER FUNCTION ledger_refuse_change() RENAME TO ledger_harmless",
    ):
        book.refused("lode_owner", statement)
    # What is not the ledger's is nobody's business here.
    book.attack(
        "lode_owner", "CREATE TABLE other (a int); ALTER TABLE other ALTER COLUMN a TYPE text; DROP TABLE other"
    )


def test_event_triggers_can_be_installed_again(book: Book) -> None:
    book.attack("postgres", script("event_triggers.sql"))
    book.attack("postgres", "SET event_triggers = off; " + script("event_triggers.sql"))


def test_a_database_without_the_roles_is_told_in_a_sentence(own_database: str) -> None:
    guard = script("guard.sql").replace("'lode_reader'", "'lode_nobody'")
    with pytest.raises(psycopg.Error, match="needs the database roles lode_nobody, which do not exist here"):
        Book(own_database).attack("lode_owner", guard)
