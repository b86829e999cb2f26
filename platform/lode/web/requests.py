"""What every view begins with: who asks, what day it is, and how an app's error is answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from contracts.errors import ContractError
from ledger.core.errors import LedgerError
from lode.exports.errors import ExportsError
from lode.parties.actor import Actor
from lode.parties.errors import PartiesError
from lode.parties.models import Person
from lode.parties.selectors import actor_of
from lode.reconciliation.core.errors import ReconciliationError
from lode.settlement.errors import SettlementsError
from lode.web import error_pages

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase]

AppError = (LedgerError, ContractError, SettlementsError, ExportsError, PartiesError, ReconciliationError)
NOT_ALLOWED = frozenset({"not-allowed", "forbidden", "second-person"})


def as_actor(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Ask for a sign-in, give the view the actor, and answer an app's error as a page: 404, 403, or else 409.

    What a party may not see is "not found" to it, the same as what does not exist.
    """

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        actor = actor_of(cast("Person", request.user))
        if not actor.organisation and not actor.sees_all:
            raise PermissionDenied("Your account belongs to no organisation: ask whoever set it up.")
        try:
            return view(request, actor, *args, **kwargs)
        except AppError as error:
            return answer_error(request, error)

    return wrapped  # type: ignore[return-value] # login_required forgets the parameters


def answer_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer an app's error by its code: unknown-… is 404, not allowed is 403, everything else 409."""
    code = str(getattr(error, "code", "")).rpartition(".")[2]
    if code.startswith("unknown") or code == "not-found":
        raise Http404(str(error)) from error
    if code in NOT_ALLOWED:
        return error_pages.permission_denied(request, reason=str(error))
    return error_pages.conflict(request, reason=str(error), again_href=request.path)


def now() -> datetime:
    """Return the moment: the one clock of the web."""
    return timezone.now()


def day_of(request: HttpRequest, name: str = "as_of") -> date:
    """Return the day that the address asks for, today where it asks for none or for no real day."""
    try:
        return date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return now().date()


def size_of(request: HttpRequest, name: str = "known_at") -> int | None:
    """Return the tree size that the address asks for, None for the newest."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None  # noqa: PLR2004 - a bigint
