"""Hand in an entry: its text is read and shown, signed by whoever is to sign it, and given to the ledger."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ledger.core.entry import Entry, readers
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import MAX_NOTE_BYTES, Note
from ledger.selectors.entries import submission
from ledger.selectors.keys import keys
from ledger.services.submit_entry import dry_run
from lode.parties import services
from lode.parties.actor import Actor
from lode.parties.errors import PartiesError
from lode.parties.selectors import party_names, signing_of
from lode.web.ledger_words import kind_word, state_word
from lode.web.requests import as_actor, error_sentence, now
from lode.web.signing import signature_given, to_sign
from lode.web.templatetags.ui import mass as mass_html
from lode.web.ui import Cell, Column, FieldError, Row, Table

# A note with these is sound so far: somebody has still to sign it.
LACKS_SIGNATURES = frozenset({LedgerCode.UNSIGNED, LedgerCode.UNKNOWN_KEY, LedgerCode.MISSING_SIGNATURE})


@require_http_methods(["GET", "POST"])
@as_actor
def hand_in(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Read an entry, sign it, hand it in: each step shows what stands."""
    if actor.sees_all:
        raise PermissionDenied(_("An auditor reads entries; their parties sign them and hand them in."))
    if request.method != "POST":
        return render(request, "web/ledger/hand_in.html", {})
    data = _data(request)
    try:
        if request.POST.get("step") == "sign":
            data = services.sign_note(data=data, actor=actor, given=signature_given(request, "entry"))
        if request.POST.get("step") in {"sign", "hand-in"} and _verdict(data) is None:
            return _posted(request, actor, data)
        return _shown(request, actor, data)
    except (PartiesError, LedgerError) as error:
        context = {"errors": [FieldError(error_sentence(error), _("Entry"), "text")], "page_errors": True}
        return render(request, "web/ledger/hand_in.html", context | {"given": request.POST}, status=422)


def _data(request: HttpRequest) -> bytes:
    """Return what was chosen or pasted, or what an earlier step carries along; browsers write CR LF, notes have LF."""
    uploaded = request.FILES.get("file")
    if uploaded is not None:
        return bytes(uploaded.read(MAX_NOTE_BYTES + 1))
    if carried := request.POST.get("note", ""):
        try:
            return base64.b64decode(carried, validate=True)
        except (binascii.Error, ValueError):
            return b""
    text = request.POST.get("text", "").replace("\r\n", "\n")
    return (text if text.endswith("\n") or not text else text + "\n").encode()


def _verdict(data: bytes) -> LedgerError | None:
    """Return why the ledger would not take the note now, None where it would."""
    try:
        dry_run(note=data, now=now())
    except LedgerError as error:
        return error
    return None


def _posted(request: HttpRequest, actor: Actor, data: bytes) -> HttpResponseBase:
    with transaction.atomic():
        answer = services.hand_in_note(data=data, actor=actor, now=now())
    # The commit has run the sequencer, or has woken another one.
    found = submission(entry_id=answer.entry_id, party=actor.organisation)
    if found.index is not None:
        messages.success(request, _("The entry stands in the ledger."))
        return redirect("entry", index=found.index)
    if found.state == "refused":
        raise LedgerError(LedgerCode(str(found.code)), str(found.message))
    messages.success(request, _("The entry is kept and will be posted in a moment."))
    return redirect("ledger")


def _shown(request: HttpRequest, actor: Actor, data: bytes) -> HttpResponse:
    entry, note = services.read_note(data)
    verdict = _verdict(data)
    lacks = verdict is not None and verdict.code in LACKS_SIGNATURES
    ours = {line.name for line in note.signatures} & {key.name for key in keys(party=actor.organisation)}
    may_sign = lacks and not ours and actor.organisation in readers(entry)
    papers = to_sign(actor.organisation, [("entry", _("The entry that you sign"), note.text)]) if may_sign else ()
    names = party_names(readers(entry), get_language() or "en")
    context: dict[str, Any] = {
        "entry": entry,
        "kind": kind_word(entry.kind),
        "readers": [names[party] for party in sorted(readers(entry))],
        "postings": _postings(entry, names),
        "signers": [line.name for line in note.signatures],
        "note": base64.b64encode(data).decode(),
        "text": note.text.decode(),
        "verdict": error_sentence(verdict) if verdict and note.signatures else "",
        "ready": verdict is None,
        "lacks": lacks,
        "may_sign": may_sign,
        "hosted": signing_of(actor.organisation).custody == "hosted",
        "papers": papers,
        "signed_file": _file(data) if ours else "",
    }
    return render(request, "web/ledger/hand_in.html", context)


def _file(data: bytes) -> str:
    Note.parse(data)
    return f"data:text/plain;charset=utf-8;base64,{base64.b64encode(data).decode()}"


def _postings(entry: Entry, names: Any) -> Table | None:
    if not entry.legs:
        return None
    columns = (
        Column(_("Owner")), Column(_("Holder")), Column(_("Element")), Column(_("State")), Column(_("Lot")),
        Column(_("Posting, kg"), numeric=True),
    )  # fmt: skip
    rows = [
        Row(
            (
                Cell(names[leg.owner]), Cell(names[leg.holder]), Cell(leg.element), Cell(state_word(leg.state)),
                Cell(leg.lot), Cell(mass_html(leg.mass_mg, unit="kg", signed=True, bare=True)),
            )
        )
        for leg in entry.legs
    ]  # fmt: skip
    caption = _("Postings, in kilograms of the contained element")
    return Table(caption=caption, columns=columns, rows=rows, caption_hidden=True)


urlpatterns = [path("ledger/new/", hand_in, name="hand-in")]
