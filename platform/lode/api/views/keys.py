"""Registering and revoking an organisation's own keys: begun with a verifier key, finished with signatures."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode.api.resource import Resource
from lode.api.shapes.fields import Query
from lode.api.shapes.keys import KeyChangeShape, KeySignatures, NewKeyChange
from lode.parties import services
from lode.parties.actor import Actor
from lode.parties.selectors import key_change


class KeyChanges(Resource):
    @extend_schema(
        operation_id="key_changes_create", tags=["parties"], request=NewKeyChange, responses={201: KeyChangeShape}
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Begin to register or to revoke a key: the answer holds the texts that are to be signed.

        For tokens that may manage keys. Nothing is changed before the signatures are there.
        """
        body = self.body(NewKeyChange)

        def work() -> Response:
            if body["action"] == "register":
                challenge = services.begin_key_registration(
                    actor=self.actor, vkey=body["vkey"], purpose=body["purpose"], now=self.now
                )
            else:
                challenge = services.begin_key_revocation(
                    actor=self.actor,
                    vkey=body["vkey"],
                    reason=body["reason"],
                    compromised_since_index=body["compromised_since_index"],
                    now=self.now,
                )
            return Response(_shown(challenge, self.actor), status=201)

        return self.once(work)


class KeyChange(Resource):
    @extend_schema(operation_id="key_changes_read", tags=["parties"], responses=KeyChangeShape)
    def get(self, request: Request, challenge: str) -> Response:  # noqa: ARG002
        """Read a change of a key, and what is still to be signed for it."""
        self.query(Query)
        return Response(_shown(challenge, self.actor))

    @extend_schema(
        operation_id="key_changes_finish", tags=["parties"], request=KeySignatures, responses={200: KeyChangeShape}
    )
    def post(self, request: Request, challenge: str) -> Response:  # noqa: ARG002
        """Give the signatures: they are checked, and the public entry is handed in. Again gives the same answer."""
        lines = self.body(KeySignatures)["signatures"]

        def work() -> Response:
            services.finish_key_change(actor=self.actor, challenge=challenge, lines=lines, now=self.now)
            return Response(_shown(challenge, self.actor))

        return self.once(work)


def _shown(challenge: str, actor: Actor) -> dict[str, object]:
    found = key_change(challenge=challenge, actor=actor, book=settings.LEDGER_ORIGIN)
    return dict(KeyChangeShape(found).data)
