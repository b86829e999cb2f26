"""`lode prepare`: what `lode run` does before it serves. Says each step that takes a while."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from ledger.services.sequence_pending import sequence_pending
from lode.parties.selectors import list_parties


class Command(BaseCommand):
    help = "Bring tables and static files up to date, and load the demo world into an empty database."

    def handle(self, *args: Any, **options: Any) -> None:
        self.step("Preparing the database", lambda: call_command("prepare_database", verbosity=0))
        # Finishes what an interrupted run left. A database older than what was signed from it is not served.
        sequence_pending()
        self.collect_static()
        if os.environ.get("LODE_DEMO") != "0" and not list_parties():
            call_command("demo")

    def step(self, text: str, do: Any) -> None:
        """Say what is being done, and how long it took."""
        self.stdout.write(f"{text} …", ending="")
        self.stdout.flush()
        began = time.monotonic()
        do()
        self.stdout.write(f" {time.monotonic() - began:.1f} s")

    def collect_static(self) -> None:
        """Collect and compress the static files, unless they are those of the last time."""
        digest = static_digest()
        stamp = Path(settings.VAR_DIR) / "static.stamp"
        if stamp.exists() and stamp.read_text() == digest and Path(settings.STATIC_ROOT).exists():
            return
        self.step("Collecting static files", lambda: call_command("collectstatic", interactive=False, verbosity=0))
        stamp.write_text(digest)


def static_digest() -> str:
    """Name the state of every static file by its path, size and time of change."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(f"{path} {storage.size(path)} {storage.get_modified_time(path).timestamp()}\n".encode())
    return digest.hexdigest()
