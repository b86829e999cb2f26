"""Send one request to one witness, within a time, whatever it does. No Django here."""

from __future__ import annotations

import http.client
import time
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.witness import CONFLICT, MAX_ANSWER_BYTES, PATH, SIZE_TYPE

_MAX_SIZE_BYTES = 20
_OK = 200
_PART = 4096


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness said: lines where it cosigned, else the HTTP status, and the size that it has cosigned if told."""

    status: int
    lines: bytes = b""
    size: int | None = None


def post(url: str, body: bytes, seconds: int) -> Answer:
    """Send a request to the witness at `url` (its submission prefix); all of it takes at most `seconds`.

    Raises `bad-field` for an address that cannot be used, OSError, http.client.HTTPException.
    """
    until = time.monotonic() + seconds
    parts = urlsplit(url)
    with closing(_connection(url, until)) as connection:
        connection.request("POST", parts.path.rstrip("/") + PATH, body, {"Content-Type": "text/plain; charset=utf-8"})
        answer = connection.getresponse()
        if answer.status == _OK:
            return Answer(_OK, _read(connection, answer, MAX_ANSWER_BYTES, until))
        if answer.status == CONFLICT and answer.headers.get_content_type() == SIZE_TYPE:
            text = _read(connection, answer, _MAX_SIZE_BYTES, until).removesuffix(b"\n")
            return Answer(CONFLICT, size=int(text) if text.isdigit() else None)
        return Answer(answer.status)


def _connection(url: str, until: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise LedgerError(LedgerCode.BAD_FIELD, f"{url!r} is not the address of a witness: http(s)://host/prefix.")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname, parts.port, timeout=_left(until))


def _read(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse, most: int, until: float) -> bytes:
    data = b""
    while len(data) <= most:
        if connection.sock is not None:
            connection.sock.settimeout(_left(until))
        part = answer.read1(_PART)
        if not part:
            return data
        data += part
    raise OSError(f"it answers with more than {most} bytes")


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("it takes too long")
    return left
