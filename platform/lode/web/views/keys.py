"""Keys: what an organisation signs with, keys made in the browser or elsewhere, registering, revoking, changing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ledger.core.errors import LedgerError
from ledger.selectors.keys import keys
from ledger.selectors.values import RegisteredKey
from lode.parties import services
from lode.parties.actor import Actor
from lode.parties.errors import PartiesError
from lode.parties.possession import PURPOSES
from lode.parties.selectors import KeyChangeView, key_change, party_names, signing_of, valid_keys
from lode.web.requests import as_actor, error_sentence, now
from lode.web.signing import ToSign, signature_given
from lode.web.templatetags.ui import status as status_html
from lode.web.ui import Cell, Column, FieldError, Row, Table

TAKEN_IN_FORM = (PartiesError, LedgerError)


@require_GET
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the keys of the reader's organisation; whoever manages them finds here what can be done."""
    return _index(request, actor)


def _index(request: HttpRequest, actor: Actor, *, error: FieldError | None = None) -> HttpResponse:
    found = keys(party=actor.reads_as)
    signing = signing_of(actor.organisation)
    host = settings.LEDGER_ORIGIN.split("/", maxsplit=1)[0]
    context = {
        "table": _table(actor, found),
        "custody": signing.custody,
        "signs_with": [key.name for key in signing.keys],
        "still_hosted": [key.name for key in valid_keys(actor.organisation, "entry") if key.custody == "hosted"],
        "manages": actor.manages_keys and not actor.sees_all,
        "prefix": f"{actor.organisation}.{host}/",
        "year": now().year,
        "vkeys": " ".join(key.vkey for key in found if key.revoked_at_index is None),
        "has_recovery": any(key.purpose == "recovery" and key.revoked_at_index is None for key in found),
        "purposes": [(purpose, purpose_word(purpose)) for purpose in PURPOSES],
        "given": request.POST,
        "errors": [error] if error else [],
        "page_errors": error is not None,
    }
    return render(request, "web/keys/index.html", context, status=422 if error else 200)


def purpose_word(purpose: str) -> str:
    """Return the word for what a key is for."""
    words = {
        "entry": _("signs entries"),
        "recovery": _("recovers: signs changes of keys alone"),
        "registry": _("signs the registry"),
        "log": _("signs tree heads"),
        "witness": _("cosigns tree heads"),
    }
    return words.get(purpose, purpose)


def _table(actor: Actor, found: tuple[RegisteredKey, ...]) -> Table:
    names = party_names({key.party for key in found}, get_language() or "en")
    columns = [
        Column(pgettext("of a key", "Name")), Column(_("Purpose")), Column(_("Kept by")),
        Column(pgettext("of a key", "Valid from entry")), Column(_("State")),
    ]  # fmt: skip
    rows = [_row(actor, key, names[key.party]) for key in sorted(found, key=lambda key: -key.valid_from_index)]
    caption = _("Registered keys, the newest first")
    return Table(caption=caption, columns=columns, rows=rows, empty=_("No key yet."), caption_hidden=True)


def _row(actor: Actor, key: RegisteredKey, party: str) -> Row:
    kept_by = _("Lode, sealed") if key.custody == "hosted" else party
    return Row(
        (
            Cell(format_html('<span class="ref wrapped">{}</span> <code>{}</code>', key.name, key.vkey.split("+")[1])),
            Cell(purpose_word(key.purpose)),
            Cell(_("Registry") if key.party == "registry" else kept_by),
            Cell(str(key.valid_from_index), href=_registered_in(key)),
            Cell(_state(actor, key)),
        )
    )


def _state(actor: Actor, key: RegisteredKey) -> SafeString:
    """Say how a key stands; where the reader may, offer to revoke it."""
    revoked, since = key.revoked_at_index, key.compromised_since_index
    if revoked is None:
        if not actor.manages_keys or key.party != actor.organisation:
            return format_html("{}", _("valid"))
        address = f"{reverse('key-revoke')}?{urlencode({'vkey': key.vkey})}"
        return format_html('{} · <a href="{}">{}</a>', _("valid"), address, _("Revoke"))
    said = format_html(_("by entry {}"), format_html('<a href="{}">{}</a>', _entry(revoked), revoked))
    if since is None:
        return format_html("{} {}", status_html("revoked"), said)
    doubt = format_html(_("disputed from entry {}"), format_html('<a href="{}">{}</a>', _entry(since), since))
    return format_html("{} {}<br>{}", status_html("revoked"), said, doubt)


def _registered_in(key: RegisteredKey) -> str:
    # The registry's root stands in no entry; every other key in the one before the first that it may sign.
    return _entry(key.valid_from_index - 1) if key.valid_from_index else ""


def _entry(index: int | None) -> str:
    return reverse("entry", args=[index])


