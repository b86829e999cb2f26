"""`lode export`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from lode.cli import arguments
from lode.exports.selectors.exports import export_file
from lode.exports.services.export_statements import export_statement
from lode.parties.actor import Actor

# Whoever has the command line has the database: the operator, who sees every party's statements.
OPERATOR = Actor(organisation="system", role="system", sees_all=True)


class Command(BaseCommand):
    help = "Print a statement for finance, and record the file with its SHA-256."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.export(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        export = export_statement(
            ref=options["statement"], format=options["format"], actor=OPERATOR, now=dt.datetime.now(dt.UTC)
        )
        _, data = export_file(export_id=export.id, party=None)
        self.stdout.write(data.decode(), ending="")
        self.stderr.write(f"{export.rows} rows, SHA-256 {export.sha256}, kept as {export.file}")
