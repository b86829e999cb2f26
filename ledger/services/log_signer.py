"""The log's keys and what they have signed: they sign tree heads, each an extension of the one before, and no other.

No Django here: the sequencer holds one of these itself, or asks one in a process of its own (`signer_server`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import HASH_BYTES, verify_consistency
from ledger.core.note import CosignerKey, Note, SignerKey, VerifierKey
from ledger.core.receipt import signed_bytes
from ledger.services.failpoints import failpoint
from ledger.services.head_memory import NOTHING, Head, HeadMemory


@dataclass(frozen=True, slots=True)
class SignerState:
    """What a signer says of itself: its public keys, the first of them Ed25519, and the largest head that it signed.

    `head` is None where it has no memory; `where` names the memory, for people.
    """

    vkeys: tuple[VerifierKey, ...]
    head: Head | None
    where: str


class Backend(Protocol):
    """What the sequencer asks of a signer, in this process or in another."""

    def state(self) -> SignerState:
        """Return keys and memory."""

    def sign(self, head: Head, proof: Sequence[bytes]) -> bytes:
        """Return the signed note of `head`; `proof` shows that it extends the head signed last."""

    def sign_root(self, head: Head, proof: Sequence[bytes]) -> bytes:
        """Return the log's Ed25519 signature for receipts under `head`, which the head signed last extends."""

    def adopt(self, note: bytes, proof: Sequence[bytes]) -> None:
        """Remember a checkpoint that this log has signed; `proof` shows that it extends what is remembered."""


class LogSigner:
    """The keys themselves, with their memory."""

    def __init__(self, key: SignerKey, memory: HeadMemory, ml_dsa: CosignerKey | None = None) -> None:
        self._key = key
        self._ml_dsa = ml_dsa
        self._memory = memory
        self._vkeys = (key.vkey,) if ml_dsa is None else (key.vkey, ml_dsa.vkey)

    def state(self) -> SignerState:
        """Return keys and memory; raises `fork` where the memory cannot be read."""
        head = self._memory.read() if self._memory.exists else None
        return SignerState(self._vkeys, head, str(self._memory.path))

    def begin(self) -> None:
        """Make the memory of a log that has signed nothing yet; raises `conflict` where there is one."""
        if self._memory.exists:
            raise LedgerError(LedgerCode.CONFLICT, f"The signer's memory {self._memory.path} is there already.")
        self._memory.begin()

    def sign(self, head: Head, proof: Sequence[bytes]) -> bytes:
        """Return the signed note of `head`, and remember it before the signature is let out.

        Raises `fork` unless `proof` shows that it extends the head signed last.
        """
        before = self._remembered()
        self._check_growth(before, head, proof)
        if head != before:
            self._memory.replace(before, head)
        failpoint("remembered")
        return self._signed(head)

    def sign_root(self, head: Head, proof: Sequence[bytes]) -> bytes:
        """Return the log's Ed25519 signature for receipts under `head`.

        Raises `fork` unless `proof` shows that the head signed last extends it: nothing new is signed.
        """
        if head.size < 1:
            raise LedgerError(LedgerCode.UNKNOWN_CHECKPOINT, "A tree without entries has no receipts.")
        self._check_growth(head, self._remembered(), proof)
        return self._key.sign_bytes(signed_bytes(self._vkeys[0], head.size, head.root))

    def adopt(self, note: bytes, proof: Sequence[bytes]) -> None:
        """Remember the signed checkpoint `note`; raises `fork` unless `proof` shows that it extends what is remembered.

        Where there is no memory nothing is proven: whoever calls this knows that nobody holds a newer checkpoint.
        Raises as `open_checkpoint`, too.
        """
        checkpoint, _ = open_checkpoint(note, self._vkeys[0])
        head = Head(checkpoint.size, checkpoint.root)
        if not self._memory.exists:
            self._memory.begin(head)
            return
        before = self._memory.read()
        self._check_growth(before, head, proof)
        if head != before:
            self._memory.replace(before, head)

    def _remembered(self) -> Head:
        if not self._memory.exists:
            raise LedgerError(
                LedgerCode.FORK,
                f"The signer's memory {self._memory.path} is missing: put it back from a copy, or let it adopt the "
                "newest checkpoint that anybody holds; nothing is signed without it.",
            )
        return self._memory.read()

    def _check_growth(self, old: Head, new: Head, proof: Sequence[bytes]) -> None:
        try:
            _verify_growth(old, new, proof)
        except LedgerError as error:
            raise LedgerError(
                LedgerCode.FORK,
                f"A tree of {new.size} entries does not extend the {old.size} that this log has signed (by "
                f"{self._memory.path}): nothing is signed. {error.sentence}",
            ) from None

    def _signed(self, head: Head) -> bytes:
        checkpoint = Checkpoint(self._key.name, head.size, head.root)
        note = checkpoint.sign([self._key])
        if self._ml_dsa is not None:
            # Time 0: the log says which tree is its own, not that it knows of no larger one.
            note = Note(note.text, (*note.signatures, self._ml_dsa.cosign(note.text, 0)))
        return note.to_bytes()


def _verify_growth(old: Head, new: Head, proof: Sequence[bytes]) -> None:
    if old != NOTHING:  # refuses an `old` of no leaves with another root, too
        verify_consistency(old.size, new.size, old.root, new.root, proof)
    elif proof or len(new.root) != HASH_BYTES or (new.size == 0 and new != NOTHING):
        raise LedgerError(LedgerCode.BAD_PROOF, "What grows from nothing has a root and no proof.")
