"""The operator's own keys: one signs checkpoints, one signs the public entries of the registry.

An ML-DSA-44 key may stand beside the first. Where the log's keys are in a process of their own, only the registry's is
here.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from ledger.core.note import ML_DSA_44, CosignerKey, SignerKey
from ledger.services.seeds import make_seed, read_seed

LOG = "ledger_log_key"
ML_DSA = "ledger_log_key_ml_dsa"
REGISTRY = "ledger_registry_key"


def log_key() -> SignerKey:
    """Return the key that signs checkpoints; its name is the log's origin."""
    return SignerKey(settings.LEDGER_ORIGIN, read_seed(_path(LOG)))


def ml_dsa_log_key() -> CosignerKey | None:
    """Return the key whose ML-DSA-44 line stands beside the log's, None where there is none."""
    path = _path(ML_DSA)
    return CosignerKey(settings.LEDGER_ORIGIN, read_seed(path), ML_DSA_44) if path.exists() else None


def registry_key() -> SignerKey:
    """Return the key in which the registry is rooted."""
    return SignerKey(f"{settings.LEDGER_ORIGIN}/registry", read_seed(_path(REGISTRY)))


def make_missing() -> None:
    """Make those key files that belong here and are not there, readable by this user alone."""
    for name in _names():
        make_seed(_path(name))


def make_ml_dsa() -> None:
    """Make the file of the log's ML-DSA-44 key, unless it is there."""
    make_seed(_path(ML_DSA))


def _names() -> tuple[str, ...]:
    return (REGISTRY,) if settings.LEDGER_SIGNER_SOCKET else (LOG, REGISTRY)


def _path(name: str) -> Path:
    return Path(settings.VAR_DIR) / "secrets" / name
