"""The database refuses whoever tries to change what stands in the ledger, on every table that there is.

What the owner of the tables is held to is in test_guard_owner, what a superuser can do in test_guard_superuser.
"""

from __future__ import annotations

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

from ledger.sql import script
from tests.ledger.guarded_book import NO_RIGHT, REFUSED, ROLES, STRANGERS, Guarded
from tests.support import databases
from tests.support.databases import CLUSTER

# What the sequencer brings up to date; everything else is added to, and the inbox is answered.
PROJECTIONS = {"ledger_balance", "ledger_dispute", "ledger_period", "ledger_pledge", "ledger_shipment"}
NO_COPY = "0A000"  # what restricts by a foreign key cannot be emptied, and row security allows no COPY


def changes(table: str, column: str) -> list[str]:
    return [
        f"UPDATE {table} SET {column} = {column}",
        f"UPDATE {table} SET {column} = {column} WHERE false",
        f"UPDATE ONLY {table} SET {column} = DEFAULT",
        f"WITH gone AS (UPDATE {table} SET {column} = {column} RETURNING *) SELECT count(*) FROM gone",
    ]


def removals(table: str) -> list[str]:
    return [
        f"DELETE FROM {table}",
        f"DELETE FROM ONLY {table} WHERE false",
        f"WITH gone AS (DELETE FROM {table} RETURNING *) SELECT count(*) FROM gone",
        f"MERGE INTO {table} USING (SELECT 0) AS s ON true WHEN MATCHED THEN DELETE",
        f"TRUNCATE {table}",
        f"TRUNCATE ONLY {table}",
        f"TRUNCATE {table} CASCADE",
        f"TRUNCATE {table} RESTART IDENTITY CASCADE",
    ]


def test_every_table_of_the_ledger_is_guarded(guarded: Guarded) -> None:
    found = guarded.ask(
        "SELECT tgrelid::regclass::text, array_agg(tgname::text ORDER BY tgname) FROM pg_trigger"
        " WHERE tgname LIKE 'ledger\\_guard\\_%' AND tgenabled = 'A' GROUP BY tgrelid"
    )
    three = ["ledger_guard_rows", "ledger_guard_statements", "ledger_guard_writers"]
    inbox = {"ledger_inbox": ["ledger_guard_answer", *three]}
    assert dict(found) == dict.fromkeys(guarded.tables, three) | inbox


def unguarded(database: str) -> list[object]:
    """Return the tables of the ledger of which one of the three guards is missing or not always on."""
    with psycopg.connect(CLUSTER.url("postgres", database)) as superuser:
        found = superuser.execute(
            "SELECT c.relname FROM pg_class AS c LEFT JOIN pg_trigger AS t ON tgrelid = c.oid AND tgenabled = 'A'"
            " AND tgname IN ('ledger_guard_rows', 'ledger_guard_statements', 'ledger_guard_writers')"
            " WHERE c.relkind = 'r' AND c.relname LIKE 'ledger\\_%' GROUP BY c.relname HAVING count(t.oid) <> 3"
        ).fetchall()
    return sorted(name for (name,) in found)


def test_from_the_second_migration_on_every_table_is_guarded_at_every_one(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock(), databases.clone("template0") as name:
        for connection in connections.all():
            connection.close()
        executor = MigrationExecutor(connections["owner"])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes("ledger"))
        steps = [migration.name for migration, _ in plan]
        assert steps[:2] == ["0001_initial", "0002_guard"]
        call_command("migrate", "ledger", "0001", database="owner", verbosity=0)
        assert len(unguarded(name)) == 9
        for step in steps[1:]:
            call_command("migrate", "ledger", step, database="owner", verbosity=0)
            assert unguarded(name) == [], step
        # And back again, on a ledger that nobody uses yet: every migration can be undone.
        call_command("migrate", "ledger", "zero", database="owner", verbosity=0)
        assert unguarded(name) == []


def test_only_projections_may_ever_be_changed(guarded: Guarded) -> None:
    found = guarded.ask(
        "SELECT DISTINCT table_name FROM information_schema.column_privileges"
        " WHERE table_name LIKE 'ledger\\_%' AND privilege_type = 'UPDATE'"
        " AND grantee NOT IN ('lode_owner', 'postgres')"
    )
    assert {name for (name,) in found} == PROJECTIONS | {"ledger_inbox"}


def test_no_foreign_key_deletes_or_changes_along_with_what_it_names(guarded: Guarded) -> None:
    rules = guarded.ask(
        "SELECT DISTINCT confdeltype, confupdtype FROM pg_constraint"
        " WHERE contype = 'f' AND confrelid::regclass::text LIKE 'ledger\\_%'"
    )
    assert set(rules) <= {("a", "a"), ("r", "a"), ("r", "r")}


