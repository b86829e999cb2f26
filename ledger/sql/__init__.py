"""The one place for the ledger's SQL: scripts of the guard, and the statements that write and read rows in sets."""

from __future__ import annotations

from pathlib import Path


def script(name: str) -> str:
    """Return the text of an SQL file of this folder."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
