"""Bodies that are read piece by piece, never held whole, and the media types of what is streamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any, cast

from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from lode.api.problems import ProblemError
from lode.api.renderers import JsonRenderer

NDJSON = "application/x-ndjson"
TEXT = "text/plain"
_PIECE = 64 * 1024


class NdjsonRenderer(JsonRenderer):
    """One JSON value a line: the view writes the lines, so this one only stands for the media type."""

    media_type = NDJSON
    format = "ndjson"


class FileRenderer(BaseRenderer):
    """The bytes of a text file that a view has read."""

    media_type = TEXT
    format = "file"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the bytes as they are."""
        del accepted_media_type, renderer_context
        assert isinstance(data, bytes)
        return data


def body_chunks(request: Request, media_type: str) -> Iterator[bytes]:
    """Answer the body in pieces. Raises ProblemError at once where it is of another media type."""
    given = str(request.content_type).partition(";")[0].strip().lower()
    if given != media_type:
        raise ProblemError(415, "unsupported-media-type", f"Send the body as `Content-Type: {media_type}`.")
    return _pieces(_stream(request))


def _stream(request: Request) -> IO[bytes]:
    environ = request.META
    if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
        # A body without a length (chunked): the server knows where it ends, and Django would read none of it.
        return cast("IO[bytes]", environ["wsgi.input"])
    # REST framework's own stream is none where it does not know the media type.
    return cast("IO[bytes]", request._request)  # noqa: SLF001


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece
