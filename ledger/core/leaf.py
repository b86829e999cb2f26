"""Leaves of the tree: a commitment for the parties' entries, readable bytes for public ones.

A public entry has no legs, so its seal is fully given by its index and time (no accounts): the index is the leaf's
place and the time stands in the leaf, which binds the seal without storing it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import decode_base64, encode_base64
from ledger.core.seal import Seal, check_time

CONFIDENTIAL_HEADER = b"lode/leaf/v1\n"
PUBLIC_HEADER = b"lode/public/v1\n"
COMMIT_HEADER = b"lode/commit/v1\n"
NONCE_BYTES = 32
_COMMITMENT_BYTES = 32
_TIME_LENGTH = 20


@dataclass(frozen=True, slots=True)
class ConfidentialLeaf:
    """What everybody may hold of a party's entry: a commitment to note and seal, and the time received."""

    commitment: bytes
    time: str


@dataclass(frozen=True, slots=True)
class PublicLeaf:
    """A public entry as it stands in the tree: the time received and the signed note."""

    time: str
    note: bytes


Leaf = ConfidentialLeaf | PublicLeaf


def commitment(nonce: bytes, note: bytes, seal: bytes) -> bytes:
    """Return SHA-256(`lode/commit/v1` and a newline ‖ 32-byte nonce ‖ entry note ‖ seal)."""
    if len(nonce) != NONCE_BYTES:
        raise LedgerError(LedgerCode.BAD_LEAF, f"The nonce of a leaf is {len(nonce)} bytes long; 32 are needed.")
    return hashlib.sha256(COMMIT_HEADER + nonce + note + seal).digest()


def encode_confidential(commit: bytes, time: str) -> bytes:
    """Return the three lines of a confidential leaf, always the same size."""
    return CONFIDENTIAL_HEADER + f"{encode_base64(commit)}\n{check_time(time)}\n".encode("ascii")


def encode_public(time: str, note: bytes) -> bytes:
    """Return the leaf of a public entry: header, time, then the note's bytes."""
    return PUBLIC_HEADER + f"{check_time(time)}\n".encode("ascii") + note


def public_seal(index: int, time: str) -> Seal:
    """Return the seal of the public entry at `index`: it touches no account."""
    return Seal(index, time)


def decode(data: bytes) -> Leaf:
    """Read a leaf of either kind; raises `bad-leaf`."""
    if data.startswith(PUBLIC_HEADER):
        begin = len(PUBLIC_HEADER)
        time, newline, note = data[begin : begin + _TIME_LENGTH], data[begin + _TIME_LENGTH :][:1], b""
        note = data[begin + _TIME_LENGTH + 1 :]
        if newline != b"\n" or not note:
            raise LedgerError(LedgerCode.BAD_LEAF, "The public leaf holds no time and note.")
        return PublicLeaf(_time(time), note)
    lines = data.split(b"\n")
    if not data.startswith(CONFIDENTIAL_HEADER) or len(lines) != 4 or lines[3]:  # noqa: PLR2004 - three lines
        raise LedgerError(LedgerCode.BAD_LEAF, "The leaf is neither `lode/leaf/v1` nor `lode/public/v1`.")
    try:
        commit = decode_base64(lines[1].decode("ascii"))
    except ValueError:
        commit = b""
    if len(commit) != _COMMITMENT_BYTES:
        raise LedgerError(LedgerCode.BAD_LEAF, "The leaf's commitment is not base64 of 32 bytes.")
    return ConfidentialLeaf(commit, _time(lines[2]))


def _time(data: bytes) -> str:
    try:
        return check_time(data.decode("ascii"))
    except (UnicodeDecodeError, LedgerError):
        raise LedgerError(LedgerCode.BAD_LEAF, "The leaf's time is not of the form YYYY-MM-DDTHH:MM:SSZ.") from None
