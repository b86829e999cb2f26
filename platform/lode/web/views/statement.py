"""One statement: what is payable, the working of every line, its life, and what its readers may do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, re_path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contracts.core.errors import ContractsError
from lode.exports.services import export_statement
from lode.market.selectors import list_series
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.settlement import services
from lode.settlement.errors import SettlementsCode, SettlementsError
from lode.settlement.selectors import (
    EventView,
    Recomputed,
    StatementDetail,
    facts_used,
    recompute_statement,
    statement_detail,
)
from lode.web.formats import utc_stamp, utc_time
from lode.web.requests import as_actor, error_sentence, now
from lode.web.signing import ToSign, signature_given, to_sign
from lode.web.statement_words import EVENTS, KINDS, PURPOSES, word
from lode.web.statement_working import adding_up, guarantee_charts, shown_lines
from lode.web.ui import Event


@dataclass(frozen=True)
class Step:
    """What can be done next with a statement; `why_not` says who can where the reader cannot."""

    verb: str
    label: str
    icon: str
    why_not: str = ""


@require_GET
@as_actor
def detail(request: HttpRequest, actor: Actor, ref: str) -> HttpResponse:
    """Show one statement: what is payable, how it adds up, its lines with every step, and its life."""
    found = statement_detail(ref=ref, party=actor.reads_as)
    return render(request, "web/settlements/detail.html", _context(actor, found))


def _context(actor: Actor, found: StatementDetail) -> dict[str, object]:
    language = get_language() or "en"
    summary = found.summary
    names = party_names({*summary.parties, *(event.organisation for event in found.events)}, language)
    facts = facts_used(ref=summary.ref, party=actor.reads_as)
    series_names = {series.code: series.name(language) for series in list_series()}
    last_day = summary.period_end - timedelta(days=1)
    return {
        "statement": summary,
        "detail": found,
        "kind": word(KINDS, summary.contract_kind),
        "purpose": word(PURPOSES, summary.purpose) if summary.purpose != "regular" else "",
        "payer": names[summary.payer],
        "payee": names[summary.payee],
        "lines": shown_lines(found, facts=facts, parties=names, series=series_names, language=language),
        "chart": adding_up(found, language),
        "guarantees": guarantee_charts(found),
        "last_day": last_day if last_day != summary.period_start else None,
        "step": (step := _step(actor, found)),
        "papers": _papers(actor, found) if step and step.verb == "issue" and not step.why_not else (),
        "may_dispute": not actor.sees_all and summary.status in {"issued", "disputed"},
        "may_close": actor.role == "finance" and summary.status == "disputed",
        "events": [_event(event, names) for event in found.events],
        "again": _again(actor, summary.ref),
        "again_at": now(),
    }


def _papers(actor: Actor, found: StatementDetail) -> tuple[ToSign, ...]:
    return to_sign(actor.organisation, [("entry", _("The ledger entry that issues the statement"), found.signing_text)])


def _again(actor: Actor, ref: str) -> Recomputed | None:
    """Compute the statement again; None where that is not possible any more, which is a failed check too."""
    try:
        return recompute_statement(ref=ref, party=actor.reads_as)
    except ContractsError:
        return None


def _event(event: EventView, names: Mapping[str, str]) -> Event:
    who = _("computed by Lode") if event.organisation == "system" else names[event.organisation]
    where = _("line %(number)s") % {"number": event.line_position} if event.line_position is not None else ""
    day, time = utc_time(event.at).split(" ", 1)
    return Event(
        when=day,
        stamp=utc_stamp(event.at),
        label=word(EVENTS, event.event),
        note=" · ".join(part for part in (time, who, where, event.note) if part),
        state="now" if event.event == "disputed" else "done",
    )


def _step(actor: Actor, found: StatementDetail) -> Step | None:
    """Say what comes next and whether the reader may do it. The service decides again."""
    summary = found.summary
    steps = {
        "draft": Step("approve", _("Approve"), "check"),
        "approved": Step("issue", _("Issue"), "send"),
    }
    step = steps.get(summary.status)
    if step is None or not _reason(actor, found):
        return step
    return Step(step.verb, step.label, step.icon, why_not=_reason(actor, found))


def _reason(actor: Actor, found: StatementDetail) -> str:
    summary = found.summary
    if actor.sees_all:
        return _("An auditor reads statements; finance of a party approves and issues them.")
    if actor.role != "finance":
        return _("Finance approves and issues statements: ask a colleague there.")
    if actor.organisation != summary.issuer:
        return _("The other party issues this statement; you may dispute it once it is issued.")
    prepared = next((event for event in found.events if event.event == "prepared"), None)
    us = (actor.organisation, actor.person_id)
    if summary.status == "draft" and prepared and (prepared.organisation, prepared.person_id) == us:
        return _("You prepared this statement: a second person in finance has to approve it.")
    return ""


@require_POST
@as_actor
def act(request: HttpRequest, actor: Actor, ref: str, verb: str) -> HttpResponseBase:
    """Approve, issue, dispute or export a statement, and go back to it."""
    if actor.sees_all and not verb.startswith("export"):
        statement_detail(ref=ref, party=None)
        raise PermissionDenied(_("An auditor reads statements; finance of a party approves and issues them."))
    try:
        return _do(request, actor, ref, verb)
    except SettlementsError as error:
        if error.code != SettlementsCode.REASON_MISSING:
            raise
        messages.error(request, error_sentence(error))
        return redirect("statement", ref=ref)


def _do(request: HttpRequest, actor: Actor, ref: str, verb: str) -> HttpResponseBase:
    reason = request.POST.get("reason", "")
    if verb == "approve":
        services.approve_statement(ref=ref, actor=actor, now=now())
        messages.success(request, _("The statement is approved. Issue it to put its digest on the ledger."))
    elif verb == "issue":
        services.issue_statement(ref=ref, actor=actor, now=now(), given=signature_given(request, "entry"))
        messages.success(request, _("The statement is issued: its digest goes onto the ledger."))
    elif verb == "dispute":
        line = request.POST.get("line", "")
        position = int(line) if line.isascii() and line.isdecimal() and len(line) < 6 else None  # noqa: PLR2004
        services.dispute_statement(ref=ref, actor=actor, reason=reason, line_position=position, now=now())
        messages.success(request, _("The dispute is noted; the other party sees it."))
    elif verb == "resolve":
        services.resolve_dispute(ref=ref, actor=actor, note=reason, now=now())
        messages.success(request, _("The dispute is resolved: the statement stands as it was issued."))
    else:
        form = "csv" if verb == "export-csv" else "json"
        view = export_statement(ref=ref, format=form, actor=actor, now=now())
        return redirect("export-file", export_id=view.id)
    return redirect("statement", ref=ref)


urlpatterns = [
    path("settlements/<str:ref>/", detail, name="statement"),
    re_path(
        r"^settlements/(?P<ref>[^/]+)/(?P<verb>approve|issue|dispute|resolve|export-csv|export-json)/$",
        act,
        name="statement-act",
    ),
]
