"""The signer in a process of its own: it answers over a Unix socket that its user alone may open, or a group, too.

It has no database and believes nobody: what it signs extends what it remembers, by a proof that it verifies itself.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import decode_base64, encode_base64
from ledger.services import signer_wire
from ledger.services.head_memory import Head
from ledger.services.log_signer import LogSigner

_IDLE_SECONDS = 600
_MAX_CONNECTIONS = 32
_MOST = 2**63
_MAX_PROOF = 64
log = logging.getLogger(__name__)


class SignerServer:
    """Answers questions about one log, one at a time."""

    def __init__(self, signer: LogSigner, path: Path, group: str | None = None) -> None:
        self._signer = signer
        self._path = path
        self._group = group
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(_MAX_CONNECTIONS)

    def serve(self, ready: Callable[[], None]) -> None:
        """Call `ready` once it can be asked, and answer until the process ends.

        Raises `busy` where another signer answers there, OSError.
        """
        with self._listening() as listener:
            ready()
            while True:
                connection, _ = listener.accept()
                connection.settimeout(_IDLE_SECONDS)
                if self._places.acquire(blocking=False):
                    threading.Thread(target=self._talk, args=[connection], daemon=True).start()
                else:
                    connection.close()

    @contextmanager
    def _listening(self) -> Iterator[socket.socket]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self._path))
            except (FileNotFoundError, ConnectionRefusedError):
                self._path.unlink(missing_ok=True)  # left by one that was killed
            else:
                raise LedgerError(LedgerCode.BUSY, f"A signer answers at {self._path} already.")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listener.bind(str(self._path))
        finally:
            os.umask(before)
        if self._group is not None:
            shutil.chown(self._path, group=self._group)
            self._path.chmod(0o660)
        listener.listen(_MAX_CONNECTIONS)
        try:
            yield listener
        finally:
            listener.close()
            self._path.unlink(missing_ok=True)

    def _talk(self, connection: socket.socket) -> None:
        try:
            with connection:
                while (question := signer_wire.receive(connection)) is not None:
                    signer_wire.send(connection, self.answer(question))
        except (OSError, LedgerError) as error:
            log.info("A connection ended: %s", error)
        finally:
            self._places.release()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one question; what it refuses stands in the log, too."""
        try:
            with self._lock:
                return {"ok": self._decide(question)}
        except LedgerError as error:
            log.warning("Refused (%s): %s", error.code, error.sentence)
            return {"code": error.code, "sentence": error.sentence}
        except OSError as error:
            log.exception("The memory could not be written.")
            return {"code": LedgerCode.BUSY, "sentence": f"The signer cannot write its memory: {error}."}

    def _decide(self, question: dict[str, Any]) -> object:
        what = question.get("ask")
        if what == "state":
            return self._state()
        if what == "sign":
            return encode_base64(self._signer.sign(_head(question), _proof(question)))
        if what == "sign-root":
            return encode_base64(self._signer.sign_root(_head(question), _proof(question)))
        if what == "adopt":
            self._signer.adopt(_note(question), _proof(question))
            return True
        raise LedgerError(LedgerCode.MALFORMED, f"The signer is not asked {str(what)[:40]!r}.")

    def _state(self) -> dict[str, Any]:
        state = self._signer.state()
        head = None if state.head is None else {"size": state.head.size, "root": state.head.root.hex()}
        return {"vkeys": [str(key) for key in state.vkeys], "head": head, "where": state.where}


def _head(question: dict[str, Any]) -> Head:
    size, root = question.get("size"), question.get("root")
    if type(size) is not int or not 0 <= size < _MOST:
        raise LedgerError(LedgerCode.MALFORMED, "The size of a tree is a number from 0 on.")
    return Head(size, _hash(root))


def _proof(question: dict[str, Any]) -> list[bytes]:
    proof = question.get("proof")
    if not isinstance(proof, list) or len(proof) > _MAX_PROOF:
        raise LedgerError(LedgerCode.MALFORMED, "A proof is a list of hashes.")
    return [_hash(item) for item in proof]


def _hash(text: object) -> bytes:
    try:
        return bytes.fromhex(str(text))
    except ValueError:
        raise LedgerError(LedgerCode.MALFORMED, "A hash is written in hex.") from None


def _note(question: dict[str, Any]) -> bytes:
    try:
        return decode_base64(str(question.get("note")))
    except ValueError:
        raise LedgerError(LedgerCode.MALFORMED, "A note is sent in base64.") from None
