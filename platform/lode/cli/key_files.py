"""Signing keys of parties, as files on a machine of their own. No server, no database, no Django.

One line as Go's `sumdb/note` has it, `PRIVATE+KEY+<name>+<key id>+<base64(0x01 ‖ seed)>`, with the name and id of the
verifier key; or one JSON object in which that line is sealed by AES-256-GCM under a key that scrypt makes of a
passphrase, bound to the verifier key.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import ED25519, SignerKey, decode_base64, encode_base64

_PREFIX = "PRIVATE+KEY+"
_SEALED = "lode/sealed-key/v1"
_PASSPHRASE = "LODE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret
SCRYPT_COST = 2**17  # 128 MiB and some tenths of a second for each guess of a passphrase
_MOST_COST = 2**22


class KeyFileError(Exception):
    """What a key file is refused for: a stable code, and a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def read_key(path: Path) -> SignerKey:
    """Return the key in a file, asking for its passphrase where it is sealed (or taking it from LODE_KEY_PASSPHRASE).

    Raises `bad-key` where it is none, without a word of what stands in it, and KeyFileError `wrong-passphrase`.
    """
    text = path.read_text("utf-8", "replace").strip()
    try:
        key = _of_line(_opened(path, json.loads(text)) if text.startswith("{") else text)
    except (ValueError, KeyError, TypeError, LedgerError) as error:
        raise LedgerError(
            LedgerCode.BAD_KEY, f"The file {path} does not hold a signing key of Ed25519, or was changed."
        ) from error
    return key


def write_key(path: Path, key: SignerKey, passphrase: str | None) -> None:
    """Write a new key file that this user alone can read. Raises KeyFileError `file-exists` rather than replace one."""
    text = json.dumps(_sealed(key, passphrase), indent=1) + "\n" if passphrase else key_line(key)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileError("file-exists", f"{path} is there already, and a key is never written over.") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def key_line(key: SignerKey) -> str:
    """Return the line of a key file."""
    blob = encode_base64(bytes([ED25519]) + key.seed)
    return f"{_PREFIX}{key.name}+{key.vkey.key_id.hex()}+{blob}\n"


def is_recovery(key: SignerKey) -> bool:
    """Whether the key's name says that it recovers: then it signs changes of keys alone."""
    return key.name.split("/")[1:2] == ["recovery"]


def passphrase_for(path: Path, *, new: bool = False) -> str:
    """Return the passphrase of LODE_KEY_PASSPHRASE, or ask for it on the terminal; for a new file twice."""
    if given := os.environ.get(_PASSPHRASE):
        return given
    typed = getpass.getpass(f"Passphrase of {path}: ")
    if new and (not typed or typed != getpass.getpass("Once more: ")):
        raise KeyFileError("wrong-passphrase", "The passphrase is empty, or was typed in two ways. Nothing was made.")
    return typed


def _of_line(text: str) -> SignerKey:
    name, _, rest = text.removeprefix(_PREFIX).partition("+")
    key_id, _, blob = rest.partition("+")
    data = decode_base64(blob)
    key = SignerKey(name, data[1:])
    if not text.startswith(_PREFIX) or data[:1] != bytes([ED25519]) or key.vkey.key_id.hex() != key_id:
        raise ValueError(name)
    return key


def _sealed(key: SignerKey, passphrase: str) -> dict[str, Any]:
    salt, nonce, vkey = secrets.token_bytes(16), secrets.token_bytes(12), str(key.vkey)
    box = AESGCM(_derived(passphrase, salt, SCRYPT_COST)).encrypt(nonce, key_line(key).encode(), vkey.encode())
    texts = {"salt": encode_base64(salt), "nonce": encode_base64(nonce), "box": encode_base64(box)}
    return {"type": _SEALED, "vkey": vkey, "kdf": "scrypt", "n": SCRYPT_COST, "r": 8, "p": 1, **texts}


def _opened(path: Path, said: dict[str, Any]) -> str:
    cost, vkey = said["n"], str(said["vkey"])
    known = (said["type"], said["kdf"], said["r"], said["p"]) == (_SEALED, "scrypt", 8, 1)
    if not known or not isinstance(cost, int) or not 1 < cost <= _MOST_COST or cost & (cost - 1):
        raise ValueError(path)
    salt, nonce, box = (decode_base64(said[name]) for name in ("salt", "nonce", "box"))
    try:
        line = AESGCM(_derived(passphrase_for(path), salt, cost)).decrypt(nonce, box, vkey.encode())
    except InvalidTag:
        raise KeyFileError("wrong-passphrase", f"The passphrase does not open {path}, or it was changed.") from None
    return line.decode("utf-8", "replace").strip()


def _derived(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(passphrase.encode())
