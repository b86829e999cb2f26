"""Late legs summed by day over blocks of each account's chain, so that no balance needs more than a few look-ups."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

from ledger.sql import script
from ledger.sql.guarding import guard_table

_SEEN = """
GRANT SELECT ON ledger_late TO lode_party;
ALTER TABLE ledger_late ENABLE ROW LEVEL SECURITY;
CREATE POLICY ledger_all ON ledger_late TO lode_app, lode_reader, lode_sequencer USING (true);
CREATE POLICY ledger_party ON ledger_late FOR SELECT TO lode_party
    USING (EXISTS (SELECT FROM ledger_account AS a WHERE a.id = account_id));
"""
_UNDO = """
DROP TRIGGER ledger_fold_late ON ledger_leg;
DROP FUNCTION ledger_fold_late, ledger_fold, ledger_late_sum, ledger_late_scan;
"""


def guard(apps, editor):
    guard_table(editor, "ledger_late", updates=False)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0008_proofs")]

    operations = [
        migrations.CreateModel(
            name="Late",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id",
                        "level",
                        "number",
                        "occurred",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                ("level", models.SmallIntegerField()),
                ("number", models.BigIntegerField()),
                ("occurred", models.DateField()),
                ("mass_mg", models.BigIntegerField()),
            ],
        ),
        migrations.RemoveIndex("leg", "ledger_leg_late"),
        migrations.AddIndex(
            "leg",
            models.Index(
                fields=["account", "account_seq"],
                include=["occurred", "mass_mg"],
                condition=Q(occurred__lt=F("occurred_max")),
                name="ledger_leg_late",
            ),
        ),
        # What stands already is folded before the guard lets the sequencer alone write.
        migrations.RunSQL(script("late.sql"), _UNDO),
        migrations.RunPython(guard, migrations.RunPython.noop),
        migrations.RunSQL(_SEEN, migrations.RunSQL.noop),
    ]
