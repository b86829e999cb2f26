"""To lead: be the one sequencer at work, and know where the ledger ends. See `append.sql`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import OperationalError, connections

from ledger.sql import direct
from ledger.sql.inbox import SEQUENCER

LEADER_LOCK = 0x6C6F64652D736571  # "lode-seq"
_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the ledger ends for its leader: `size` entries, of which `signed_size` are under the checkpoint of `root`.

    `waiting` says whether anything is in the inbox, `promised` which of the names asked for are somebody's whose
    transaction is still open, `known` which of the entries stand already.
    """

    size: int
    signed_size: int
    root: bytes | None
    waiting: bool
    promised: frozenset[int]
    known: frozenset[bytes]


def lead(wait_ms: int, names: Sequence[int] = (), entry_ids: Sequence[bytes] = ()) -> Standing:
    """Become the leader; raises OperationalError after `wait_ms` of waiting.

    Nobody can promise himself one of the free `names` meanwhile. To be ended by `let_go`.
    """
    size, signed_size, root, waiting, promised, known = direct.call(
        "ledger_lead", [str(LEADER_LOCK), str(wait_ms), direct.plain(names), direct.digests(entry_ids)]
    )
    return Standing(
        size=direct.number(size),
        signed_size=direct.number(signed_size),
        root=direct.blob(root),
        waiting=waiting == "t",
        promised=frozenset(map(int, direct.items(promised))),
        known=frozenset(bytes.fromhex(item[2:]) for item in direct.items(known)),
    )


def let_go() -> None:
    """Let the next one lead, however often this session became the leader."""
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")


def gave_up(error: OperationalError) -> bool:
    """Say whether the error means that somebody else led for as long as was waited."""
    return getattr(error.__cause__, "sqlstate", None) == _LOCK_NOT_AVAILABLE


@contextmanager
def leadership(wait_ms: int) -> Iterator[bool]:
    """Be the only sequencer while the block runs; gives False when another was at work for `wait_ms`."""
    with connections[SEQUENCER].cursor() as cursor:
        try:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, false), pg_advisory_lock(%s)", [str(wait_ms), LEADER_LOCK]
            )
        except OperationalError as error:
            if not gave_up(error):
                raise
            yield False
            return
    try:
        yield True
    finally:
        let_go()
