"""Where things lie on this machine: the project, the folder of everything that it makes, and its secrets."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
DEFAULT_ORIGIN = "ledger.lode.example/demo"


class EngineError(Exception):
    """Lode cannot run here; the message is a sentence that says what to do."""


def var_folder() -> Path:
    """Return the folder of everything that Lode makes: `var/` in the project unless LODE_VAR names another."""
    return Path(os.environ.get("LODE_VAR") or PROJECT / "var").resolve()


def database_is_given() -> bool:
    """Say whether the environment names a database, so that the embedded one is not used."""
    return bool(os.environ.get("DATABASE_URL") or os.environ.get("LODE_APP_DATABASE_URL"))


def require_writable(folder: Path) -> None:
    """Make the folder where it is missing, and raise EngineError where files cannot be made in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise EngineError(
            f"Lode keeps its data in {folder} and cannot write there ({error.strerror}). "
            "Give your user the folder, or name another one in LODE_VAR."
        ) from error


def secret(name: str) -> str:
    """Return a secret from the environment, or from a file of `var/secrets` that is made at the first use.

    The file appears whole or not at all, so that processes that start at once agree on one secret.
    """
    if value := os.environ.get(name):
        return value
    path = var_folder() / "secrets" / name.lower()
    if not path.exists():
        _make_secret(path)
    value = path.read_text(encoding="ascii").strip()
    if not value:
        raise EngineError(f"The secret {path} is empty. Restore it from a backup; without it, delete {path} to start.")
    return value


def _make_secret(path: Path) -> None:
    require_writable(path.parent.parent)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was quicker: its secret counts
    finally:
        Path(draft).unlink()
