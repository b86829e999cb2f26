"""Logs for witnesses to cosign: trees of numbered leaves, a fork of each at any size, and witness processes."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ledger.core.checkpoint import Checkpoint
from ledger.core.merkle import consistency_proof, leaf_hash, range_hash, root
from ledger.core.note import SignerKey
from ledger.core.witness import PATH, Request
from ledger.services.failpoints import VARIABLE
from tests.ledger.builder import signer

ROOT = Path(__file__).resolve().parents[3]
NAME = "witness.example/w1"


class Log:
    """A log whose leaf number i says i; from `fork_at` on its leaves are others."""

    def __init__(self, origin: str = "log.example/a", fork_at: int = 1 << 30) -> None:
        self.origin = origin
        self.key: SignerKey = signer(origin)
        self._fork_at = fork_at

    def get_hash(self, level: int, index: int) -> bytes:
        return root(self._leaf(number) for number in range(index << level, (index + 1) << level))

    def _leaf(self, number: int) -> bytes:
        return leaf_hash(b"%d" % number if number < self._fork_at else b"other %d" % number)

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(self.origin, size, range_hash(0, size, self.get_hash))

    def note(self, size: int) -> bytes:
        return self.checkpoint(size).sign([self.key]).to_bytes()

    def request(self, old: int, new: int) -> Request:
        return Request(old, tuple(consistency_proof(old, new, self.get_hash)), self.note(new))

    def body(self, old: int, new: int) -> bytes:
        return self.request(old, new).to_bytes()


class Running:
    """A witness process and a connection to it."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def post(self, body: bytes, path: str = PATH, headers: dict[str, str] | None = None) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("POST", path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read()


@contextlib.contextmanager
def running(folder: Path, failpoint: str = "") -> Iterator[Running]:
    """Run a witness on the folder in a process of its own; kill it in the end."""
    command = [sys.executable, "-m", "ledger.witness.cli", "serve", "--dir", str(folder), "--port", "0"]
    environment = {**os.environ, VARIABLE: failpoint}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            yield Running(process, int(line.rsplit(":", 1)[1]))
        finally:
            process.kill()
