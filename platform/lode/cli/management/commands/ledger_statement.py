"""`lode ledger statement`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.selectors.accounts import account_lines, account_statement
from lode.cli import arguments, tables
from lode.exports.core.ledger_tables import LINES, line_rows


class Command(BaseCommand):
    help = "Print one account between two days: opening, lines by day, closing, in milligrams."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_statement(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        found = account_statement(
            account=options["account"],
            party=None,
            start=options["start"],
            end=options["end"],
            known_at=tables.size_of(options),
        )
        tables.write(self.stdout, options["format"], LINES, line_rows(found, account_lines(found)))
