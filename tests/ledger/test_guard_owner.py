"""The owner of the tables is held to the guard by event triggers, which only a superuser can take away."""

from __future__ import annotations

import psycopg
import pytest

from ledger.sql import guarding
from tests.ledger.guarded_book import NO_RIGHT, REFUSED, Guarded
from tests.support.databases import CLUSTER, beyond_the_guard

GUARDS = ("ledger_guard_rows", "ledger_guard_statements", "ledger_guard_writers")
# What PostgreSQL itself does not do to a column that is a key, an identity, or part of a view or a policy.
NOT_TO_THIS_COLUMN = {"0A000", "22023", "2BP01", "42601", "42804", "428C9", "42P16", "42P17", "55000"}
HARMLESS = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"


def alterations(table: str, column: str) -> list[str]:
    """Every way we know by which the owner of a table changes it, or what its guard rests on, without a DELETE."""
    switched_off = [
        statement
        for guard in GUARDS
        for statement in (
            f"ALTER TABLE {table} DISABLE TRIGGER {guard}",
            f"ALTER TABLE {table} ENABLE TRIGGER {guard}",
            f"ALTER TABLE {table} ENABLE REPLICA TRIGGER {guard}",
            f"ALTER TRIGGER {guard} ON {table} RENAME TO harmless",
            f"DROP TRIGGER {guard} ON {table}",
        )
    ]
    return [
        *switched_off,
        f"ALTER TABLE {table} DISABLE TRIGGER USER",
        (
            f"CREATE OR REPLACE TRIGGER ledger_guard_rows AFTER INSERT ON {table} FOR EACH ROW"
            " EXECUTE FUNCTION ledger_refuse_change()"
        ),
        (
            f"CREATE FUNCTION falsify() {HARMLESS}; CREATE TRIGGER a BEFORE INSERT ON {table} FOR EACH ROW"
            " EXECUTE FUNCTION falsify()"
        ),
        f"CREATE RULE quietly AS ON INSERT TO {table} DO INSTEAD NOTHING",
        f"CREATE RULE aside AS ON UPDATE TO {table} DO ALSO NOTIFY somebody",
        f"DROP TABLE {table}",
        f"DROP TABLE {table} CASCADE",
        f"ALTER TABLE {table} RENAME TO other",
        f"CREATE SCHEMA other; ALTER TABLE {table} SET SCHEMA other",
        f"CREATE SCHEMA other; CREATE TABLE other.{table} (LIKE public.{table})",
        f"CREATE SCHEMA lode_sequencer; CREATE VIEW lode_sequencer.{table} AS SELECT 1",
        f"ALTER TABLE {table} OWNER TO lode_party",
        f"ALTER TABLE {table} SET UNLOGGED",
        f"ALTER TABLE {table} RENAME COLUMN {column} TO another",
        f"ALTER TABLE {table} DROP COLUMN {column}",
        f"ALTER TABLE {table} DROP COLUMN {column} CASCADE",
        f"ALTER TABLE {table} ALTER COLUMN {column} TYPE text USING 'other'",
        f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT NULL, DISABLE TRIGGER USER",
        f"ALTER TABLE {table} ADD COLUMN another double precision DEFAULT random()",
        f"CREATE TABLE heir () INHERITS ({table})",
        f"CREATE TABLE heir (LIKE {table}); ALTER TABLE heir INHERIT {table}",
        (
            f"CREATE TABLE whole (LIKE {table}) PARTITION BY LIST ({column});"
            f" ALTER TABLE whole ATTACH PARTITION {table} DEFAULT"
        ),
    ]


def test_the_owner_cannot_alter_any_table_of_the_ledger(guarded: Guarded) -> None:
    for table in guarded.tables:
        for statement in alterations(table, guarded.columns(table)[0]):
            error = guarded.refused("lode_owner", statement)
            assert error.sqlstate in {REFUSED, NO_RIGHT, *NOT_TO_THIS_COLUMN}, (statement, error)


def test_the_guard_and_no_accident_of_the_table_refuses(guarded: Guarded) -> None:
    """On a column that is no key every way is stopped by the guard, but for those that PostgreSQL keeps for others."""
    stopped_otherwise = [
        statement
        for statement in alterations("ledger_tile", "root")
        if guarded.refused("lode_owner", statement).sqlstate != REFUSED
    ]
    assert [statement.split()[0:4] for statement in stopped_otherwise] == [
        ["ALTER", "TABLE", "ledger_tile", "OWNER"],  # to a role that the owner is not a member of
    ]


