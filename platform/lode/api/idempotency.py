"""`Idempotency-Key` on writes: the same key and the same request give the same answer, and the work is done once.

The row is claimed and committed before the work, so that two requests at once cannot both do it. A key is used up by a
success; after a refusal nothing was posted, and the key is free again. A claim whose worker died is taken over after a
minute: the services are idempotent themselves, so the work is done once even then.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable

from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from lode.api.models import IdempotentRequest
from lode.api.problems import ProblemError

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = dt.timedelta(days=7)
TAKEN_OVER_AFTER = dt.timedelta(minutes=1)
_KEY = re.compile(r"[!-~]{1,80}")


def idempotency_key(request: Request) -> str | None:
    """Return the key, None without one. Raises ProblemError `idempotency-key-invalid`."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise ProblemError(
            400,
            "idempotency-key-invalid",
            f"{HEADER} is 1 to 80 printable ASCII characters without spaces, e.g. a UUID.",
        )
    return key


def once(request: Request, organisation: str, body: bytes, now: dt.datetime, work: Callable[[], Response]) -> Response:
    """Do the work, or replay what it answered before.

    Raises ProblemError `idempotency-key-reused` for another request under the key, `idempotency-in-progress` while the
    first one runs.
    """
    key = idempotency_key(request)
    if key is None:
        return work()
    digest = _digest(request, body)
    row = _claim(organisation, key, digest, now)
    if row.status is not None:
        location = {"Location": row.location} if row.location else {}
        return Response(row.response, status=row.status, headers={**location, REPLAYED: "true"})
    try:
        response = work()
    except BaseException:
        row.delete()
        raise
    row.status = response.status_code
    row.response = response.data
    row.location = response.headers.get("Location", "")
    row.save(update_fields=["status", "response", "location"])
    return response


def _digest(request: Request, body: bytes) -> str:
    head = f"{request.method} {request.get_full_path()}\n{request.content_type}\n".encode()
    return hashlib.sha256(head + body).hexdigest()


def _claim(organisation: str, key: str, digest: str, now: dt.datetime) -> IdempotentRequest:
    IdempotentRequest.objects.filter(created_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(
                organisation=organisation, key=key, request_sha256=digest, created_at=now
            )
    except IntegrityError:
        pass
    with transaction.atomic():
        row = IdempotentRequest.objects.select_for_update().filter(organisation=organisation, key=key).first()
        if row is None:  # freed in this moment: the first request was refused
            raise _in_progress()
        if row.request_sha256 != digest:
            raise ProblemError(
                422,
                "idempotency-key-reused",
                f"This {HEADER} was used for another request. Use a new key for a new request.",
            )
        if row.status is None:
            if row.created_at > now - TAKEN_OVER_AFTER:
                raise _in_progress()
            row.created_at = now
            row.save(update_fields=["created_at"])
        return row


def _in_progress() -> ProblemError:
    return ProblemError(
        409,
        "idempotency-in-progress",
        f"A request with this {HEADER} is being worked on. Ask again in a moment.",
        Retry_After="2",
    )
