"""`lode ledger export DIR`."""

from __future__ import annotations

import datetime as dt
import shlex
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.services.export_ledger import export_ledger
from lode.cli import arguments
from lode.parties.selectors import get_party


class Command(BaseCommand):
    help = "Write a folder that anybody can verify offline."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_export(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["party"] is not None:
            get_party(options["party"])
        report = export_ledger(directory=options["directory"], party=options["party"], now=dt.datetime.now(dt.UTC))
        self.stdout.write(
            f"Wrote {report.entries} of {report.size} entries in {report.files} files to {report.directory}.\n"
            f"Check them with: lode-verify {shlex.quote(str(report.directory))}"
        )
