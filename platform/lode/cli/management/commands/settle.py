"""`lode settle`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lode.cli import arguments
from lode.settlement.services import Outcome, settle_due, settle_period
from lode.settlement.services.prepare_statement import SYSTEM


class Command(BaseCommand):
    help = "Settle what is due, or one period of one contract; settling again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.settle(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        now = dt.datetime.now(dt.UTC)
        if options["due"]:
            outcomes = settle_due(as_of=options["as_of"], now=now)
        else:
            start, end = options["period"]
            outcomes = settle_period(contract_ref=options["contract"], start=start, end=end, actor=SYSTEM, now=now)
        for outcome in outcomes:
            self.stdout.write(line(outcome))
        waiting = sum(outcome.statement is None for outcome in outcomes)
        if waiting:
            raise CommandError(f"{waiting} of {len(outcomes)} could not be settled: see above.", returncode=1)
        if not outcomes:
            self.stdout.write("Nothing is due.")


def line(outcome: Outcome) -> str:
    """Return what became of a run, in a line."""
    if outcome.statement is None:
        return f"{outcome.state}: {outcome.sentence} [{outcome.code}]"
    return f"{outcome.statement}: {'prepared' if outcome.created else 'stands as it was'}"
