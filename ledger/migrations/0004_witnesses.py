"""Cosignatures of witnesses, gathered after a checkpoint was signed."""

import django.db.models.deletion
from django.db import migrations, models

from ledger.sql.guarding import guard_table


def guard(apps, editor):
    guard_table(editor, "ledger_cosignature", updates=False)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_rules")]

    operations = [
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "checkpoint_id", "key_name", "key_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "checkpoint",
                    models.ForeignKey(
                        db_column="size",
                        db_index=False,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="ledger.checkpoint",
                    ),
                ),
                ("key_name", models.TextField()),
                ("key_id", models.BinaryField()),
                ("vkey", models.TextField()),
                ("signature", models.BinaryField()),
                ("cosigned_at", models.DateTimeField()),
            ],
        ),
        migrations.RunPython(guard, migrations.RunPython.noop),
    ]
