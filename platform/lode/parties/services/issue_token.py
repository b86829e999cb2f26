"""API tokens of an organisation: shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from lode.parties.actor import Actor
from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.models import ApiToken, Organisation

PREFIX = "lode_"


def issue_token(*, organisation: str, label: str, now: datetime, manages_keys: bool = False) -> str:
    """Make a token and return it: this is the only time that it can be seen.

    `manages_keys`: whoever has the token may register and revoke the organisation's keys.
    """
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(
        organisation_id=organisation,
        label=label,
        prefix=token[:12],
        token_sha256=hashlib.sha256(token.encode()).hexdigest(),
        created_at=now,
        manages_keys=manages_keys,
    )
    return token


def revoke_token(*, organisation: str, prefix: str, now: datetime) -> None:
    """Revoke the organisation's token with that prefix; revoking twice keeps the first time."""
    ApiToken.objects.filter(organisation_id=organisation, prefix=prefix, revoked_at=None).update(revoked_at=now)


def actor_of_token(token: str) -> Actor:
    """Return who a token acts for. Raises PartiesError `unknown-token` for an unknown or revoked one, alike."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    row = ApiToken.objects.select_related("organisation").filter(token_sha256=digest, revoked_at=None).first()
    if row is None:
        raise PartiesError(
            PartiesCode.UNKNOWN_TOKEN, "This token is not known or was revoked: ask your organisation for another."
        )
    auditor = row.organisation.kind == Organisation.Kind.AUDITOR
    return Actor(
        organisation=row.organisation_id,
        role="auditor" if auditor else "partner",
        sees_all=auditor,
        manages_keys=row.manages_keys,
    )
