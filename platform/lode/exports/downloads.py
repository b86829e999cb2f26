"""Answers that are files: made row by row while they are sent, so that no number of rows has to be held."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from django.http import StreamingHttpResponse

from lode.exports.core.table import Cell, csv_stream, json_stream

TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


def streamed(name: str, form: str, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> StreamingHttpResponse:
    """Answer rows as the file `name.csv` or `name.json`.

    The first row is read before the answer begins, so that what refuses the question still answers it.
    """
    left = iter(rows)
    first = list(itertools.islice(left, 1))
    pieces = (csv_stream if form == "csv" else json_stream)(columns, itertools.chain(first, left))
    response = StreamingHttpResponse(pieces, content_type=TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response
