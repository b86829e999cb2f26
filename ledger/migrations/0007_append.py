"""What the leader among the sequencers asks and says in one message each."""

from django.db import migrations, models

from ledger.sql import script

_DROP = "DROP FUNCTION ledger_lead, ledger_post, ledger_keep_checkpoint"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_row_security")]

    operations = [
        migrations.AlterField(
            "leg",
            "entry",
            models.ForeignKey(
                "ledger.entry", models.RESTRICT, db_column="entry_index", db_index=False, db_constraint=False, related_name="+"
            ),
        ),
        migrations.AlterField(
            "leg",
            "account",
            models.ForeignKey("ledger.account", models.RESTRICT, db_index=False, db_constraint=False, related_name="+"),
        ),
        migrations.AddField("entry", "submitted_by", models.TextField(null=True)),
        migrations.RunSQL(script("append.sql"), _DROP),
    ]
