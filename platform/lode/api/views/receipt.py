"""COSE receipts of entries, for tools of other ecosystems."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.services.issue_receipt import issue_receipt
from lode.api.renderers import CoseRenderer
from lode.api.resource import IMMUTABLE, Resource
from lode.api.schema import parameters
from lode.api.shapes.ledger import ProofQuery


class Receipt(Resource):
    renderer_classes = [CoseRenderer]

    @extend_schema(
        operation_id="entries_receipt",
        tags=["ledger"],
        parameters=parameters(ProofQuery),
        responses={(200, "application/cose"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, index: int) -> Response:  # noqa: ARG002
        """Read an entry's COSE receipt (RFC 9942): the proof of its leaf, under the log's signature of the root.

        With `size` the answer never changes.
        """
        size = self.query(ProofQuery).get("size")
        data = issue_receipt(index=index, party=self.actor.reads_as, size=size)
        return Response(data, headers={"Cache-Control": IMMUTABLE} if size is not None else None)
