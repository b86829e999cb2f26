"""Published test figures that lie beside the repository; tests that use them skip where they are absent."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1].parent / "shared"


def shared(relative: str) -> Path:
    """Return the path of a published test file, or skip the test and say why."""
    path = ROOT / relative
    if not path.exists():
        pytest.skip(f"{path} is not here: published test figures are kept beside the repository, not in it")
    return path