def test_no_table_has_partitions_whose_triggers_could_be_forgotten(guarded: Guarded) -> None:
    kinds = guarded.ask(
        "SELECT DISTINCT relkind, relispartition FROM pg_class"
        " WHERE relname LIKE 'ledger\\_%' AND relkind IN ('r', 'p', 'f')"
    )
    assert kinds == [("r", False)]
    assert guarded.ask("SELECT inhrelid FROM pg_inherits JOIN pg_class ON oid = inhrelid AND relkind <> 'i'") == []


@pytest.mark.parametrize("role", [*ROLES, "postgres"])
def test_no_role_deletes_from_any_table_or_empties_it(guarded: Guarded, role: str) -> None:
    for table in guarded.tables:
        for statement in removals(table):
            error = guarded.refused(role, statement)
            # No right to it, the guard's own refusal, or (TRUNCATE alone) a foreign key that restricts.
            assert error.sqlstate in {NO_RIGHT, REFUSED, NO_COPY}, statement
    guarded.refused(role, f"TRUNCATE {', '.join(guarded.tables)}")


@pytest.mark.parametrize("role", [*ROLES, "postgres"])
def test_no_role_changes_a_row_of_any_table(guarded: Guarded, role: str) -> None:
    passes_for_the_sequencer = role in {"lode_sequencer", "postgres"}
    for table in guarded.tables:
        if table in PROJECTIONS and passes_for_the_sequencer:
            continue
        for statement in changes(table, guarded.columns(table)[0]):
            if (role, table) == ("postgres", "ledger_inbox") and statement.endswith("WHERE false"):
                continue  # it may answer, and answers nothing
            error = guarded.refused(role, statement)
            assert error.sqlstate in {NO_RIGHT, REFUSED, "428C9"}, statement  # 428C9: an identity has no other default


@pytest.mark.parametrize("role", [*STRANGERS, "lode_owner"])
def test_only_the_sequencer_adds_rows(guarded: Guarded, role: str) -> None:
    for table in guarded.tables:
        if table == "ledger_inbox":
            continue
        for statement in (f"INSERT INTO {table} SELECT * FROM {table}", f"INSERT INTO {table} DEFAULT VALUES"):
            assert guarded.refused(role, statement).sqlstate in {NO_RIGHT, REFUSED}, statement
        with pytest.raises(psycopg.Error) as refusal:
            guarded.copy_in(role, table)
        assert refusal.value.sqlstate in {NO_RIGHT, REFUSED}, table
    guarded.attack("lode_sequencer", "INSERT INTO ledger_key (vkey, name, party, purpose, custody, valid_from_index)"
                   " VALUES ('v', 'n', 'p', 'entry', 'held', 0)")  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_changes_hidden_in_an_insert_are_refused(guarded: Guarded, role: str) -> None:
    for statement in (
        "INSERT INTO ledger_checkpoint SELECT * FROM ledger_checkpoint ON CONFLICT (size) DO UPDATE SET note = ''",
        "MERGE INTO ledger_checkpoint AS c USING (SELECT 0) AS s ON true WHEN MATCHED THEN UPDATE SET note = ''",
        "MERGE INTO ledger_entry AS e USING (SELECT 0) AS s ON true WHEN MATCHED THEN DELETE",
    ):
        assert guarded.refused(role, statement).sqlstate in {NO_RIGHT, REFUSED}, statement


@pytest.mark.parametrize("role", [*STRANGERS, "lode_sequencer"])
def test_nobody_else_can_alter_a_table_or_switch_anything_off(guarded: Guarded, role: str) -> None:
    for table in guarded.tables:
        for statement in (
            f"ALTER TABLE {table} ALTER COLUMN {guarded.columns(table)[0]} TYPE text",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
            f"DROP TRIGGER ledger_guard_rows ON {table}",
            f"CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()",
            f"CREATE RULE quietly AS ON INSERT TO {table} DO INSTEAD NOTHING",
            f"CREATE TABLE heir () INHERITS ({table})",
            f"DROP TABLE {table} CASCADE",
            f"ALTER TABLE {table} RENAME TO other",
        ):
            assert guarded.refused(role, statement).sqlstate == NO_RIGHT, statement
    for statement in (
        "CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET session_replication_role = replica",
        "SET event_triggers = off",
        "SET ROLE lode_owner",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION lode_owner",
        "ALTER EVENT TRIGGER ledger_guard_rewrite DISABLE",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "GRANT lode_sequencer TO CURRENT_USER",
    ):
        assert guarded.refused(role, statement).sqlstate == NO_RIGHT, statement


