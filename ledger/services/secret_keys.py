"""The operator's own keys: one signs checkpoints, one signs the public entries of the registry."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.conf import settings

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import SignerKey
from ledger.services.files import write_and_sync

LOG = "ledger_log_key"
REGISTRY = "ledger_registry_key"
_SEED_BYTES = 32


def log_key() -> SignerKey:
    """Return the key that signs checkpoints; its name is the log's origin."""
    return _read(LOG, settings.LEDGER_ORIGIN)


def registry_key() -> SignerKey:
    """Return the key in which the registry is rooted."""
    return _read(REGISTRY, f"{settings.LEDGER_ORIGIN}/registry")


def make_missing() -> None:
    """Make those key files that are not there, readable by this user alone."""
    for name in (LOG, REGISTRY):
        if not _path(name).exists():
            _path(name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_and_sync(_path(name), secrets.token_bytes(_SEED_BYTES).hex().encode() + b"\n", mode=0o600)


def present() -> bool:
    """Say whether both key files are there."""
    return all(_path(name).exists() for name in (LOG, REGISTRY))


def _path(name: str) -> Path:
    return Path(settings.VAR_DIR) / "secrets" / name


def _read(name: str, key_name: str) -> SignerKey:
    path = _path(name)
    try:
        seed = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise LedgerError(
            LedgerCode.NOT_OPEN,
            f"The key file {path} is missing: put it back from where it is kept, or open a new ledger.",
        ) from None
    except ValueError:
        raise LedgerError(LedgerCode.BAD_KEY, f"The key file {path} does not hold 64 hexadecimal digits.") from None
    return SignerKey(key_name, seed)
