"""Folders for servers of one's own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def server_tmp() -> Iterator[Path]:
    """A new folder that stays as it is while a server runs in it.

    pytest's own folders do not: every pytest that starts closes the folder above them all to other users, and with it
    the way of the user that root's server runs as.
    """
    folder = Path(tempfile.mkdtemp(prefix="lode test "))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
