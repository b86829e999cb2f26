"""One HTTP request whose answer is read line by line while its body is still being sent.

In one thread: a TLS connection must not be read and written by two.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress

from lode.cli.api_client import Api
from lode.engine.places import EngineError

_OK = 200
_MAX_LINE = 2**20
_PORTS = {"http": 80, "https": 443}


class RefusedError(Exception):
    """The server refused the request; `code` is that of its problem document."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


def post_lines(api: Api, path: str, media_type: str, body: Iterable[bytes], on_line: Callable[[bytes], None]) -> None:
    """Send `body` in pieces to `/api/v1/<path>` and hand each line of the answer on as it comes.

    Raises RefusedError where the server refuses the request, EngineError where it cannot be reached or breaks off.
    """
    try:
        asyncio.run(_post(api, path, media_type, body, on_line))
    except (OSError, EOFError, ValueError) as error:
        # EOFError and ValueError stand for an answer that breaks off or is no HTTP.
        raise EngineError(
            f"The connection to {api.parts.netloc} could not be made, or broke off ({error}). Run the same again: what "
            "was posted is answered so."
        ) from error


async def _post(api: Api, path: str, media_type: str, body: Iterable[bytes], on_line: Callable[[bytes], None]) -> None:
    parts = api.parts
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port or _PORTS[parts.scheme], ssl=secure, limit=_MAX_LINE
    )
    head = (
        f"POST {parts.path.rstrip('/')}/api/v1/{path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {api.token}\r\nContent-Type: {media_type}\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode("ascii"))
    sending = asyncio.create_task(_send(writer, body))
    try:
        status, chunks = await _answer(reader)
        if status != _OK:
            raise _refusal(status, b"".join([chunk async for chunk in chunks]))
        async for line in _lines(chunks):
            on_line(line)
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await sending
        writer.close()


async def _send(writer: asyncio.StreamWriter, body: Iterable[bytes]) -> None:
    try:
        for piece in body:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
    except ConnectionError:
        raise  # the server has heard enough: what it answers is still read
    except OSError:
        writer.transport.abort()  # the file cannot be read on, and the server would wait for the rest of it
        raise
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, AsyncIterator[bytes]]:
    """Return the status, and the pieces of the answer's body."""
    protocol, _, rest = (await reader.readline()).decode("latin-1").partition(" ")
    if not protocol.startswith("HTTP/1."):
        raise EOFError("no answer")
    status = int(rest.partition(" ")[0])
    headers: dict[str, str] = {}
    while line := (await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip().lower()
    if headers.get("transfer-encoding") == "chunked":
        return status, _chunked(reader)
    return status, _rest(reader, int(headers["content-length"]) if "content-length" in headers else None)


async def _chunked(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readline()).split(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)


async def _rest(reader: asyncio.StreamReader, length: int | None) -> AsyncIterator[bytes]:
    yield await (reader.read() if length is None else reader.readexactly(length))


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
    if rest:
        yield rest


def _refusal(status: int, body: bytes) -> RefusedError:
    try:
        problem = json.loads(body)
        return RefusedError(str(problem["detail"]), str(problem["code"]))
    except (ValueError, KeyError, TypeError):
        return RefusedError(f"The server answers {status}.", "refused")
