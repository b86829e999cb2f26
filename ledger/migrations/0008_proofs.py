"""Disclosures kept for readers, and how far auditors have audited."""

from django.db import migrations, models

from ledger.sql.guarding import guard_table


def guard(apps, editor):
    for table in ("ledger_disclosure", "ledger_audited"):
        guard_table(editor, table, updates=False)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_append")]

    operations = [
        migrations.CreateModel(
            name="Disclosure",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "entry_id", "reader", "digest", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("entry_id", models.BinaryField()),
                ("reader", models.TextField()),
                ("digest", models.TextField()),
                ("disclosure", models.TextField()),
                ("given_by", models.TextField()),
                ("kept_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Audited",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "auditor", "size", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("auditor", models.TextField()),
                ("size", models.BigIntegerField()),
                ("checkpoint", models.BinaryField()),
                ("kept_at", models.DateTimeField()),
            ],
        ),
        migrations.RunPython(guard, migrations.RunPython.noop),
    ]
