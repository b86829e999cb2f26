"""Files that are either there in full or not at all, also after the power went."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write_durably(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write, fsync, rename; the caller makes the rename durable by `sync_folders`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def sync_folders(folders: Iterable[Path]) -> None:
    """Make renames in these folders durable."""
    for folder in set(folders):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_and_sync(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write one file so that it is there in full after this returns, whatever happens then."""
    write_durably(path, data, mode=mode)
    sync_folders([path.parent])
