"""Manifests of serials, and which entry has which."""

import django.db.models.deletion
from django.db import migrations, models

from ledger.sql.guarding import guard_table


def guard(apps, editor):
    for table in ("ledger_manifest", "ledger_entrymanifest"):
        guard_table(editor, table, updates=False)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_witnesses")]

    operations = [
        migrations.CreateModel(
            name="Manifest",
            fields=[
                ("sha256", models.BinaryField(primary_key=True, serialize=False)),
                ("serials", models.IntegerField()),
                ("root", models.BinaryField()),
                ("content", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="EntryManifest",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        db_column="entry_index",
                        on_delete=django.db.models.deletion.RESTRICT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="ledger.entry",
                    ),
                ),
                (
                    "manifest",
                    models.ForeignKey(
                        db_column="manifest_sha256",
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="ledger.manifest",
                    ),
                ),
            ],
        ),
        # Tables go away with their triggers where the migration is undone.
        migrations.RunPython(guard, migrations.RunPython.noop),
    ]
