"""Parties, accounts, entries, proofs, tree heads."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from lode.api.shapes.fields import (
    MAX_SIZE,
    BytesField,
    MassField,
    Query,
    Shape,
    TableQuery,
    UtcField,
    Utf8Field,
    day,
    disputed_by,
    element,
    known_at,
    text,
)
from lode.api.shapes.proofs import DisclosedShape


class PartyShape(Shape):
    identifier = serializers.CharField()
    kind = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    country = serializers.CharField()


class KeyShape(Shape):
    vkey = serializers.CharField(help_text="C2SP verifier key")
    name = serializers.CharField()
    party = serializers.CharField()
    purpose = serializers.CharField()
    custody = serializers.CharField()
    valid_from_index = serializers.IntegerField()
    revoked_at_index = serializers.IntegerField(allow_null=True)
    compromised_since_index = serializers.IntegerField(
        allow_null=True, help_text="what it signed from there on is disputed until its party affirms it again"
    )


class AccountShape(Shape):
    owner = serializers.CharField()
    holder = serializers.CharField()
    element = serializers.CharField()
    state = serializers.CharField()
    lot = serializers.CharField()


class LegShape(Shape):
    account = AccountShape()
    mass_mg = MassField()
    seq = serializers.IntegerField(help_text="place in the account's chain, from 0")
    balance_before_mg = MassField()
    balance_after_mg = MassField()


class EntryQuery(TableQuery):
    kind = text(max_length=40)
    contract = text()
    element = element()
    occurred_from = day()
    occurred_to = day()
    known_at = known_at()


class SignatureShape(Shape):
    key_name = serializers.CharField()
    key_id = serializers.CharField()
    party = serializers.CharField(allow_null=True)
    vkey = serializers.CharField(allow_null=True)
    custody = serializers.CharField(allow_null=True)


class EntryShape(Shape):
    index = serializers.IntegerField()
    entry_id = serializers.CharField()
    kind = serializers.CharField()
    occurred = serializers.DateField()
    recorded_utc = UtcField(source="recorded")
    contract = serializers.CharField(allow_null=True)
    reference = serializers.CharField(allow_null=True)
    corrects = serializers.CharField(allow_null=True)
    public = serializers.BooleanField()
    legs = LegShape(many=True)
    signatures = SignatureShape(many=True)
    disputed_by = disputed_by()


class EntryDetailShape(Shape):
    body = serializers.JSONField(help_text="the JSON line of the signed text")
    readers = serializers.ListField(child=serializers.CharField())
    note = Utf8Field(help_text="the signed note, byte for byte")
    seal = Utf8Field()
    leaf = Utf8Field()
    leaf_hash = BytesField()
    nonce = BytesField(help_text="opens the leaf's commitment; empty for a public entry")
    corrects_index = serializers.IntegerField(allow_null=True)
    reversed_by = serializers.IntegerField(allow_null=True)
    corrected_by = serializers.ListField(child=serializers.IntegerField())
    checkpoint_size = serializers.IntegerField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Put the members of the list's line and those of the detail into one object."""
        fields = EntryShape().get_fields()
        for name, field in fields.items():
            field.source = f"summary.{field.source or name}"
        return {**fields, **{name: field for name, field in super().get_fields().items() if name not in fields}}


class ProofQuery(Query):
    size = serializers.IntegerField(required=False, min_value=1, max_value=MAX_SIZE)


class ProofShape(Shape):
    index = serializers.IntegerField()
    size = serializers.IntegerField()
    root = BytesField()  # type: ignore[assignment] # REST framework calls a parent so
    leaf = Utf8Field()
    leaf_hash = BytesField()
    hashes = serializers.ListField(child=BytesField())
    checkpoint = Utf8Field(help_text="the C2SP checkpoint that the proof leads to")
    tlog_proof = Utf8Field(source="text", help_text="the C2SP tlog-proof file")


class CheckpointQuery(Query):
    cosigned = serializers.BooleanField(default=False)


class CheckpointShape(Shape):
    origin = serializers.CharField()
    size = serializers.IntegerField()
    root = BytesField()  # type: ignore[assignment] # REST framework calls a parent so
    note = Utf8Field(help_text="the C2SP checkpoint, the log's lines first, those of witnesses after them")
    cosigned_by = serializers.ListField(child=serializers.CharField(), help_text="names of the witnesses' keys")
    created_at_utc = UtcField(source="created_at")


class ConsistencyQuery(Query):
    old_size = serializers.IntegerField(min_value=0, max_value=MAX_SIZE)
    new_size = serializers.IntegerField(min_value=1, max_value=MAX_SIZE)


class ConsistencyShape(Shape):
    old_size = serializers.IntegerField()
    new_size = serializers.IntegerField()
    hashes = serializers.ListField(child=BytesField())


class NewEntryShape(Query):
    note = serializers.CharField(
        max_length=80_000, trim_whitespace=False, help_text="the C2SP signed note, with its line breaks"
    )
    disclosures = DisclosedShape(many=True, required=False, help_text="facts that it hides, for readers of it")


class NewEntryQuery(Query):
    dry_run = serializers.BooleanField(required=False, default=False, help_text="check everything and keep nothing")


class PreviewLineShape(Shape):
    account = AccountShape()
    mass_mg = MassField()
    balance_before_mg = MassField()
    balance_after_mg = MassField()


class PreviewShape(Shape):
    index = serializers.IntegerField(allow_null=True, help_text="the leaf, if nothing else is posted first")
    lines = PreviewLineShape(many=True, help_text="what it would do to each account, sorted as in the seal")
    signed = serializers.ListField(child=serializers.CharField(), help_text="parties whose signatures hold")
    missing = serializers.ListField(child=serializers.CharField(), help_text="parties that have to sign yet")


class SubmissionShape(Shape):
    entry_id = serializers.CharField()
    state = serializers.ChoiceField(["pending", "posted", "refused", "checked"])
    received_at_utc = UtcField(source="received_at")
    submitted_by = serializers.CharField()
    index = serializers.IntegerField(allow_null=True)
    code = serializers.CharField(allow_null=True)
    message = serializers.CharField(allow_null=True)
    existed = serializers.BooleanField()
    preview = PreviewShape(allow_null=True, default=None, help_text="what would be posted, of a dry run")
