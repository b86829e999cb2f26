"""C2SP tlog-checkpoint: a log's origin, size and root, as the text of a signed note."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import HASH_BYTES
from ledger.core.note import Note, SignerKey, VerifierKey, decode_base64, encode_base64, sign

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: `origin` names the log, `size` its leaves, `root` is 32 bytes."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> bytes:
        """Return the note text that the log signs."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode("utf-8")

    @classmethod
    def parse(cls, text: bytes) -> Checkpoint:
        """Read a note text; raises `bad-checkpoint`."""
        try:
            lines = text.decode("utf-8").split("\n")
            origin, size, root_text, *rest = lines
            root = decode_base64(root_text)
        except ValueError:
            raise LedgerError(
                LedgerCode.BAD_CHECKPOINT, "The checkpoint is not an origin, a size and a root."
            ) from None
        extensions = rest[:-1]
        if not origin or not _SIZE.fullmatch(size) or len(root) != HASH_BYTES or rest[-1:] != [""] or "" in extensions:
            raise LedgerError(LedgerCode.BAD_CHECKPOINT, "The checkpoint is not an origin, a size and a root.")
        return cls(origin, int(size), root, tuple(extensions))

    def sign(self, signers: Iterable[SignerKey]) -> Note:
        """Return this checkpoint signed; the caller makes sure that the log only ever grows."""
        return sign(self.text(), signers)


def open_checkpoint(data: bytes, *log_keys: VerifierKey) -> tuple[Checkpoint, Note]:
    """Read a checkpoint signed by one of `log_keys` whose name is its origin.

    Raises `malformed`, `unsigned`, `bad-signature`, `unknown-key`, `wrong-book` or `bad-checkpoint`.
    """
    note = Note.parse(data)
    signed = note.verify(log_keys)
    checkpoint = Checkpoint.parse(note.text)
    if all(key.name != checkpoint.origin for key in signed):
        raise LedgerError(
            LedgerCode.WRONG_BOOK,
            f"The checkpoint is of {checkpoint.origin!r} and its key belongs to {signed[0].name!r}.",
        )
    return checkpoint, note
