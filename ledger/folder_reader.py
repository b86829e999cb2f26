"""Reads the files of an export from its folder: hundreds of thousands of small ones, so without ceremony."""

from __future__ import annotations

import os
from dataclasses import dataclass

_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class FolderReader:
    """Answers the bytes of a path below `folder`, or None where there is no such file. Other failures are OSErrors."""

    folder: str

    def __call__(self, path: str) -> bytes | None:
        try:
            file = os.open(f"{self.folder}/{path}", os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            data = os.read(file, _PIECE)
            if len(data) < _PIECE:
                return data
            pieces = [data]
            while pieces[-1]:
                pieces.append(os.read(file, _PIECE))
            return b"".join(pieces)
        finally:
            os.close(file)
