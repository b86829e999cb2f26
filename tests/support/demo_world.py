"""The demo world for tests: made once by the real command, then cloned with its files for whoever wants one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.support import databases

ROOT = settings.BASE_DIR
MADE_OF = ("ledger", "contracts", "platform/lode")
NOT_MADE_OF = ("platform/lode/web", "platform/lode/api", "platform/lode/cli", "platform/lode/engine")


@dataclass(frozen=True)
class World:
    """A copy of the demo world: its database, its `var/` folder, and what the demo said of itself."""

    database: str
    var: Path
    summary: dict[str, Any]


def _digest() -> str:
    digest = hashlib.sha256()
    for folder in MADE_OF:
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in {".py", ".sql", ".csv"} and not name.startswith(NOT_MADE_OF):
                digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def template() -> tuple[str, Path]:
    """Return the database and the folder of the demo world, made by `manage.py demo` where this code has none yet."""
    name = f"demo_{_digest()}"
    folder = ROOT / "var" / "test-demo" / name
    migrated = databases.migrated_template()
    with databases.locked("demo"):
        if not (databases.exists(name) and (folder / "demo" / "summary.json").exists()):
            _clear(folder.parent)
            databases.drop(name)
            _make(name, folder, migrated)
    return name, folder


def _clear(parent: Path) -> None:
    for old in parent.glob("demo_*") if parent.exists() else ():
        databases.drop(old.name)
        shutil.rmtree(old)


def _make(name: str, folder: Path, migrated: str) -> None:
    draft = f"{name}_draft"
    databases.drop(draft)
    databases.create(draft, migrated)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=databases.environment(draft, folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    databases.rename(draft, name)


@contextlib.contextmanager
def copy(to: Path) -> Iterator[World]:
    """Give this process a demo world of its own, with files below `to`, until the block ends."""
    name, folder = template()
    var = to / "demo-var"
    shutil.copytree(folder, var)
    summary = json.loads((var / "demo" / "summary.json").read_text(encoding="utf-8"))
    with databases.clone(name) as database:
        yield World(database, var, summary)
