"""Files that are either there in full or not at all, also after the power went."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_durably(path: Path, data: bytes, *, mode: int = 0o644) -> set[Path]:
    """Write, fsync, rename; return the folders that changed, for the caller to make durable by `sync_folders`."""
    changed = {path.parent}
    for folder in path.parents:
        if folder.exists():
            break
        changed.add(folder.parent)  # a new folder is an entry of the one above it
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
    return changed


def sync_folders(folders: set[Path]) -> None:
    """Make renames in these folders durable."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_and_sync(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write one file so that it is there in full after this returns, whatever happens then."""
    sync_folders(write_durably(path, data, mode=mode))