@pytest.mark.parametrize("role", [*STRANGERS, "lode_sequencer"])
def test_a_grant_by_whoever_has_no_right_grants_nothing(guarded: Guarded, role: str) -> None:
    guarded.attack(role, "GRANT UPDATE, DELETE, TRUNCATE ON ledger_entry TO PUBLIC")  # PostgreSQL only warns
    assert guarded.refused(role, "UPDATE ledger_entry SET kind = kind").sqlstate == NO_RIGHT


@pytest.mark.parametrize("role", STRANGERS)
def test_only_the_sequencer_becomes_the_sequencer(guarded: Guarded, role: str) -> None:
    assert guarded.refused(role, "SET ROLE lode_sequencer").sqlstate == NO_RIGHT


def test_replica_mode_does_not_switch_the_guard_off(guarded: Guarded) -> None:
    for table in guarded.tables:
        for statement in (*removals(table)[:4], f"TRUNCATE {table} CASCADE"):
            error = guarded.refused("postgres", f"SET session_replication_role = replica; {statement}")
            assert error.sqlstate == REFUSED, statement


def test_whoever_tries_is_told_why(guarded: Guarded) -> None:
    error = guarded.refused("lode_owner", "DELETE FROM ledger_entry")
    assert error.diag.message_primary == (
        "The ledger is append-only: DELETE on ledger_entry is refused for everybody, and nothing was changed."
    )
    error = guarded.refused("lode_owner", "INSERT INTO ledger_key VALUES ('v', 'n', 'p', 'entry', 'held', 0)")
    assert error.diag.message_primary == (
        "Only the sequencer writes the ledger: INSERT on ledger_key is refused for lode_owner, and nothing was changed."
    )


HANDED_IN = "entry_id, note, received_at, submitted_by, kind, legs"
SOMETHING = "'\\x00', '\\x00', now(), 'lessor', 'receive', '[]'"


def test_the_app_hands_in_and_does_not_say_what_became_of_it(guarded: Guarded) -> None:
    guarded.refused("lode_app", f"INSERT INTO ledger_inbox ({HANDED_IN}, state) VALUES ({SOMETHING}, 'posted')")
    guarded.refused("lode_app", f"INSERT INTO ledger_inbox ({HANDED_IN}, entry_index) VALUES ({SOMETHING}, 3)")
    guarded.attack("lode_app", f"INSERT INTO ledger_inbox ({HANDED_IN}) VALUES ({SOMETHING})")


def test_the_sequencer_answers_once_and_does_not_touch_what_was_handed_in(guarded: Guarded) -> None:
    guarded.attack("lode_app", f"INSERT INTO ledger_inbox ({HANDED_IN}) VALUES ({SOMETHING})")
    guarded.refused("lode_sequencer", "UPDATE ledger_inbox SET note = '\\x01' WHERE state = 'pending'")
    guarded.refused("lode_sequencer", "UPDATE ledger_inbox SET state = 'posted' WHERE state = 'pending'")
    error = guarded.refused("lode_sequencer", "UPDATE ledger_inbox SET entry_index = 0 WHERE state = 'posted'")
    assert error.sqlstate == REFUSED
    answer = "SET state = 'refused', code = 'c', message = 'm' WHERE state = 'pending'"
    guarded.attack("lode_sequencer", f"UPDATE ledger_inbox {answer}")
    guarded.refused("lode_sequencer", "UPDATE ledger_inbox SET message = 'n' WHERE state = 'refused'")


def test_no_bounded_account_goes_below_zero_even_if_the_sequencer_errs(guarded: Guarded) -> None:
    error = guarded.refused("lode_sequencer", "UPDATE ledger_balance SET mass_mg = -1 WHERE bounded")
    assert error.diag.constraint_name == "ledger_balance_not_below_zero"
    guarded.attack("lode_sequencer", "UPDATE ledger_balance SET mass_mg = mass_mg")


def test_a_database_without_the_roles_is_told_in_a_sentence(guarded: Guarded) -> None:
    guard = script("guard.sql").replace("'lode_reader'", "'lode_nobody'")
    with pytest.raises(psycopg.Error, match="needs the database roles lode_nobody, which do not exist here"):
        guarded.attack("lode_owner", guard)


def test_a_database_whose_roles_lack_a_right_is_told_in_a_sentence(guarded: Guarded) -> None:
    script_ = script("row_security.sql").replace("rolname = 'lode_sequencer'", "rolname = 'lode_reader'")
    with pytest.raises(psycopg.Error, match="needs rights for its database roles") as refusal:
        guarded.attack("lode_owner", script_)
    assert refusal.value.diag.message_hint == (
        "As a superuser: ALTER ROLE lode_sequencer BYPASSRLS. Then migrate again."
    )
