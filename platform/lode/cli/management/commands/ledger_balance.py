"""`lode ledger balance`."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.selectors.balances import balances
from ledger.selectors.checkpoints import ledger_size
from lode.cli import arguments


class Command(BaseCommand):
    help = "Print balances at a day and a tree size, in milligrams of the contained element."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_balance(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = {key: options[key] for key in ("owner", "holder", "element", "as_of", "known_at")}
        if wanted["known_at"] is None:
            wanted["known_at"] = ledger_size()
        rows = balances(party=None, **wanted)
        if options["format"] == "csv":
            columns = ("element", "owner", "holder", "state", "lot", "mass_mg")
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([getattr(row, column) for column in columns] for row in rows)
        else:
            asked = {key: str(value) if key == "as_of" and value else value for key, value in wanted.items()}
            self.stdout.write(json.dumps({**asked, "balances": [asdict(row) for row in rows]}, indent=2))
