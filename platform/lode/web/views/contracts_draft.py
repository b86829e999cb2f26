"""Draft: terms on the left, the agreement in both languages and a worked example on the right, live."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from contracts import services
from contracts.core.errors import Problem, TermsError
from contracts.core.text import Clause
from contracts.errors import ContractCode, ContractError
from contracts.selectors import ContractDetail, demo_terms, preview
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.web import error_pages
from lode.web.requests import as_actor, now
from lode.web.ui import FieldError
from lode.web.views.contracts_access import detail_for, may, reads_only, shown_clauses, term_links
from lode.web.views.contracts_example import assumed, wanted, worked
from lode.web.views.contracts_form import (
    Group,
    build_groups,
    change_rows,
    field_id,
    leaves,
    put,
    read_terms,
)
from lode.web.views.contracts_words import day_given, kind_word, refusal, said


@require_http_methods(["GET", "HEAD", "POST"])
@as_actor
def draft(request: HttpRequest, actor: Actor, ref: str) -> HttpResponseBase:
    """Show the draft; POST saves it, adds or removes a row, or saves it and hands it to the counterparty."""
    detail = detail_for(actor, ref)
    if (refused := _refused(request, actor, detail)) is not None:
        return refused
    if request.method != "POST":
        return _page(request, detail, {**_kept(detail)})
    terms = _sent(request.POST, detail)
    if command := request.POST.get("row"):
        change_rows(terms, command)
        return _page(request, detail, terms, sent=request.POST)
    return _saved(request, actor, detail, terms)


def _refused(request: HttpRequest, actor: Actor, detail: ContractDetail) -> HttpResponse | None:
    if reason := reads_only(actor):
        return error_pages.permission_denied(request, reason=reason, roles=_("Commercial, Partner"))
    if detail.draft is None or not may(actor, detail, "save"):
        messages.info(request, _("There is no draft of this contract in your hands now."))
        return redirect("contract", ref=detail.row.ref)
    return None


def _kept(detail: ContractDetail) -> Mapping[str, Any]:
    assert detail.draft is not None  # whoever has no draft was sent away
    return detail.draft.terms


def _sent(sent: QueryDict, detail: ContractDetail) -> dict[str, Any]:
    """Return the terms of a sent form, with the counterparty colleague's where the form takes theirs."""
    terms = read_terms(detail.row.kind, sent)
    for name in sent:
        if name.startswith("_take.") and sent[name] == "theirs":
            place = name.removeprefix("_take.")
            try:
                put(terms, place, json.loads(sent.get(f"_theirs.{place}", "null")))
            except (AttributeError, IndexError, KeyError, TypeError, ValueError):
                continue
    return terms


def _saved(request: HttpRequest, actor: Actor, detail: ContractDetail, terms: dict[str, Any]) -> HttpResponseBase:
    ref, sent = detail.row.ref, request.POST
    try:
        revision = services.save_draft(
            actor=actor,
            ref=ref,
            terms=terms,
            expected_revision=int(number) if (number := sent.get("_revision", "")).isdigit() else 0,
            now=now(),
            effective_from=day_given(sent.get("_effective_from", "")),
        )
    except TermsError as error:
        return _page(request, detail, terms, sent=sent, refused=error.problems)
    except ContractError as error:
        if error.code is not ContractCode.STALE_REVISION:
            raise
        return _page(request, detail, terms, sent=sent, conflict=_conflict(detail, terms))
    if sent.get("do") not in ("propose", "counter"):
        messages.success(request, _("Saved as revision %(revision)s.") % {"revision": revision})
        return redirect("contract-draft", ref=ref)
    return _put_forward(request, actor, ref, revision)


def _put_forward(request: HttpRequest, actor: Actor, ref: str, revision: int) -> HttpResponseBase:
    """Hand over what was just saved: as an answer to a proposal, or as the first one."""
    detail = detail_for(actor, ref)
    do = services.counter if "counter" in detail.moves else services.propose
    try:
        number = do(actor=actor, ref=ref, now=now(), expected_revision=revision)
    except TermsError as error:
        return _page(request, detail, {**_kept(detail)}, sent=request.POST, refused=error.problems)
    except ContractError as error:
        if error.code is not ContractCode.NOTHING_CHANGED:
            raise
        messages.warning(request, refusal(error))
        return redirect("contract-draft", ref=ref)
    messages.success(
        request, _("Version %(number)s is put forward: it is the counterparty's turn.") % {"number": number}
    )
    return redirect("contract", ref=ref)


