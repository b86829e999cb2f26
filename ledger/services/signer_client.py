"""The sequencer's side of a signer in a process of its own."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import VerifierKey, decode_base64, encode_base64
from ledger.services import signer_wire
from ledger.services.head_memory import Head
from ledger.services.log_signer import SignerState

_SECONDS = 10


class SignerClient:
    """Asks the signer behind a Unix socket. Every method raises `busy` where it cannot be reached or breaks off."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: socket.socket | None = None

    def state(self) -> SignerState:
        """Return keys and memory."""
        found = self._ask("state")
        head = None if found["head"] is None else Head(found["head"]["size"], bytes.fromhex(found["head"]["root"]))
        return SignerState(tuple(map(VerifierKey.parse, found["vkeys"])), head, f"{found['where']} of {self._path}")

    def sign(self, head: Head, proof: Sequence[bytes]) -> bytes:
        """Return the signed note of `head`; raises `fork` as the signer decides."""
        return decode_base64(self._ask("sign", **_asked(head, proof)))

    def sign_root(self, head: Head, proof: Sequence[bytes]) -> bytes:
        """Return the log's signature for receipts under `head`; raises `fork` as the signer decides."""
        return decode_base64(self._ask("sign-root", **_asked(head, proof)))

    def adopt(self, note: bytes, proof: Sequence[bytes]) -> None:
        """Let the signer remember a checkpoint; raises as the signer decides."""
        self._ask("adopt", note=encode_base64(note), proof=[item.hex() for item in proof])

    def _ask(self, question: str, **more: Any) -> Any:
        kept = self._connection is not None
        try:
            answer = self._exchange({"ask": question, **more})
        except (OSError, LedgerError) as error:
            self._close()
            if kept:  # the signer was started anew since: every question may be asked twice
                return self._ask(question, **more)
            raise LedgerError(
                LedgerCode.BUSY,
                f"The signer at {self._path} does not answer ({error}), so nothing can be signed now. What was handed "
                "in is kept and will be posted when it is back: start it with `lode signer`.",
            ) from None
        if "code" in answer:
            raise LedgerError(LedgerCode(answer["code"]), answer["sentence"])
        return answer["ok"]

    def _connected(self) -> socket.socket:
        if self._connection is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            # A timeout of Python's own would give up at once where many connect at the same time.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SECONDS, 0))
            connection.connect(str(self._path))
            connection.settimeout(_SECONDS)
            self._connection = connection
        return self._connection

    def _exchange(self, question: dict[str, Any]) -> dict[str, Any]:
        connection = self._connected()
        signer_wire.send(connection, question)
        answer = signer_wire.receive(connection)
        if answer is None:
            raise ConnectionResetError("it broke off")
        return answer

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _asked(head: Head, proof: Sequence[bytes]) -> dict[str, Any]:
    return {"size": head.size, "root": head.root.hex(), "proof": [item.hex() for item in proof]}
