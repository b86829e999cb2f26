"""Reconciling a period by program: the partner's statement, the rows, decisions, adjustments, signatures."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode.api.cursors import read_cursor, write_cursor
from lode.api.parsers import CsvFileParser
from lode.api.resource import Resource
from lode.api.schema import listed, parameters
from lode.api.shapes.fields import Query
from lode.api.shapes.reconciliation import (
    NewSignature,
    PartnerStatementShape,
    PeriodPageShape,
    PeriodQuery,
    PeriodShape,
    SignedShape,
    SubmitQuery,
)
from lode.reconciliation import services
from lode.reconciliation.selectors import list_periods, period_page


class Periods(Resource):
    @extend_schema(
        operation_id="periods_list",
        tags=["reconciliation"],
        parameters=parameters(PeriodQuery),
        responses=listed(PeriodShape),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List the organisation's periods, newest first."""
        query = self.query(PeriodQuery)
        cursor, limit = query.get("cursor"), query["limit"]
        first = read_cursor("periods", cursor, 1)[0] if cursor is not None else 0
        rows = list_periods(actor=self.actor, state=query.get("state"))
        last = first + limit
        following = write_cursor("periods", last) if last < len(rows) else None
        return self.page(list(PeriodShape(rows[first:last], many=True).data), following)


class PeriodDetail(Resource):
    @extend_schema(operation_id="periods_read", tags=["reconciliation"], responses=PeriodPageShape)
    def get(self, request: Request, number: int) -> Response:  # noqa: ARG002
        """Read a period: both sides row by row with the reason, the tie lines, and what blocks signing."""
        self.query(Query)
        return Response(PeriodPageShape(period_page(actor=self.actor, period_id=number, today=self.now.date())).data)


class PartnerStatements(Resource):
    parser_classes = [CsvFileParser]

    @extend_schema(
        operation_id="partner_statements_submit",
        tags=["reconciliation"],
        parameters=parameters(SubmitQuery),
        request={"text/csv": OpenApiTypes.BINARY},
        responses={201: PartnerStatementShape},
    )
    def post(self, request: Request) -> Response:
        """Submit the organisation's own statement, as the partner who holds the material. The body is the CSV file."""
        query = self.query(SubmitQuery)
        sent: Any = request.data
        data: bytes = sent or b""

        def work() -> Response:
            found = services.submit_statement(
                our_party=query["our_party"],
                start_date=query["start"],
                end_date=query["end"],
                file_name=query["file_name"],
                leave_out_rejected=query["leave_out_rejected"],
                file_bytes=data,
                actor=self.actor,
                now=self.now,
            )
            return Response(PartnerStatementShape(found).data, status=201)

        return self.once(work)


class StatementWithdrawal(Resource):
    @extend_schema(
        operation_id="partner_statements_withdraw", tags=["reconciliation"], request=None, responses={204: None}
    )
    def post(self, request: Request, number: int) -> Response:  # noqa: ARG002
        """Take the organisation's own statement back; its bytes stay on record."""
        self.body(Query)

        def work() -> Response:
            services.withdraw_statement(period_id=number, actor=self.actor, now=self.now)
            return Response(status=204)

        return self.once(work)


class Signatures(Resource):
    @extend_schema(
        operation_id="signatures_create",
        tags=["reconciliation"],
        request=NewSignature,
        responses={201: SignedShape},
    )
    def post(self, request: Request, number: int) -> Response:  # noqa: ARG002
        """Sign the balance with that digest; with both signatures it goes onto the ledger and the period closes."""
        body = self.body(NewSignature)

        def work() -> Response:
            entry_id = services.sign_period(
                period_id=number, digest=body["digest"], given=body["signature"], actor=self.actor, now=self.now
            )
            return Response({"state": "closed" if entry_id else "signed", "entry_id": entry_id}, status=201)

        return self.once(work)
