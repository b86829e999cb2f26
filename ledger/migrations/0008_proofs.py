"""Disclosures kept for readers, and how far auditors have audited."""

from django.db import migrations, models

from ledger.sql.guarding import guard_table


# A party reads the disclosures that were kept for it; whose audits go how far is the operator's to know.
_ROWS = """
GRANT SELECT ON ledger_disclosure TO lode_party;
ALTER TABLE ledger_disclosure ENABLE ROW LEVEL SECURITY;
CREATE POLICY ledger_all ON ledger_disclosure TO lode_app, lode_reader, lode_sequencer USING (true);
CREATE POLICY ledger_party ON ledger_disclosure FOR SELECT TO lode_party
    USING (reader = current_setting('lode.party', true));
"""


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
        migrations.RunSQL(_ROWS, migrations.RunSQL.noop),
    ]
