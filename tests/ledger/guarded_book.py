"""A small ledger under attack: the connections of each role to it, what it is guarded by, and what stands in it."""

from __future__ import annotations

from functools import cached_property

import psycopg
import pytest
from psycopg import sql

from tests.support.databases import CLUSTER

# lode_party is nobody's login: whoever is lode_party came as lode_app.
ROLES = ("lode_app", "lode_party", "lode_sequencer", "lode_reader", "lode_owner")
STRANGERS = ("lode_app", "lode_party", "lode_reader")
NO_RIGHT, REFUSED = "42501", "23001"


class Guarded:
    """A database with a ledger, attacked by statements; whatever is refused must leave everything as it was."""

    def __init__(self, database: str) -> None:
        self.database = database
        self._connections: dict[str, psycopg.Connection] = {}
        self._known: list[tuple[object, ...]] | None = None  # the state since the last attack that was not refused

    def attack(self, role: str, statement: str) -> None:
        """Run statements as a role, and commit: this one is meant to succeed."""
        self.see_nothing_changed()
        self._run(role, statement)
        self._known = None

    def _run(self, role: str, statement: str) -> None:
        connection = self.connection(role)
        with connection.transaction():
            connection.execute(statement)
        connection.execute("RESET ALL")
        connection.commit()

    def copy_in(self, role: str, table: str) -> None:
        """Write rows by COPY, and commit."""
        connection = self.connection(role)
        with connection.transaction(), connection.cursor() as cursor:
            copy = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
            with cursor.copy(copy) as rows:
                rows.write(b"")

    def connection(self, role: str) -> psycopg.Connection:
        found = self._connections.get(role)
        if found is None or found.closed:
            login = "lode_app" if role == "lode_party" else role
            options = "-c role=lode_party" if role == "lode_party" else ""
            found = self._connections[role] = psycopg.connect(CLUSTER.url(login, self.database), options=options)
        return found

    def refused(self, role: str, statement: str) -> psycopg.Error:
        """Attack, and expect an error; what was changed all the same shows at the latest when the test ends."""
        self._known = self._known or self.state()
        with pytest.raises(psycopg.Error) as refusal:
            self._run(role, statement)
        return refusal.value

    def see_nothing_changed(self) -> None:
        """See that since the last attack that succeeded everything is as it was."""
        assert self._known is None or self.state() == self._known

    def ask(self, query: str) -> list[tuple[object, ...]]:
        connection = self.connection("postgres")
        with connection.transaction():
            return connection.execute(query).fetchall()

    @cached_property
    def tables(self) -> list[str]:
        """Every table of the ledger, as the catalogue has it: a new one is attacked as soon as it is there."""
        found = self.ask(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            r" AND relname LIKE 'ledger\_%' ORDER BY relname"
        )
        return [str(name) for (name,) in found]

    def columns(self, table: str) -> list[str]:
        found = self.ask(
            f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
            " ORDER BY attnum"
        )
        return [str(name) for (name,) in found]

    def state(self) -> list[tuple[object, ...]]:
        """Return every row of every table of the ledger, and all that its guard rests on."""
        rows = " UNION ALL ".join(
            f"SELECT '{table}' AS place, t::text AS line FROM {table} AS t" for table in self.tables
        )
        facts = "SELECT 'facts', fact FROM ledger_guard.facts() AS fact"
        return self.ask(f"{rows} UNION ALL {facts} ORDER BY place, line")

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()
