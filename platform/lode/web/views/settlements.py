"""Settlements: what is due, each statement with the working of every line, approval, issue and export."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, re_path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from lode.exports.core.table import Cell as CsvCell
from lode.exports.services import export_statement
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.settlement import services
from lode.settlement.selectors import StatementDetail, StatementRow, due, list_statements, statement_detail
from lode.web.charts import ChartError, Step, waterfall
from lode.web.charts.base import Chart
from lode.web.formats import money, period
from lode.web.requests import as_actor, now
from lode.web.tables import download
from lode.web.templatetags.ui import status as status_html
from lode.web.ui import Cell, Chip, Column, Row, Table

KINDS = ("material-lease", "performance-warranty", "offtake")
COLUMNS = (
    "statement", "contract", "kind", "subject", "purpose", "period_start", "period_end", "revision", "currency",
    "total", "already_issued", "amount_due", "payer", "payee", "due_date", "status", "digest_sha256", "entry_id",
    "issued_at_utc",
)  # fmt: skip
ALL_ROWS = 200
_ENTRY = re.compile(r"fact:ledger:([0-9]+):")
_DAYS = re.compile(r"[,，、]?\s*[0-9]{4}-[0-9]{2}-[0-9]{2}")


def kind_name(kind: str) -> str:
    """Return the word for a kind of contract in the reader's language."""
    names = {
        "material-lease": _("Material lease"),
        "performance-warranty": _("Performance warranty"),
        "offtake": _("Offtake"),
    }
    return names.get(kind, kind)


def _filters(request: HttpRequest) -> dict[str, str | None]:
    return {name: request.GET.get(name) or None for name in ("contract", "kind", "status", "cursor")}


@require_GET
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List statements, the latest period first, under what waits for the reader."""
    filters = _filters(request)
    page = list_statements(party=actor.reads_as, **filters)  # type: ignore[arg-type]
    names = party_names({name for row in page.rows for name in row.parties}, get_language() or "en")
    rest = {name: value for name, value in filters.items() if value and name != "cursor"}
    table = Table(
        caption=_("Statements"),
        columns=(
            Column(_("Statement")), Column(_("Period")), Column(_("Payer")), Column(_("Payee")),
            Column(_("Total"), numeric=True), Column(_("Amount due"), numeric=True), Column(_("Due")),
            Column(_("State")),
        ),
        rows=[_row(row, names) for row in page.rows],
        chips=_chips(request),
        csv_href=f"/settlements.csv?{_query(rest)}",
        json_href=f"/settlements.json?{_query(rest)}",
        empty=_("Nothing is settled under these filters. A statement appears when a period is over."),
        next_href=f"?{_query({**rest, 'cursor': page.next_cursor})}" if page.next_cursor else "",
    )  # fmt: skip
    return render(request, "web/settlements/index.html", {"table": table, "waiting": due(party=actor.reads_as)})


def _query(values: Mapping[str, object]) -> str:
    return urlencode({name: value for name, value in values.items() if value})


def _row(row: StatementRow, names: Mapping[str, str]) -> Row:
    return Row(
        (
            Cell(row.ref, href=reverse("statement", args=[row.ref]), css="nowrap"),
            Cell(period(row.period_start, row.period_end - timedelta(days=1)), css="nowrap"),
            Cell(names[row.payer]),
            Cell(names[row.payee]),
            Cell(money(row.total, row.currency)),
            Cell(money(row.amount_due, row.currency)),
            Cell(row.due_date.isoformat(), css="nowrap"),
            Cell(status_html(row.status)),
        )
    )


def _chips(request: HttpRequest) -> list[Chip]:
    chips = []
    for name, values in (("kind", KINDS), ("status", ("draft", "approved", "issued", "disputed"))):
        for value in values:
            on = request.GET.get(name) == value
            kept = {key: text for key, text in request.GET.items() if key not in {name, "cursor"}}
            href = _query(kept if on else {**kept, name: value})
            label = kind_name(value) if name == "kind" else _status_name(value)
            chips.append(Chip(label, f"?{href}", current=on))
    return chips


def _status_name(value: str) -> str:
    words = {"draft": _("Draft"), "approved": _("Approved"), "issued": _("Issued"), "disputed": _("Disputed")}
    return words[value]


@require_GET
@as_actor
def table(request: HttpRequest, actor: Actor, form: str) -> HttpResponse:
    """Answer the same list with the same filters as CSV or JSON, all of its pages."""
    rows = [_plain(row) for row in _every(actor, _filters(request))]
    return download("settlements", form, COLUMNS, rows)


def _every(actor: Actor, filters: dict[str, str | None]) -> Iterator[StatementRow]:
    cursor: str | None = None
    while True:
        page = list_statements(party=actor.reads_as, **{**filters, "cursor": cursor}, limit=ALL_ROWS)  # type: ignore[arg-type]
        yield from page.rows
        cursor = page.next_cursor
        if cursor is None:
            return


def _plain(row: StatementRow) -> dict[str, CsvCell]:
    return {
        "statement": row.ref, "contract": row.contract_ref, "kind": row.contract_kind, "subject": row.subject,
        "purpose": row.purpose, "period_start": row.period_start, "period_end": row.period_end,
        "revision": row.revision, "currency": row.currency, "total": row.total, "already_issued": row.already_issued,
        "amount_due": row.amount_due, "payer": row.payer, "payee": row.payee, "due_date": row.due_date,
        "status": row.status, "digest_sha256": row.digest, "entry_id": row.entry_id, "issued_at_utc": row.issued_at,
    }  # fmt: skip


@require_GET
@as_actor
def detail(request: HttpRequest, actor: Actor, ref: str) -> HttpResponse:
    """Show one statement: its waterfall, its lines, and the steps of each line."""
    found = statement_detail(ref=ref, party=actor.reads_as)
    language = get_language() or "en"
    chinese = language.startswith("zh")
    lines = [
        {
            "line": line,
            "description": line.description_zh if chinese else line.description_en,
            "steps": [
                {
                    "node": node,
                    "label": node.label_zh if chinese else node.label_en,
                    "inputs": [(item, _source_href(item.ref)) for item in node.inputs],
                }
                for node in found.steps_to(line.trace_ref)
            ],
        }
        for line in found.lines
    ]
    summary = found.summary
    context = {
        "statement": summary,
        "detail": found,
        "kind": kind_name(summary.contract_kind),
        "names": party_names(summary.parties, language),
        "payer": party_names([summary.payer], language)[summary.payer],
        "payee": party_names([summary.payee], language)[summary.payee],
        "lines": lines,
        "chart": _waterfall(found),
        "last_day": summary.period_end - timedelta(days=1),
        "may": _may(actor, found),
    }
    return render(request, "web/settlements/detail.html", context)


def _source_href(ref: str) -> str:
    """Return where an input can be seen: a movement stands in the ledger, others are named by the reference alone."""
    entry = _ENTRY.match(ref)
    return f"/ledger/{entry[1]}/" if entry else ""


def _waterfall(found: StatementDetail) -> Chart | None:
    chinese = (get_language() or "").startswith("zh")
    names = {line.component: _short(line.description_zh if chinese else line.description_en) for line in found.lines}
    words = {"total": _("Total"), "already-issued": _("Issued before"), "amount-due": _("Amount due")}
    steps = [
        Step(
            words.get(step.code) or names.get(step.code) or step.code,
            step.amount,
            kind="total" if step.kind in {"total", "due"} else "change",
        )
        for step in found.steps
    ]
    try:
        return waterfall(steps, title=_("From nothing to the amount due"), unit=found.summary.currency)
    except ChartError:
        return None


def _short(description: str) -> str:
    """Leave the days out of a line's description: the chart shows one period."""
    return _DAYS.split(description, maxsplit=1)[0]


