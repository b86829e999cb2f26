"""What the OpenAPI document says beyond what the shapes say themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from lode.api.shapes.fields import Query, Shape

Direction = Literal["request", "response"]
KEY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1 to 80 printable ASCII characters. The same key and request give the same answer, done once.",
)
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "description": "`urn:lode:problem:` and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence that says what to do"},
        "instance": {"type": "string"},
        "code": {"type": "string", "description": "stable; see docs/api.md"},
        "reference": {"type": "string", "description": "of a fault of ours, for the operator"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901, the member or parameter at fault"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_ALWAYS = {"401": "No token, or not a known one", "429": "Too many requests", "500": "Our fault"}
_ON_READ = {"400": "A parameter does not fit", "404": "There is no such thing, or it is not yours"}
_ON_WRITE = {
    "400": "A member does not fit, or the JSON is malformed",
    "403": "An auditor's token changes nothing",
    "404": "There is no such thing, or it is not yours",
    "409": "It has changed, or is settled already; or a request under the same key runs",
    "413": "More than is read",
    "415": "Another content type than the one given here",
    "422": "Understood, and refused; or the key was used for another request",
}


class Schema(AutoSchema):
    """Describes views as they are; writes take an idempotency key."""

    def get_override_parameters(self) -> list[Any]:
        """Add the header of writes; a stream is done once whatever key it carries."""
        return [KEY_HEADER] if self.method == "POST" and not getattr(self.view, "streamed", False) else []

    def get_serializer_name(self, serializer: serializers.Serializer[Any], direction: Direction) -> str:
        """Name a shape as its readers would."""
        return super().get_serializer_name(serializer, direction).removesuffix("Shape")


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The token, as OpenAPI says it."""

    target_class = "lode.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer", "description": "A token of your organisation: `lode_…`."}


def parameters(query: type[Query]) -> list[OpenApiParameter | type[Query]]:
    """Return a query's parameters as the document wants them."""
    return [query]


def listed(shape: type[Shape], **more: serializers.Field[Any, Any, Any, Any]) -> Any:
    """Return the shape of a list of that shape."""
    return inline_serializer(
        f"{shape.__name__.removesuffix('Shape')}List",
        {
            **more,
            "items": shape(many=True),
            "next_cursor": serializers.CharField(allow_null=True),
            "next": serializers.CharField(allow_null=True, help_text="the address of the following page"),
        },
    )


def tabular(shape: Any) -> dict[tuple[int, str], Any]:
    """Return the answers of a list that is also given whole, as CSV."""
    described = OpenApiResponse(OpenApiTypes.BINARY, description="every row, columns as in docs/api.md")
    return {(200, "application/json"): shape, (200, "text/csv"): described}


def add_problem_responses(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the problem document to every operation: no answer of the API is without a shape."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in result["paths"].values():
        for method, operation in path.items():
            responses: dict[str, Any] = operation["responses"]
            expected: Mapping[str, str] = {**_ALWAYS, **(_ON_WRITE if method == "post" else _ON_READ)}
            for status, description in expected.items():
                responses.setdefault(status, {"description": description, "content": content})
            operation["responses"] = dict(sorted(responses.items()))
    return result
