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
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contracts.errors import ContractError
from ledger.core.errors import LedgerError
from lode.exports.errors import ExportsError
from lode.market.errors import MarketError
from lode.parties.actor import Actor
from lode.parties.errors import PartiesError
from lode.parties.models import Person
from lode.parties.selectors import actor_of
from lode.reconciliation.core.errors import ReconciliationError
from lode.settlement.errors import SettlementsError
from lode.web import error_pages

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase]

AppError = (LedgerError, ContractError, SettlementsError, ExportsError, PartiesError, ReconciliationError, MarketError)
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
            raise PermissionDenied(_("Your account belongs to no organisation: ask whoever set it up."))
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
        return error_pages.permission_denied(request, reason=error_sentence(error))
    # A page that only takes forms cannot be opened again: the one that holds the form can.
    again = request.path if request.method == "GET" else request.path.rstrip("/").rpartition("/")[0] + "/"
    return error_pages.conflict(request, reason=error_sentence(error), again_href=again)


def error_sentence(error: Exception) -> str:
    """Return what an app's error says, in the reader's language: its own words, or in Chinese those of its code.

    The apps speak English, and reconciliation both; what a Chinese reader meets most often has words here.
    """
    text = getattr(error, "text", None)
    chinese = (get_language() or "").startswith("zh")
    if text is not None and hasattr(text, "zh"):
        return str(text.zh if chinese else text.en)
    known = _sentences().get(str(getattr(error, "code", "")).rpartition(".")[2]) if chinese else None
    return known or str(error)


def _sentences() -> dict[str, str]:
    return {
        "not-allowed": _("Your role may not do this: ask a colleague whose role does. Nothing was changed."),
        "forbidden": _("Your role may not do this: ask a colleague whose role does. Nothing was changed."),
        "second-person": _("You prepared this yourself: a second person has to approve it."),
        "wrong-state": _("It is not in a state in which this can be done. Open it again to see how it stands."),
        "reason-missing": _("Say why, and send it again. Nothing was changed."),
        "bad-cursor": _("This page of the list cannot be found: start again from the first page."),
        "nothing-to-export": _("No statement of yours answers these filters: widen them. No file was made."),
        "too-large": _("Too many statements for one file: export a shorter range."),
        "file-damaged": _("The file is missing or is not what was exported: export it again."),
        "bad-period": _("The day does not begin a period of this series: choose the first day of one."),
        "signature-needed": _("This signature is missing: the organisation keeps its signing key itself and signs it."),
        "bad-signature": _("This is not a signature under that text by a key that may sign it. Nothing was signed."),
        "bad-key-name": _("The key has not the name of one of your organisation's keys: make one under such a name."),
        "bad-key": _("This is no sound Ed25519 verifier key."),
        "duplicate": _("It was there before: nothing was changed."),
        "key-change-expired": _("This change was begun more than seven days ago: begin it anew."),
        "bad-value": _("This is not a price that can be kept: write one number for each period."),
    }


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
    return number_of(request, name)


def number_of(request: HttpRequest, name: str) -> int | None:
    """Return a number that the address says, None where it says none that a bigint holds."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None  # noqa: PLR2004 - a bigint


def text_of(request: HttpRequest, name: str) -> str:
    """Return a text that the address says, without what cannot be printed: PostgreSQL refuses some of that."""
    return "".join(filter(str.isprintable, request.GET.get(name, ""))).strip()
