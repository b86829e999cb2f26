"""The signer as the sequencer sees it: in this process, or in one of its own, by its socket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from ledger.core.checkpoint import Checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import GetHash, consistency_proof
from ledger.core.note import VerifierKey
from ledger.services import secret_keys
from ledger.services.head_memory import NOTHING, Head, HeadMemory
from ledger.services.log_signer import Backend, LogSigner, SignerState
from ledger.services.signer_client import SignerClient

MEMORY = "signer.json"


class Signer:
    """Signs tree heads of one log, each an extension of the one before."""

    def __init__(self, backend: Backend, state: SignerState) -> None:
        self._backend = backend
        self._where = state.where
        self.vkeys = state.vkeys
        self.head = state.head or NOTHING

    def check_extends(self, size: int, root_at: Callable[[int], bytes]) -> None:
        """Raise `fork` unless a database of `size` entries extends what was signed; `root_at` answers its roots."""
        if size < self.head.size:
            raise LedgerError(
                LedgerCode.FORK,
                f"The database holds {size} entries, yet this log has signed {self.head.size} (by {self._where}): "
                "it was restored from an older copy, or the wrong database is connected. Nothing is signed. Bring back "
                "the entries that are missing, from a newer backup, a replica or the partners' exports; never start a "
                "second history beside the one that others hold.",
            )
        if self.head.size and root_at(self.head.size) != self.head.root:
            raise LedgerError(
                LedgerCode.FORK,
                f"The first {self.head.size} entries in the database are not those that this log has signed (by "
                f"{self._where}): the database was changed, or is another one. Nothing is signed. Find the entry with "
                "`lode ledger verify` and bring the database back from a good copy.",
            )

    def sign(self, checkpoint: Checkpoint, get_hash: GetHash) -> bytes:
        """Return the signed note; the head is remembered before the signature is let out.

        `get_hash` answers hashes of the new tree, from which growth is proven. Raises `fork` for anything but growth,
        `busy` where the signer cannot be reached.
        """
        head = Head(checkpoint.size, checkpoint.root)
        note = self._backend.sign(head, self._growth(self.head, head, get_hash))
        self.head = head
        return note

    def sign_root(self, head: Head, get_hash: GetHash) -> bytes:
        """Return the log's signature for receipts under `head`, of the past of what it has signed.

        `get_hash` answers hashes of the tree that was signed last. Raises `fork`, `busy`.
        """
        return self._backend.sign_root(head, self._growth(head, self.head, get_hash))

    def _growth(self, old: Head, new: Head, get_hash: GetHash) -> list[bytes]:
        try:
            return consistency_proof(old.size, new.size, get_hash)
        except LedgerError as error:
            raise LedgerError(
                LedgerCode.FORK,
                f"A tree of {new.size} entries does not extend the {old.size} that this log has signed (by "
                f"{self._where}): nothing is signed. {error.sentence}",
            ) from None


def open_signer(last_signed: int) -> Signer:
    """Return the signer with its memory.

    Raises `fork` where the database knows of signatures and the signer does not, `busy` where it cannot be reached.
    """
    backend = open_backend()
    state = backend.state()
    if state.head is None and last_signed:
        raise LedgerError(
            LedgerCode.FORK,
            f"The signer's memory {state.where} is missing, and {last_signed} entries are signed already: put it back "
            "from a copy, or let it adopt the newest checkpoint that anybody holds; nothing is signed without it.",
        )
    if state.head is None and isinstance(backend, LogSigner):
        backend.begin()
    return Signer(backend, state)


def open_backend() -> Backend:
    """Return what holds the log's keys: a process of its own where one is named, else this one."""
    if settings.LEDGER_SIGNER_SOCKET:
        return SignerClient(Path(settings.LEDGER_SIGNER_SOCKET))
    memory = HeadMemory(Path(settings.LEDGER_DIR) / MEMORY, settings.LEDGER_ORIGIN)
    return LogSigner(secret_keys.log_key(), memory, secret_keys.ml_dsa_log_key())


def log_vkeys() -> tuple[VerifierKey, ...]:
    """Return the log's public keys as its signer states them, the Ed25519 one first; raises `busy`, `not-open`."""
    return open_backend().state().vkeys
