"""The signer of checkpoints: it remembers, outside of the database, what it signed, and refuses anything but growth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from ledger.core.checkpoint import Checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import EMPTY_ROOT, GetHash, consistency_proof, verify_consistency
from ledger.core.note import SignerKey
from ledger.services import secret_keys
from ledger.services.failpoints import failpoint
from ledger.services.files import write_and_sync


@dataclass(frozen=True, slots=True)
class Memory:
    """The largest tree head that was ever signed."""

    size: int
    root: bytes


class Signer:
    """Signs tree heads of one log, each an extension of the one before."""

    def __init__(self, key: SignerKey, path: Path) -> None:
        self._key = key
        self._path = path
        self.memory = self._load()

    def check_extends(self, size: int, root_at: Callable[[int], bytes]) -> None:
        """Raise `fork` unless a database of `size` entries extends what was signed; `root_at` answers its roots."""
        if size < self.memory.size:
            raise LedgerError(
                LedgerCode.FORK,
                f"The database holds {size} entries, yet this log has signed {self.memory.size} (by {self._path}): "
                "it was restored from an older copy, or the wrong database is connected. Nothing is signed. Bring back "
                "the entries that are missing, from a newer backup, a replica or the partners' exports; never start a "
                "second history beside the one that others hold.",
            )
        if self.memory.size and root_at(self.memory.size) != self.memory.root:
            raise LedgerError(
                LedgerCode.FORK,
                f"The first {self.memory.size} entries in the database are not those that this log has signed (by "
                f"{self._path}): the database was changed, or is another one. Nothing is signed. Find the entry with "
                "`lode ledger verify` and bring the database back from a good copy.",
            )

    def sign(self, checkpoint: Checkpoint, get_hash: GetHash) -> bytes:
        """Return the signed note; remembers the head before the signature is let out. Raises `fork` for anything else.

        `get_hash` answers hashes of the new tree, from which growth is proven.
        """
        self._check_growth(checkpoint, get_hash)
        self.remember(Memory(checkpoint.size, checkpoint.root))
        failpoint("remembered")
        return checkpoint.sign([self._key]).to_bytes()

    def _check_growth(self, checkpoint: Checkpoint, get_hash: GetHash) -> None:
        old, new = self.memory, checkpoint
        try:
            if old.size:
                proof = consistency_proof(old.size, new.size, get_hash)
                verify_consistency(old.size, new.size, old.root, new.root, proof)
        except LedgerError as error:
            raise LedgerError(
                LedgerCode.FORK,
                f"A tree of {new.size} entries does not extend the {old.size} that this log has signed (by "
                f"{self._path}): nothing is signed. {error.sentence}",
            ) from None

    def _load(self) -> Memory:
        try:
            value = json.loads(self._path.read_bytes())
            memory = Memory(int(value["size"]), bytes.fromhex(value["root"]))
            origin = value["origin"]
        except FileNotFoundError:
            return Memory(0, EMPTY_ROOT)
        except (ValueError, KeyError, TypeError):
            raise LedgerError(
                LedgerCode.FORK,
                f"The signer's memory {self._path} cannot be read: put it back from a copy; nothing is signed without.",
            ) from None
        if origin != self._key.name:
            raise LedgerError(LedgerCode.WRONG_BOOK, f"The signer's memory {self._path} is of the log {origin}.")
        return memory

    def remember(self, memory: Memory) -> None:
        """Keep a head, durably, as the largest that was signed; the caller has made sure that it is."""
        value = {"origin": self._key.name, "size": memory.size, "root": memory.root.hex()}
        write_and_sync(self._path, json.dumps(value).encode() + b"\n", mode=0o600)
        self.memory = memory


def open_signer(last_signed: int) -> Signer:
    """Return the signer with its memory. Raises `fork` where the database knows of signatures and it does not."""
    path = Path(settings.LEDGER_DIR) / "signer.json"
    if last_signed and not path.exists():
        raise LedgerError(
            LedgerCode.FORK,
            f"The signer's memory {path} is missing, and {last_signed} entries are signed already: put it back from a "
            "copy, or let it adopt the newest checkpoint that anybody holds; nothing is signed without it.",
        )
    return Signer(secret_keys.log_key(), path)
