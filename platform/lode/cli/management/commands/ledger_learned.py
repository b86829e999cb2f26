"""`lode ledger learned`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.core.entry import Account
from ledger.selectors.accounts import learned, learned_lines
from lode.cli import arguments
from lode.cli import tables as output
from lode.exports.core import ledger_tables as tables


class Command(BaseCommand):
    help = "Print the balances of a day that are known otherwise than at an earlier tree size, in milligrams."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_learned(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        size, as_of, since = output.size_of(options), options["as_of"], options["since"]
        filters = {axis: options[axis] for axis in Account._fields}
        asked = {"party": None, "as_of": as_of, "since": since, "known_at": size, **filters}
        if options["lines"]:
            lines = tables.learned_line_rows(learned_lines(**asked), as_of, since, size)
            output.write(self.stdout, options["format"], tables.LEARNED_LINES, lines)
        else:
            rows = tables.learned_rows(learned(**asked), as_of, since, size)
            output.write(self.stdout, options["format"], tables.LEARNED, rows)
