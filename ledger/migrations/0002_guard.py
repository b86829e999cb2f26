"""The guard: rights and triggers by which the database itself keeps the ledger append-only."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from ledger.sql import script
from ledger.sql.guarding import guard_inbox, guard_table

APPEND_ONLY = (
    "ledger_entry",
    "ledger_leg",
    "ledger_account",
    "ledger_checkpoint",
    "ledger_tile",
    "ledger_key",
    "ledger_keyrevocation",
)


def guard(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute(script("guard.sql"))
    for table in APPEND_ONLY:
        guard_table(editor, table, updates=False)
    guard_table(editor, "ledger_balance", updates=True)
    guard_inbox(editor)


def unguard(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute(script("unguard.sql"))


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [migrations.RunPython(guard, unguard)]
