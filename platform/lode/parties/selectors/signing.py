"""How an organisation signs: with its own key, or with one that Lode keeps for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ledger.core.entry import decode, entry_id
from ledger.core.errors import LedgerError
from ledger.core.note import Note, SignatureLine, VerifierKey
from ledger.selectors.keys import keys
from ledger.selectors.values import RegisteredKey
from lode.parties.actor import Actor
from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.models import HostedKey, KeptSignature, KeyChange
from lode.parties.possession import possession_text

POSSESSION, AUTHORISATION = "possession", "authorisation"


@dataclass(frozen=True, slots=True)
class Signing:
    """How an organisation signs entries now.

    `custody`: `held` (with one of `keys`, which it keeps itself, and Lode never for it), `hosted` (Lode signs with
    `keys[0]` when one of its people asks for it), or `none`.
    """

    custody: str
    keys: tuple[RegisteredKey, ...]

    @property
    def vkeys(self) -> tuple[str, ...]:
        """The verifier keys whose signature counts."""
        return tuple(key.vkey for key in self.keys)


@dataclass(frozen=True, slots=True)
class Paper:
    """A text that somebody has to sign: `text` is exactly what is signed, by one of the verifier keys `vkeys`."""

    name: str
    text: bytes
    vkeys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyChangeView:
    """A key that is about to be registered or revoked. `papers` are what people have to sign; `entry_id` when done."""

    challenge: str
    action: str
    vkey: str
    key_name: str
    purpose: str
    reason: str
    created_at: datetime
    entry_text: bytes
    entry_id: str
    papers: tuple[Paper, ...]


def valid_keys(organisation: str, *purposes: str) -> tuple[RegisteredKey, ...]:
    """Return the organisation's keys of these purposes that are not revoked, the newest first."""
    found = [key for key in keys(party=organisation) if key.revoked_at_index is None and key.purpose in purposes]
    return tuple(sorted(found, key=lambda key: -key.valid_from_index))


def signing_of(organisation: str) -> Signing:
    """Return how the organisation signs. From the first key of its own on, Lode's key of it signs nothing any more."""
    valid = valid_keys(organisation, "entry")
    held = tuple(key for key in valid if key.custody == "held")
    if held:
        return Signing("held", held)
    kept = set(HostedKey.objects.filter(organisation_id=organisation, retired_at=None).values_list("vkey", flat=True))
    hosted = tuple(key for key in valid if key.vkey in kept)
    return Signing("hosted" if kept else "none", hosted)


def signature_by(*, line: str, text: bytes, vkeys: Collection[str]) -> SignatureLine:
    """Return the signature line over `text`; raises PartiesError `bad-signature` unless one of `vkeys` made it."""
    try:
        signature = SignatureLine.parse(line.strip())
        Note(text, (signature,)).verify([VerifierKey.parse(vkey) for vkey in vkeys])
    except LedgerError as error:
        raise PartiesError(
            PartiesCode.BAD_SIGNATURE,
            f"This is not a signature under that text by a key that may sign it: {error.sentence} Nothing was signed.",
        ) from error
    return signature


def kept_line(*, organisation: str, text: bytes) -> SignatureLine | None:
    """Return the organisation's kept signature under an entry's text; None where there is none by a key still valid."""
    row = KeptSignature.objects.filter(organisation_id=organisation, entry_id=entry_id(text).hex()).first()
    if row is None:
        return None
    try:
        vkeys = [key.vkey for key in valid_keys(organisation, "entry")]
        return signature_by(line=row.line, text=text, vkeys=vkeys)
    except PartiesError:
        return None


def signature_stands(organisation: str, text: bytes) -> bool:
    """Whether nothing more is asked of the organisation to sign the text: its line is kept, or Lode signs for it."""
    return kept_line(organisation=organisation, text=text) is not None or signing_of(organisation).custody == "hosted"


def key_change(*, challenge: str, actor: Actor, book: str) -> KeyChangeView:
    """Return a change of the actor's organisation. Raises PartiesError `unknown-key-change`."""
    row = KeyChange.objects.filter(pk=challenge, organisation_id=actor.organisation).first()
    if row is None:
        raise PartiesError(
            PartiesCode.UNKNOWN_KEY_CHANGE, "There is no such change of a key of your organisation: begin it anew."
        )
    return view_of_change(row, book=book)


def view_of_change(row: KeyChange, *, book: str) -> KeyChangeView:
    """Return a change with the papers that its people have to sign."""
    text = bytes(row.entry_text)
    return KeyChangeView(
        challenge=row.challenge,
        action=row.action,
        vkey=row.vkey,
        key_name=VerifierKey.parse(row.vkey).name,
        purpose=row.purpose,
        reason=decode(text).reason or "",
        created_at=row.created_at,
        entry_text=text,
        entry_id=row.entry_id,
        papers=() if row.entry_id else _papers(row, book, text),
    )


def _papers(row: KeyChange, book: str, text: bytes) -> tuple[Paper, ...]:
    papers = []
    if row.action == "register":
        proof = possession_text(
            book=book, party=row.organisation_id, purpose=row.purpose, vkey=row.vkey, challenge=row.challenge
        )
        papers.append(Paper(POSSESSION, proof, (row.vkey,)))
    recovery = valid_keys(row.organisation_id, "recovery")
    if recovery and (row.purpose == "recovery" or signing_of(row.organisation_id).custody != "hosted"):
        may = recovery if row.purpose == "recovery" else (*recovery, *valid_keys(row.organisation_id, "entry"))
        papers.append(Paper(AUTHORISATION, text, tuple(key.vkey for key in may)))
    return tuple(papers)
