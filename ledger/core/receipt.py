"""COSE Receipts (RFC 9942) of inclusion: the proof of a leaf under the log's Ed25519 signature over the tree's root.

A receipt is a COSE_Sign1 (tag 18) whose payload, the root, is detached: whoever checks it computes the root from the
leaf. Protected: alg EdDSA, the key id, CWT claims, vds RFC9162_SHA256. Unprotected: vdp, one proof. The claims are the
log as issuer and the size of the tree as subject: the root alone would not bind the size that the proof gives.

The log's key signs notes, too. The two cannot be taken for each other: what is signed here is the CBOR of an array of
four, whose first byte 0x84 begins no text in UTF-8, and every note is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cbor2

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import HASH_BYTES, leaf_hash, root_of_inclusion
from ledger.core.note import ED25519, VerifierKey, ed25519_verify

_SIGN1 = 18
_ALG, _KID, _CWT_CLAIMS, _VDS, _VDP = 1, 4, 15, 395, 396
_EDDSA = -8
_ISSUER, _SUBJECT = 1, 2
_RFC9162_SHA256 = 1
_INCLUSION = -1
_MAX_BYTES = 10_000
_MAX_HASHES = 63
_MOST = 2**63


@dataclass(frozen=True, slots=True)
class Receipt:
    """Leaf `index` in the tree of `size` leaves, its audit path (leaf's sibling first), and the log's signature."""

    log: str
    key_id: bytes
    size: int
    index: int
    hashes: tuple[bytes, ...]
    signature: bytes

    def to_bytes(self) -> bytes:
        """Return the receipt as a file."""
        proof = cbor2.dumps([self.size, self.index, list(self.hashes)], canonical=True)
        unprotected = {_VDP: {_INCLUSION: [proof]}}
        protected = _protected(self.log, self.key_id, self.size)
        return cbor2.dumps(cbor2.CBORTag(_SIGN1, [protected, unprotected, None, self.signature]), canonical=True)

    @classmethod
    def parse(cls, data: bytes) -> Receipt:
        """Read a receipt as `to_bytes` writes it; raises `bad-proof` for any other bytes."""
        # Whatever can be read is written again: what is not the same to the byte is no receipt of a log.
        found = cls._read(data) if len(data) <= _MAX_BYTES else None
        if found is None or found.to_bytes() != data:
            raise LedgerError(LedgerCode.BAD_PROOF, "The receipt is not a COSE Receipt of inclusion as a log gives it.")
        return found

    @classmethod
    def _read(cls, data: bytes) -> Receipt | None:
        try:
            protected, unprotected, _, signature = cbor2.loads(data).value
            header = cbor2.loads(protected)
            (proof,) = unprotected[_VDP][_INCLUSION]
            size, index, hashes = cbor2.loads(proof)
            name, _, key_id = header[_KID].decode().rpartition("+")
            found = cls(name, bytes.fromhex(key_id), size, index, tuple(hashes), signature)
        except (cbor2.CBORError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return None
        numbers = all(type(number) is int and 0 <= number < _MOST for number in (size, index))
        path = all(type(item) is bytes and len(item) == HASH_BYTES for item in hashes) and len(hashes) <= _MAX_HASHES
        return found if numbers and path and type(signature) is bytes else None

    def verify(self, leaf: bytes, key: VerifierKey) -> bytes:
        """Return the root under which `leaf` stands, signed by `key`; raises `unknown-key`, `bad-proof`."""
        if (key.name, key.key_id, key.algorithm) != (self.log, self.key_id, ED25519):
            raise LedgerError(LedgerCode.UNKNOWN_KEY, f"The receipt is signed by a key of {self.log}, not by this one.")
        root = root_of_inclusion(leaf_hash(leaf), self.index, self.size, self.hashes)
        if not ed25519_verify(key.public_key, self.signature, signed_bytes(key, self.size, root)):
            raise LedgerError(LedgerCode.BAD_PROOF, "The receipt's signature is not one over the root of this leaf.")
        return root


def signed_bytes(key: VerifierKey, size: int, root: bytes) -> bytes:
    """Return the Sig_structure that the log's key signs for the root of `size` leaves (RFC 9052 section 4.4)."""
    return cbor2.dumps(["Signature1", _protected(key.name, key.key_id, size), b"", root], canonical=True)


def make_receipt(key: VerifierKey, size: int, index: int, hashes: Sequence[bytes], signature: bytes) -> Receipt:
    """Return the receipt of a leaf; `signature` is the log's over `signed_bytes` of the root of `size` leaves."""
    return Receipt(key.name, key.key_id, size, index, tuple(hashes), signature)


def _protected(log: str, key_id: bytes, size: int) -> bytes:
    header = {
        _ALG: _EDDSA,
        _KID: f"{log}+{key_id.hex()}".encode(),
        _CWT_CLAIMS: {_ISSUER: log, _SUBJECT: str(size)},
        _VDS: _RFC9162_SHA256,
    }
    return cbor2.dumps(header, canonical=True)
