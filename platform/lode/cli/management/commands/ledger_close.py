"""`lode ledger close`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.services.conservation import publish_conservation
from lode.cli import arguments


class Command(BaseCommand):
    help = "Commit to all balances of elements by a public notice, so that each party can check that its own count."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_close(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        elements = None if options["element"] == "all" else sorted(set(options["element"].split(",")))
        notice = publish_conservation(elements=elements, now=dt.datetime.now(dt.UTC))
        self.stdout.write(f"Entry {notice.index} commits to all balances at the tree of {notice.tree_size} entries:")
        for item in notice.commitments:
            self.stdout.write(f"{item.element}: {item.bounded.mass_mg} mg, as came from the sources")
