"""Reconcile: a partner's month against the ledger, row by row, until both sign the same balance."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, re_path, reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.reconciliation import services
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.page import PageRow, TieLine
from lode.reconciliation.core.values import Reason, Text
from lode.reconciliation.selectors import find_period, list_periods, list_statements, period_page, statement_file
from lode.reconciliation.selectors.values import AdjustmentView, PeriodPage
from lode.web.formats import mass
from lode.web.requests import as_actor, now
from lode.web.signing import ToSign, signature_given, to_sign
from lode.web.tables import attachment, download
from lode.web.templatetags.ui import data_html, hash_tag, utc
from lode.web.templatetags.ui import status as status_html
from lode.web.ui import Cell, Column, Row, Table, Tie, TieTerm

COLUMNS = (
    "element", "reference_ours", "date_ours", "mass_ours_mg", "entry_ours", "reference_theirs", "date_theirs",
    "mass_theirs_mg", "row_theirs", "difference_mg", "state", "reason", "why",
)  # fmt: skip


def said(text: Text) -> str:
    """Return a sentence in the reader's language."""
    return text.zh if (get_language() or "").startswith("zh") else text.en


def reason_name(reason: str) -> str:
    """Return the word for the reason of an agreed difference."""
    names = {
        Reason.MOISTURE: _("moisture"),
        Reason.ASSAY_SPLIT: _("assay split"),
        Reason.WEIGHING_TOLERANCE: _("weighing tolerance"),
        Reason.IN_TRANSIT: _("in transit"),
        Reason.SAMPLING: _("sampling"),
        Reason.TYPING: _("typing error"),
        Reason.UNIT: _("unit slip"),
    }
    return names[Reason(reason)]


@require_GET
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the periods of the reader's organisation."""
    periods = list_periods(actor=actor)
    names = party_names({name for row in periods for name in (row.our_party, row.partner)}, get_language() or "en")
    rows = [
        Row(
            (
                Cell(row.period.label, href=_href(row.our_party, row.partner, row.period.label)),
                Cell(names[row.our_party]),
                Cell(names[row.partner]),
                Cell(status_html(row.state)),
                Cell(", ".join(names[party] for party in row.signed_by)),
                Cell(hash_tag(row.digest) if row.digest else ""),
                Cell(utc(row.closed_at) if row.closed_at else ""),
            )
        )
        for row in periods
    ]
    table = Table(
        caption=_("Periods, the newest first"),
        columns=(
            Column(_("Period")), Column(_("Owner")), Column(_("Partner")), Column(_("State")), Column(_("Signed by")),
            Column(_("Agreed balance")), Column(_("Closed at")),
        ),
        rows=rows,
        empty=_("No statement has been submitted yet. A partner submits its month as a CSV file."),
    )  # fmt: skip
    return render(request, "web/reconcile/index.html", {"table": table})


def _href(our_party: str, partner: str, label: str) -> str:
    return reverse("reconcile-period", args=[our_party, partner, label])


@require_GET
@as_actor
def period(request: HttpRequest, actor: Actor, our_party: str, partner: str, label: str) -> HttpResponse:
    """Show a period: tie lines, rows with their reasons, and what stands in the way of signing."""
    page = _page(actor, our_party, partner, label)
    summary = page.summary
    names = party_names((our_party, partner), get_language() or "en")
    rows = sorted((_shown(row, page, names, actor) for row in page.rows), key=lambda item: item["row"].settled)
    signed = {signature.party for signature in page.signatures if signature.current}
    is_open = summary.state == "open"
    context = {
        "page": page,
        "summary": summary,
        "our_name": names[our_party],
        "partner_name": names[partner],
        "ties": [(line.element, _tie(line)) for line in page.tie_lines],
        "rows": rows,
        "open_count": sum(not item["row"].settled for item in rows),
        "reasons": [(reason.value, reason_name(reason)) for reason in Reason],
        "blockers": [said(blocker.text) for blocker in page.blockers] if is_open else [],
        "has_signed": actor.organisation in signed,
        "signatures": [(names[item.party], item) for item in page.signatures],
        "is_open": is_open,
        "may_act": not actor.sees_all and is_open,
        "papers": (papers := () if actor.sees_all else _papers(actor, page)),
        "signs": bool(papers) or any(item["papers"] for item in rows),
        "uploads": list_statements(actor=actor, period_id=summary.number),
        "here": _href(our_party, partner, label),
        "table_href": _href(our_party, partner, label).rstrip("/"),
    }
    return render(request, "web/reconcile/period.html", context)


def _page(actor: Actor, our_party: str, partner: str, label: str) -> PeriodPage:
    found = find_period(actor=actor, our_party=our_party, partner=partner, label=label)
    return period_page(actor=actor, period_id=found.number, today=now().date())


