"""Guard a table of the ledger: rights and triggers by which its rows are added to and never taken away.

Migrations call it for every table that they add; `guard.sql` makes the functions behind the triggers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from psycopg import sql

from ledger.sql import script

_ROLES = sql.SQL("lode_app, lode_sequencer, lode_reader")


def guard_table(where: BaseDatabaseSchemaEditor | Any, table: str, *, updates: bool) -> None:
    """Let the sequencer alone add rows to `table`, and change them where `updates` says so (a projection).

    Nobody deletes from it or empties it, whatever the role and whatever `session_replication_role` says. `where` is a
    migration's schema editor or a cursor of the tables' owner.
    """
    _guard(where, table, writers="INSERT OR UPDATE" if updates else "INSERT", updates=updates)
    rights = sql.SQL("INSERT, UPDATE" if updates else "INSERT")
    with _cursor(where) as cursor:
        cursor.execute(sql.SQL("GRANT {} ON TABLE {} TO lode_sequencer").format(rights, sql.Identifier(table)))


def guard_inbox(where: BaseDatabaseSchemaEditor | Any) -> None:
    """Let the app hand in and the sequencer answer, once; the app cannot write the columns of the answer."""
    _guard(where, "ledger_inbox", writers="UPDATE", updates=True)
    with _cursor(where) as cursor:
        cursor.execute(
            "CREATE TRIGGER ledger_guard_answer BEFORE UPDATE ON ledger_inbox FOR EACH ROW"
            " EXECUTE FUNCTION ledger_refuse_second_answer()"
        )
        cursor.execute("ALTER TABLE ledger_inbox ENABLE ALWAYS TRIGGER ledger_guard_answer")
        cursor.execute(
            "GRANT INSERT (entry_id, note, received_at, submitted_by, idempotency_key, kind, legs)"
            " ON ledger_inbox TO lode_app"
        )
        cursor.execute("GRANT UPDATE (state, code, message, entry_index) ON ledger_inbox TO lode_sequencer")


def arm(superuser: psycopg.Connection) -> None:
    """Put up the event triggers, which hold the tables' owner to the guard as it is now; safe to run again."""
    superuser.execute(script("event_triggers.sql").encode())


def disarm(superuser: psycopg.Connection) -> None:
    """Take the event triggers away, for a migration that changes guarded tables; `arm` is called after it."""
    for name in ("ledger_guard_rewrite", "ledger_guard_disarming"):
        superuser.execute(sql.SQL("DROP EVENT TRIGGER IF EXISTS {}").format(sql.Identifier(name)))


def _guard(where: BaseDatabaseSchemaEditor | Any, table: str, *, writers: str, updates: bool) -> None:
    refused = "DELETE" if updates else "UPDATE OR DELETE"
    triggers = (
        ("ledger_guard_rows", refused, "ROW", "ledger_refuse_change"),
        ("ledger_guard_statements", f"{refused} OR TRUNCATE", "STATEMENT", "ledger_refuse_change"),
        ("ledger_guard_writers", writers, "STATEMENT", "ledger_refuse_others"),
    )
    name = sql.Identifier(table)
    with _cursor(where) as cursor:
        for statement in ("REVOKE ALL ON TABLE {} FROM PUBLIC, {}", "GRANT SELECT ON TABLE {} TO {}"):
            cursor.execute(sql.SQL(statement).format(name, _ROLES))
        for sequence in _sequences(cursor, table):
            revoke = sql.SQL("REVOKE ALL ON SEQUENCE {} FROM PUBLIC, {}")
            cursor.execute(revoke.format(sql.Identifier(sequence), _ROLES))
        for trigger, events, level, function in triggers:
            create = sql.SQL("CREATE TRIGGER {} BEFORE {} ON {} FOR EACH {} EXECUTE FUNCTION {}()").format(
                sql.Identifier(trigger), sql.SQL(events), name, sql.SQL(level), sql.Identifier(function)
            )
            cursor.execute(create)
            # ALWAYS: also where session_replication_role says that triggers are off.
            always = sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}")
            cursor.execute(always.format(name, sql.Identifier(trigger)))


def _sequences(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT s.relname FROM pg_depend AS d JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'"
        " WHERE d.classid = 'pg_class'::regclass AND d.refobjid = %s::regclass AND d.deptype IN ('a', 'i')"
        " ORDER BY s.relname",
        [table],
    )
    return [row[0] for row in cursor.fetchall()]


@contextmanager
def _cursor(where: BaseDatabaseSchemaEditor | Any) -> Iterator[Any]:
    if isinstance(where, BaseDatabaseSchemaEditor):
        with where.connection.cursor() as cursor:
            yield cursor
    else:
        yield where