def test_the_owner_cannot_take_away_what_the_rows_rely_on(guarded: Guarded) -> None:
    drops = guarded.ask(
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname) FROM pg_constraint"
        " WHERE conrelid::regclass::text LIKE 'ledger\\_%' AND contype <> 'n'"
        " AND connamespace = 'public'::regnamespace"
        " UNION ALL SELECT format('DROP INDEX %I', i.relname) FROM pg_index JOIN pg_class AS i ON i.oid = indexrelid"
        " WHERE indisunique AND i.relname LIKE 'ledger\\_%' AND NOT EXISTS (SELECT FROM pg_constraint"
        " WHERE conindid = indexrelid)"
        " UNION ALL SELECT format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', attrelid::regclass, attname)"
        " FROM pg_attribute JOIN pg_class ON oid = attrelid AND relkind = 'r' AND relname LIKE 'ledger\\_%'"
        " WHERE attnotnull AND attnum > 0 AND NOT EXISTS (SELECT FROM pg_index"
        " WHERE indrelid = attrelid AND indisprimary AND attnum = ANY (indkey)) AND attidentity = ''"
        " UNION ALL SELECT format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', oid::regclass) FROM pg_class"
        " WHERE relrowsecurity UNION ALL SELECT format('DROP POLICY %I ON %s', polname, polrelid::regclass) FROM"
        " pg_policy UNION ALL SELECT format('ALTER POLICY %I ON %s USING (true)', polname, polrelid::regclass)"
        " FROM pg_policy WHERE polname = 'ledger_party'"
    )
    assert len(drops) > 60
    for (statement,) in drops:
        assert guarded.refused("lode_owner", str(statement)).sqlstate == REFUSED, statement


@pytest.mark.parametrize(
    "statement",
    [
        f"CREATE OR REPLACE FUNCTION ledger_refuse_change() {HARMLESS}",
        f"CREATE OR REPLACE FUNCTION ledger_refuse_others() {HARMLESS}",
        f"CREATE OR REPLACE FUNCTION ledger_refuse_second_answer() {HARMLESS}",
        "ALTER FUNCTION ledger_refuse_change() RENAME TO ledger_harmless",
        "ALTER FUNCTION ledger_refuse_change() SET search_path = public",
        "ALTER FUNCTION ledger_refuse_others() SECURITY DEFINER",
        "ALTER FUNCTION ledger_refuse_change() OWNER TO lode_party",
        "DROP FUNCTION ledger_refuse_change()",
        "DROP FUNCTION ledger_refuse_change() CASCADE",
        "CREATE OR REPLACE FUNCTION ledger_guard.facts() RETURNS SETOF text LANGUAGE sql AS 'SELECT NULL::text'",
        "DROP FUNCTION ledger_guard.facts()",
        "DROP FUNCTION ledger_guard.refuse_disarming() CASCADE",
        "DROP TABLE ledger_guard.fact",
        "DROP SCHEMA ledger_guard CASCADE",
        "DELETE FROM ledger_guard.fact",
        "TRUNCATE ledger_guard.fact",
        "INSERT INTO ledger_guard.fact VALUES ('all is well')",
        "DROP EVENT TRIGGER ledger_guard_disarming",
        "ALTER EVENT TRIGGER ledger_guard_rewrite DISABLE",
        "SET event_triggers = off",
        "SET session_replication_role = replica",
        "ALTER DATABASE CURRENT SET event_triggers = off",
        "ALTER DATABASE CURRENT SET session_replication_role = replica",
        "ALTER SCHEMA public RENAME TO other",
        "DROP SCHEMA public CASCADE",
        "DROP OWNED BY lode_owner",
        "DROP OWNED BY lode_owner CASCADE",
        "REASSIGN OWNED BY lode_owner TO lode_party",
        "DROP VIEW ledger_named_leg",
        "ALTER VIEW ledger_named_leg SET (security_barrier = off)",
        (
            "CREATE OR REPLACE VIEW ledger_named_leg WITH (security_barrier) AS SELECT l.entry_index, l.leg_no,"
            " l.account_id, l.mass_mg, l.occurred, l.occurred_max, l.account_seq, l.balance_after_mg, a.owner,"
            " a.holder, a.element, a.state, a.lot FROM ledger_leg AS l JOIN ledger_account AS a ON a.id = l.account_id"
        ),
        "CREATE POLICY more ON ledger_entry TO lode_party USING (true)",
    ],
)
def test_the_owner_cannot_touch_the_guard(guarded: Guarded, statement: str) -> None:
    statement = statement.replace("DATABASE CURRENT", f"DATABASE {guarded.database}")
    assert guarded.refused("lode_owner", statement).sqlstate in {REFUSED, NO_RIGHT, "2BP01"}, statement


