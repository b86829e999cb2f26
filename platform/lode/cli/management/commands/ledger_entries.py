"""`lode ledger entries`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.selectors.entries import stream_entries
from lode.cli import arguments, tables
from lode.exports.core.ledger_tables import ENTRIES, entry_rows


class Command(BaseCommand):
    help = "Print the entries, newest first, a row for each posting, in milligrams."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_entries(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("kind", "contract", "element", "account", "occurred_from", "occurred_to")
        found = stream_entries(
            party=None, before_index=tables.size_of(options), **{name: options[name] for name in names}
        )
        tables.write(self.stdout, options["format"], ENTRIES, entry_rows(found))
