"""Organisations, and the keys that they sign with. Names and public keys are no secret among those who have a token."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.selectors.keys import keys
from lode.api.resource import Resource
from lode.api.schema import listed, parameters
from lode.api.shapes.fields import Query, identifier
from lode.api.shapes.ledger import KeyShape, PartyShape
from lode.parties.selectors import get_party, list_parties


class KeyQuery(Query):
    party = identifier()


class Parties(Resource):
    @extend_schema(operation_id="parties_list", tags=["parties"], responses=listed(PartyShape))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List all organisations."""
        self.query(Query)
        return self.page(list(PartyShape(list_parties(), many=True).data), None)


class PartyDetail(Resource):
    @extend_schema(operation_id="parties_read", tags=["parties"], responses=PartyShape)
    def get(self, request: Request, party: str) -> Response:  # noqa: ARG002
        """Read one organisation."""
        self.query(Query)
        return Response(PartyShape(get_party(party)).data)


class Keys(Resource):
    @extend_schema(
        operation_id="keys_list", tags=["parties"], parameters=parameters(KeyQuery), responses=listed(KeyShape)
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List the registered keys in the order of registration."""
        found = keys(party=self.query(KeyQuery).get("party"))
        return self.page(list(KeyShape(found, many=True).data), None)
