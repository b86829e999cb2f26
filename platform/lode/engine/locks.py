"""Locks between processes: files that are locked, never looked at, so that a killed process leaves none behind."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lode.engine.places import EngineError


def open_lock(path: Path) -> IO[str]:
    """Open a lock file, making it where it is missing; raise EngineError where this user may not."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise EngineError(
            f"Lode cannot open {path} ({error.strerror}). Give your user that folder, or name another one in LODE_VAR."
        ) from error


def try_exclusive(file: IO[str]) -> bool:
    """Take the file for this process alone if no other has it; say whether that went well."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[IO[str]]:
    """Let one process at a time do what follows; the others wait."""
    with open_lock(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


@contextlib.contextmanager
def shared(path: Path) -> Iterator[IO[str]]:
    """Hold the file together with others, waiting while one has it for itself."""
    with open_lock(path) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield file
