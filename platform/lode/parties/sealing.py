"""Hosted keys are sealed: AES-256-GCM under a key-encryption key, bound to the key's name.

Several key-encryption keys may be known at once, so that one can take the place of another: what is sealed names the
one it was sealed under by four bytes. LODE_KEY_ENCRYPTION_KEY seals; LODE_KEY_ENCRYPTION_KEYS_OLD still open.

Bytes: 0x02 ‖ id of the key-encryption key (4) ‖ nonce (12) ‖ box. Before there were ids: 0x01 ‖ nonce (12) ‖ box.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from lode.parties.errors import PartiesCode, PartiesError

NONCE_BYTES = 12
_FIRST, _VERSION = b"\x01", b"\x02"
_ID_BYTES = 4


def seal(*, seed: bytes, name: str, nonce: bytes) -> bytes:
    """Seal a 32-byte Ed25519 seed. `nonce` is 12 fresh random bytes; the name cannot be changed afterwards."""
    key = _derived(settings.LODE_KEY_ENCRYPTION_KEY)
    head = _VERSION + _id(key)
    return head + nonce + AESGCM(key).encrypt(nonce, seed, head + name.encode())


def unseal(*, sealed: bytes, name: str) -> bytes:
    """Return the seed. Raises PartiesError `unsealing-failed` under another key-encryption key, name or bytes."""
    head = sealed[:1] if sealed[:1] == _FIRST else sealed[: 1 + _ID_BYTES]
    nonce, box = sealed[len(head) : len(head) + NONCE_BYTES], sealed[len(head) + NONCE_BYTES :]
    for key in _known():
        if head in (_FIRST, _VERSION + _id(key)):
            try:
                return AESGCM(key).decrypt(nonce, box, head + name.encode())
            except (InvalidTag, ValueError):
                continue
    raise PartiesError(
        PartiesCode.UNSEALING_FAILED,
        f"The hosted key {name} cannot be opened: it was sealed under a key-encryption key that is not known here, or "
        "changed. Name the one it was made with in LODE_KEY_ENCRYPTION_KEY, or in LODE_KEY_ENCRYPTION_KEYS_OLD.",
    )


def is_current(sealed: bytes) -> bool:
    """Whether the bytes are sealed under the key-encryption key that seals now."""
    return sealed[: 1 + _ID_BYTES] == _VERSION + _id(_derived(settings.LODE_KEY_ENCRYPTION_KEY))


def _known() -> Iterator[bytes]:
    for secret in (settings.LODE_KEY_ENCRYPTION_KEY, *settings.LODE_KEY_ENCRYPTION_KEYS_OLD):
        yield _derived(secret)


def _derived(secret: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lode/hosted-key/v1")
    return derivation.derive(secret.encode())


def _id(key: bytes) -> bytes:
    return hashlib.sha256(b"lode/key-encryption-key/v1\n" + key).digest()[:_ID_BYTES]
