"""The same list as a page, as CSV and as JSON: one set of filters, one set of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.http import HttpResponse

from lode.exports.core.table import Cell, csv_bytes, json_bytes

FORMATS = ("csv", "json")
_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


def download(
    name: str, form: str, columns: Sequence[str], rows: Sequence[Mapping[str, Cell]], documents: Sequence[object] = ()
) -> HttpResponse:
    """Answer rows as a file `name.csv` or `name.json`; columns keep their order, units stand in the headings."""
    data = csv_bytes(columns, rows) if form == "csv" else json_bytes(columns, rows, documents)
    return attachment(f"{name}.{form}", data, _TYPES[form])


def attachment(file_name: str, data: bytes, content_type: str) -> HttpResponse:
    """Answer bytes as a file to be saved."""
    response = HttpResponse(data, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response
