"""Reads an export that goes on from earlier ones: what the newest folder lacks of the log is looked for in those."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.folder_reader import FolderReader

# What an export says of itself is never taken from another: only what stands in the log and opens it.
_OF_THE_LOG = ("tile/", "entries/", "conservation/", "manifests/")


@dataclass(frozen=True, slots=True)
class LayeredReader:
    """Answers the bytes of a path in the first folder that has it, or None."""

    newest: FolderReader
    earlier: tuple[FolderReader, ...]

    def __call__(self, path: str) -> bytes | None:
        data = self.newest(path)
        if data is None and path.startswith(_OF_THE_LOG):
            for folder in self.earlier:
                if (data := folder(path)) is not None:
                    return data
        return data
