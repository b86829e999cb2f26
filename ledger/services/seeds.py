"""Key files: one 32-byte seed in hex, readable by one user alone. No Django here."""

from __future__ import annotations

import secrets
from pathlib import Path

from ledger.core.errors import LedgerCode, LedgerError
from ledger.services.files import write_and_sync

_SEED_BYTES = 32


def make_seed(path: Path) -> None:
    """Make a key file with a new seed, unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_and_sync(path, secrets.token_bytes(_SEED_BYTES).hex().encode() + b"\n", mode=0o600)


def read_seed(path: Path) -> bytes:
    """Return the 32-byte seed in a key file; raises `not-open` where it is missing, `bad-key`."""
    try:
        seed = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise LedgerError(
            LedgerCode.NOT_OPEN,
            f"The key file {path} is missing: put it back from where it is kept, or open a new ledger.",
        ) from None
    except ValueError:
        seed = b""
    if len(seed) != _SEED_BYTES:
        raise LedgerError(LedgerCode.BAD_KEY, f"The key file {path} does not hold 64 hexadecimal digits.")
    return seed
