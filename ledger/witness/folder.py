"""The folder of a witness: its keys, the logs that it witnesses, and for each of them the tree head cosigned last.

`keys` holds one secret a line; `logs` one vkey a line, several of one origin where a log signs with several; `heads/`
a memory of two slots for each log, `forks/` what a log has signed against its own past.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import (
    COSIGNATURE_V1,
    COSIGNERS,
    ML_DSA_44,
    CosignerKey,
    VerifierKey,
    check_key_name,
    decode_base64,
    encode_base64,
)
from ledger.services.files import write_and_sync
from ledger.services.head_memory import HeadMemory

HEADS = "heads"
_SECRET = "lode-witness-key"  # noqa: S105 - the first word of a line, no secret
_SEED_BYTES = 32
_MAX_FORKS = 100


class WitnessFolder:
    """Reads and writes the folder; raises LedgerError `bad-folder`, `bad-key` where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make_keys(self, name: str) -> tuple[VerifierKey, ...]:
        """Make the keys of a new witness, one of each type, and return their public halves."""
        check_key_name(name)
        if (self._path / "keys").exists():
            raise LedgerError(LedgerCode.BAD_FOLDER, f"{self._path} has keys already. Nothing was written.")
        keys = [
            CosignerKey(name, secrets.token_bytes(_SEED_BYTES), algorithm) for algorithm in (COSIGNATURE_V1, ML_DSA_44)
        ]
        lines = [f"{_SECRET} {key.name} {encode_base64(bytes([key.algorithm]) + key.seed)}\n" for key in keys]
        (self._path / HEADS).mkdir(parents=True, exist_ok=True)
        write_and_sync(self._path / "keys", "".join(lines).encode(), mode=0o600)
        return tuple(key.vkey for key in keys)

    def cosigners(self) -> tuple[CosignerKey, ...]:
        """Return the witness's keys; refuses a file that others may read."""
        path = self._path / "keys"
        if path.exists() and path.stat().st_mode & 0o077:
            raise LedgerError(LedgerCode.BAD_FOLDER, f"Others may read {path}: chmod 600 it, or make new keys.")
        keys = tuple(self._key(line) for line in self._lines("keys", "make keys with `lode-witness keygen NAME`"))
        if not keys:
            raise LedgerError(LedgerCode.BAD_FOLDER, f"{path} holds no key.")
        return keys

    def logs(self) -> tuple[VerifierKey, ...]:
        """Return the keys of the logs that are witnessed."""
        keys = tuple(map(VerifierKey.parse, self._lines("logs", "write the logs' vkeys into it, one a line")))
        for key in keys:
            if not key.supported or key.algorithm == COSIGNATURE_V1:
                raise LedgerError(LedgerCode.BAD_KEY, f"The key of {key.name} is of a type that signs no log here.")
        return keys

    def memory(self, origin: str) -> HeadMemory:
        """Return the memory of one log; raises `bad-folder` where all memories are gone.

        A witness that has forgotten what it cosigned must be retired: under a new name and key it may begin anew.
        """
        if not (self._path / HEADS).is_dir():
            raise LedgerError(
                LedgerCode.BAD_FOLDER,
                f"{self._path / HEADS} is missing, and with it what was cosigned: put it back, or retire this witness.",
            )
        return HeadMemory(self._path / HEADS / f"{hashlib.sha256(origin.encode()).hexdigest()}.json", origin)

    def keep_fork(self, note: bytes) -> None:
        """Keep a signed checkpoint that contradicts what was cosigned: evidence against the log."""
        folder = self._path / "forks"
        folder.mkdir(exist_ok=True)
        if sum(1 for _ in folder.iterdir()) < _MAX_FORKS:
            write_and_sync(folder / hashlib.sha256(note).hexdigest(), note)

    def _lines(self, name: str, hint: str) -> Iterator[str]:
        try:
            text = (self._path / name).read_text("utf-8")
        except FileNotFoundError:
            raise LedgerError(LedgerCode.BAD_FOLDER, f"{self._path / name} is missing: {hint}.") from None
        except UnicodeDecodeError:
            raise LedgerError(LedgerCode.BAD_FOLDER, f"{self._path / name} is not UTF-8.") from None
        return (line for raw in text.splitlines() if (line := raw.strip()) and not line.startswith("#"))

    def _key(self, line: str) -> CosignerKey:
        word, _, rest = line.partition(" ")
        name, _, blob = rest.rpartition(" ")
        try:
            data = decode_base64(blob)
        except ValueError:
            data = b""
        if word != _SECRET or len(data) != 1 + _SEED_BYTES or data[0] not in COSIGNERS:
            raise LedgerError(LedgerCode.BAD_KEY, f"A line of {self._path / 'keys'} is no key of a witness.")
        check_key_name(name)
        return CosignerKey(name, data[1:], data[0])
