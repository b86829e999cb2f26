"""Finds the published test figures that lie beside the repository, or skips the test saying that they are absent."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(path: str) -> Path:
    """Return the folder (or file) `../shared/<path>`; skip the test where it is absent."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"The published figures ../shared/{path} do not lie beside this repository.")
    return found
