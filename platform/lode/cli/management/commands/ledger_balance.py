"""`lode ledger balance`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.core.entry import Account
from ledger.selectors.balances import balances, stream_balances
from lode.cli import arguments, tables
from lode.exports.core.ledger_tables import POSITIONS, position_rows
from lode.parties.selectors import get_party


class Command(BaseCommand):
    help = "Print balances at a day and a tree size, in milligrams of the contained element."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_balance(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        filters = {axis: options[axis] for axis in Account._fields}
        for name in (filters["owner"], filters["holder"]):
            if name is not None:
                get_party(name)  # a misspelt name must not read as a balance of nothing
        size, as_of = tables.size_of(options), options["as_of"]
        asked = {**filters, "as_of": as_of, "known_at": size, "group_by": options["group"]}
        if options["format"] == "csv":
            rows = position_rows(stream_balances(party=None, **asked), as_of, size)
            tables.write(self.stdout, "csv", POSITIONS, rows)
        else:
            question = {**filters, "as_of": str(as_of) if as_of else None, "known_at": size}
            found = [asdict(row) for row in balances(party=None, **asked)]
            self.stdout.write(json.dumps({**question, "balances": found}, indent=2))
