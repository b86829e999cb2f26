"""`lode ledger adopt FILE`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.services.adopt_checkpoint import adopt_checkpoint
from lode.cli import arguments


class Command(BaseCommand):
    help = "Give a signer that lost its memory the newest checkpoint that anybody holds."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_adopt(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        size = adopt_checkpoint(note=options["file"].read_bytes())
        self.stdout.write(f"The signer goes on from {size} entries.")
