"""`lode ledger gather`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.services.gather_cosignatures import gather_cosignatures
from lode.cli import arguments


class Command(BaseCommand):
    help = "Ask the witnesses to cosign the newest checkpoint, and say what each of them answered."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.nothing(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        report = gather_cosignatures(now=dt.datetime.now(dt.UTC))
        for outcome in report.outcomes:
            said = outcome.trouble or f"{outcome.added} lines"
            self.stdout.write(f"{', '.join(outcome.names)} at {outcome.url}: {said}")
        by = ", ".join(report.cosigned_by) or "no witness"
        sentence = f"The checkpoint of {report.size} entries is cosigned by {by}"
        if not report.quorum_met:
            raise CommandError(f"{sentence}: fewer than the quorum asks for.", returncode=1)
        self.stdout.write(f"{sentence}.")