def _papers(actor: Actor, page: PeriodPage) -> tuple[ToSign, ...]:
    if not page.signing_text:
        return ()
    return to_sign(actor.organisation, [("entry", _("The agreed balance as a ledger entry"), page.signing_text)])


def _tie(line: TieLine) -> Tie:
    """Ours less theirs less what both agreed to differ in is what is still open."""
    agreed_mg = line.difference_mg - line.open_difference_mg
    terms = [
        TieTerm(_("Our ledger"), _kg(line.ours_mg, line.element)),
        TieTerm(_("Partner's statement"), _kg(line.theirs_mg, line.element), "−"),
    ]
    if agreed_mg:
        terms.append(TieTerm(_("Agreed differences"), _kg(agreed_mg, line.element), "−"))
    label = ngettext("Open difference, %(count)s row open", "Open difference, %(count)s rows open", line.open_count)
    return Tie(
        terms=terms,
        result=TieTerm(label % {"count": line.open_count}, _kg(line.open_difference_mg, line.element, signed=True)),
        ties=line.open_count == 0,
    )


def _kg(mass_mg: int, element: str, *, signed: bool = False) -> str:
    return str(data_html(mass_mg, mass(mass_mg, "kg", element, signed=signed), ""))


def _shown(row: PageRow, page: PeriodPage, names: Mapping[str, str], actor: Actor) -> dict[str, Any]:
    line = row.ours or row.theirs
    standing = [item for item in page.adjustments if item.row_key == row.key and item.state != "withdrawn"]
    ours_key, theirs_key = row.ours.key if row.ours else "", row.theirs.key if row.theirs else ""
    return {
        "row": row,
        "anchor": _anchor(ours_key, theirs_key),
        "why": said(row.why),
        "reason": reason_name(row.decision.reason) if row.decision and row.decision.reason else "",
        "note": row.decision.note if row.decision else "",
        "suggested": row.suggested_reason.value if row.suggested_reason else "",
        "thread": [(names[message.asked_by], message) for message in page.threads.get(row.key, ())],
        "adjustment": _adjustment(standing[-1], names) if standing else None,
        "papers": _papers_of_adjustment(standing[-1], actor) if standing else (),
        "exact": row.ours is not None and row.theirs is not None and row.difference_mg == 0,
        "reference": line.reference if line else "",
        "ours_key": ours_key,
        "theirs_key": theirs_key,
    }


def _adjustment(found: AdjustmentView, names: Mapping[str, str]) -> dict[str, Any]:
    states = {
        "proposed": _("waits for the other side") if found.proposer_signed else _("waits for its proposer's signature"),
        "posted": _("signed by both"),
    }
    by = [names[party] for party in (found.proposed_by, found.agreed_by) if party]
    return {"found": found, "state": states.get(found.state, found.state), "by": ", ".join(by)}


def _papers_of_adjustment(found: AdjustmentView, actor: Actor) -> tuple[ToSign, ...]:
    """Return what is left to sign for a side that keeps its key itself: first the proposer, then the other."""
    if (
        actor.sees_all
        or found.state != "proposed"
        or found.proposer_signed == (found.proposed_by == actor.organisation)
    ):
        return ()
    return to_sign(actor.organisation, [(f"adjustment-{found.number}", _("The adjustment"), found.entry_text)])


def _anchor(ours_key: str, theirs_key: str) -> str:
    """Name a row for a link to it: its keys may hold anything that a partner writes."""
    return "row-" + hashlib.sha256(f"{ours_key}~{theirs_key}".encode()).hexdigest()[:12]


@require_GET
@as_actor
def table(request: HttpRequest, actor: Actor, our_party: str, partner: str, label: str, form: str) -> HttpResponse:
    """Answer the rows of a period as CSV or JSON."""
    del request
    page = _page(actor, our_party, partner, label)
    rows = [
        {
            "element": row.element,
            "reference_ours": row.ours.reference if row.ours else "",
            "date_ours": row.ours.date if row.ours else None,
            "mass_ours_mg": row.ours.mass_mg if row.ours else None,
            "entry_ours": row.ours.origin if row.ours else "",
            "reference_theirs": row.theirs.reference if row.theirs else "",
            "date_theirs": row.theirs.date if row.theirs else None,
            "mass_theirs_mg": row.theirs.mass_mg if row.theirs else None,
            "row_theirs": row.theirs.origin if row.theirs else "",
            "difference_mg": row.difference_mg,
            "state": row.state.value,
            "reason": row.decision.reason.value if row.decision and row.decision.reason else "",
            "why": row.why.en,
        }
        for row in page.rows
    ]
    return download(f"reconciliation-{our_party}-{partner}-{label}", form, COLUMNS, rows)


