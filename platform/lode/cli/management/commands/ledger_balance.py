"""`lode ledger balance`."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.selectors.balances import balances
from ledger.selectors.checkpoints import ledger_size
from lode.cli import arguments
from lode.parties.selectors import get_party


class Command(BaseCommand):
    help = "Print balances at a day and a tree size, in milligrams of the contained element."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_balance(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = {key: options[key] for key in ("owner", "holder", "element", "as_of", "known_at")}
        for name in (wanted["owner"], wanted["holder"]):
            if name is not None:
                get_party(name)  # a misspelt name must not read as a balance of nothing
        size = ledger_size()
        if wanted["known_at"] is None:
            wanted["known_at"] = size
        elif wanted["known_at"] > size:
            raise CommandError(f"The ledger has {size} entries, fewer than {wanted['known_at']}.", returncode=2)
        rows = balances(party=None, **wanted)
        if options["format"] == "csv":
            columns = ("element", "owner", "holder", "state", "lot", "mass_mg")
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([getattr(row, column) for column in columns] for row in rows)
        else:
            asked = {key: str(value) if key == "as_of" and value else value for key, value in wanted.items()}
            self.stdout.write(json.dumps({**asked, "balances": [asdict(row) for row in rows]}, indent=2))
