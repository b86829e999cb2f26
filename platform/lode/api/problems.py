"""Every error as an RFC 9457 problem document: a stable code, the status that it means, and the app's own sentence."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.utils.translation import get_language
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from contracts.core.errors import ContractsError
from ledger.core.errors import LedgerError
from lode.api.renderers import ProblemRenderer
from lode.exports.errors import ExportsError
from lode.parties.errors import PartiesError
from lode.reconciliation.core.errors import ReconciliationError
from lode.settlement.errors import SettlementsError

TYPE = "urn:lode:problem:"
log = logging.getLogger(__name__)

# By the code that an app gives, without the app's name; a code that is not here is a 422: understood, and refused.
STATUS_BY_CODE: Mapping[str, int] = {
    "bad-cursor": 400,
    "unknown-format": 400,
    "unknown-token": 401,
    "forbidden": 403,
    "not-allowed": 403,
    "not-found": 404,
    "unknown-account": 404,
    "unknown-checkpoint": 404,
    "unknown-contract": 404,
    "unknown-entry": 404,
    "unknown-export": 404,
    "unknown-key-change": 404,
    "unknown-organisation": 404,
    "unknown-run": 404,
    "unknown-statement": 404,
    "unknown-version": 404,
    "row-not-found": 404,
    "no-statement": 404,
    "balance-changed": 409,
    "cannot-sign": 409,
    "conflict": 409,
    "duplicate": 409,
    "period-closed": 409,
    "period-overlaps": 409,
    "period-not-next": 409,
    "row-decided": 409,
    "stale-revision": 409,
    "key-change-expired": 409,
    "wrong-state": 409,
    "too-large": 413,
    "file-too-large": 413,
    "file-not-csv": 415,
    "busy": 503,
    "not-open": 503,
}
TITLES: Mapping[int, str] = {
    400: "The request was not understood",
    401: "A token is needed",
    403: "Not allowed",
    404: "Not found",
    405: "Not offered here",
    406: "Not available in this form",
    409: "It has changed, or is settled already",
    413: "Too large",
    415: "Not read in this form",
    422: "Refused",
    429: "Too many requests",
    500: "Our fault",
    503: "Not ready",
}
# What REST framework calls its own errors; ours bring their codes along.
CODES: Mapping[int, str] = {
    400: "bad-request",
    401: "token-missing",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    413: "too-large",
    415: "unsupported-media-type",
    429: "too-many-requests",
}
_APPS: tuple[tuple[type[Exception], str], ...] = (
    (LedgerError, "ledger"),
    (ContractsError, "contracts"),
    (SettlementsError, "settlement"),
    (ExportsError, "exports"),
    (PartiesError, "parties"),
)


class ProblemError(Exception):
    """An error that the API itself finds. `errors` name the members or parameters at fault."""

    def __init__(
        self, status: int, code: str, detail: str, *, errors: tuple[Mapping[str, str], ...] = (), **headers: str
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def problem(
    status: int, code: str, detail: str, *, instance: str, errors: tuple[Mapping[str, str], ...] = (), **more: str
) -> dict[str, Any]:
    """Return the document. `type` is for programs and as stable as `code`; `detail` is a sentence for people."""
    document: dict[str, Any] = {
        "type": TYPE + code,
        "title": TITLES.get(status, "Not done"),
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
        **more,
    }
    if errors:
        document["errors"] = [dict(error) for error in errors]
    return document


def problem_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of a view with a problem document; an unexpected one is logged under a reference."""
    request = context["request"]
    found = _of_app(error) or _of_framework(error) or _unexpected(error)
    more = {"reference": found.headers.pop("Reference")} if "Reference" in found.headers else {}
    set_rollback()
    document = problem(
        found.status, found.code, found.detail, instance=request.path, errors=tuple(found.errors), **more
    )
    request.accepted_renderer = ProblemRenderer()
    request.accepted_media_type = ProblemRenderer.media_type
    return Response(document, status=found.status, headers=found.headers)


def _of_app(error: Exception) -> ProblemError | None:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, ReconciliationError):
        zh = (get_language() or "").startswith("zh")
        return _coded(error.code.value, error.text.zh if zh else error.text.en)
    for kind, app in _APPS:
        if isinstance(error, kind):
            code = str(getattr(error, "code", "refused"))
            sentence = getattr(error, "sentence", None) or getattr(error, "message", None) or str(error)
            return _coded(f"{app}.{code}", sentence)
    return None


def _coded(code: str, sentence: str) -> ProblemError:
    return ProblemError(STATUS_BY_CODE.get(code.partition(".")[2], 422), code, sentence)


_OF_DJANGO: tuple[tuple[type[Exception], int, str, str], ...] = (
    (Http404, 404, "not-found", "There is nothing at this address. See docs/api.md for what there is."),
    (PermissionDenied, 403, "forbidden", "This is not allowed."),
    (RequestDataTooBig, 413, "too-large", "The body is larger than what is read here. Send less at once."),
    (BadRequest, 400, "bad-request", "The request was not understood."),
    (SuspiciousOperation, 400, "bad-request", "The request was not understood."),
)


def _of_framework(error: Exception) -> ProblemError | None:
    for kind, status, code, sentence in _OF_DJANGO:
        if isinstance(error, kind):
            return ProblemError(status, code, sentence)
    if not isinstance(error, exceptions.APIException):
        return None
    if isinstance(error, exceptions.ValidationError):
        errors = tuple(_flattened(error.detail, ""))
        return ProblemError(400, "invalid", "Some of what was sent does not fit; `errors` say what.", errors=errors)
    status = error.status_code
    own = error.get_codes()
    code = own if isinstance(own, str) and "-" in own else CODES.get(status, "refused")
    found = ProblemError(status, code, _sentence(error))
    if header := getattr(error, "auth_header", None):
        found.headers["WWW-Authenticate"] = str(header)
    if (wait := getattr(error, "wait", None)) is not None:
        found.headers["Retry-After"] = str(int(wait) + 1)
    return found


def _sentence(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.NotAuthenticated):
        return "Send a token of your organisation as `Authorization: Bearer lode_…`."
    return str(error.detail)


def _flattened(detail: Any, pointer: str) -> list[Mapping[str, str]]:
    """Turn REST framework's nested errors into a list, each with a JSON pointer (RFC 6901)."""
    if isinstance(detail, Mapping):
        return [item for name, inner in detail.items() for item in _flattened(inner, f"{pointer}/{_escaped(name)}")]
    if isinstance(detail, list):
        if all(isinstance(item, exceptions.ErrorDetail) for item in detail):
            return [{"pointer": pointer or "/", "code": str(item.code), "detail": str(item)} for item in detail]
        return [item for place, inner in enumerate(detail) for item in _flattened(inner, f"{pointer}/{place}")]
    return [{"pointer": pointer or "/", "code": str(getattr(detail, "code", "invalid")), "detail": str(detail)}]


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def _unexpected(error: Exception) -> ProblemError:
    reference = secrets.token_hex(6)
    log.error("API error %s", reference, exc_info=error)
    found = ProblemError(
        500,
        "internal-error",
        f"Something went wrong on our side and nothing was posted. Tell the operator the reference {reference}.",
    )
    found.headers = {"Reference": reference}
    return found
