"""Streams of entries, and manifests of serials."""

from __future__ import annotations

from rest_framework import serializers

from ledger.core.bulk import LineState
from lode.api.shapes.fields import Query, Shape


class BulkQuery(Query):
    stop_at_first = serializers.BooleanField(
        required=False, default=False, help_text="hand in nothing after the first line that is refused"
    )


class LineReportShape(Shape):
    """One line of the answer; the last line is `{"summary": {…}}` instead, with the counts and `complete`."""

    line = serializers.IntegerField(help_text="from 1")
    state = serializers.ChoiceField([state.value for state in LineState])
    entry_id = serializers.CharField(allow_null=True)
    index = serializers.IntegerField(allow_null=True)
    code = serializers.CharField(allow_null=True)
    sentence = serializers.CharField(allow_null=True)


class ManifestShape(Shape):
    sha256 = serializers.CharField()
    serials = serializers.IntegerField()
    root = serializers.CharField()  # type: ignore[assignment] # REST framework calls a parent so
    existed = serializers.BooleanField()
