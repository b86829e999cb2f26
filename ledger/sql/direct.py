"""The shortest way to the database, for the few messages by which entries are posted.

Statements are prepared once a connection and called by libpq itself; values travel as PostgreSQL's own texts. That
takes a tenth of the time of a cursor, which is made for any statement and any value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

import psycopg
from django.db import connections
from psycopg import errors, pq

from ledger.sql.inbox import SEQUENCER

_prepared: WeakKeyDictionary[psycopg.Connection, set[bytes]] = WeakKeyDictionary()


def call(function: str, arguments: Sequence[str]) -> list[str | None]:
    """Call a function of the database as the sequencer, in its transaction or in one of its own; return its one row.

    Raises Django's database errors, as a cursor does.
    """
    wrapper = connections[SEQUENCER]
    wrapper.ensure_connection()
    connection: psycopg.Connection = wrapper.connection
    name = function.encode()
    with wrapper.wrap_database_errors:
        if not connection.autocommit and connection.pgconn.transaction_status == pq.TransactionStatus.IDLE:
            _check(connection.pgconn.exec_(b"BEGIN"), connection)  # as a cursor would
        known = _prepared.setdefault(connection, set())
        if name not in known:
            places = ", ".join(f"${number}" for number in range(1, len(arguments) + 1))
            _check(connection.pgconn.prepare(name, f"SELECT * FROM {function}({places})".encode()), connection)  # noqa: S608
            known.add(name)
        values = [value.encode() for value in arguments]
        result = _check(connection.pgconn.exec_prepared(name, values), connection)
        row = [result.get_value(0, column) for column in range(result.nfields)]
    return [None if value is None else value.decode() for value in row]


def _check(result: pq.abc.PGresult, connection: psycopg.Connection) -> pq.abc.PGresult:
    if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        raise errors.error_from_result(result, encoding=connection.info.encoding)
    return result


def plain(values: Iterable[object]) -> str:
    """Return numbers, days, moments or truths as an array."""
    return "{" + ",".join(map(str, values)) + "}"


def digests(values: Iterable[bytes | None]) -> str:
    """Return bytes as an array."""
    return "{" + ",".join(["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values]) + "}"


def texts(values: Iterable[str | None]) -> str:
    """Return texts as an array."""
    quoted = [
        "NULL" if value is None else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values
    ]
    return "{" + ",".join(quoted) + "}"


def number(value: str | None) -> int:
    """Read a number that is always given."""
    return int(value or 0)


def blob(value: str | None) -> bytes | None:
    """Read bytes."""
    return None if value is None else bytes.fromhex(value[2:])


def items(value: str | None) -> list[str]:
    """Read an array of numbers or bytes, each still as its text; none is NULL."""
    return [] if value is None else [item.strip('"').replace("\\\\", "\\") for item in value[1:-1].split(",")]
