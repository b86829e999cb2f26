"""PGMQ, the message queue inside PostgreSQL, in a schema of its own; installed as the owner, used by the app."""

from django.db import migrations
from pgmq.install import get_embedded_install_sql

# The app makes the queues' tables itself (kombu declares a queue at first use), so it may create in this schema alone.
RIGHTS = """
GRANT USAGE, CREATE ON SCHEMA pgmq TO lode_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgmq TO lode_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA pgmq TO lode_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgmq TO lode_app;
"""


def install(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pgmq.meta') IS NULL")
        if cursor.fetchone()[0]:  # where an administrator installed the extension, that one is used
            cursor.execute(get_embedded_install_sql())
        cursor.execute(RIGHTS)


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
