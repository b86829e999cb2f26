"""What a cosigner signs for a checkpoint (c2sp.org/tlog-cosignature): the text for Ed25519, a structure for ML-DSA-44.

Both are told from each other, and from a note's own text, by their first bytes.
"""

from __future__ import annotations

import base64
import binascii

_HASH_BYTES = 32
_MAX_NAME_BYTES = 255
_MAX_TIME = 2**63 - 1


def ed25519_message(text: bytes, seconds: int) -> bytes:
    """Return what an Ed25519 cosigner (0x04) signs over the checkpoint `text`; `seconds` since 1970."""
    return b"cosignature/v1\ntime %d\n" % seconds + text


def ml_dsa_message(text: bytes, name: str, seconds: int) -> bytes | None:
    """Return what the ML-DSA-44 cosigner `name` (0x06) signs, None where `text` is no checkpoint that it can sign.

    `seconds` is 0 where the cosigner does not say that it knows of no larger tree. Extension lines are not signed.
    """
    lines = text.split(b"\n")
    if len(lines) < 4 or not 0 <= seconds <= _MAX_TIME:  # noqa: PLR2004 - origin, size, root, and the last newline
        return None
    origin, size, root = lines[0], _size(lines[1]), _root(lines[2])
    cosigner = name.encode()
    if size is None or root is None or not 0 < len(origin) <= _MAX_NAME_BYTES or len(cosigner) > _MAX_NAME_BYTES:
        return None
    parts = (
        b"subtree/v1\n\x00",
        *(bytes([len(cosigner)]), cosigner),
        seconds.to_bytes(8, "big"),
        *(bytes([len(origin)]), origin),
        bytes(8),  # the first leaf of the subtree: a checkpoint is of the whole tree
        *(size.to_bytes(8, "big"), root),
    )
    return b"".join(parts)


def _size(digits: bytes) -> int | None:
    if not digits.isdigit() or (digits.startswith(b"0") and digits != b"0"):
        return None
    size = int(digits)
    return size if size <= _MAX_TIME else None


def _root(text: bytes) -> bytes | None:
    try:
        root = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return root if len(root) == _HASH_BYTES and base64.b64encode(root) == text else None
