"""One request to the witness: check it, keep the new head durably, and only then cosign."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note
from ledger.core.witness import CONFLICT, RefusedError, Request, check_growth, open_request
from ledger.services.failpoints import failpoint
from ledger.services.head_memory import Head, HeadMemory
from ledger.witness.folder import WitnessFolder


class Witness:
    """Cosigns what grows. One request of a log at a time; other processes on the same folder are noticed."""

    def __init__(self, folder: WitnessFolder, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._folder = folder
        self._keys = folder.cosigners()
        self._logs = folder.logs()
        self._memories = {origin: folder.memory(origin) for origin in {key.name for key in self._logs}}
        self._locks = {origin: threading.Lock() for origin in self._memories}
        for memory in self._memories.values():
            memory.read()  # what cannot be read is said at the start, not to the first log that asks

    @property
    def vkeys(self) -> tuple[str, ...]:
        """The witness's public keys, for the logs and for those who trust it."""
        return tuple(str(key.vkey) for key in self._keys)

    def add_checkpoint(self, body: bytes) -> bytes:
        """Return the cosignature lines; raises RefusedError. The new head is on the disk before this returns."""
        request = Request.parse(body)
        checkpoint = open_request(request, self._logs)
        memory = self._memories[checkpoint.origin]
        with self._locks[checkpoint.origin]:
            before, after = memory.read(), Head(checkpoint.size, checkpoint.root)
            try:
                check_growth(request, checkpoint, before.size, before.root)
            except RefusedError as refusal:
                self._keep_evidence(request, before, after)
                raise refusal from None
            if after != before:
                self._keep(memory, before, after)
            failpoint("witnessed")
            text, seconds = Note.parse(request.note).text, self._clock()
            return "".join(f"{key.cosign(text, seconds)}\n" for key in self._keys).encode()

    def _keep_evidence(self, request: Request, before: Head, after: Head) -> None:
        if after.size == before.size and after.root != before.root:
            self._folder.keep_fork(request.note)

    def _keep(self, memory: HeadMemory, before: Head, after: Head) -> None:
        try:
            memory.replace(before, after)
        except LedgerError as error:
            if error.code is not LedgerCode.CONFLICT:
                raise
            raise RefusedError(CONFLICT, error.sentence, memory.read().size) from None
