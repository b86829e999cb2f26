"""Keys that an organisation registers and revokes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from lode.api.shapes.fields import Query, Shape, Utf8Field
from lode.parties.possession import PURPOSES


class NewKeyChange(Query):
    action = serializers.ChoiceField(["register", "revoke"])
    vkey = serializers.CharField(max_length=300, help_text="C2SP verifier key; the key itself stays with its party")
    purpose = serializers.ChoiceField(PURPOSES, required=False, default="entry", help_text="of a key to register")
    reason = serializers.CharField(
        required=False, max_length=400, default="", allow_blank=True, help_text="needed to revoke; everybody reads it"
    )
    compromised_since_index = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=2**53 - 1,
        help_text="what a revoked key signed from this entry on is disputed",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for the reason of a revocation. Raises ValidationError."""
        if attrs["action"] == "revoke" and not attrs["reason"].strip():
            raise serializers.ValidationError({"reason": serializers.ErrorDetail("Say why.", code="required")})
        return attrs


class PaperShape(Shape):
    name = serializers.CharField()
    text = Utf8Field(help_text="exactly what is signed")
    vkeys = serializers.ListField(child=serializers.CharField(), help_text="the keys of which one signs it")


class KeyChangeShape(Shape):
    challenge = serializers.CharField(help_text="names the change")
    action = serializers.CharField()
    vkey = serializers.CharField()
    purpose = serializers.CharField()
    entry_text = Utf8Field(help_text="the public entry that the registry will sign")
    entry_id = serializers.CharField(help_text="of the entry that was handed in; empty while papers wait")
    papers = PaperShape(many=True)


class KeySignatures(Query):
    signatures = serializers.DictField(
        child=serializers.CharField(max_length=400), help_text="the C2SP signature line of each paper, by its name"
    )
