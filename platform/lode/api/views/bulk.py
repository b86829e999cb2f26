"""What is too long for one JSON body: streams of entries, and manifests of serials."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from dataclasses import asdict

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.core.bulk import LineReport, LineState, Tally, read_notes
from ledger.core.errors import LedgerError
from ledger.selectors.manifests import manifest_file
from ledger.services.append_entries import append_entries
from ledger.services.keep_manifest import keep_manifest
from lode.api.renderers import JsonRenderer
from lode.api.resource import IMMUTABLE, Resource
from lode.api.schema import parameters
from lode.api.shapes.bulk import BulkQuery, LineReportShape, ManifestShape
from lode.api.shapes.fields import Query
from lode.api.streams import NDJSON, TEXT, FileRenderer, NdjsonRenderer, body_chunks

log = logging.getLogger(__name__)


class BulkEntries(Resource):
    streamed = True
    renderer_classes = [NdjsonRenderer, JsonRenderer]

    @extend_schema(
        operation_id="entries_bulk",
        tags=["ledger"],
        parameters=parameters(BulkQuery),
        request={NDJSON: OpenApiTypes.STR},
        responses={(200, NDJSON): LineReportShape},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Hand in a stream of entries: a JSON text of a note, or `{"note": "…"}`, a line.

        The answer comes while the body is read: one line for each, in order, then a summary. A refused line keeps no
        other from being posted. The same stream again posts nothing twice: what is there already is answered so.
        """
        stop_at_first = self.query(BulkQuery)["stop_at_first"]
        chunks = body_chunks(request, NDJSON)
        reports = append_entries(
            notes=read_notes(chunks),
            submitted_by=self.actor.organisation,
            clock=lambda: self.now,
            party=self.actor.organisation,
            stop_at_first=stop_at_first,
        )
        answer = StreamingHttpResponse(_lines(reports, chunks, stop_at_first=stop_at_first), content_type=NDJSON)
        answer["X-Accel-Buffering"] = "no"  # a proxy hands the lines on as they come
        answer["Cache-Control"] = "no-store"
        return answer


def _lines(reports: Iterator[LineReport], chunks: Iterator[bytes], *, stop_at_first: bool) -> Iterator[bytes]:
    tally = Tally()
    code: str | None = None
    sentence: str | None = None
    try:
        for report in reports:
            yield tally.count(report).to_bytes()
        complete = not (stop_at_first and tally.states[LineState.REFUSED])
    except LedgerError as error:
        complete, code, sentence = False, error.code, error.sentence
    except OSError:
        return  # the caller is gone, or its body broke off: what was posted stands, and it begins again
    except Exception:
        reference = secrets.token_hex(6)
        log.exception("API error %s", reference)
        complete, code = False, "internal-error"
        sentence = f"Something went wrong on our side after line {tally.lines}. Tell the operator {reference}."
    for _ in chunks:
        pass  # who is still sending would not come to read the answer
    yield tally.to_bytes(complete=complete, code=code, sentence=sentence)


class EntryManifest(Resource):
    streamed = True

    def get_renderers(self) -> list[BaseRenderer]:
        """Answer the file as it is, and everything else as JSON."""
        return [FileRenderer()] if self.request.method == "GET" else [JsonRenderer()]

    @extend_schema(operation_id="manifests_read", tags=["ledger"], responses={(200, TEXT): OpenApiTypes.STR})
    def get(self, request: Request, index: int) -> Response:  # noqa: ARG002
        """Read the list of serials of an `embody` entry, byte for byte as its digest says."""
        self.query(Query)
        data = manifest_file(index=index, party=self.actor.reads_as)
        name = f'attachment; filename="{index}.manifest"'
        return Response(data, headers={"Content-Disposition": name, "Cache-Control": IMMUTABLE})

    @extend_schema(
        operation_id="manifests_submit",
        tags=["ledger"],
        request={TEXT: OpenApiTypes.STR},
        responses={200: ManifestShape, 201: ManifestShape},
    )
    def post(self, request: Request, index: int) -> Response:
        """Hand in the list of serials that an `embody` entry names by its digest, for all who may read the entry.

        200: it was there already.
        """
        self.query(Query)
        chunks = body_chunks(request, TEXT)
        found, existed = keep_manifest(index=index, chunks=chunks, party=self.actor.organisation)
        data = ManifestShape({**asdict(found), "existed": existed}).data
        return Response(data, status=200 if existed else 201)
