"""Keys that Lode keeps for a party: made, registered on the ledger, changed for new ones, sealed anew."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction

from ledger.core.entry import encode
from ledger.core.note import SignerKey
from ledger.services.register_key import hand_in, public_entry
from lode.parties.actor import Actor
from lode.parties.models import HostedKey
from lode.parties.possession import key_name
from lode.parties.sealing import NONCE_BYTES, is_current, seal, unseal
from lode.parties.services.change_keys import authorising_lines, require_key_manager


def create_hosted_key(*, organisation: str, label: str, now: datetime) -> str:
    """Make, seal and register a key; return its vkey. The key is named `<party>.<ledger's host>/entry/<label>`."""
    name = key_name(party=organisation, book=settings.LEDGER_ORIGIN, purpose="entry", label=label)
    key = SignerKey(name=name, seed=secrets.token_bytes(32))
    vkey = str(key.vkey)
    details = {"action": "register", "vkey": vkey, "party": organisation, "purpose": "entry", "custody": "hosted"}
    with transaction.atomic():
        # Signed by the key before this one, where the organisation has a recovery key: so before this one is there.
        _hand_in(organisation, details, reason=None, now=now)
        HostedKey.objects.create(
            organisation_id=organisation,
            name=key.name,
            vkey=vkey,
            sealed_seed=seal(seed=key.seed, name=key.name, nonce=secrets.token_bytes(NONCE_BYTES)),
            created_at=now,
        )
    return vkey


def rotate_hosted_key(*, actor: Actor, label: str, now: datetime) -> str:
    """Put a new hosted key in the place of the organisation's hosted keys: registers it, revokes them, retires them.

    Returns the new vkey. Raises PartiesError `not-allowed`, `bad-key-name`; LedgerError `duplicate` for a label that
    was used before.
    """
    require_key_manager(actor)
    with transaction.atomic():
        old = HostedKey.objects.select_for_update().filter(organisation_id=actor.organisation, retired_at=None)
        before = [(row.pk, row.vkey) for row in old]
        vkey = create_hosted_key(organisation=actor.organisation, label=label, now=now)
        for number, revoked in before:
            details = {"action": "revoke", "vkey": revoked}
            _hand_in(actor.organisation, details, reason="a new key takes its place", now=now)
            HostedKey.objects.filter(pk=number).update(retired_at=now)
    return vkey


def reseal_hosted_keys() -> tuple[int, int]:
    """Seal every hosted key, retired ones too, under the key-encryption key of today; return (sealed anew, all).

    Each key is a transaction of its own: what was interrupted goes on where it stopped. Raises PartiesError
    `unsealing-failed` for a key that no known key-encryption key opens; those before it are done.
    """
    numbers = list(HostedKey.objects.order_by("pk").values_list("pk", flat=True))
    return sum(_reseal(number) for number in numbers), len(numbers)


def _reseal(number: int) -> bool:
    with transaction.atomic():
        row = HostedKey.objects.select_for_update().get(pk=number)
        sealed = bytes(row.sealed_seed)
        if is_current(sealed):
            return False
        seed = unseal(sealed=sealed, name=row.name)
        row.sealed_seed = seal(seed=seed, name=row.name, nonce=secrets.token_bytes(NONCE_BYTES))
        row.save(update_fields=["sealed_seed"])
        return True


def _hand_in(organisation: str, details: dict[str, str], *, reason: str | None, now: datetime) -> None:
    entry = public_entry(kind="key", details=details, reason=reason, now=now)
    hand_in(entry=entry, lines=authorising_lines(organisation=organisation, text=encode(entry)), now=now)
