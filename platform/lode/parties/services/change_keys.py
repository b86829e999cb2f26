"""Register and revoke keys that a party keeps itself: begun by one who manages its keys, done when all is signed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from ledger.core.entry import decode, encode
from ledger.core.note import SignatureLine, VerifierKey
from ledger.selectors.keys import keys
from ledger.services.register_key import hand_in, public_entry
from lode.parties.actor import Actor
from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.models import HostedKey, KeyChange
from lode.parties.possession import check_key_name
from lode.parties.selectors.signing import AUTHORISATION, signature_by, valid_keys, view_of_change
from lode.parties.services.sign_text import hosted_signature

OPEN_FOR = timedelta(days=7)  # a recovery key lies in a safe: fetching it takes days


def begin_key_registration(*, actor: Actor, vkey: str, purpose: str, now: datetime) -> str:
    """Begin to register a key that the actor's organisation keeps itself; return the challenge that names the change.

    `vkey` is all that Lode ever sees of the key. `purpose`: entry or recovery. Raises PartiesError `not-allowed`,
    `bad-key-name`; LedgerError `bad-key` for one that is no sound Ed25519 key.
    """
    require_key_manager(actor)
    parsed = VerifierKey.parse(vkey)
    check_key_name(parsed.name, party=actor.organisation, book=settings.LEDGER_ORIGIN, purpose=purpose)
    details = {
        "action": "register",
        "vkey": str(parsed),
        "party": actor.organisation,
        "purpose": purpose,
        "custody": "held",
    }
    return _begin(actor, action="register", vkey=str(parsed), purpose=purpose, details=details, reason=None, now=now)


def begin_key_revocation(
    *, actor: Actor, vkey: str, reason: str, compromised_since_index: int | None = None, now: datetime
) -> str:
    """Begin to revoke a key of the actor's organisation; return the challenge that names the change.

    What the key signed at leaf `compromised_since_index` and later is disputed until it is affirmed again. Raises
    PartiesError `not-allowed`, `unknown-key` for one that is not a valid key of the organisation.
    """
    require_key_manager(actor)
    key = next((key for key in keys(party=actor.organisation) if key.vkey == vkey), None)
    if key is None or key.revoked_at_index is not None:
        raise PartiesError(
            PartiesCode.UNKNOWN_KEY,
            "This is not a valid key of your organisation: it is another's, or revoked already.",
        )
    details: dict[str, Any] = {"action": "revoke", "vkey": vkey}
    if compromised_since_index is not None:
        details["compromised_since_index"] = compromised_since_index
    return _begin(
        actor, action="revoke", vkey=vkey, purpose=key.purpose, details=details, reason=reason.strip(), now=now
    )


def finish_key_change(*, actor: Actor, challenge: str, lines: Mapping[str, str], now: datetime) -> str:
    """Check what was signed and hand the public entry in; return its hex id. Done once: again returns the same id.

    `lines` holds the signature line of each paper of the change by the paper's name. Raises PartiesError
    `not-allowed`, `unknown-key-change`, `key-change-expired`, `signature-needed`, `bad-signature`; LedgerError with the
    ledger's code when it takes the entry not. Nothing is changed then.
    """
    require_key_manager(actor)
    with transaction.atomic():
        row = KeyChange.objects.select_for_update().filter(pk=challenge, organisation_id=actor.organisation).first()
        if row is None:
            raise PartiesError(
                PartiesCode.UNKNOWN_KEY_CHANGE, "There is no such change of a key of your organisation: begin it anew."
            )
        if row.entry_id:
            return row.entry_id
        if row.created_at + OPEN_FOR < now:
            raise PartiesError(
                PartiesCode.KEY_CHANGE_EXPIRED, "This change was begun more than seven days ago: begin it anew."
            )
        submission = hand_in(entry=decode(bytes(row.entry_text)), lines=_authorised(row, lines), now=now)
        row.entry_id, row.finished_at = submission.entry_id, now
        row.save(update_fields=["entry_id", "finished_at"])
        if row.action == "revoke":
            HostedKey.objects.filter(vkey=row.vkey, retired_at=None).update(retired_at=now)
        return submission.entry_id


def require_key_manager(actor: Actor) -> None:
    """Raise PartiesError `not-allowed` unless the actor may register and revoke its organisation's keys."""
    if actor.sees_all or not actor.manages_keys:
        raise PartiesError(
            PartiesCode.NOT_ALLOWED,
            "Keys are registered and revoked by those of your organisation who manage its keys: ask one of them. "
            "Nothing was changed.",
        )


def authorising_lines(*, organisation: str, text: bytes) -> tuple[SignatureLine, ...]:
    """Sign an entry about an organisation's keys with its hosted key, where its recovery key makes that necessary."""
    if not valid_keys(organisation, "recovery"):
        return ()
    return (hosted_signature(organisation=organisation, text=text),)


def _begin(
    actor: Actor, *, action: str, vkey: str, purpose: str, details: Mapping[str, Any], reason: str | None, now: datetime
) -> str:
    entry = public_entry(kind="key", details=details, reason=reason, now=now)
    row = KeyChange.objects.create(
        challenge=secrets.token_hex(32),
        organisation_id=actor.organisation,
        person_id=actor.person_id,
        action=action,
        vkey=vkey,
        purpose=purpose,
        entry_text=encode(entry),
        created_at=now,
    )
    return row.challenge


def _authorised(row: KeyChange, lines: Mapping[str, str]) -> tuple[SignatureLine, ...]:
    """Check every paper; return the lines that stand under the entry itself."""
    papers = {paper.name: paper for paper in view_of_change(row, book=settings.LEDGER_ORIGIN).papers}
    checked = {}
    for name, paper in papers.items():
        if not lines.get(name, "").strip():
            raise PartiesError(
                PartiesCode.SIGNATURE_NEEDED, "A signature is missing: every text on the page has to be signed."
            )
        checked[name] = signature_by(line=lines[name], text=paper.text, vkeys=paper.vkeys)
    if AUTHORISATION in checked:
        return (checked[AUTHORISATION],)
    if row.purpose == "recovery":
        return ()
    return authorising_lines(organisation=row.organisation_id, text=bytes(row.entry_text))