def _conflict(detail: ContractDetail, mine: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the terms that differ between what somebody else saved and what was sent, each with a way to choose."""
    kept = _kept(detail)
    names = term_links(detail.row.kind)
    theirs, ours = dict(leaves(kept)), dict(leaves(mine))
    sizes = {name for name in {*kept, *mine} if _size(kept.get(name)) != _size(mine.get(name))}
    places = {place.split(".")[0] if place.split(".")[0] in sizes else place for place in {*theirs, *ours}}
    rows = []
    for place in sorted(places):
        old, new = (kept.get(place), mine.get(place)) if place in sizes else (theirs.get(place), ours.get(place))
        if _text(old) == _text(new):
            continue
        label = names.get(".".join(part for part in place.split(".") if not part.isdigit()), ("", place))[1]
        rows.append({"path": place, "label": label, "theirs": _text(old), "mine": _text(new), "json": json.dumps(old)})
    return rows


def _size(value: Any) -> int:
    return len(value) if isinstance(value, list) else -1


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return "; ".join(", ".join(str(text) for _path, text in leaves(row)) for row in value)
    text = "" if value is None else str(value)
    return {"yes": _("Yes"), "no": _("No")}.get(text, text)


@require_POST
@as_actor
def live(request: HttpRequest, actor: Actor, ref: str) -> HttpResponseBase:
    """Answer the preview of a form as it is typed: the text and example, or 422 with what pauses them."""
    detail = detail_for(actor, ref)
    if (refused := _refused(request, actor, detail)) is not None:
        return refused
    context = _shown(detail, _sent(request.POST, detail), request.POST)
    context["live"] = True
    if context["problems"]:
        response = render(request, "web/contracts/draft/paused.html", context, status=422)
        response["HX-Retarget"] = "#draft-notice"
        return response
    return render(request, "web/contracts/draft/live.html", context)


def _page(
    request: HttpRequest,
    detail: ContractDetail,
    terms: dict[str, Any],
    *,
    sent: QueryDict | None = None,
    refused: Sequence[Problem] = (),
    conflict: list[dict[str, Any]] | None = None,
) -> HttpResponse:
    assert detail.draft is not None
    row = detail.row
    mine = detail.draft.holder
    other = row.counterparty_of(mine)
    names = party_names(row.parties, get_language() or "en")
    effective = sent.get("_effective_from", "") if sent is not None else str(detail.draft.effective_from or "")
    context = {
        **_shown(detail, terms, sent),
        "contract": row,
        "detail": detail,
        "draft": detail.draft,
        "kind": kind_word(row.kind),
        "counterparty": names[other],
        "effective_from": effective,
        "verb": "counter" if "counter" in detail.moves else "propose",
        "conflict": conflict,
        "errors": [FieldError(said(problem), problem.field, field_id(problem.field)) for problem in refused],
        "page_errors": bool(refused or conflict),
    }
    status = 409 if conflict is not None else 422 if refused else 200
    return render(request, "web/contracts/draft/page.html", context, status=status)


def _shown(detail: ContractDetail, terms: dict[str, Any], sent: QueryDict | None) -> dict[str, Any]:
    """Return what a draft shows of its terms: groups of inputs, the text against the last version, the example."""
    kind, parties = detail.row.kind, detail.row.parties
    assumptions = assumed(kind, terms, sent, now())
    found = preview(kind=kind, terms=terms, parties=parties, scenario=assumptions.scenario, examples=wanted(kind))
    since, before = _baseline(detail)
    redlined = sent is not None and sent.get("_redline") == "yes"
    names = term_links(kind)
    bound = found.clauses or before or preview(kind=kind, terms=demo_terms(kind), parties=parties, examples=0).clauses
    groups = build_groups(kind, terms, problems=found.problems, clauses=bound)
    return {
        "contract": detail.row,
        "groups": groups,
        "problems": _listed(found.problems, groups, names),
        "clauses": shown_clauses(found.clauses, before=before, redlined=redlined, names=names),
        "digest": found.text_sha256,
        "since": since,
        "redlined": redlined,
        "assumptions": assumptions,
        "other_assumptions": sent is not None and sent.get("_assumptions") != assumptions.names,
        "worked": None if found.problems else worked(kind, terms, found, assumptions.scenario),
    }


def _listed(
    problems: Sequence[Problem], groups: Sequence[Group], names: Mapping[str, tuple[str, str]]
) -> list[FieldError]:
    """Return what pauses the preview, each linked to its input where there is one."""
    places = {node.path for group in groups for node in group.slots()}
    listed = []
    for problem in problems:
        plain = ".".join(part for part in problem.field.split(".") if not part.isdigit())
        label = names.get(plain, ("", problem.field))[1]
        listed.append(FieldError(said(problem), label, field_id(problem.field) if problem.field in places else ""))
    return listed


def _baseline(detail: ContractDetail) -> tuple[int | None, Sequence[Clause] | None]:
    """Return what a draft is compared with: the last version put forward, else the draft as it was saved."""
    if detail.versions:
        last = detail.versions[-1]
        shown = preview(kind=detail.row.kind, terms=last.terms, parties=detail.row.parties, examples=0)
        return last.number, shown.clauses
    return None, detail.clauses or None


urlpatterns = [
    path("contracts/<str:ref>/draft/", draft, name="contract-draft"),
    path("contracts/<str:ref>/draft/preview/", live, name="contract-preview"),
]
