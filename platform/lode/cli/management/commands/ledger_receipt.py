"""`lode ledger receipt N`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.services.issue_receipt import issue_receipt
from lode.cli import arguments


class Command(BaseCommand):
    help = "Write the COSE receipt (RFC 9942) of an entry."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_receipt(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["output"] or Path(f"{options['index']}.cose")
        path.write_bytes(issue_receipt(index=options["index"], party=None, size=options["size"]))
        self.stdout.write(f"Wrote the receipt of entry {options['index']} to {path}.")
