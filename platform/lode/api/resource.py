"""What all views of the API share: the caller, the query, pages, entity tags, and writes that happen once."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ledger.core.canonical_json import dumps
from lode.api.authentication import caller_of
from lode.api.idempotency import once
from lode.parties.actor import Actor

IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"
DEFAULT_LIMIT = 50
MAX_LIMIT = 200


class Resource(APIView):
    """A resource of the API. Views translate, call one selector or service, and translate back."""

    @property
    def actor(self) -> Actor:
        """Whom the token acts for."""
        caller = caller_of(self.request)
        assert caller is not None
        return caller.actor

    @property
    def now(self) -> dt.datetime:
        """The time of the request: the API is an entry point, and the only place of it that looks at a clock."""
        return timezone.now()

    def query(self, serializer: type[serializers.Serializer[Any]]) -> Mapping[str, Any]:
        """Return the query's parameters, checked. Raises ValidationError, also for one that is not offered."""
        given = self.request.query_params
        found = serializer(data=given.dict())
        _refuse_unknown(found, given)
        _refuse_repeated(given)
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)

    def table_query(self, serializer: type[serializers.Serializer[Any]]) -> tuple[dict[str, Any], bool]:
        """Return a list's parameters, and whether its rows are wanted as CSV: then all of them, and no page.

        Raises ValidationError, also for a CSV that is asked for in pages.
        """
        query = dict(self.query(serializer))
        form = query.pop("format", None) or self.request.accepted_renderer.format
        if form == "csv" and (paged := sorted({"cursor", "limit"} & set(self.request.query_params))):
            whole = serializers.ErrorDetail("A CSV has every row: ask for it without.", code="not-paged")
            raise serializers.ValidationError({name: [whole] for name in paged})
        return query, form == "csv"

    def body(self, serializer: type[serializers.Serializer[Any]]) -> Mapping[str, Any]:
        """Return the body's members, checked. Raises ValidationError, also for one that is not offered."""
        given: Any = self.request.data
        found = serializer(data=given)
        _refuse_unknown(found, given)
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)

    def page(self, items: list[Any], cursor: str | None, **more: Any) -> Response:
        """Answer a list: the items, and the address of the following page."""
        following = None
        if cursor is not None:
            query = {**self.request.query_params.dict(), "cursor": cursor}
            following = f"{self.request.path}?{urlencode(query)}"
        return Response({**more, "items": items, "next_cursor": cursor, "next": following})

    def once(self, work: Callable[[], Response]) -> Response:
        """Do a write under its `Idempotency-Key`, if it has one."""
        sent: Any = self.request.data
        # The same members in another order are the same request.
        body = sent if isinstance(sent, bytes) else dumps(dict(sent))
        return once(self.request, self.actor.organisation, body, self.now, work)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Give every answer an entity tag of its own bytes, and answer 304 to whoever has them."""
        final = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(final, ["Authorization", "Accept"])
        if not final.has_header("Cache-Control"):
            final["Cache-Control"] = REVALIDATE if final.status_code == 200 else "no-store"  # noqa: PLR2004
        # A stream is made while it is sent: its bytes are not there yet to be tagged.
        if request.method == "GET" and final.status_code == 200 and not final.streaming:  # noqa: PLR2004
            tags = request.headers.get("If-None-Match", "")
            final.add_post_render_callback(lambda rendered: _tag(rendered, tags))
        return final


def _tag(response: Response, asked_for: str) -> None:
    tag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = tag
    known = {item.strip().removeprefix("W/") for item in asked_for.split(",")}
    if tag in known or "*" in known:
        response.status_code = 304
        response.content = b""
        del response["Content-Type"]


def _refuse_repeated(given: QueryDict) -> None:
    repeated = sorted(name for name in given if len(given.getlist(name)) > 1)
    if repeated:
        raise serializers.ValidationError(
            {name: [serializers.ErrorDetail("Name it once.", code="repeated")] for name in repeated}
        )


def _refuse_unknown(serializer: serializers.Serializer[Any], given: Mapping[str, Any]) -> None:
    unknown = sorted(set(given) - set(serializer.fields))
    if unknown:
        known = ", ".join(sorted(serializer.fields)) or "none"
        raise serializers.ValidationError(
            {
                name: [serializers.ErrorDetail(f"There is no such member here; there are: {known}.", code="unknown")]
                for name in unknown
            }
        )
