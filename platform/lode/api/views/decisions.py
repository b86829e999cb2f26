"""What is decided about the rows of a period, by program."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode.api.resource import Resource
from lode.api.shapes.fields import Query
from lode.api.shapes.reconciliation import CountShape, NewAdjustment, NewMatch, NewMessage, NewSplit, NumberShape
from lode.reconciliation import services
from lode.reconciliation.core.adjust import Contra
from lode.reconciliation.core.values import Reason, Side


class ExactMatches(Resource):
    @extend_schema(operation_id="periods_accept_exact", tags=["reconciliation"], request=None, responses=CountShape)
    def post(self, request: Request, number: int) -> Response:  # noqa: ARG002
        """Match every row that agrees in reference, day and mass."""
        self.body(Query)
        return self.once(
            lambda: Response({"matched": services.accept_exact(period_id=number, actor=self.actor, now=self.now)})
        )


class Matches(Resource):
    @extend_schema(
        operation_id="matches_create", tags=["reconciliation"], request=NewMatch, responses={201: NumberShape}
    )
    def post(self, request: Request, number: int) -> Response:  # noqa: ARG002
        """Match two rows, or settle one that stands alone; with a `reason` where the masses differ."""
        body = dict(self.body(NewMatch))
        reason, note = body.pop("reason", None), body.pop("note")
        where = {**body, "period_id": number, "actor": self.actor, "now": self.now}

        def work() -> Response:
            match = (
                services.accept_match(**where)
                if reason is None
                else services.match_with_difference(**where, reason=Reason(reason), note=note)
            )
            return Response({"number": match}, status=201)

        return self.once(work)


class MatchUndo(Resource):
    @extend_schema(operation_id="matches_undo", tags=["reconciliation"], request=None, responses={204: None})
    def post(self, request: Request, number: int, match: int) -> Response:  # noqa: ARG002
        """Take one decision back."""
        self.body(Query)

        def work() -> Response:
            services.undo_match(period_id=number, match_id=match, actor=self.actor, now=self.now)
            return Response(status=204)

        return self.once(work)


class Messages(Resource):
    @extend_schema(
        operation_id="messages_create", tags=["reconciliation"], request=NewMessage, responses={201: NumberShape}
    )
    def post(self, request: Request, number: int) -> Response:  # noqa: ARG002
        """Ask or answer beside a row, or dispute it."""
        body = dict(self.body(NewMessage))
        act = services.dispute if body.pop("dispute") else services.ask

        def work() -> Response:
            made = act(**body, period_id=number, actor=self.actor, now=self.now)
            return Response({"number": made}, status=201)

        return self.once(work)


class Adjustments(Resource):
    @extend_schema(
        operation_id="adjustments_create",
        tags=["reconciliation"],
        request=NewAdjustment,
        responses={201: NumberShape},
    )
    def post(self, request: Request, number: int) -> Response:  # noqa: ARG002
        """Propose a correction of the ledger, or agree to the other side's: then it is posted, signed by both."""
        body = dict(self.body(NewAdjustment))
        contra, given = Contra(body.pop("contra")), body.pop("signature")

        def work() -> Response:
            made = services.post_adjustment(
                **body, contra=contra, given=given, period_id=number, actor=self.actor, now=self.now
            )
            return Response({"number": made}, status=201)

        return self.once(work)


class AdjustmentWithdrawal(Resource):
    @extend_schema(operation_id="adjustments_withdraw", tags=["reconciliation"], request=None, responses={204: None})
    def post(self, request: Request, number: int, adjustment: int) -> Response:  # noqa: ARG002
        """Take back, or turn down, a proposal that is not posted."""
        self.body(Query)

        def work() -> Response:
            services.withdraw_adjustment(period_id=number, adjustment_id=adjustment, actor=self.actor, now=self.now)
            return Response(status=204)

        return self.once(work)


class Splits(Resource):
    @extend_schema(
        operation_id="splits_create", tags=["reconciliation"], request=NewSplit, responses={201: NumberShape}
    )
    def post(self, request: Request, number: int) -> Response:  # noqa: ARG002
        """Put parts in place of one side's row, so that a sum meets its parts."""
        body = self.body(NewSplit)

        def work() -> Response:
            made = services.split_row(
                period_id=number,
                side=Side(body["side"]),
                line_key=body["line_key"],
                parts_mg=[int(part) for part in body["parts_mg"]],
                actor=self.actor,
                now=self.now,
            )
            return Response({"number": made}, status=201)

        return self.once(work)


class SplitUndo(Resource):
    @extend_schema(operation_id="splits_undo", tags=["reconciliation"], request=None, responses={204: None})
    def post(self, request: Request, number: int, split: int) -> Response:  # noqa: ARG002
        """Put a row together again."""
        self.body(Query)

        def work() -> Response:
            services.undo_split(period_id=number, split_id=split, actor=self.actor, now=self.now)
            return Response(status=204)

        return self.once(work)
