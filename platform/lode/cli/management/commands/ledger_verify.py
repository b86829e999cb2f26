"""`lode ledger verify`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.services.verify_ledger import verify_ledger
from lode.cli import arguments


class Command(BaseCommand):
    help = "Verify the ledger from its bytes, and every balance, tile and checkpoint made from them."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_verify(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify_ledger(depth="quick" if options["quick"] else "full")
        if not report.sound:
            raise CommandError("\n".join(report.problems), returncode=1)
        self.stdout.write(f"The ledger is sound: {report.entries} entries, root {report.root.hex()}.")
