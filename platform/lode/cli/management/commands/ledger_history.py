"""`lode ledger history`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.selectors.accounts import account_history, account_lines
from ledger.selectors.values import Order
from lode.cli import arguments, tables
from lode.exports.core.ledger_tables import LINES, line_rows


class Command(BaseCommand):
    help = "Print the whole of one account, as it was recorded or as it occurred, in milligrams."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_history(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        found = account_history(
            account=options["account"],
            party=None,
            order=Order(options["order"]),
            known_at=tables.size_of(options),
        )
        tables.write(self.stdout, options["format"], LINES, line_rows(found, account_lines(found)))
