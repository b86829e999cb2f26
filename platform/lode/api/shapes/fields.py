"""Fields that say exactly what they are."""

from __future__ import annotations

import base64
import datetime as dt
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledger.core.entry import State

MAX_SIZE = 10**18
ELEMENT = r"^[A-Z][a-z]?(-[a-z]{1,12})?$"
IDENTIFIER = r"^[a-z0-9-]{1,40}$"


@extend_schema_field(
    {"type": "string", "pattern": "^-?[0-9]{1,19}$", "description": "Whole milligrams of the contained element."}
)
class MassField(serializers.Field[int, Any, str, Any]):
    """A mass as a decimal string, so that no reader's float rounds it. Only ever written."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: int) -> str:
        """Return the digits."""
        return str(value)


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "pattern": "^-?[0-9]{1,19}$"}})
class MassesField(serializers.Field[Any, Any, dict[str, str], Any]):
    """Masses by element."""

    def to_representation(self, value: Any) -> dict[str, str]:
        """Return digits by element."""
        return {element: str(mass) for element, mass in value.items()}


@extend_schema_field({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"})
class ExactField(serializers.Field[Decimal, Any, str, Any]):
    """A decimal with the digits that it has."""

    def to_representation(self, value: Decimal) -> str:
        """Return plain digits, without an exponent."""
        return format(value, "f")


@extend_schema_field(OpenApiTypes.DATETIME)
class UtcField(serializers.Field[dt.datetime, Any, str, Any]):
    """A moment in UTC."""

    def to_representation(self, value: dt.datetime) -> str:
        """Return ISO 8601 with a Z."""
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


@extend_schema_field({"type": "string", "contentEncoding": "base64"})
class BytesField(serializers.Field[bytes, Any, str, Any]):
    """Bytes in base64."""

    def to_representation(self, value: bytes) -> str:
        """Return base64 with padding."""
        return base64.b64encode(value).decode()


@extend_schema_field(OpenApiTypes.STR)
class Utf8Field(serializers.Field[bytes, Any, str, Any]):
    """Bytes that are UTF-8 text by their format: notes, seals, leaves, checkpoints."""

    def to_representation(self, value: bytes) -> str:
        """Return the text, byte for byte."""
        return value.decode("utf-8")


class Shape(serializers.Serializer[Any]):
    """An answer: it is only ever written."""


class Query(serializers.Serializer[Any]):
    """What may be asked in an address, or sent in a body."""


class PageQuery(Query):
    """What every list takes."""

    cursor = serializers.CharField(required=False, max_length=300)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=200, default=50)


class TableQuery(PageQuery):
    """What every list takes that is also given whole, as CSV."""

    format = serializers.ChoiceField(
        ["json", "csv"], required=False, help_text="csv: all rows as one file, as with `Accept: text/csv`"
    )


def identifier(**kwargs: Any) -> serializers.RegexField:
    """A party's identifier, or a lot."""
    return serializers.RegexField(IDENTIFIER, required=kwargs.pop("required", False), **kwargs)


def element(**kwargs: Any) -> serializers.RegexField:
    """An element of the ledger."""
    return serializers.RegexField(ELEMENT, required=kwargs.pop("required", False), **kwargs)


def state(**kwargs: Any) -> serializers.ChoiceField:
    """A state of material."""
    choices = [item.value for item in State]
    return serializers.ChoiceField(choices, required=kwargs.pop("required", False), **kwargs)


def known_at() -> serializers.IntegerField:
    """A tree size: what stood in the ledger when it had that many entries."""
    return serializers.IntegerField(required=False, min_value=0, max_value=MAX_SIZE)


def text(**kwargs: Any) -> serializers.CharField:
    """A short text to look for."""
    return serializers.CharField(
        required=kwargs.pop("required", False), max_length=kwargs.pop("max_length", 120), **kwargs
    )


def day(*, required: bool = False) -> serializers.DateField:
    """A day, YYYY-MM-DD."""
    return serializers.DateField(required=required, input_formats=["%Y-%m-%d"])


def disputed_by() -> serializers.ListField:
    """Who disputes an entry."""
    return serializers.ListField(
        child=serializers.CharField(),
        help_text="parties whose key was compromised when it signed, until they reaffirm it: as it stands now",
    )
