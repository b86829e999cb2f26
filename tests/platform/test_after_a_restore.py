"""The runbook "After a restore" of docs/running.md, followed to the letter, where database and memory are both old."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from pytest_django import Settings

from ledger.selectors.checkpoints import ledger_size
from ledger.services.export_ledger import export_ledger
from ledger.services.publish_files import publish_files
from ledger.services.sequence_pending import forget_desk
from ledger.services.verify_ledger import verify_ledger
from tests.ledger.test_signer import backup
from tests.ledger.world import NOW, account, append, lease_out, open_world, receive
from tests.support import databases

ROOT = Path(__file__).resolve().parents[2]
SECTION = "## After a restore"


def commands() -> list[str]:
    """Return the lines of the section's blocks of code, in order."""
    text = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    section = text[text.index(SECTION) :].split("\n## ", 1)[0]
    blocks = re.findall(r"```\n(.*?)```", section, re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def run(line: str, database: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(line)
    command = [sys.executable, "-m", "lode.cli.main", *words[1:]] if words[0] == "lode" else words
    environment = {
        **databases.environment(database, folder / "var"),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
    }
    return subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=120
    )


def test_the_runbook_leads_back_to_the_whole_ledger(own_database: str, settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR, settings.LEDGER_DIR = tmp_path / "var", tmp_path / "var" / "ledger"
    open_world()
    append(receive(1000))
    publish_files()
    shutil.copytree(settings.VAR_DIR, tmp_path / "old-var")
    with backup(own_database) as old:
        append(lease_out(20))
        append(receive(7, account("recycler")))
        for party in ("lessor", "recycler"):
            export_ledger(directory=tmp_path / party, party=party, now=NOW)
        newest = (tmp_path / "lessor" / "checkpoint").read_bytes()
        # All of this machine is as old as the backup; the partners have what they were given.
        shutil.rmtree(settings.VAR_DIR)
        shutil.copytree(tmp_path / "old-var", settings.VAR_DIR)
        databases.use(old)

        said = []
        for line in commands():
            given = line.replace("FOLDER FOLDER…", "lessor recycler").replace("FILE", "lessor/checkpoint")
            done = run(given, old, tmp_path)
            assert done.returncode == 0, (given, done.stderr)
            said.append(given)
        assert said == [
            "lode ledger verify",
            "mv var/ledger/signer.json var/ledger/signer.old",
            "lode ledger bring-back lessor recycler",
            "lode ledger adopt lessor/checkpoint",
            "lode ledger verify",
        ]
        forget_desk()
        assert ledger_size() == 7
        assert append(receive(1)).index == 7
        publish_files()
        assert verify_ledger().problems == ()
        assert newest.startswith(b"ledger.lode.example/demo\n7\n")


def test_a_database_older_than_what_was_signed_is_not_served(
    own_database: str, settings: Settings, tmp_path: Path
) -> None:
    settings.VAR_DIR, settings.LEDGER_DIR = tmp_path / "var", tmp_path / "var" / "ledger"
    open_world()
    with backup(own_database) as old:
        append(receive(1))
        done = run("lode prepare", old, tmp_path)
        assert done.returncode == 1
        assert 'What to do (docs/running.md, "After a restore"):' in done.stderr
        assert "lode ledger bring-back" in done.stderr
    assert (ROOT / "docs" / "running.md").read_text(encoding="utf-8").count(SECTION) == 1
