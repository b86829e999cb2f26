"""Answers as JSON; problems as problem documents whatever was asked for. There is no browsable HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer


class JsonRenderer(BaseRenderer):
    """UTF-8 JSON whose bytes are the same for the same answer."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the bytes; nothing for an answer without a body."""
        del accepted_media_type, renderer_context
        if data is None:
            return b""
        return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


class ProblemRenderer(JsonRenderer):
    """RFC 9457 problem details."""

    media_type = "application/problem+json"
    format = "problem"


class BytesRenderer(BaseRenderer):
    """Bytes that a view has made."""

    charset: str | None = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the bytes as they are."""
        del accepted_media_type, renderer_context
        assert isinstance(data, bytes)
        return data


class CsvRenderer(BytesRenderer):
    """CSV that a view has made."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"


class ProofRenderer(BytesRenderer):
    """A proof in RFC 8785 JSON that a service has made: its bytes are what is checked."""

    media_type = "application/json"
    format = "json"


class CoseRenderer(BytesRenderer):
    """A COSE object that a service has made."""

    media_type = "application/cose"
    format = "cose"
    render_style = "binary"
