"""The witness over HTTP: small requests, each within a time, on a bounded number of connections."""

from __future__ import annotations

import io
import logging
import socket
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ledger.core.errors import LedgerError
from ledger.core.witness import MAX_REQUEST_BYTES, PATH, SIZE_TYPE, RefusedError
from ledger.witness.cosign import Witness

REQUEST_SECONDS = 20
MAX_CONNECTIONS = 64
_MAX_DIGITS = 10
_TEXT = "text/plain; charset=utf-8"
log = logging.getLogger(__name__)


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness; a connection more than the limit is closed at once."""

    daemon_threads = True
    request_queue_size = MAX_CONNECTIONS

    def __init__(self, address: tuple[str, int], witness: Witness, request_seconds: int = REQUEST_SECONDS) -> None:
        self.witness = witness
        self.request_seconds = request_seconds
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection, if there is a place for it."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Write a line, no traceback, for whoever broke off."""
        log.info("A connection of %s ended early: %s", client_address[0], sys.exc_info()[1])


class _Timed(io.RawIOBase):
    """A socket that is read until a time, however slowly its bytes come."""

    def __init__(self, connection: socket.socket, seconds: int) -> None:
        self._connection = connection
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        """Give the next request its time."""
        self._until = time.monotonic() + self._seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "lode-witness"
    sys_version = ""
    server: WitnessServer

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._timed = _Timed(self.connection, self.server.request_seconds)
        self.rfile = io.BufferedReader(self._timed)

    def handle_one_request(self) -> None:
        self._timed.begin()
        super().handle_one_request()

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        if self.path != PATH:
            self._answer(HTTPStatus.NOT_FOUND, _TEXT, "Ask POST /add-checkpoint.\n")
            return
        try:
            self._answer(HTTPStatus.OK, _TEXT, self.server.witness.add_checkpoint(body).decode())
        except RefusedError as refusal:
            if refusal.size is None:
                self._answer(refusal.status, _TEXT, f"{refusal.sentence}\n")
            else:
                self._answer(refusal.status, SIZE_TYPE, f"{refusal.size}\n")
            log.warning("Refused %s with %d: %s", self.client_address[0], refusal.status, refusal.sentence)
        except (LedgerError, OSError) as error:
            log.exception("The witness cannot keep its memory.")
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"The witness cannot work: {type(error).__name__}.\n")

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(HTTPStatus.OK, _TEXT, "".join(f"{vkey}\n" for vkey in self.server.witness.vkeys))
        else:
            self._answer(HTTPStatus.NOT_FOUND, _TEXT, "Ask POST /add-checkpoint.\n")

    def _body(self) -> bytes | None:
        lengths = self.headers.get_all("Content-Length", [])
        if len(lengths) != 1 or "Transfer-Encoding" in self.headers:
            wrong = HTTPStatus.LENGTH_REQUIRED, "Say how long the request is.\n"
        elif not (lengths[0].isascii() and lengths[0].isdigit()):
            wrong = HTTPStatus.BAD_REQUEST, "The length is not a number.\n"
        elif len(lengths[0]) > _MAX_DIGITS or int(lengths[0]) > MAX_REQUEST_BYTES:
            wrong = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{MAX_REQUEST_BYTES} bytes are allowed.\n"
        else:
            length = int(lengths[0])
            body = self.rfile.read(length)
            if len(body) == length:
                return body
            wrong = HTTPStatus.BAD_REQUEST, "The request is cut short.\n"
        # What is left of the request is not read, so no other one can follow on this connection.
        self.close_connection = True
        self._answer(wrong[0], _TEXT, wrong[1])
        return None

    def _answer(self, status: int, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the library gives
        log.info("%s %s", self.client_address[0], format % args)
