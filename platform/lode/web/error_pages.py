"""Pages for what went wrong: what happened, why, what to do next, and that nothing was posted."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from lode.web.context import theme_of

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)


def _page(request: HttpRequest, code: int, **context: Any) -> HttpResponse:
    return render(request, f"errors/{code}.html", {"page_errors": True, **context}, status=code)


def _said(exception: Exception | None) -> str:
    """Return the sentence of an exception that speaks to people: ours do, Django's empty or technical ones do not."""
    return str(exception.args[0]) if exception and exception.args and isinstance(exception.args[0], str) else ""


def bad_request(request: HttpRequest, exception: Exception | None = None, *, reason: str = "") -> HttpResponse:
    """`handler400`. Django's own words here are for operators, so only a given reason is shown."""
    del exception
    return _page(request, 400, reason=reason)


def permission_denied(
    request: HttpRequest, exception: Exception | None = None, *, reason: str = "", roles: str = "", ask: str = ""
) -> HttpResponse:
    """`handler403`: what may not be done, which roles may, whom to ask."""
    return _page(request, 403, reason=reason or _said(exception), roles=roles, ask=ask)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """`CSRF_FAILURE_VIEW`: the form was opened before a sign-in, or cookies are off."""
    del reason
    sentence = _("The form had expired, or cookies are switched off. Open the page again and send the form once more.")
    return _page(request, 403, reason=sentence)


def not_found(request: HttpRequest, exception: Exception | None = None, *, looked_for: str = "") -> HttpResponse:
    """`handler404`: what was looked for, as `Http404("the contract LS-2024-001")` says it, or else the path."""
    return _page(request, 404, looked_for=looked_for or _said(exception))


def conflict(
    request: HttpRequest, *, reason: str = "", before: str = "", after: str = "", again_href: str = ""
) -> HttpResponse:
    """409: what clashed as a redline of the two texts, and the way to open it afresh."""
    return _page(request, 409, reason=reason, before=before, after=after, again_href=again_href)


def unavailable(request: HttpRequest, *, reason: str = "") -> HttpResponse:
    """503: the database or the ledger does not answer; the form stays in the browser's history."""
    response = _page(request, 503, reason=reason)
    response["Retry-After"] = "30"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`: a reference that stands in the log too. Touches no session and no database."""
    reference = secrets.token_hex(4)
    logger.error("Answered 500 with reference %s for %s %s", reference, request.method, request.path)
    return HttpResponse(
        render_to_string("errors/500.html", {"reference": reference, "theme": theme_of(request)}), status=500
    )
