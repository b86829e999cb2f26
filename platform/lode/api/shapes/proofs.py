"""Proofs of balances and of conservation, and disclosures."""

from __future__ import annotations

from rest_framework import serializers

from lode.api.shapes.fields import IDENTIFIER, MAX_SIZE, BytesField, MassField, Query, Shape, element, identifier, state


class CommitmentShape(Shape):
    element = serializers.CharField()
    total_mg = MassField(source="bounded.mass_mg", help_text="over all accounts at zero or above")
    root = BytesField(source="bounded.hash")  # type: ignore[assignment] # REST framework calls a parent so
    source_total_mg = MassField(source="source.mass_mg", help_text="over all accounts below zero: the same")
    source_root = BytesField(source="source.hash")


class ConservationShape(Shape):
    index = serializers.IntegerField(help_text="the notice's leaf")
    tree_size = serializers.IntegerField(help_text="the balances are those at this tree size")
    commitments = CommitmentShape(many=True)


class BalanceProofQuery(Query):
    owner = identifier(required=True)
    holder = identifier(required=True)
    element = element(required=True)
    state = state(required=True)
    lot = identifier(required=True)
    size = serializers.IntegerField(required=False, min_value=1, max_value=MAX_SIZE)


class DisclosedShape(Query):
    disclosure = serializers.CharField(max_length=80_000, help_text="RFC 9901: base64url of the array")
    readers = serializers.ListField(
        child=serializers.RegexField(IDENTIFIER), min_length=1, max_length=200, help_text="who is to read it"
    )


class DisclosuresShape(Query):
    disclosures = DisclosedShape(many=True, allow_empty=False)


class HeldDisclosuresShape(Shape):
    index = serializers.IntegerField()
    hidden = serializers.BooleanField(help_text="whether the entry hides anything at all")
    disclosures = serializers.ListField(child=serializers.CharField(), help_text="those that the reader holds")
    details = serializers.JSONField(help_text="the entry's details with what is disclosed in its place")


class KeptShape(Shape):
    kept = serializers.IntegerField(help_text="how many were new")
