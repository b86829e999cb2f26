"""Periods, statements of partners, rows, decisions and signatures."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from lode.api.shapes.fields import MassesField, MassField, PageQuery, Query, Shape, UtcField, Utf8Field, identifier
from lode.reconciliation.core.adjust import Contra
from lode.reconciliation.core.splits import MAX_PARTS
from lode.reconciliation.core.values import Reason, Side


def signature_line(over: str) -> serializers.CharField:
    """Return the member in which a party that keeps its key itself gives its signature line."""
    return serializers.CharField(
        required=False,
        max_length=400,
        allow_blank=True,
        default="",
        help_text=f"the C2SP signature line over {over}, of a party that keeps its key itself",
    )


class TextShape(Shape):
    en = serializers.CharField()
    zh = serializers.CharField()


class PeriodQuery(PageQuery):
    state = serializers.ChoiceField(["open", "closed"], required=False)


class PeriodShape(Shape):
    number = serializers.IntegerField()
    our_party = serializers.CharField()
    partner = serializers.CharField()
    label = serializers.CharField(source="period.label")  # type: ignore[assignment] # and its own title
    start_date = serializers.DateField(source="period.start_date")
    end_date_exclusive = serializers.DateField(source="period.end_date")
    state = serializers.CharField()
    statement_revision = serializers.IntegerField()
    signed_by = serializers.ListField(child=serializers.CharField())
    closed_at_utc = UtcField(source="closed_at", allow_null=True)
    digest = serializers.CharField()
    entry_id = serializers.CharField()


class LedgerLineShape(Shape):
    key = serializers.CharField()
    reference = serializers.CharField()
    date = serializers.DateField()
    kind = serializers.CharField()
    element = serializers.CharField()
    mass_mg = MassField()
    lot = serializers.CharField()
    origin = serializers.CharField(help_text="the hex id of our entry, or the row number of the partner's file")


class DecisionShape(Shape):
    number = serializers.IntegerField()
    reason = serializers.CharField(allow_null=True)
    note = serializers.CharField()
    agreed_mg = MassField(allow_null=True)
    decided_by = serializers.CharField()


class RowShape(Shape):
    key = serializers.CharField()
    ours = LedgerLineShape(allow_null=True)
    theirs = LedgerLineShape(allow_null=True)
    difference_mg = MassField()
    state = serializers.CharField()
    rule = serializers.CharField(allow_null=True)
    suggested_reason = serializers.CharField(allow_null=True)
    why = TextShape()
    settled = serializers.BooleanField()
    stale = serializers.BooleanField()
    adjustment_due_mg = MassField()
    decision = DecisionShape(allow_null=True)


class TieLineShape(Shape):
    element = serializers.CharField()
    opening_mg = MassField()
    ours_mg = MassField()
    theirs_mg = MassField()
    difference_mg = MassField()
    open_difference_mg = MassField()
    open_count = serializers.IntegerField()
    closing_mg = MassField()


class PartnerStatementShape(Shape):
    period_number = serializers.IntegerField()
    revision = serializers.IntegerField()
    file_name = serializers.CharField()
    file_sha256 = serializers.CharField()
    submitted_by = serializers.CharField()
    submitted_at_utc = UtcField(source="submitted_at")
    state = serializers.CharField()
    row_count = serializers.IntegerField()
    totals_mg = MassesField()
    rejected = serializers.JSONField()
    ignored = serializers.JSONField()


class BlockerShape(Shape):
    code = serializers.CharField()
    text = TextShape()


class PeriodSignatureShape(Shape):
    party = serializers.CharField()
    signed_at_utc = UtcField(source="signed_at")
    digest = serializers.CharField()
    current = serializers.BooleanField()


class AdjustmentShape(Shape):
    number = serializers.IntegerField()
    row_key = serializers.CharField()
    element = serializers.CharField()
    mass_mg = MassField()
    contra = serializers.CharField()
    reason = serializers.CharField()
    state = serializers.CharField()
    ledger_state = serializers.CharField()
    ledger_message = serializers.CharField()
    entry_id = serializers.CharField()
    entry_text = Utf8Field(help_text="what both sign")
    proposed_by = serializers.CharField()
    proposer_signed = serializers.BooleanField(help_text="false: it waits for the signature of its proposer's own key")
    agreed_by = serializers.CharField()


class SplitShape(Shape):
    number = serializers.IntegerField()
    side = serializers.CharField()
    line_key = serializers.CharField()
    parts_mg = serializers.ListField(child=MassField())


class MessageShape(Shape):
    asked_by = serializers.CharField()
    asked_at_utc = UtcField(source="asked_at")
    text = serializers.CharField()


class PeriodPageShape(Shape):
    period = PeriodShape(source="summary")
    statement = PartnerStatementShape(allow_null=True)
    rows = RowShape(many=True)
    tie_lines = TieLineShape(many=True)
    threads = serializers.SerializerMethodField(help_text="messages by the row's key")
    adjustments = AdjustmentShape(many=True)
    splits = SplitShape(many=True)
    blockers = BlockerShape(many=True)
    signatures = PeriodSignatureShape(many=True)
    exact_count = serializers.IntegerField()
    digest = serializers.CharField(help_text="of the balance as it stands; empty while something blocks")
    signing_text = Utf8Field(help_text="the ledger entry that both sign; empty while something blocks, and once closed")
    known_at = serializers.IntegerField()

    def get_threads(self, page: Any) -> dict[str, list[dict[str, str]]]:
        """Return the messages by row."""
        return {key: list(MessageShape(messages, many=True).data) for key, messages in page.threads.items()}


class SubmitQuery(Query):
    our_party = identifier(required=True, help_text="whose material the statement is about")
    start = serializers.DateField(input_formats=["%Y-%m-%d"])
    end = serializers.DateField(input_formats=["%Y-%m-%d"], help_text="the first day after the period")
    file_name = serializers.CharField(required=False, max_length=120, default="statement.csv")
    leave_out_rejected = serializers.BooleanField(required=False, default=False)


class RowKeys(Query):
    ours_key = serializers.CharField(required=False, max_length=40, allow_blank=True, default="")
    theirs_key = serializers.CharField(required=False, max_length=32, allow_blank=True, default="")


class NewMatch(RowKeys):
    reason = serializers.ChoiceField(
        [reason.value for reason in Reason], required=False, help_text="needed where the masses differ"
    )
    note = serializers.CharField(required=False, max_length=500, allow_blank=True, default="")


class NewMessage(RowKeys):
    text = serializers.CharField(max_length=2_000)
    dispute = serializers.BooleanField(required=False, default=False)


class NewAdjustment(RowKeys):
    reason = serializers.CharField(max_length=400)
    contra = serializers.ChoiceField(
        [contra.value for contra in Contra], required=False, default=Contra.UNACCOUNTED.value
    )
    lot = serializers.CharField(required=False, max_length=40, allow_blank=True, default="")
    signature = signature_line("the adjustment's `entry_text`")


class NewSplit(Query):
    side = serializers.ChoiceField([side.value for side in Side])
    line_key = serializers.CharField(max_length=40)
    parts_mg = serializers.ListField(
        child=serializers.RegexField(r"^-?[1-9][0-9]{0,17}$"), min_length=2, max_length=MAX_PARTS
    )


class NewSignature(Query):
    digest = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="of the balance that you have looked at")
    signature = signature_line("the period's `signing_text`")


class NumberShape(Shape):
    number = serializers.IntegerField()


class CountShape(Shape):
    matched = serializers.IntegerField()


class SignedShape(Shape):
    state = serializers.ChoiceField(["signed", "closed"])
    entry_id = serializers.CharField(help_text="of the agreed balance on the ledger, once both have signed")
