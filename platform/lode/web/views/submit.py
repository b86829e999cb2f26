"""Submit a statement: a partner's file is shown as it was understood, then kept. Works without scripts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lode.exports.core.table import csv_bytes
from lode.parties.actor import Actor
from lode.parties.selectors import list_parties
from lode.reconciliation import services
from lode.reconciliation.core.decode import MAX_FILE_BYTES
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.headings import Column
from lode.reconciliation.core.values import Kind, Text
from lode.reconciliation.selectors import preview_statement
from lode.reconciliation.selectors.values import Preview
from lode.web.requests import as_actor, error_sentence, now
from lode.web.tables import attachment

KEPT_IN_FORM = 1_500_000
"""Bytes of a file that the preview carries along to the confirmation; a larger file is chosen again."""
SHOWN_ROWS = 500
TEMPLATE: Final[dict[str, tuple[str, ...]]] = {
    "en": ("Reference", "Date", "Kind", "Element", "Contained mass", "Unit", "Lot"),
    "zh": ("单号", "日期", "类型", "元素", "金属含量", "单位", "批次"),
}
COLUMN_WORDS: Final = {
    Column.REFERENCE: gettext_lazy("reference"),
    Column.DATE: gettext_lazy("date"),
    Column.KIND: gettext_lazy("kind"),
    Column.ELEMENT: gettext_lazy("element"),
    Column.MASS: gettext_lazy("contained mass"),
    Column.UNIT: gettext_lazy("unit"),
    Column.LOT: gettext_lazy("lot"),
}
KIND_WORDS: Final = {
    Kind.DELIVERY: gettext_lazy("delivery"),
    Kind.COLLECTION: gettext_lazy("collection"),
    Kind.RETURN: gettext_lazy("return"),
    Kind.RECOVERY: gettext_lazy("recovery"),
    Kind.LOSS: gettext_lazy("loss"),
    Kind.ADJUSTMENT: gettext_lazy("adjustment"),
}
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@require_http_methods(["GET", "POST"])
@as_actor
def submit(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Take a partner's file: first say what was understood, then keep it."""
    if actor.sees_all:
        raise PermissionDenied(_("An auditor submits no statement; a partner submits its own."))
    language = get_language() or "en"
    owners = [found for found in list_parties() if found.kind == "lessor" and found.identifier != actor.organisation]
    context: dict[str, Any] = {
        "owners": [(found.identifier, found.name(language)) for found in owners],
        "given": request.POST,
        "max_mb": MAX_FILE_BYTES // 1024 // 1024,
    }
    if request.method == "POST":
        try:
            return _take(request, actor, context)
        except ReconciliationError as error:
            context["refusal"] = error_sentence(error)
            context["page_errors"] = True
    return render(request, "web/reconcile/submit.html", context, status=422 if "refusal" in context else 200)


def _take(request: HttpRequest, actor: Actor, context: dict[str, Any]) -> HttpResponseBase:
    start, end = _month(request.POST.get("month", ""))
    name, data = _file(request)
    our_party = request.POST.get("our_party", "")
    if request.POST.get("step") == "submit":
        services.submit_statement(
            our_party=our_party,
            start_date=start,
            end_date=end,
            file_name=name,
            file_bytes=data,
            actor=actor,
            now=now(),
            leave_out_rejected=request.POST.get("leave_out") == "yes",
        )
        messages.success(request, _("The statement is submitted and matched with the ledger."))
        return redirect("reconcile-period", our_party=our_party, partner=actor.organisation, label=f"{start:%Y-%m}")
    found = preview_statement(actor=actor, our_party=our_party, start_date=start, end_date=end, file_bytes=data)
    context |= _understood(found, data) | {"file_name": name}
    return render(request, "web/reconcile/submit.html", context)


def _understood(found: Preview, data: bytes) -> dict[str, Any]:
    parsed = found.parsed
    return {
        "preview": found,
        "file_data": base64.b64encode(data).decode() if len(data) <= KEPT_IN_FORM else "",
        "file_sha256": hashlib.sha256(data).hexdigest(),
        "columns": [
            (column.heading, COLUMN_WORDS[column.column] if column.column else "")
            for column in parsed.columns
            if column.heading
        ],
        "rows": [(row, KIND_WORDS.get(row.kind, "")) for row in parsed.rows[:SHOWN_ROWS]],
        "hidden_rows": max(0, len(parsed.rows) - SHOWN_ROWS),
        "rejected": [
            (row.row_number, problem.heading, problem.printed, _in_words(problem.text))
            for row in parsed.rejected[:SHOWN_ROWS]
            for problem in row.problems
        ],
        "ignored": [(row.row_number, _in_words(row.text)) for row in parsed.ignored],
    }


def _in_words(text: Text) -> str:
    return text.zh if (get_language() or "").startswith("zh") else text.en


def _month(text: str) -> tuple[date, date]:
    found = _MONTH.fullmatch(text.strip())
    if found is None or found[1] == "0000" or found[1] == "9999":
        raise ReconciliationError(
            Code.NOTHING_BETWEEN,
            Text(f"“{text[:40]}” is no month: write it as 2025-03.", f"“{text[:40]}”不是月份：请写成 2025-03。"),
        )
    start = date(int(found[1]), int(found[2]), 1)
    return start, date(start.year + start.month // 12, start.month % 12 + 1, 1)


def _file(request: HttpRequest) -> tuple[str, bytes]:
    """Return the file that was chosen, or the one that the preview carries; a byte too many tells a file too large."""
    uploaded = request.FILES.get("file")
    if uploaded is not None:
        return uploaded.name or "statement.csv", uploaded.read(MAX_FILE_BYTES + 1)
    try:
        data = base64.b64decode(request.POST.get("file_data", ""), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    return request.POST.get("file_name", "")[:120] or "statement.csv", data


@require_GET
@as_actor
def template(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer an empty statement: the headings in the reader's language, as UTF-8 that spreadsheets recognise."""
    del request, actor
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    data = b"\xef\xbb\xbf" + csv_bytes(TEMPLATE[language], [])
    return attachment("statement-template.csv", data, "text/csv; charset=utf-8")


urlpatterns = [
    path("statements/new/", submit, name="submit-statement"),
    path("statements/template.csv", template, name="statement-template"),
]
