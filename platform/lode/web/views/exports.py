"""Exports: what was taken away, by whom, and the same bytes again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lode.exports.selectors import export_file, list_exports
from lode.exports.services import export_statements
from lode.parties.actor import Actor
from lode.web.formats import number, short_hash
from lode.web.requests import as_actor, now
from lode.web.tables import attachment
from lode.web.templatetags.ui import hash_tag, utc
from lode.web.ui import Cell, Column, Row, Table


@require_http_methods(["GET", "POST"])
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List exports; a POST exports every statement of a contract and goes to the file."""
    if request.method == "POST":
        form = "json" if request.POST.get("format") == "json" else "csv"
        view = export_statements(format=form, actor=actor, now=now(), contract=request.POST.get("contract") or None)
        return redirect("export-file", export_id=view.id)
    rows = [
        Row(
            (
                Cell(view.name, href=f"/exports/{view.id}/file/"),
                Cell(view.what),
                Cell(number(view.rows)),
                Cell(hash_tag(view.sha256)),
                Cell(view.organisation),
                Cell(utc(view.created_at)),
            )
        )
        for view in list_exports(party=actor.reads_as)
    ]
    table = Table(
        caption=_("Exports"),
        columns=(
            Column(_("File")), Column(_("What")), Column(_("Rows"), numeric=True), Column("SHA-256"),
            Column(_("Organisation")), Column(_("Made at (UTC)")),
        ),
        rows=rows,
        empty=_("Nothing has been exported yet. Open a settlement, or export all of them here."),
    )  # fmt: skip
    return render(request, "web/exports/index.html", {"table": table})


@require_GET
@as_actor
def file(request: HttpRequest, actor: Actor, export_id: int) -> HttpResponse:
    """Answer the bytes of an export, after comparing them with the digest that was recorded."""
    del request
    view, data = export_file(export_id=export_id, party=actor.reads_as)
    response = attachment(view.name, data, "text/csv; charset=utf-8" if view.format == "csv" else "application/json")
    response["Digest"] = f"sha-256={view.sha256}"
    response["ETag"] = f'"{short_hash(view.sha256)}"'
    return response


urlpatterns = [
    path("exports/", index, name="exports"),
    path("exports/<int:export_id>/file/", file, name="export-file"),
]
