"""Contracts and settlements, as the token's organisation may see them."""

from __future__ import annotations

from django.utils.cache import patch_vary_headers
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.errors import ContractCode, ContractError
from contracts.selectors import contract_detail, list_contracts
from contracts.selectors.values import VersionView
from lode.api.renderers import CsvRenderer, JsonRenderer
from lode.api.resource import Resource
from lode.api.schema import listed, parameters
from lode.api.shapes.contracts import (
    ContractDetailQuery,
    ContractDetailShape,
    ContractQuery,
    ContractShape,
    StatementDetailShape,
    StatementQuery,
    StatementShape,
    VersionShape,
)
from lode.api.shapes.fields import Query
from lode.exports.core.statement_table import COLUMNS
from lode.exports.core.table import csv_bytes
from lode.exports.services.export_statements import statement_rows
from lode.settlement.selectors import list_statements, statement_detail


class Contracts(Resource):
    @extend_schema(
        operation_id="contracts_list",
        tags=["contracts"],
        parameters=parameters(ContractQuery),
        responses=listed(ContractShape),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List the organisation's contracts, the latest change first."""
        page = list_contracts(party=self.actor.reads_as, **self.query(ContractQuery))
        return self.page(list(ContractShape(page.rows, many=True).data), page.next_cursor)


class ContractDetailView(Resource):
    @extend_schema(
        operation_id="contracts_read",
        tags=["contracts"],
        parameters=parameters(ContractDetailQuery),
        responses=ContractDetailShape,
    )
    def get(self, request: Request, ref: str) -> Response:  # noqa: ARG002
        """Read one contract on a day: today, or `as_of`."""
        day = self.query(ContractDetailQuery).get("as_of") or self.now.date()
        return Response(ContractDetailShape(contract_detail(ref=ref, party=self.actor.reads_as, as_of=day)).data)


class Versions(Resource):
    @extend_schema(operation_id="versions_list", tags=["contracts"], responses=listed(VersionShape))
    def get(self, request: Request, ref: str) -> Response:  # noqa: ARG002
        """List the versions that were put forward, first to last."""
        self.query(Query)
        return self.page(list(VersionShape(self._versions(ref), many=True).data), None)

    def _versions(self, ref: str) -> tuple[VersionView, ...]:
        return contract_detail(ref=ref, party=self.actor.reads_as, as_of=self.now.date()).versions


class VersionDetail(Versions):
    @extend_schema(operation_id="versions_read", tags=["contracts"], responses=VersionShape)
    def get(self, request: Request, ref: str, number: int) -> Response:  # type: ignore[override]  # noqa: ARG002
        """Read one version: its terms, digests and signatures."""
        self.query(Query)
        for version in self._versions(ref):
            if version.number == number:
                return Response(VersionShape(version).data)
        raise ContractError(ContractCode.UNKNOWN_VERSION, f"{ref} has no version {number}: look at the list of them.")


class Statements(Resource):
    @extend_schema(
        operation_id="statements_list",
        tags=["statements"],
        parameters=parameters(StatementQuery),
        responses=listed(StatementShape),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List the organisation's settlements, the latest period first."""
        page = list_statements(party=self.actor.reads_as, **self.query(StatementQuery))
        return self.page(list(StatementShape(page.rows, many=True).data), page.next_cursor)


class StatementDetailView(Resource):
    renderer_classes = [JsonRenderer, CsvRenderer]

    @extend_schema(
        operation_id="statements_read",
        tags=["statements"],
        responses={
            (200, "application/json"): StatementDetailShape,
            (200, "text/csv"): OpenApiResponse(
                OpenApiTypes.BINARY, description="a row a line, columns as in docs/api.md"
            ),
        },
    )
    def get(self, request: Request, ref: str) -> Response:
        """Read one settlement with its trace, or as CSV with `Accept: text/csv`."""
        self.query(Query)
        detail = statement_detail(ref=ref, party=self.actor.reads_as)
        if request.accepted_renderer.format == "csv":
            response = Response(csv_bytes(COLUMNS, statement_rows(detail)))
            response["Content-Disposition"] = f'attachment; filename="{ref}.csv"'
        else:
            response = Response(StatementDetailShape(detail).data)
        patch_vary_headers(response, ["Accept"])
        return response
