"""Make an entry key that Lode keeps for a party, and register it on the ledger."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction

from ledger.core.note import SignerKey
from ledger.services.register_key import register_key
from lode.parties.models import HostedKey
from lode.parties.sealing import NONCE_BYTES, seal


def create_hosted_key(*, organisation: str, label: str, now: datetime) -> str:
    """Make, seal and register a key; return its vkey. The key is named `<party>.<ledger's host>/entry/<label>`."""
    host = settings.LEDGER_ORIGIN.split("/")[0]
    key = SignerKey(name=f"{organisation}.{host}/entry/{label}", seed=secrets.token_bytes(32))
    vkey = str(key.vkey)
    with transaction.atomic():
        HostedKey.objects.create(
            organisation_id=organisation,
            name=key.name,
            vkey=vkey,
            sealed_seed=seal(seed=key.seed, name=key.name, nonce=secrets.token_bytes(NONCE_BYTES)),
            created_at=now,
        )
        register_key(party=organisation, vkey=vkey, purpose="entry", now=now)
    return vkey
