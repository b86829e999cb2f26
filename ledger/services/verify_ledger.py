"""Verify the ledger from its bytes, and every projection of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """`problems` are sentences, each naming an entry, account, tile or file, the first in order first."""

    size: int
    entries: int
    root: bytes
    problems: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Say whether nothing was found."""
        return not self.problems


def verify_ledger(*, depth: str = "full") -> VerifyReport:
    """Replay the database's entries and compare everything with the replay. `depth`: `quick` (tree only) or `full`."""
    raise NotImplementedError