def _may(actor: Actor, found: StatementDetail) -> dict[str, str]:
    """Say what the reader may do; the reason is given where a button stays away. The service decides again."""
    status = found.summary.status
    if actor.role != "finance":
        return {"why_not": _("Finance approves and issues statements.")}
    if status == "draft":
        return {"approve": "yes"}
    if status == "approved":
        return {"issue": "yes"}
    return {}


@require_POST
@as_actor
def act(request: HttpRequest, actor: Actor, ref: str, verb: str) -> HttpResponseBase:
    """Approve or issue a statement, or export it, and go back to it."""
    if verb == "approve":
        services.approve_statement(ref=ref, actor=actor, now=now())
        messages.success(request, _("The statement is approved. Issue it to put its digest on the ledger."))
    elif verb == "issue":
        services.issue_statement(ref=ref, actor=actor, now=now())
        messages.success(request, _("The statement is issued: its digest goes onto the ledger."))
    elif verb == "dispute":
        services.dispute_statement(ref=ref, actor=actor, reason=request.POST.get("reason", ""), now=now())
        messages.success(request, _("The dispute is noted; the other party sees it."))
    else:
        form = "csv" if verb == "export-csv" else "json"
        view = export_statement(ref=ref, format=form, actor=actor, now=now())
        return redirect("export-file", export_id=view.id)
    return redirect("statement", ref=ref)


urlpatterns = [
    path("settlements/", index, name="settlements"),
    re_path(r"^settlements\.(?P<form>csv|json)$", table, name="settlements-table"),
    path("settlements/<str:ref>/", detail, name="statement"),
    re_path(
        r"^settlements/(?P<ref>[^/]+)/(?P<verb>approve|issue|dispute|export-csv|export-json)/$",
        act,
        name="statement-act",
    ),
]
