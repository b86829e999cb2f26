"""Sign: the final text, its SHA-256, what signing puts on the ledger, who signs with which key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from contracts import services
from contracts.errors import ContractCode, ContractError
from contracts.selectors import ChangedClause, ContractDetail, VersionView, changed_clauses
from lode.parties.actor import Actor
from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.selectors import party_names, signature_stands, signing_of
from lode.web import error_pages
from lode.web.requests import as_actor, error_sentence, now
from lode.web.signing import signature_given, to_sign
from lode.web.ui import FieldError
from lode.web.views.contracts_access import ShownClause, detail_for, reads_only, shown_clauses
from lode.web.views.contracts_words import kind_word, listed, named, role_word


@require_http_methods(["GET", "HEAD", "POST"])
@as_actor
def sign(request: HttpRequest, actor: Actor, ref: str) -> HttpResponseBase:
    """Show what is signed; POST signs it with the organisation's key, once it says that it was read."""
    found = detail_for(actor, ref)
    if reason := reads_only(actor):
        return error_pages.permission_denied(request, reason=reason, roles=_("Commercial, Partner"))
    stage = found.row.amendment or found.row.state
    if not found.versions or found.draft is not None or stage not in {"agreed", "signed"}:
        messages.info(request, _("There is nothing to sign now: both parties agree on a version first."))
        return redirect("contract", ref=ref)
    if request.method != "POST":
        return _page(request, actor, found)
    return _sign(request, actor, found)


def _sign(request: HttpRequest, actor: Actor, found: ContractDetail) -> HttpResponseBase:
    ref, given = found.row.ref, request.POST
    number = int(text) if (text := given.get("number", "")).isdigit() else 0
    if not given.get("read"):
        error = FieldError(_("Say that you have read the text before you sign it."), _("Read"), "read")
        return _page(request, actor, found, errors=[error], status=422)
    try:
        signed = services.sign_version(
            actor=actor,
            ref=ref,
            number=number,
            text_sha256=given.get("text_sha256", ""),
            now=now(),
            given=services.Given(signature_given(request, "contract"), signature_given(request, "entry")),
        )
    except PartiesError as error:
        if error.code not in {PartiesCode.SIGNATURE_NEEDED, PartiesCode.BAD_SIGNATURE}:
            raise
        return _page(request, actor, found, errors=[FieldError(error_sentence(error))], status=422)
    except ContractError as error:
        if error.code not in {ContractCode.TEXT_CHANGED, ContractCode.UNKNOWN_VERSION}:
            raise
        return _page(request, actor, found, opened=number, status=409)
    if signed.entry_id:
        messages.success(request, _("Signed by both. The contract's digest goes onto the ledger."))
    else:
        messages.success(request, _("Signed with your key. The counterparty's signature is still missing."))
    return redirect("contract", ref=ref)


def _page(
    request: HttpRequest,
    actor: Actor,
    found: ContractDetail,
    *,
    errors: Sequence[FieldError] = (),
    opened: int | None = None,
    status: int = 200,
) -> HttpResponse:
    row, version = found.row, found.versions[-1]
    language = get_language() or "en"
    names = party_names(row.parties, language)
    has_signed = any(line.party == actor.organisation for line in version.signatures)
    # The key of a first signature may be revoked before the other party signs: then the entry is signed again.
    again = has_signed and not version.entry_id and not signature_stands(actor.organisation, version.entry_text)
    texts = [("entry", _("The ledger entry that both sign"), version.entry_text)]
    if not again:
        texts.insert(0, ("contract", _("The contract's version"), version.signing_text))
    context = {
        "contract": row,
        "version": version,
        "kind": kind_word(row.kind),
        "clauses": _clauses(actor, found, version, opened),
        "text_changed": opened is not None,
        "opened": opened,
        "signers": [_signer(found, role, names) for role in found.roles],
        "signing_text": version.signing_text.decode(),
        "papers": to_sign(actor.organisation, texts),
        "readers": listed([*(names[party] for party in row.parties), _("the auditor")]),
        "has_signed": has_signed,
        "may_sign": again or ("sign" in found.moves and not has_signed),
        "errors": errors,
        "page_errors": bool(errors) or opened is not None,
    }
    return render(request, "web/contracts/sign.html", context, status=status)


def _clauses(actor: Actor, found: ContractDetail, version: VersionView, opened: int | None) -> tuple[ShownClause, ...]:
    """Return the text; as a redline against the version that was opened, where that is another."""
    known = {each.number for each in found.versions}
    if opened not in known or opened == version.number:
        return shown_clauses(found.clauses)
    changed = changed_clauses(ref=found.row.ref, party=actor.reads_as, a=opened or 0, b=version.number)
    return shown_clauses(found.clauses, before=_before(found, changed), redlined=True)


def _before(found: ContractDetail, changed: Sequence[ChangedClause]) -> list[Any]:
    """Return the clauses as they were: those that did not change are as they are."""
    by_id = {each.id: each for each in changed}
    return [
        by_id[clause.id].before if clause.id in by_id else clause
        for clause in found.clauses
        if clause.id not in by_id or by_id[clause.id].before is not None
    ]


def _signer(found: ContractDetail, role: str, names: Any) -> dict[str, Any]:
    party = found.roles[role]
    version = found.versions[-1]
    line = next((each for each in version.signatures if each.party == party), None)
    signing = signing_of(party)
    return {
        "who": named(role_word(found.row.kind, role), names[party]),
        "key": line.key_name if line else signing.keys[0].name if signing.keys else "",
        "custody": signing.custody,
        "signed_at": line.signed_at if line else None,
    }


urlpatterns = [path("contracts/<str:ref>/sign/", sign, name="contract-sign")]
