"""`lode ledger bring-back FOLDER…`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.selectors.checkpoints import ledger_size
from ledger.services.bring_back import bring_back
from lode.cli import arguments


class Command(BaseCommand):
    help = "Put the entries that a restored database has lost back from exports, at the same places, or none."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_bring_back(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        before = ledger_size()
        size = bring_back(folders=options["folders"])
        self.stdout.write(f"{size - before} entries are back; the ledger holds {size}. Now: lode ledger verify")
