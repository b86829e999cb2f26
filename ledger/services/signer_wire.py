"""What passes over the signer's socket: frames of a 4-byte big-endian length and a JSON object, one answer a question.

A question is `{"ask": "state" | "sign" | "sign-root" | "adopt", …}`; an answer is `{"ok": …}`, or the code and the
sentence of a LedgerError. Bytes are base64.
"""

from __future__ import annotations

import json
import socket
from typing import Any

from ledger.core.errors import LedgerCode, LedgerError

MAX_FRAME = 200_000
_LENGTH_BYTES = 4


def send(connection: socket.socket, value: dict[str, Any]) -> None:
    """Send one object; raises OSError."""
    data = json.dumps(value).encode()
    connection.sendall(len(data).to_bytes(_LENGTH_BYTES, "big") + data)


def receive(connection: socket.socket) -> dict[str, Any] | None:
    """Return the next object, None where the other side is gone; raises `malformed`, `too-large`, OSError."""
    head = _read(connection, _LENGTH_BYTES)
    if head is None:
        return None
    length = int.from_bytes(head, "big")
    if length > MAX_FRAME:
        raise LedgerError(LedgerCode.TOO_LARGE, f"A frame of {length} bytes was sent; {MAX_FRAME} are allowed.")
    data = _read(connection, length)
    if data is None:
        return None
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise LedgerError(LedgerCode.MALFORMED, "A frame does not hold a JSON object.")
    return value


def _read(connection: socket.socket, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            return None
        data += part
    return bytes(data)
