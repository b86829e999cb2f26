"""`manage.py prepare_database`: give the roles their rights, then migrate, as the owner of the database."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

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

    def handle(self, *_args: Any, **options: Any) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute(DEFAULT_RIGHTS)
        call_command("migrate", database="owner", interactive=False, verbosity=options["verbosity"])
        with connections["default"].cursor() as cursor:
            cursor.execute(QUEUE_RIGHTS)
