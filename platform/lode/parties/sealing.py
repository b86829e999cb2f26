"""Hosted keys are sealed: AES-256-GCM under the key-encryption key, bound to the key's name."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from lode.parties.errors import PartiesCode, PartiesError

VERSION = b"\x01"
NONCE_BYTES = 12


def _key() -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lode/hosted-key/v1")
    return derivation.derive(settings.LODE_KEY_ENCRYPTION_KEY.encode())


def seal(*, seed: bytes, name: str, nonce: bytes) -> bytes:
    """Seal a 32-byte Ed25519 seed. `nonce` is 12 fresh random bytes; the name cannot be changed afterwards."""
    return VERSION + nonce + AESGCM(_key()).encrypt(nonce, seed, VERSION + name.encode())


def unseal(*, sealed: bytes, name: str) -> bytes:
    """Return the seed. Raises PartiesError `unsealing-failed` under another key-encryption key, name or bytes."""
    nonce, box = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return AESGCM(_key()).decrypt(nonce, box, sealed[:1] + name.encode())
    except (InvalidTag, ValueError) as error:
        raise PartiesError(
            PartiesCode.UNSEALING_FAILED,
            f"The hosted key {name} cannot be opened: it was sealed under another key-encryption key, or changed. "
            "Set LODE_KEY_ENCRYPTION_KEY to the one it was made with.",
        ) from error