def _sign(actor: Actor, number: int, request: HttpRequest) -> str:
    services.sign_period(
        period_id=number,
        digest=request.POST.get("digest", ""),
        actor=actor,
        now=now(),
        given=signature_given(request, "entry"),
    )
    return _("Your signature is kept. The period closes when both have signed.")


def _accept_exact(actor: Actor, number: int, _request: HttpRequest) -> str:
    count = services.accept_exact(period_id=number, actor=actor, now=now())
    return _("%(count)s rows that agree in every figure are matched.") % {"count": count}


def _keys(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "") for name in ("ours_key", "theirs_key")}


def _match(actor: Actor, number: int, request: HttpRequest) -> str:
    services.accept_match(period_id=number, actor=actor, now=now(), **_keys(request))
    return _("The rows are matched.")


def _difference(actor: Actor, number: int, request: HttpRequest) -> str:
    given = request.POST.get("reason", "")
    if given not in set(Reason):
        raise ReconciliationError(
            Code.REASON_DOES_NOT_FIT,
            Text("Choose the reason of the difference. Nothing was changed.", "请选择差异的原因。未作任何更改。"),
        )
    reason = Reason(given)
    services.match_with_difference(
        period_id=number, reason=reason, note=request.POST.get("note", ""), actor=actor, now=now(), **_keys(request)
    )
    return _("The difference is agreed with its reason.")


def _undo(actor: Actor, number: int, request: HttpRequest) -> str:
    given = request.POST.get("decision", "")
    services.undo_match(period_id=number, match_id=int(given) if given.isdecimal() else 0, actor=actor, now=now())
    return _("The row is open again.")


def _ask(actor: Actor, number: int, request: HttpRequest) -> str:
    services.ask(period_id=number, text=request.POST.get("text", ""), actor=actor, now=now(), **_keys(request))
    return _("Your question stands beside the row.")


def _dispute(actor: Actor, number: int, request: HttpRequest) -> str:
    services.dispute(period_id=number, text=request.POST.get("text", ""), actor=actor, now=now(), **_keys(request))
    return _("The row is disputed.")


def _adjust(actor: Actor, number: int, request: HttpRequest) -> str:
    keys = _keys(request)
    services.post_adjustment(
        period_id=number,
        ours_key=keys["ours_key"],
        theirs_key=keys["theirs_key"],
        reason=request.POST.get("text", ""),
        actor=actor,
        now=now(),
        given=signature_given(request, f"adjustment-{request.POST.get('adjustment', '')}"),
    )
    return _("The adjustment waits for the other side, or is posted if both have signed it.")


VERBS: dict[str, Callable[[Actor, int, HttpRequest], str]] = {
    "sign": _sign,
    "accept-exact": _accept_exact,
    "match": _match,
    "match-with-difference": _difference,
    "undo": _undo,
    "ask": _ask,
    "dispute": _dispute,
    "adjust": _adjust,
}


@require_POST
@as_actor
def act(request: HttpRequest, actor: Actor, our_party: str, partner: str, label: str, verb: str) -> HttpResponseBase:
    """Do one thing to a period or a row and go back to it; a refusal is told at the top of the page."""
    number = find_period(actor=actor, our_party=our_party, partner=partner, label=label).number
    if actor.sees_all:
        raise PermissionDenied(_("An auditor reads reconciliations; the two parties decide and sign them."))
    try:
        messages.success(request, VERBS[verb](actor, number, request))
    except ReconciliationError as error:
        messages.error(request, said(error.text))
    keys = _keys(request)
    row = f"#{_anchor(**keys)}" if any(keys.values()) else ""
    return redirect(f"{_href(our_party, partner, label)}{row}")


@require_GET
@as_actor
def upload(
    request: HttpRequest, actor: Actor, our_party: str, partner: str, label: str, revision: str
) -> HttpResponseBase:
    """Answer a partner's file as it was submitted."""
    del request
    number = find_period(actor=actor, our_party=our_party, partner=partner, label=label).number
    name, data = statement_file(actor=actor, period_id=number, revision=int(revision))
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name) or "statement.csv"
    return attachment(safe, data, "text/csv; charset=utf-8")


_PERIOD = r"^reconcile/(?P<our_party>[a-z0-9-]+)/(?P<partner>[a-z0-9-]+)/(?P<label>[0-9-]+)"
urlpatterns = [
    path("reconcile/", index, name="reconcile"),
    re_path(_PERIOD + r"/$", period, name="reconcile-period"),
    re_path(_PERIOD + r"\.(?P<form>csv|json)$", table, name="reconcile-table"),
    re_path(_PERIOD + r"/uploads/(?P<revision>[0-9]{1,6})/$", upload, name="reconcile-upload"),
    re_path(_PERIOD + rf"/(?P<verb>{'|'.join(VERBS)})/$", act, name="reconcile-act"),
]
