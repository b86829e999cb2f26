"""`lode ledger append FILE...`, into the database here."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.rules import REGISTRY
from ledger.services.append_entry import append_entry
from lode.cli import key_commands


class Command(BaseCommand):
    help = "Hand signed notes in, one after the other, and say what became of each."

    def add_arguments(self, parser: CommandParser) -> None:
        key_commands.ledger_append(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        refused = [path for path in options["files"] if not self.append(path)]
        if refused:
            raise CommandError(f"{len(refused)} of {len(options['files'])} notes were refused.", returncode=1)

    def append(self, path: Path) -> bool:
        """Hand one note in and report it; return whether it stands or will."""
        try:
            posted = append_entry(note=path.read_bytes(), submitted_by=REGISTRY, now=dt.datetime.now(dt.UTC))
        except LedgerError as error:
            kept = error.code is LedgerCode.BUSY
            said = "is kept and will be sequenced" if kept else "refused"
            self.stdout.write(f"{path}: {said}: {error.sentence} [{error.code}]")
            return kept
        self.stdout.write(f"{path}: {'stands already as' if posted.existed else 'stands as'} entry {posted.index}")
        return True
