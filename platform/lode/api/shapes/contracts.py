"""Contracts and settlements."""

from __future__ import annotations

from rest_framework import serializers

from lode.api.shapes.fields import ExactField, PageQuery, Query, Shape, UtcField, Utf8Field, day, identifier, text


class ContractQuery(PageQuery):
    kind = text(max_length=40)
    state = text(max_length=20)
    counterparty = identifier()
    turn = identifier(help_text="contracts that wait for this party")
    search = text(max_length=200)


class ContractShape(Shape):
    ref = serializers.CharField()
    kind = serializers.CharField()
    party_a = serializers.CharField()
    party_b = serializers.CharField()
    author = serializers.CharField()
    prevailing_language = serializers.CharField()
    state = serializers.CharField()
    amendment = serializers.CharField(help_text="the stage of an open amendment; empty without one")
    turns = serializers.ListField(child=serializers.CharField())
    created_at_utc = UtcField(source="created_at")
    changed_at_utc = UtcField(source="changed_at")


class VersionSignatureShape(Shape):
    party = serializers.CharField()
    key_name = serializers.CharField()
    line = serializers.CharField(help_text="the C2SP signature line")
    signed_at_utc = UtcField(source="signed_at")


class VersionShape(Shape):
    number = serializers.IntegerField()
    terms = serializers.JSONField()
    terms_sha256 = serializers.CharField()
    text_sha256 = serializers.CharField()
    digest = serializers.CharField()
    effective_from = serializers.DateField()
    supersedes = serializers.IntegerField(allow_null=True)
    proposed_by = serializers.CharField()
    recorded_at_utc = UtcField(source="recorded_at")
    signatures = VersionSignatureShape(many=True)
    signing_text = Utf8Field(help_text="what both parties sign")
    entry_text = Utf8Field(help_text="the ledger entry with the digest, which both sign too; empty before they agree")
    entry_id = serializers.CharField(allow_null=True)
    entry_index = serializers.IntegerField(allow_null=True)


class ObligationShape(Shape):
    due_date = serializers.DateField()
    what_en = serializers.CharField()
    what_zh = serializers.CharField()


class TurnShape(Shape):
    number = serializers.IntegerField()
    move = serializers.CharField()
    party = serializers.CharField()
    version_number = serializers.IntegerField(allow_null=True)
    state_after = serializers.CharField()
    amendment_after = serializers.CharField()
    reason = serializers.CharField()
    effective_on = serializers.DateField(allow_null=True)
    recorded_at_utc = UtcField(source="recorded_at")


class ContractDetailShape(Shape):
    contract = ContractShape(source="row")
    roles = serializers.DictField(child=serializers.CharField())
    terms = serializers.JSONField()
    in_force = serializers.IntegerField(allow_null=True, help_text="the version in force on the day asked for")
    versions = VersionShape(many=True)
    turns = TurnShape(many=True)
    obligations = ObligationShape(many=True)


class ContractDetailQuery(Query):
    as_of = day()


class StatementQuery(PageQuery):
    contract = text()
    kind = text(max_length=40)
    status = text(max_length=20)
    start = day()
    end = day()


class StatementShape(Shape):
    ref = serializers.CharField()
    contract_ref = serializers.CharField()
    contract_kind = serializers.CharField()
    parties = serializers.ListField(child=serializers.CharField())
    subject = serializers.CharField()
    purpose = serializers.CharField()
    period_start = serializers.DateField()
    period_end_exclusive = serializers.DateField(source="period_end")
    revision = serializers.IntegerField()
    currency = serializers.CharField()
    total = ExactField()
    already_issued = ExactField()
    amount_due = ExactField()
    payer = serializers.CharField()
    payee = serializers.CharField()
    due_date = serializers.DateField()
    status = serializers.CharField()
    known_at_utc = UtcField(source="known_at")
    digest = serializers.CharField(help_text="SHA-256 of the statement's canonical bytes")
    prepared_at_utc = UtcField(source="prepared_at")
    approved_at_utc = UtcField(source="approved_at", allow_null=True)
    issued_at_utc = UtcField(source="issued_at", allow_null=True)
    entry_id = serializers.CharField()


class LineShape(Shape):
    position = serializers.IntegerField()
    code = serializers.CharField()
    component = serializers.CharField()
    subject = serializers.CharField()
    clause_ref = serializers.CharField()
    description_en = serializers.CharField()
    description_zh = serializers.CharField()
    quantity = ExactField()
    quantity_unit = serializers.CharField()
    unit_price = ExactField(allow_null=True)
    unit_price_unit = serializers.CharField()
    amount = ExactField()
    currency = serializers.CharField()
    payer = serializers.CharField()
    payee = serializers.CharField()
    status = serializers.CharField()
    trace_ref = serializers.CharField(help_text="the step of the trace that the amount is the result of")


class StatementDetailShape(Shape):
    statement = StatementShape(source="summary")
    lines = LineShape(many=True)
    revisions = StatementShape(many=True)
    facts = serializers.ListField(child=serializers.CharField())
    ledger_size = serializers.IntegerField()
    engine_version = serializers.CharField()
    terms_sha256 = serializers.CharField()
    content = serializers.JSONField(
        help_text="the statement whole, with its trace; its canonical bytes have the digest"
    )