@require_POST
@as_actor
def register(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Begin to register a key that the organisation keeps itself: of it only the verifier key is sent."""
    given = request.POST
    try:
        challenge = services.begin_key_registration(
            actor=actor, vkey=given.get("vkey", "").strip(), purpose=given.get("purpose", ""), now=now()
        )
    except TAKEN_IN_FORM as error:
        return _refused(request, actor, error, field_id="vkey")
    return redirect("key-change", challenge=challenge)


@require_POST
@as_actor
def rotate(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Have Lode make a new key for the organisation, in the place of those that it keeps for it now."""
    try:
        services.rotate_hosted_key(actor=actor, label=request.POST.get("label", "").strip(), now=now())
    except TAKEN_IN_FORM as error:
        return _refused(request, actor, error, field_id="hosted-label")
    messages.success(request, _("Lode signs with a new key for you; the one before it is revoked."))
    return redirect("keys")


def _refused(request: HttpRequest, actor: Actor, error: Exception, *, field_id: str) -> HttpResponse:
    services.require_key_manager(actor)
    return _index(request, actor, error=FieldError(error_sentence(error), _("Key"), field_id))


@require_http_methods(["GET", "POST"])
@as_actor
def revoke(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Ask why a key is revoked and since when it is not to be trusted; begin to revoke it."""
    services.require_key_manager(actor)
    asked = request.POST if request.method == "POST" else request.GET
    vkey = asked.get("vkey", "")
    key = next((key for key in keys(party=actor.organisation) if key.vkey == vkey), None)
    if key is None or key.revoked_at_index is not None:
        messages.info(request, _("This is no valid key of your organisation: choose one of the list."))
        return redirect("keys")
    context: dict[str, Any] = {"key": key, "purpose": purpose_word(key.purpose), "given": request.POST}
    if request.method == "POST" and not (errors := _mistakes(request)):
        since = request.POST.get("since", "").strip()
        challenge = services.begin_key_revocation(
            actor=actor,
            vkey=vkey,
            reason=request.POST.get("reason", ""),
            compromised_since_index=int(since) if since else None,
            now=now(),
        )
        return redirect("key-change", challenge=challenge)
    if request.method == "POST":
        context |= {"errors": errors, "page_errors": True}
    return render(request, "web/keys/revoke.html", context, status=422 if "errors" in context else 200)


def _mistakes(request: HttpRequest) -> list[FieldError]:
    since, reason = request.POST.get("since", "").strip(), request.POST.get("reason", "").strip()
    found = []
    if not reason or len(reason) > 400 or not reason.isprintable():  # noqa: PLR2004 - as docs/ledger-format.md has it
        found.append(FieldError(_("Say why, in one line of up to 400 characters: everybody reads it."), "", "reason"))
    if since and not (since.isascii() and since.isdigit() and len(since) <= 15):  # noqa: PLR2004 - below 2^53
        found.append(FieldError(_("Give the number of an entry, or leave it empty."), "", "since"))
    return found


@require_http_methods(["GET", "POST"])
@as_actor
def change(request: HttpRequest, actor: Actor, challenge: str) -> HttpResponseBase:
    """Show what is to be signed for a change of a key; POST brings the signatures and does it."""
    services.require_key_manager(actor)
    found = key_change(challenge=challenge, actor=actor, book=settings.LEDGER_ORIGIN)
    if found.entry_id:
        messages.info(request, _("This change of a key is done."))
        return redirect("keys")
    context = {"change": found, "purpose": purpose_word(found.purpose), "papers": _papers(found)}
    if request.method == "POST":
        lines = {paper.name: signature_given(request, paper.name) for paper in found.papers}
        try:
            services.finish_key_change(actor=actor, challenge=challenge, lines=lines, now=now())
        except TAKEN_IN_FORM as error:
            context |= {"errors": [FieldError(error_sentence(error))], "page_errors": True}
            return render(request, "web/keys/change.html", context, status=422)
        done = _("The key is registered: from the next entry on it signs.")
        messages.success(request, done if found.action == "register" else _("The key is revoked: it signs no more."))
        return redirect("keys")
    return render(request, "web/keys/change.html", context)


def _papers(found: KeyChangeView) -> tuple[ToSign, ...]:
    titles = {
        "possession": _("The new key signs that it is there"),
        "authorisation": _("A key of your organisation agrees to the change"),
    }
    return tuple(ToSign(paper.name, titles[paper.name], paper.text.decode(), paper.vkeys) for paper in found.papers)


urlpatterns = [
    path("keys/", index, name="keys"),
    path("keys/new/", register, name="key-register"),
    path("keys/rotate/", rotate, name="key-rotate"),
    path("keys/revoke/", revoke, name="key-revoke"),
    path("keys/changes/<slug:challenge>/", change, name="key-change"),
]
