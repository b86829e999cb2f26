"""C2SP tlog-proof: one leaf's index and audit path with the checkpoint, checkable offline.

`extra` carries what is needed to rebuild the leaf: for a confidential leaf the 32-byte nonce followed by the 20 ASCII
characters of the time received, for a public leaf the time alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.leaf import NONCE_BYTES
from ledger.core.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from ledger.core.note import VerifierKey, decode_base64, encode_base64
from ledger.core.seal import check_time

HEADER = "c2sp.org/tlog-proof@v1"
_TIME_BYTES = 20
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MAX_BYTES = 100_000
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """Index of the leaf, its audit path (leaf's sibling first), the signed checkpoint's bytes, and `extra`."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def to_bytes(self) -> bytes:
        """Return the proof as stored in `N.tlog-proof`."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines.extend(encode_base64(item) for item in self.hashes)
        return "".join(f"{line}\n" for line in lines).encode("ascii") + b"\n" + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Proof:
        """Read a proof; raises `bad-proof`. The checkpoint's signatures are checked by `verify`."""
        head, gap, checkpoint = data.partition(b"\n\n")
        if len(data) > _MAX_BYTES or not gap or not checkpoint:
            raise LedgerError(LedgerCode.BAD_PROOF, "The proof has no checkpoint, or is too long.")
        try:
            lines = head.decode("ascii").split("\n")
            first, lines = lines[0], lines[1:]
            extra = None
            if lines and lines[0].startswith("extra "):
                extra = decode_base64(lines.pop(0).removeprefix("extra "))
            match = _INDEX.fullmatch(lines[0]) if lines else None
            hashes = tuple(decode_base64(line) for line in lines[1:])
        except ValueError:
            raise LedgerError(LedgerCode.BAD_PROOF, "The proof is not ASCII lines of base64.") from None
        sound = all(len(item) == HASH_BYTES for item in hashes) and len(hashes) <= _MAX_HASHES
        if first != HEADER or match is None or not sound:
            raise LedgerError(LedgerCode.BAD_PROOF, f"The proof is not of the form {HEADER}.")
        return cls(int(match[1]), hashes, checkpoint, extra)

    def verify(self, leaf: bytes, *log_keys: VerifierKey) -> Checkpoint:
        """Return the signed checkpoint under which `leaf` stands; raises `bad-proof` or as `open_checkpoint`."""
        checkpoint, _ = open_checkpoint(self.checkpoint, *log_keys)
        self.verify_under(leaf, checkpoint)
        return checkpoint

    def verify_under(self, leaf: bytes, checkpoint: Checkpoint) -> None:
        """Raise `bad-proof` unless `leaf` stands at `index` under a checkpoint whose signature is checked already."""
        verify_inclusion(leaf_hash(leaf), self.index, checkpoint.size, self.hashes, checkpoint.root)


def make_proof(index: int, hashes: Sequence[bytes], checkpoint: bytes, *, time: str, nonce: bytes | None) -> Proof:
    """Return the proof of a leaf; `nonce` is None for a public one."""
    return Proof(index, tuple(hashes), checkpoint, encode_extra(time, nonce))


def encode_extra(time: str, nonce: bytes | None) -> bytes:
    """Return nonce ‖ time, or the time alone where there is no nonce."""
    return (nonce or b"") + check_time(time).encode("ascii")


def decode_extra(extra: bytes | None) -> tuple[bytes | None, str]:
    """Read (nonce or None, time); raises `bad-proof`."""
    extra = extra or b""
    nonce, time = extra[:-_TIME_BYTES], extra[-_TIME_BYTES:]
    if len(nonce) not in (0, NONCE_BYTES):
        raise LedgerError(LedgerCode.BAD_PROOF, "The proof's extra line is not a nonce and a time.")
    try:
        return nonce or None, check_time(time.decode("ascii"))
    except (UnicodeDecodeError, LedgerError):
        raise LedgerError(LedgerCode.BAD_PROOF, "The proof's extra line is not a nonce and a time.") from None
