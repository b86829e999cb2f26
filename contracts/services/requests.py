"""Ask twice, get one: what a service answered under an idempotency key is kept with the hash of what was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from contracts.errors import ContractCode, ContractError
from contracts.models import RequestKey
from ledger.core.canonical_json import dumps

MAX_KEY = 120


def lock(name: str) -> None:
    """Hold an advisory lock of that name until the transaction ends."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def once(
    *,
    organisation: str,
    key: str | None,
    request: Mapping[str, Any],
    now: datetime,
    do: Callable[[], Any],
) -> Any:
    """Return what `do` gives, or what it gave when the organisation asked the same under this key before.

    To be called in a transaction. `request` and the result are JSON of texts, lists and objects. Raises ContractError
    `idempotency-key-reused` when another thing was asked under the key.
    """
    if key is None:
        return do()
    if len(key) > MAX_KEY:
        key = hashlib.sha256(key.encode()).hexdigest()
    lock(f"contracts/request/{organisation}/{key}")
    asked = hashlib.sha256(dumps(request)).hexdigest()
    kept = RequestKey.objects.filter(organisation=organisation, key=key).first()
    if kept is not None:
        if kept.request_sha256 != asked:
            raise ContractError(
                ContractCode.KEY_REUSED,
                f"The idempotency key {key} was used for another request: send a new key with a new request.",
            )
        return kept.result
    result = do()
    RequestKey.objects.create(organisation=organisation, key=key, request_sha256=asked, result=result, recorded_at=now)
    return result
