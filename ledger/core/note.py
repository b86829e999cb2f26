"""C2SP signed notes (c2sp.org/signed-note@v1.0.0) and the three types of keys under them.

Ed25519 (0x01) signs any note; the two of c2sp.org/tlog-cosignature, Ed25519 cosignature/v1 (0x04) and ML-DSA-44 (0x06),
sign checkpoints alone.

A note is a text ending in a newline, an empty line, and signature lines `— <key name> base64(key id ‖ signature)`.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from ledger.core import cosigned
from ledger.core.errors import LedgerCode, LedgerError

ED25519 = 0x01
COSIGNATURE_V1 = 0x04
ML_DSA_44 = 0x06
COSIGNERS = frozenset({COSIGNATURE_V1, ML_DSA_44})
MAX_NOTE_BYTES = 64_000  # below 65,535, so that a public leaf always fits the length prefix of an entry bundle
MAX_SIGNATURES = 100
_KEY_BYTES = 32
_ML_DSA_KEY_BYTES = 1312
_SIGNATURE_BYTES = 64
_ML_DSA_SIGNATURE_BYTES = 2420
_TIMESTAMP_BYTES = 8
_KEY_ID_BYTES = 4
_PREFIX = "— "
_KEY_NAME = re.compile(r"[^+\s\x00-\x1f]+")
_CONTROLS = bytes(byte for byte in range(0x20) if byte != 0x0A)  # noqa: PLR2004 - ASCII control characters but LF
_FIELD_PRIME = 2**255 - 19
# The y coordinates of the eight points of small order (RFC 8032 section 5.1.7 lets a verifier multiply by the
# cofactor, under which these accept signatures that nobody made).
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _FIELD_PRIME - 1,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    }
)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name. `key_id` is 4 bytes; `algorithm` the signature type of the C2SP registry."""

    name: str
    key_id: bytes
    algorithm: int
    public_key: bytes

    @classmethod
    def create(cls, name: str, public_key: bytes, algorithm: int = ED25519) -> VerifierKey:
        """Build a key from its name and raw public bytes; raises `bad-key` where either cannot be used."""
        check_key_name(name)
        key = cls(name, _key_id(name, algorithm, public_key), algorithm, public_key)
        key._check()
        return key

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """Read `<name>+<hex key id>+<base64(type ‖ key)>`; raises `bad-key` saying what is wrong with it."""
        parts = vkey.split("+", 2)
        if len(parts) != 3 or len(parts[1]) != 2 * _KEY_ID_BYTES:  # noqa: PLR2004 - the three parts of a vkey
            raise LedgerError(LedgerCode.BAD_KEY, f"{vkey!r} is not a verifier key of the form name+id+key.")
        name, id_text, key_text = parts
        check_key_name(name)
        try:
            key_id = bytes.fromhex(id_text)
            blob = decode_base64(key_text)
        except ValueError:
            raise LedgerError(LedgerCode.BAD_KEY, f"The verifier key of {name!r} is not hex and base64.") from None
        if len(key_id) != _KEY_ID_BYTES or not blob:
            raise LedgerError(LedgerCode.BAD_KEY, f"The verifier key of {name!r} is cut short.")
        key = cls(name, key_id, blob[0], blob[1:])
        key._check()
        return key

    def __str__(self) -> str:
        blob = bytes([self.algorithm]) + self.public_key
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(blob)}"

    @property
    def supported(self) -> bool:
        """Whether this project can verify the key's signatures; others are ignored, as C2SP asks."""
        return self.algorithm == ED25519 or self.algorithm in COSIGNERS

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` (without its key id) is this key's over the note text `text`."""
        if self.algorithm == ED25519:
            return ed25519_verify(self.public_key, signature, text)
        seconds, signature = int.from_bytes(signature[:_TIMESTAMP_BYTES], "big"), signature[_TIMESTAMP_BYTES:]
        if self.algorithm == COSIGNATURE_V1:
            return ed25519_verify(self.public_key, signature, cosigned.ed25519_message(text, seconds))
        if self.algorithm == ML_DSA_44:
            message = cosigned.ml_dsa_message(text, self.name, seconds)
            return message is not None and ml_dsa_verify(self.public_key, signature, message)
        return False

    def _check(self) -> None:
        if not self.supported:
            return
        if self.key_id != _key_id(self.name, self.algorithm, self.public_key):
            raise LedgerError(LedgerCode.BAD_KEY, f"The key id of {self.name!r} does not belong to its key.")
        if self.algorithm == ML_DSA_44:
            if len(self.public_key) != _ML_DSA_KEY_BYTES:
                raise LedgerError(LedgerCode.BAD_KEY, f"The ML-DSA-44 key of {self.name!r} is not 1312 bytes long.")
            return
        if len(self.public_key) != _KEY_BYTES:
            raise LedgerError(LedgerCode.BAD_KEY, f"The Ed25519 key of {self.name!r} is not 32 bytes long.")
        y = int.from_bytes(self.public_key, "little") & (2**255 - 1)
        if y >= _FIELD_PRIME or y in _SMALL_ORDER_Y:
            raise LedgerError(LedgerCode.BAD_KEY, f"The Ed25519 key of {self.name!r} is a weak point.")


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature of a note: the key's name, its 4-byte id, and the signature bytes."""

    name: str
    key_id: bytes
    signature: bytes

    @classmethod
    def parse(cls, line: str) -> SignatureLine:
        """Read one line without its newline; raises `malformed`."""
        name, _, blob_text = line.removeprefix(_PREFIX).partition(" ")
        try:
            blob = decode_base64(blob_text)
        except ValueError:
            blob = b""
        if not line.startswith(_PREFIX) or len(blob) <= _KEY_ID_BYTES:
            raise LedgerError(LedgerCode.MALFORMED, f"{line[:80]!r} is not a signature line of a note.")
        check_key_name(name)
        return cls(name, blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES:])

    def __str__(self) -> str:
        return f"{_PREFIX}{self.name} {encode_base64(self.key_id + self.signature)}"


@dataclass(frozen=True, slots=True, repr=False)
class SignerKey:
    """An Ed25519 signing key: its name and the 32-byte seed, which comes from outside (no randomness is drawn here)."""

    name: str
    seed: bytes

    def __repr__(self) -> str:
        return f"SignerKey({self.name!r})"

    @property
    def vkey(self) -> VerifierKey:
        """The verifier key that belongs to this seed and name."""
        return _verifier(self.name, self.seed)

    def sign(self, text: bytes) -> SignatureLine:
        """Sign the note text `text`, which ends in a newline."""
        check_text(text)
        return SignatureLine(self.name, self.vkey.key_id, self.sign_bytes(text))

    def sign_bytes(self, data: bytes) -> bytes:
        """Return the bare signature of what is no text: the caller makes sure that it cannot be taken for one."""
        return _private_key(self.seed).sign(data)


@dataclass(frozen=True, slots=True, repr=False)
class CosignerKey:
    """A key that signs checkpoints alone, with the time: a witness's, or a log's own ML-DSA-44 key.

    `algorithm` is 0x04 or 0x06; the 32-byte seed comes from outside.
    """

    name: str
    seed: bytes
    algorithm: int

    def __repr__(self) -> str:
        return f"CosignerKey({self.name!r}, {self.algorithm:#04x})"

    @property
    def vkey(self) -> VerifierKey:
        """The verifier key that belongs to this seed, name and algorithm."""
        return _verifier(self.name, self.seed, self.algorithm)

    def cosign(self, text: bytes, seconds: int) -> SignatureLine:
        """Sign the checkpoint text `text`; raises `bad-checkpoint` for another text.

        `seconds` since 1970; 0 where nothing is said about larger trees, which a witness never does.
        """
        if self.algorithm == COSIGNATURE_V1:
            signature = _private_key(self.seed).sign(cosigned.ed25519_message(text, seconds))
        else:
            message = cosigned.ml_dsa_message(text, self.name, seconds)
            if message is None:
                raise LedgerError(LedgerCode.BAD_CHECKPOINT, f"{self.name} signs checkpoints alone, and this is none.")
            signature = MLDSA44PrivateKey.from_seed_bytes(self.seed).sign(message)
        return SignatureLine(self.name, self.vkey.key_id, seconds.to_bytes(_TIMESTAMP_BYTES, "big") + signature)


@dataclass(frozen=True, slots=True)
class Note:
    """A signed text. `text` ends in its newline and is exactly what was signed."""

    text: bytes
    signatures: tuple[SignatureLine, ...]

    @classmethod
    def parse(cls, data: bytes, *, max_bytes: int = MAX_NOTE_BYTES) -> Note:
        """Read a signed note; raises `too-large`, `malformed`, or `unsigned` where no signature line follows."""
        if len(data) > max_bytes:
            raise LedgerError(LedgerCode.TOO_LARGE, f"The note is {len(data)} bytes long; {max_bytes} are allowed.")
        check_text(data)
        # The last empty line separates, since the text itself may hold empty lines.
        split = data.rfind(b"\n\n")
        if split < 0:
            raise LedgerError(LedgerCode.UNSIGNED, "The note carries no signature: no empty line ends its text.")
        text, block = data[: split + 1], data[split + 2 :]
        if not block:
            raise LedgerError(LedgerCode.UNSIGNED, "The note carries no signature line.")
        lines = block.decode("utf-8").split("\n")[:-1]
        if len(lines) > MAX_SIGNATURES:
            raise LedgerError(LedgerCode.MALFORMED, f"The note carries more than {MAX_SIGNATURES} signatures.")
        return cls(text, tuple(SignatureLine.parse(line) for line in lines))

    def to_bytes(self) -> bytes:
        """Return the note as stored and sent."""
        lines = "".join(f"{line}\n" for line in self.signatures)
        return self.text + b"\n" + lines.encode("utf-8")

    def verify(self, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """Return those of `keys` that signed, in the order of the lines.

        Unknown keys and unknown signature types are ignored. Raises `bad-signature` where a known key's signature does
        not verify, `duplicate` where a known key stands twice, `unknown-key` where none of `keys` signed.
        """
        known = {(key.name, key.key_id): key for key in keys if key.supported}
        signed: dict[VerifierKey, None] = {}
        for line in self.signatures:
            key = known.get((line.name, line.key_id))
            if key is None:
                continue
            if key in signed:
                raise LedgerError(LedgerCode.DUPLICATE, f"The key {key.name} stands under the note twice.")
            if not key.verifies(self.text, line.signature):
                raise LedgerError(LedgerCode.BAD_SIGNATURE, f"The signature of {key.name} does not fit the text.")
            signed[key] = None
        if not signed:
            raise LedgerError(LedgerCode.UNKNOWN_KEY, "No key that is known here has signed the note.")
        return tuple(signed)


def sign(text: bytes, signers: Iterable[SignerKey]) -> Note:
    """Return `text` signed by each of `signers`, in that order."""
    return Note(text, tuple(signer.sign(text) for signer in signers))


def ed25519_verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is valid under RFC 8032 section 5.1.7 (64 bytes, S below the group order).

    By libsodium, which besides refuses keys and R of small order or not in their one encoding (see ADR 0015).
    """
    # The library below looks at no lengths itself.
    if len(signature) != _SIGNATURE_BYTES or len(public_key) != _KEY_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


def ml_dsa_verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is valid under FIPS 204 with the parameters ML-DSA-44 and no context."""
    if len(signature) != _ML_DSA_SIGNATURE_BYTES:
        return False
    try:
        MLDSA44PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def check_text(data: bytes) -> None:
    """Raise `malformed` unless `data` is UTF-8, ends in a newline, and holds no other ASCII control character."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LedgerError(LedgerCode.MALFORMED, f"The note is not UTF-8 at byte {error.start}.") from None
    if not text.endswith("\n"):
        raise LedgerError(LedgerCode.MALFORMED, "The note does not end in a newline.")
    if len(data.translate(None, _CONTROLS)) != len(data):
        raise LedgerError(LedgerCode.MALFORMED, "The note holds a control character.")


def check_key_name(name: str) -> None:
    """Raise `bad-key` unless `name` is non-empty without spaces, plus signs or control characters."""
    if not _KEY_NAME.fullmatch(name):
        raise LedgerError(LedgerCode.BAD_KEY, f"{name!r} cannot be the name of a key.")


def encode_base64(data: bytes) -> str:
    """Return standard padded base64 (RFC 4648 section 4)."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Read standard padded base64 and refuse every other spelling of the same bytes with ValueError."""
    data = binascii.a2b_base64(text)
    # The reader passes over what is no base64; written again, it is not there.
    if encode_base64(data) != text:
        raise ValueError(text)
    return data


def _key_id(name: str, algorithm: int, public_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public_key).digest()[:_KEY_ID_BYTES]


@lru_cache(maxsize=64)
def _private_key(seed: bytes) -> Ed25519PrivateKey:
    # Working the key out of its seed takes as long as signing.
    return Ed25519PrivateKey.from_private_bytes(seed)


@lru_cache(maxsize=64)
def _verifier(name: str, seed: bytes, algorithm: int = ED25519) -> VerifierKey:
    if len(seed) != _KEY_BYTES:
        raise LedgerError(LedgerCode.BAD_KEY, f"The seed of {name!r} is not 32 bytes long.")
    if algorithm == ML_DSA_44:
        public = MLDSA44PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()
    else:
        public = _private_key(seed).public_key().public_bytes_raw()
    return VerifierKey.create(name, public, algorithm)
