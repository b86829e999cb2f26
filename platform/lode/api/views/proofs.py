"""Proofs: of conservation, of one account's balance, and what an entry hides, as far as the reader was shown it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.core.entry import Account
from ledger.selectors.conservation import conservation_notices
from ledger.selectors.disclosed import disclosed_facts
from ledger.selectors.entries import entry_detail
from ledger.services.conservation import open_conservation
from ledger.services.keep_disclosures import Disclosed, keep_disclosures
from ledger.services.prove_balance import prove_balance
from lode.api.renderers import ProofRenderer
from lode.api.resource import IMMUTABLE, Resource
from lode.api.schema import listed, parameters
from lode.api.shapes.fields import Query
from lode.api.shapes.proofs import (
    BalanceProofQuery,
    ConservationShape,
    DisclosuresShape,
    HeldDisclosuresShape,
    KeptShape,
)

JSON_BYTES = {(200, "application/json"): OpenApiTypes.OBJECT}


class Conservation(Resource):
    @extend_schema(operation_id="conservation_list", tags=["ledger"], responses=listed(ConservationShape))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List the notices that commit to all balances of an element, newest first: they are public."""
        self.query(Query)
        return self.page(list(ConservationShape(conservation_notices()[::-1], many=True).data), None)


class ConservationProof(Resource):
    renderer_classes = [ProofRenderer]

    @extend_schema(operation_id="conservation_proof", tags=["ledger"], responses=JSON_BYTES)
    def get(self, request: Request, index: int) -> Response:  # noqa: ARG002
        """Read what opens a notice to the reader: its own leaves and their way to the roots; for an auditor the seeds.

        The file `conservation/N.json` of an export, byte for byte.
        """
        self.query(Query)
        data = open_conservation(index=index, party=self.actor.reads_as)
        return Response(data, headers={"Cache-Control": IMMUTABLE})


class BalanceProof(Resource):
    renderer_classes = [ProofRenderer]

    @extend_schema(
        operation_id="accounts_proof",
        tags=["ledger"],
        parameters=parameters(BalanceProofQuery),
        responses=JSON_BYTES,
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Read the proof of what stands in one account, under the newest tree head or that of `size`.

        One file that `lode-verify` checks offline, byte for byte as `lode ledger prove-balance` writes it.
        """
        query = dict(self.query(BalanceProofQuery))
        account = Account(*(query[name] for name in Account._fields))
        return Response(prove_balance(account=account, party=self.actor.reads_as, size=query.get("size")))


class Disclosures(Resource):
    @extend_schema(operation_id="entries_disclosures", tags=["ledger"], responses=HeldDisclosuresShape)
    def get(self, request: Request, index: int) -> Response:  # noqa: ARG002
        """Read the disclosures of an entry that the reader holds, and the details as they show it."""
        self.query(Query)
        return Response(HeldDisclosuresShape(disclosed_facts(index=index, party=self.actor.reads_as)).data)

    @extend_schema(
        operation_id="entries_disclose", tags=["ledger"], request=DisclosuresShape, responses={200: KeptShape}
    )
    def post(self, request: Request, index: int) -> Response:  # noqa: ARG002
        """Disclose facts that an entry hides to some of its readers; again is not more."""
        found = entry_detail(index=index, party=self.actor.organisation)
        given = disclosed_of(self.body(DisclosuresShape)["disclosures"])
        return self.once(lambda: self._keep(found.summary.entry_id, given))

    def _keep(self, entry_id: str, given: Sequence[Disclosed]) -> Response:
        kept = keep_disclosures(entry_id=entry_id, disclosed=given, party=self.actor.organisation, now=self.now)
        return Response(KeptShape({"kept": kept}).data)


def disclosed_of(items: Sequence[Mapping[str, Any]]) -> list[Disclosed]:
    """Return what a body discloses to whom."""
    return [Disclosed(item["disclosure"], tuple(item["readers"])) for item in items]
