"""Exports: what was taken away, by whom, and the same bytes again."""

from __future__ import annotations

import base64
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, re_path, reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lode.exports.core.table import Cell as CsvCell
from lode.exports.errors import ExportsCode, ExportsError
from lode.exports.selectors import ExportView, export_file, list_exports
from lode.exports.services import export_statements
from lode.parties.actor import Actor
from lode.parties.models import Person
from lode.parties.selectors import party_names
from lode.web.formats import number, period
from lode.web.requests import as_actor, error_sentence, now
from lode.web.statement_words import STATES
from lode.web.tables import attachment, download
from lode.web.templatetags.ui import hash_tag, utc
from lode.web.ui import Cell, Column, Row, Table

COLUMNS = (
    "file", "what", "range_start", "range_end_exclusive", "columns", "rows", "size_bytes", "sha256", "organisation",
    "person", "created_at_utc",
)  # fmt: skip
BYTES_IN_KB = 1000


@require_http_methods(["GET", "POST"])
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List exports; a POST exports the statements that its filters leave and goes to the file."""
    refusal = ""
    if request.method == "POST":
        try:
            return redirect("export-file", export_id=_export(request, actor).id)
        except ExportsError as error:
            if error.code not in {ExportsCode.NOTHING_TO_EXPORT, ExportsCode.TOO_LARGE}:
                raise
            refusal = error_sentence(error)
    context = {
        "table": _table(list_exports(party=actor.reads_as)),
        "given": request.POST,
        "states": STATES.items(),
        "refusal": refusal,
        "page_errors": bool(refusal),
    }
    return render(request, "web/exports/index.html", context, status=422 if refusal else 200)


def _export(request: HttpRequest, actor: Actor) -> ExportView:
    asked = request.POST
    return export_statements(
        format="json" if asked.get("format") == "json" else "csv",
        actor=actor,
        now=now(),
        contract=asked.get("contract", "").strip() or None,
        start=_day(asked.get("start", "")),
        end=_day(asked.get("end", "")),
        status=asked.get("status") or None,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _table(views: tuple[ExportView, ...]) -> Table:
    names = party_names({view.organisation for view in views}, get_language() or "en")
    people = _people(views)
    return Table(
        caption=_("Exports, the latest first"),
        columns=(
            Column(_("File")), Column(_("What")), Column(_("Range")), Column(_("Rows × columns"), numeric=True),
            Column(_("Size, kB"), numeric=True), Column("SHA-256"), Column(_("Who")), Column(_("When")),
        ),
        rows=[_row(view, names[view.organisation], people.get(view.person_id or 0, "")) for view in views],
        csv_href="/exports.csv",
        json_href="/exports.json",
        empty=_("Nothing has been exported yet. Open a settlement, or export all of them here."),
    )  # fmt: skip


def _people(views: tuple[ExportView, ...]) -> dict[int, str]:
    wanted = {view.person_id for view in views if view.person_id}
    return dict(Person.objects.filter(pk__in=wanted).values_list("pk", "username"))


def _what(view: ExportView) -> str:
    if len(view.statements) == 1:
        return view.statements[0]
    count = len(view.statements)
    return ngettext("%(count)s statement", "%(count)s statements", count) % {"count": count}


def _range(view: ExportView) -> str:
    if view.range_start and view.range_end:
        return period(view.range_start, date.fromordinal(view.range_end.toordinal() - 1))
    if view.range_start:
        return _("from %(day)s") % {"day": view.range_start.isoformat()}
    if view.range_end:
        return _("before %(day)s") % {"day": view.range_end.isoformat()}
    return _("all periods")


def _row(view: ExportView, organisation: str, person: str) -> Row:
    who = f"{organisation}, {person}" if person else organisation
    return Row(
        (
            Cell(view.name, href=reverse("export-file", args=[view.id])),
            Cell(_what(view)),
            Cell(_range(view)),
            Cell(f"{number(view.rows)} × {len(view.columns)}"),
            Cell(number(max(1, round(view.size_bytes / BYTES_IN_KB)))),
            Cell(hash_tag(view.sha256), css="nowrap"),
            Cell(who),
            Cell(utc(view.created_at)),
        )
    )


@require_GET
@as_actor
def table(request: HttpRequest, actor: Actor, form: str) -> HttpResponse:
    """Answer the list of exports as CSV or JSON."""
    del request
    views = list_exports(party=actor.reads_as)
    people = _people(views)
    return download("exports", form, COLUMNS, [_plain(view, people.get(view.person_id or 0, "")) for view in views])


def _plain(view: ExportView, person: str) -> dict[str, CsvCell]:
    return {
        "file": view.name, "what": view.what, "range_start": view.range_start, "range_end_exclusive": view.range_end,
        "columns": len(view.columns), "rows": view.rows, "size_bytes": view.size_bytes, "sha256": view.sha256,
        "organisation": view.organisation, "person": person, "created_at_utc": view.created_at,
    }  # fmt: skip


@require_GET
@as_actor
def file(request: HttpRequest, actor: Actor, export_id: int) -> HttpResponse:
    """Answer the bytes of an export, after comparing them with the digest that was recorded."""
    del request
    view, data = export_file(export_id=export_id, party=actor.reads_as)
    response = attachment(view.name, data, "text/csv; charset=utf-8" if view.format == "csv" else "application/json")
    # RFC 9530: the digest of the bytes as they are sent.
    response["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(view.sha256)).decode()}:"
    response["ETag"] = f'"{view.sha256}"'
    return response


urlpatterns = [
    path("exports/", index, name="exports"),
    re_path(r"^exports\.(?P<form>csv|json)$", table, name="exports-table"),
    path("exports/<int:export_id>/file/", file, name="export-file"),
]
