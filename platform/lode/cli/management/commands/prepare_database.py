"""`manage.py prepare_database`: give the roles their rights, then migrate, as the owner of the database.

Where a superuser can be had, the ledger's guard is then put out of the owner's reach as well (`event_triggers.sql`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from ledger.services.fill_shipments import fill_shipments
from ledger.sql import guarding

# The app may do what it likes with the tables of its own; the ledger's migrations take its rights away from theirs.
DEFAULT_RIGHTS = """
GRANT USAGE ON SCHEMA public TO lode_app, lode_sequencer, lode_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO lode_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO lode_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO lode_reader;
"""
# The app makes the queues' tables; the owner must be able to read them, or it could not make a backup.
QUEUE_RIGHTS = """
ALTER DEFAULT PRIVILEGES IN SCHEMA pgmq GRANT SELECT ON TABLES TO lode_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA pgmq GRANT SELECT ON SEQUENCES TO lode_owner;
"""


class Command(BaseCommand):
    help = "Give the database roles their rights and bring the tables up to date, as the database's owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--superuser", default=settings.SUPERUSER_DATABASE_URL, help="LODE_SUPERUSER_DATABASE_URL")

    def handle(self, *_args: Any, **options: Any) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute(DEFAULT_RIGHTS)
        executor = MigrationExecutor(connections["owner"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.as_superuser(options, guarding.disarm)
        call_command("migrate", database="owner", interactive=False, verbosity=options["verbosity"])
        with connections["default"].cursor() as cursor:
            cursor.execute(QUEUE_RIGHTS)
        self.as_superuser(options, guarding.arm)
        fill_shipments()  # a ledger of an earlier version had no such table

    def as_superuser(self, options: dict[str, Any], do: Callable[[psycopg.Connection], None]) -> None:
        """Do it as a superuser, in one transaction, where there is one to be had."""
        if options["superuser"]:
            with psycopg.connect(options["superuser"]) as connection:
                do(connection)
