"""One view of the whole ledger for a long read, while the sequencer goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

from ledger.sql.inbox import APP


@contextmanager
def snapshot() -> Iterator[None]:
    """Let everything that the block reads be of one moment; inside a caller's transaction, of that transaction."""
    nested = connections[APP].in_atomic_block
    with transaction.atomic(using=APP):
        if not nested:
            with connections[APP].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
