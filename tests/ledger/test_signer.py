"""The signer refuses anything but growth: a restored backup is told so, and no second history begins."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import Settings

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import EMPTY_ROOT
from ledger.selectors.checkpoints import latest_checkpoint, ledger_size
from ledger.services.adopt_checkpoint import adopt_checkpoint
from ledger.services.head_memory import HeadMemory
from ledger.services.open_ledger import open_ledger
from ledger.services.publish_files import publish_files
from ledger.services.sequence_pending import forget_desk, sequence_pending
from ledger.services.verify_ledger import verify_ledger
from tests.ledger.world import NOW, append, force_into_inbox, open_world, receive
from tests.support import databases


@contextlib.contextmanager
def backup(name: str) -> Iterator[str]:
    """Take a copy of the database, and drop it in the end."""
    for alias in databases.ALIASES:
        connections[alias].close()
    copy = f"{name}_backup"
    databases.create(copy, name)
    try:
        yield copy
    finally:
        databases.use(name)
        databases.drop(copy)


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("published_files", ["kept", "gone"])
def test_a_restored_backup_refuses_to_sign_and_says_so(
    own_database: str, settings: Settings, published_files: str
) -> None:
    open_world()
    append(receive(1))
    with backup(own_database) as old:
        append(receive(2))
        if published_files == "gone":  # the signer alone remembers
            shutil.rmtree(settings.LEDGER_DIR / "public")
        published = files(settings.LEDGER_DIR)
        databases.use(old)
        force_into_inbox(receive(3))
        services = [sequence_pending, lambda: open_ledger(now=NOW), lambda: append(receive(4))]
        for service in [*services, publish_files] if published_files == "kept" else services:
            with pytest.raises(LedgerError) as refusal:
                service()
            assert refusal.value.code == LedgerCode.FORK
            assert "restored from an older copy" in refusal.value.sentence
        assert ledger_size() == 5
        assert files(settings.LEDGER_DIR) == published


def test_a_database_with_another_history_is_refused(own_database: str, settings: Settings, tmp_path: Path) -> None:
    open_world()
    with backup(own_database) as other:
        append(receive(1))
        ours = settings.LEDGER_DIR
        databases.use(other)
        settings.LEDGER_DIR = tmp_path / "elsewhere"
        adopt_checkpoint(note=latest_checkpoint().note)
        append(receive(2))
        settings.LEDGER_DIR = ours
        with pytest.raises(LedgerError) as refusal:
            sequence_pending()
        assert refusal.value.code == LedgerCode.FORK
        assert "are not those that this log has signed" in refusal.value.sentence


def test_files_of_a_longer_log_are_not_overwritten(own_database: str, settings: Settings) -> None:
    open_world()
    with backup(own_database) as old:
        append(receive(1))
        databases.use(old)
        (settings.LEDGER_DIR / "signer.json").write_text(
            json.dumps({"origin": settings.LEDGER_ORIGIN, "size": 0, "root": EMPTY_ROOT.hex()})
        )  # even with the signer's memory tampered with
        with pytest.raises(LedgerError) as refusal:
            publish_files()
        assert refusal.value.code == LedgerCode.FORK


def test_a_signer_without_memory_signs_nothing_until_it_adopts_a_checkpoint(
    own_database: str, settings: Settings
) -> None:
    open_world()
    early = latest_checkpoint()
    append(receive(1))
    memory = settings.LEDGER_DIR / "signer.json"
    kept = HeadMemory(memory, settings.LEDGER_ORIGIN).read()
    memory.unlink()
    forget_desk()
    force_into_inbox(receive(2))
    with pytest.raises(LedgerError) as refusal:
        sequence_pending()
    assert refusal.value.code == LedgerCode.FORK
    assert ledger_size() == 5
    assert adopt_checkpoint(note=latest_checkpoint().note) == 5
    assert HeadMemory(memory, settings.LEDGER_ORIGIN).read() == kept
    with pytest.raises(LedgerError):
        adopt_checkpoint(note=early.note)
    assert sequence_pending().posted == 1
    assert verify_ledger().sound


@pytest.mark.parametrize("content", [b"", b"{}", b'{"origin": "o", "size": "x", "root": "00"}', b"[1]"])
def test_an_unreadable_memory_is_no_memory(own_database: str, settings: Settings, content: bytes) -> None:
    open_world()
    (settings.LEDGER_DIR / "signer.json").write_bytes(content)
    forget_desk()
    with pytest.raises(LedgerError) as refusal:
        sequence_pending()
    assert refusal.value.code == LedgerCode.FORK


def test_a_ledger_whose_keys_are_gone_or_others_is_not_opened(own_database: str, settings: Settings) -> None:
    open_world()
    for name in ("ledger_log_key", "ledger_registry_key"):
        path = settings.VAR_DIR / "secrets" / name
        assert path.stat().st_mode & 0o777 == 0o600
        kept = path.read_bytes()
        path.write_text("ab" * 32)
        with pytest.raises(LedgerError) as refusal:
            open_ledger(now=NOW)
        assert refusal.value.code == LedgerCode.BAD_KEY
        path.unlink()
        with pytest.raises(LedgerError) as refusal:
            open_ledger(now=NOW)
        assert refusal.value.code == LedgerCode.NOT_OPEN
        path.write_bytes(kept)
    open_ledger(now=NOW)
    assert ledger_size() == 4