@pytest.mark.parametrize(
    ("prepare", "statement"),
    [
        (
            "CREATE FUNCTION mine() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM public.ledger_leg'",
            "SELECT mine()",
        ),
        ("CREATE VIEW mine AS SELECT * FROM ledger_entry", "UPDATE mine SET kind = 'loss'"),
        ("CREATE VIEW mine AS SELECT * FROM ledger_leg", "DELETE FROM mine"),
        (
            "CREATE VIEW mine AS SELECT 1 AS a; CREATE RULE r AS ON UPDATE TO mine DO INSTEAD DELETE FROM ledger_leg",
            "UPDATE mine SET a = 2",
        ),
        (
            (
                "CREATE VIEW mine AS SELECT 1 AS a; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN"
                " DELETE FROM ledger_leg; RETURN NEW; END'; CREATE TRIGGER t INSTEAD OF UPDATE ON mine FOR EACH ROW"
                " EXECUTE FUNCTION f()"
            ),
            "UPDATE mine SET a = 2",
        ),
        (
            "CREATE TABLE mine (a bigint PRIMARY KEY); INSERT INTO mine SELECT index FROM ledger_entry",
            "ALTER TABLE ledger_entry ADD FOREIGN KEY (index) REFERENCES mine ON DELETE CASCADE; DELETE FROM mine",
        ),
        ("", "DO $$ BEGIN EXECUTE 'DELETE FROM ledger_leg'; END $$"),
    ],
)
@pytest.mark.parametrize("role", ["lode_owner", "lode_app", "lode_sequencer"])
def test_changes_made_through_something_else_are_refused(
    guarded: Guarded, role: str, prepare: str, statement: str
) -> None:
    if prepare:
        guarded.attack("lode_owner", f"{prepare}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}"
                       if "TABLE" in prepare or "VIEW" in prepare else prepare)  # fmt: skip
    assert guarded.refused(role, statement).sqlstate in {REFUSED, NO_RIGHT}


def test_rights_given_away_by_the_owner_open_nothing(guarded: Guarded) -> None:
    guarded.attack("lode_owner", "GRANT ALL ON ALL TABLES IN SCHEMA public TO lode_app")
    for table in guarded.tables:
        column = guarded.columns(table)[0]
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            assert guarded.refused("lode_app", statement).sqlstate == REFUSED, statement
        if table != "ledger_inbox":
            assert guarded.refused("lode_app", f"INSERT INTO {table} SELECT * FROM {table}").sqlstate == REFUSED


def test_what_does_not_weaken_the_guard_stays_possible(guarded: Guarded) -> None:
    guarded.attack(
        "lode_owner", "CREATE TABLE other (a int); ALTER TABLE other ALTER COLUMN a TYPE text; DROP TABLE other"
    )
    guarded.attack(
        "lode_owner", "ALTER TABLE ledger_entry ADD COLUMN other text; CREATE INDEX ON ledger_entry (occurred)"
    )
    guarded.attack("lode_app", "CREATE TEMP TABLE scratch (a int); DROP TABLE scratch")


def test_a_guard_that_is_not_whole_is_not_confirmed(guarded: Guarded) -> None:
    """Where a superuser has left a trigger off, the next start does not take that for the state to be kept."""
    with beyond_the_guard(guarded.database) as superuser:
        superuser.execute("ALTER TABLE ledger_leg DISABLE TRIGGER ledger_guard_statements")
    with (
        psycopg.connect(CLUSTER.url("postgres", guarded.database)) as superuser,
        pytest.raises(psycopg.Error, match="ledger_guard_statements on ledger_leg is missing or not on always"),
    ):
        guarding.arm(superuser)


def test_a_migration_is_let_through_by_a_superuser_and_the_guard_put_up_again(guarded: Guarded) -> None:
    statement = "ALTER TABLE ledger_entry RENAME COLUMN kind TO sort"
    guarded.refused("lode_owner", statement)
    with psycopg.connect(CLUSTER.url("postgres", guarded.database)) as superuser:
        guarding.disarm(superuser)
    guarded.attack("lode_owner", statement)
    with psycopg.connect(CLUSTER.url("postgres", guarded.database)) as superuser:
        guarding.arm(superuser)
        guarding.arm(superuser)
    guarded.refused("lode_owner", "ALTER TABLE ledger_entry RENAME COLUMN sort TO kind")
