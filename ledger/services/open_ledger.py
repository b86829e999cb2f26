"""Begin the ledger: its keys, and the public notice that says so."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.registry import KeyRecord, KeyRegistry
from ledger.core.rules import REGISTRY
from ledger.services import secret_keys
from ledger.services.register_key import post_public
from ledger.services.sequence_pending import sequence_pending
from ledger.services.signer import log_vkeys
from ledger.sql import chain, leading, write
from ledger.sql.inbox import SEQUENCER

WAIT_MS = 10_000


def open_ledger(*, now: dt.datetime) -> None:
    """Make the log key and the registry key where there are none, and post the first notice where the log is empty.

    Safe to call at every start; also signs and publishes what an interrupted run has left. Raises LedgerError `fork`
    when the files beside the database know a longer log, `not-open` when the keys of a ledger with entries are gone.
    """
    if chain.root_key(SEQUENCER) is None:
        secret_keys.make_missing()
        write_roots()
    for purpose, vkey in (("registry", secret_keys.registry_key().vkey), ("log", log_vkeys()[0])):
        if chain.root_key(SEQUENCER, purpose) != str(vkey):
            raise LedgerError(
                LedgerCode.BAD_KEY,
                f"The {purpose} key beside the database is not the one in which this ledger is rooted: put it back.",
            )
    sequence_pending()
    if chain.tip().size == 0:
        with transaction.atomic():
            post_public(kind="notice", details={}, reason=f"The ledger {settings.LEDGER_ORIGIN} is opened.", now=now)
        sequence_pending()


def write_roots() -> None:
    """Keep the first keys of registry and log, in which the ledger is rooted; raises `busy`, `not-open`."""
    with leading.leadership(WAIT_MS) as leader:
        if not leader:
            raise LedgerError(LedgerCode.BUSY, "Another sequencer is at work on a ledger that is not open: try again.")
        with transaction.atomic(using=SEQUENCER):
            if chain.root_key(SEQUENCER) is None:
                (root,) = KeyRegistry(secret_keys.registry_key().vkey)
                write.key(root)
                write.key(KeyRecord(log_vkeys()[0], REGISTRY, "log", "held", 0))
