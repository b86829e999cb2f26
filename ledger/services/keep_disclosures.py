"""Keep disclosures beside an entry, for those of its readers whom somebody that knows them has chosen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from ledger.core import disclosures
from ledger.core.entry import Entry, check_identifier, decode, readers
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.kinds import kind_of
from ledger.core.note import Note
from ledger.selectors.entries import submission
from ledger.sql import inbox, proofs, reads
from ledger.sql.inbox import SEQUENCER


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A disclosure and the parties that are to read it."""

    disclosure: str
    readers: tuple[str, ...]


def check_disclosed(*, note: bytes, disclosed: Sequence[Disclosed]) -> None:
    """Raise what `keep_disclosures` would raise for an entry of which nothing is disclosed yet; keep nothing."""
    entry = decode(Note.parse(note).text)
    for texts in _by_reader(entry, disclosed).values():
        disclosures.reveal(entry.details, texts.values())


def keep_disclosures(*, entry_id: str, disclosed: Sequence[Disclosed], party: str, now: dt.datetime) -> int:
    """Keep what `party` discloses of an entry, posted or handed in, for the readers named; answer how many were new.

    Outside of any transaction of the sequencer's. All or none: raises `unknown-entry` where the party may not read the
    entry, `forbidden` for a reader who may not, `bad-field` for a disclosure that no digest stands for, in the entry or
    in what that reader holds.
    """
    submission(entry_id=entry_id, party=party)
    identity = bytes.fromhex(entry_id)
    entry = decode(Note.parse(_note(identity)).text)
    given = _by_reader(entry, disclosed)
    for reader, texts in given.items():
        held = proofs.disclosures_of([identity], reader).get(identity, ())
        disclosures.reveal(entry.details, {*held, *texts.values()})
    lines = [(reader, digest, text) for reader in sorted(given) for digest, text in sorted(given[reader].items())]
    with transaction.atomic(using=SEQUENCER):
        return proofs.keep_disclosures(identity, party, now, lines)


def _by_reader(entry: Entry, disclosed: Sequence[Disclosed]) -> dict[str, dict[str, str]]:
    given: dict[str, dict[str, str]] = {}
    for item in disclosed:
        digest = disclosures.parse(item.disclosure).digest
        for reader in item.readers:
            if not kind_of(entry).public and reader not in readers(entry):
                raise LedgerError(
                    LedgerCode.FORBIDDEN,
                    f"{reader!r} is not one of those who may read the entry: nothing was disclosed to anybody.",
                )
            given.setdefault(check_identifier("readers", reader), {})[digest] = item.disclosure
    return given


def _note(entry_id: bytes) -> bytes:
    where = reads.Where()
    where.add("e.entry_id = %(entry_id)s", entry_id=entry_id)
    for posted in reads.entries(where):
        return posted.note
    row = inbox.find_by_entry_id(entry_id)
    if row is None:  # `submission` has found it just now
        raise LedgerError(LedgerCode.UNKNOWN_ENTRY, f"There is no entry {entry_id.hex()}.")
    return row.note
