"""An old dump, restored by PostgreSQL's own tools: it signs nothing, says what to do, and goes on once it is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import Settings

from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.checkpoints import latest_checkpoint, ledger_size
from ledger.services.publish_files import publish_files
from ledger.services.sequence_pending import forget_desk, sequence_pending
from ledger.services.verify_ledger import verify_ledger
from lode.engine.postgres import binaries
from tests.ledger.world import append, force_into_inbox, open_world, receive
from tests.support import databases

ROOT = Path(__file__).resolve().parents[2]


def run(program: str, *words: str) -> None:
    subprocess.run([binaries() / program, *words], check=True, capture_output=True, timeout=120)


def dump(database: str, file: Path) -> None:
    run("pg_dump", "-Fc", "-f", str(file), databases.CLUSTER.url("postgres", database))


@pytest.fixture
def restore(own_database: str) -> Iterator[object]:
    """Restore a dump into a database of its own and use that; drop it in the end."""
    made = []

    def into(file: Path) -> str:
        name = f"{own_database}_{file.stem}"
        databases.create(name)
        made.append(name)
        run("pg_restore", "-d", databases.CLUSTER.url("postgres", name), str(file))
        databases.use(name)
        forget_desk()
        return name

    yield into
    databases.use(own_database)
    for name in made:
        databases.drop(name)


def lode(database: str, var: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**databases.environment(database, var), "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"}
    command = [sys.executable, "-m", "lode.cli.main", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=120)


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_old_dump_refuses_prints_the_runbook_and_goes_on_with_a_newer_one(
    own_database: str, restore, settings: Settings, tmp_path: Path
) -> None:
    open_world()
    append(receive(1))
    dump(own_database, tmp_path / "yesterday.dump")
    early = latest_checkpoint().note
    append(receive(2))
    append(receive(3))
    dump(own_database, tmp_path / "newest.dump")
    kept = files(settings.LEDGER_DIR)

    name = restore(tmp_path / "yesterday.dump")
    assert ledger_size() == 5
    force_into_inbox(receive(4))
    for service in (sequence_pending, publish_files, lambda: append(receive(5))):
        with pytest.raises(LedgerError) as refusal:
            service()
        assert refusal.value.code == LedgerCode.FORK
        assert "restored from an older copy" in refusal.value.sentence
    assert ledger_size() == 5
    assert not verify_ledger(depth="quick").sound
    (tmp_path / "early").write_bytes(early)
    done = lode(name, tmp_path, "ledger", "adopt", str(tmp_path / "early"))
    assert done.returncode == 1
    assert "cannot be adopted" in done.stderr
    assert 'What to do (docs/running.md, "After a restore")' in done.stderr
    assert files(settings.LEDGER_DIR) == kept

    restore(tmp_path / "newest.dump")
    assert verify_ledger().problems == ()
    assert append(receive(6)).index == 7
    assert verify_ledger().problems == ()


def test_a_dump_taken_before_the_last_checkpoint_was_kept_goes_on(
    own_database: str, restore, settings: Settings, tmp_path: Path
) -> None:
    """All entries are there and the newest checkpoint is not: it is signed again, the same."""
    open_world()
    append(receive(1))
    note = latest_checkpoint().note
    dump(own_database, tmp_path / "whole.dump")
    name = restore(tmp_path / "whole.dump")
    with databases.beyond_the_guard(name) as connection:
        connection.execute("ALTER TABLE ledger_checkpoint DISABLE TRIGGER USER")
        connection.execute("DELETE FROM ledger_checkpoint WHERE size = 5")
    for alias in databases.ALIASES:
        connections[alias].close()
    forget_desk()
    sequence_pending()
    assert latest_checkpoint().note == note
