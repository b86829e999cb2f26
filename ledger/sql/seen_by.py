"""Run queries for a party: what it may not see, the database leaves out, whatever the query says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import TransactionStatus

_BEGIN = "SELECT set_config('lode.party', %s, false), set_config('role', 'lode_party', false)"
_END = "SELECT set_config('lode.party', '', false), set_config('role', 'none', false)"


@contextmanager
def seen_by(connection: BaseDatabaseWrapper, party: str | None) -> Iterator[None]:
    """Hold the connection, while the block runs, to the rows that `party` may see; None sees all."""
    if party is None:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [party])
    try:
        yield
    finally:
        # A transaction that failed takes the settings back by itself, and would not listen.
        if connection.connection.info.transaction_status != TransactionStatus.INERROR:
            with connection.cursor() as cursor:
                cursor.execute(_END)
