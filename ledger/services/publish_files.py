"""Publish the tiles and the checkpoint as files."""

from __future__ import annotations


def publish_files() -> int:
    """Bring the files under `LEDGER_DIR/public` up to the latest checkpoint; return its size. Safe to run again."""
    raise NotImplementedError
