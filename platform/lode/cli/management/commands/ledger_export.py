"""`lode ledger export DIR`."""

from __future__ import annotations

import datetime as dt
import shlex
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

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
        since = None
        if options["since"] is not None:
            try:
                since = options["since"].read_bytes()
            except OSError as error:
                raise CommandError(f"{options['since']} cannot be read: {error.strerror}.", returncode=2) from None
        report = export_ledger(
            directory=options["directory"],
            party=options["party"],
            now=dt.datetime.now(dt.UTC),
            auditor=options["auditor"],
            since=since,
            receipts=options["receipts"],
            progress=self._progress if sys.stderr.isatty() else None,
        )
        base = " --base EARLIER" if report.first else ""
        since_when = f" since entry {report.first}" if report.first else ""
        self.stdout.write(
            f"Wrote {report.entries} of {report.size} entries{since_when} in {report.files} files to "
            f"{report.directory}.\nCheck them with: lode-verify{base} {shlex.quote(str(report.directory))}"
        )

    def _progress(self, done: int, total: int) -> None:
        self.stderr.write(f"\r{done:,} of {total:,} entries\x1b[K", ending="\n" if done == total else "")
        self.stderr.flush()
