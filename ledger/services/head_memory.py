"""The largest tree head that a key has signed, kept so that it survives a kill and a loss of power at any moment.

Two slots of one file are written in turn, each with its checksum. A write that is cut short spoils the slot that it was
in; the other one holds the head before it, which is the right one, since nothing was signed for what was not kept.
Writing costs one flush of data: the file never changes its length. The file of earlier versions, one line of JSON, is
read as well, and replaced at the first write. No Django here: a witness keeps its heads so, too.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import EMPTY_ROOT, HASH_BYTES
from ledger.services.files import write_and_sync

SLOT_BYTES = 4096  # at least a sector: no disk tears both slots in one write
_SLOTS = 2


@dataclass(frozen=True, slots=True)
class Head:
    """A tree head: how many leaves, and the root over them."""

    size: int
    root: bytes


NOTHING = Head(0, EMPTY_ROOT)


class HeadMemory:
    """The head kept in one file for one log. Every method raises `fork` where the file cannot be read."""

    def __init__(self, path: Path, origin: str) -> None:
        self.path = path
        self._origin = origin
        self._broken = False
        # What the file holds since this process wrote it, the head in it, and the slot that head is in.
        self._written: tuple[bytes, Head, int] | None = None

    @property
    def exists(self) -> bool:
        """Say whether there is a file at all."""
        return self.path.exists()

    def read(self) -> Head:
        """Return the head kept, `NOTHING` where there is no file; raises `wrong-book` for one of another log."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return NOTHING
        return self._newest(data)[0]

    def begin(self, head: Head = NOTHING) -> None:
        """Make the file, or replace it, with `head` in it, durably."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_and_sync(self.path, self._slot(head) + bytes(SLOT_BYTES), mode=0o600)

    def replace(self, before: Head, after: Head) -> None:
        """Keep `after`, durably, if the head kept is still `before`; raises `conflict` where it is not.

        Once a write has failed nothing is kept any more until a restart: what the disk holds is not known then.
        """
        if self._broken:
            raise LedgerError(LedgerCode.FORK, f"A write of {self.path} failed: look at the disk, and start again.")
        if not self.exists and before == NOTHING:
            self.begin()
        with self.path.open("r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            data = file.read()
            kept, slot = self._newest(data)
            if kept != before or os.fstat(file.fileno()).st_ino != self.path.stat().st_ino:
                raise LedgerError(
                    LedgerCode.CONFLICT,
                    f"{self.path} was {before.size} entries long and now is {kept.size}: another process signs, too.",
                )
            if len(data) != _SLOTS * SLOT_BYTES:
                self.begin(after)
                return
            self._broken = True
            line = self._slot(after)
            os.pwrite(file.fileno(), line, (1 - slot) * SLOT_BYTES)
            os.fdatasync(file.fileno())
            self._broken = False
            self._written = (line + data[SLOT_BYTES:] if slot else data[:SLOT_BYTES] + line, after, 1 - slot)

    def _newest(self, data: bytes) -> tuple[Head, int]:
        if self._written is not None and self._written[0] == data:
            return self._written[1:]
        found = [
            (head, slot)
            for slot in range(_SLOTS)
            if (head := self._read_slot(data[slot * SLOT_BYTES : (slot + 1) * SLOT_BYTES])) is not None
        ]
        if len(data) != _SLOTS * SLOT_BYTES and (before := self._read_line(data)) is not None:
            found = [(before, 0)]
        if not found:
            raise LedgerError(
                LedgerCode.FORK,
                f"The signer's memory {self.path} cannot be read: put it back from a copy; nothing is signed without.",
            )
        return max(found, key=lambda item: item[0].size)

    def _slot(self, head: Head) -> bytes:
        body = {"origin": self._origin, "root": head.root.hex(), "size": head.size}
        line = json.dumps({"check": _checksum(body), **body}).encode() + b"\n"
        return line.ljust(SLOT_BYTES, b"\0")

    def _read_slot(self, data: bytes) -> Head | None:
        value = _parse(data.rstrip(b"\0"))
        if value is None or value.pop("check", None) != _checksum(value):
            return None
        return self._head(value)

    def _read_line(self, data: bytes) -> Head | None:
        value = _parse(data)
        return None if value is None or "check" in value else self._head(value)

    def _head(self, value: dict[str, object]) -> Head | None:
        size, text, origin = value.get("size"), value.get("root"), value.get("origin")
        if not isinstance(size, int) or not isinstance(text, str) or size < 0:
            return None
        try:
            root = bytes.fromhex(text)
        except ValueError:
            return None
        if len(root) != HASH_BYTES:
            return None
        if origin != self._origin:
            raise LedgerError(LedgerCode.WRONG_BOOK, f"The signer's memory {self.path} is of the log {origin}.")
        return Head(size, root)


def _parse(data: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _checksum(body: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
