"""Entries that parties write and sign themselves: add an organisation's signature, and hand the note in."""

from __future__ import annotations

from datetime import datetime

from ledger.core.entry import HEADER, Entry, decode, readers
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import MAX_NOTE_BYTES, Note
from ledger.selectors.values import Submission
from ledger.services.submit_entry import submit_entry
from lode.parties.actor import Actor
from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.services.sign_text import signature_of

# These are signed where their text is made and its people are asked, each in its role.
_SIGNED_ELSEWHERE = frozenset({"contract", "statement", "key", "notice"})
_SIGNING_ROLES = frozenset({"commercial", "partner"})


def read_note(data: bytes) -> tuple[Entry, Note]:
    """Read an entry's text, signed or not yet, strictly; raises LedgerError as `core.note` and `core.entry` do."""
    if len(data) > MAX_NOTE_BYTES:
        raise LedgerError(LedgerCode.TOO_LARGE, f"The note is {len(data)} bytes long; {MAX_NOTE_BYTES} are allowed.")
    note = Note.parse(data) if b"\n\n" in data or not data.startswith(HEADER) else Note(data, ())
    return decode(note.text), note


def sign_note(*, data: bytes, actor: Actor, given: str = "") -> bytes:
    """Return the note with the signature of the actor's organisation added: its own line `given`, or by Lode's key.

    Raises PartiesError `not-allowed` for one that is no party to the entry, for a role that signs no movements and for
    kinds that are signed on pages of their own, and as `signature_of`; LedgerError where the note cannot be read.
    """
    entry, note = read_note(data)
    _require_party(actor, entry)
    if actor.role not in _SIGNING_ROLES or entry.kind in _SIGNED_ELSEWHERE:
        raise PartiesError(
            PartiesCode.NOT_ALLOWED,
            "Movements are signed here, by the commercial side or a partner. Contracts, statements and keys are signed "
            "on their own pages.",
        )
    line = signature_of(organisation=actor.organisation, text=note.text, given=given)
    kept = tuple(each for each in note.signatures if (each.name, each.key_id) != (line.name, line.key_id))
    return Note(note.text, (*kept, line)).to_bytes()


def hand_in_note(*, data: bytes, actor: Actor, now: datetime, idempotency_key: str | None = None) -> Submission:
    """Hand in a note that all have signed, in the caller's transaction.

    Raises PartiesError `not-allowed` for one that is no party to the entry, LedgerError as `submit_entry`.
    """
    entry, _note = read_note(data)
    _require_party(actor, entry)
    return submit_entry(note=data, submitted_by=actor.organisation, now=now, idempotency_key=idempotency_key)


def _require_party(actor: Actor, entry: Entry) -> None:
    if actor.sees_all or actor.organisation not in readers(entry):
        raise PartiesError(
            PartiesCode.NOT_ALLOWED,
            f"{actor.organisation} is no party to this entry: one of its parties signs it and hands it in.",
        )
