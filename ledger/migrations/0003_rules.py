"""What the rules remember beside balances: pledges, shipments, closed periods, disputes."""

import django.db.models.deletion
from django.db import migrations, models

from ledger.sql.guarding import guard_table

PROJECTIONS = ("ledger_pledge", "ledger_shipment", "ledger_period", "ledger_dispute")


def guard(apps, editor):
    for table in PROJECTIONS:
        guard_table(editor, table, updates=True)


def entry():
    return models.ForeignKey(
        db_column="entry_index",
        db_index=False,
        on_delete=django.db.models.deletion.RESTRICT,
        related_name="+",
        to="ledger.entry",
    )


def key(*names):
    return models.CompositePrimaryKey(*names, blank=True, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_guard")]

    operations = [
        migrations.AddField(
            model_name="keyrevocation",
            name="compromised_since_index",
            field=models.BigIntegerField(null=True),
        ),
        migrations.CreateModel(
            name="Pledge",
            fields=[
                ("entry", entry()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="ledger.account"
                    ),
                ),
                ("pk", key("entry_id", "account_id")),
                ("pledgee", models.TextField()),
                ("pledged_mg", models.BigIntegerField()),
                ("left_mg", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("left_mg__gt", 0)), fields=["entry"], name="ledger_pledge_open"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("left_mg__gte", 0), ("left_mg__lte", models.F("pledged_mg"))),
                        name="ledger_pledge_left_is_a_part",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Shipment",
            fields=[
                ("entry", entry()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                ("pk", key("entry_id", "account_id")),
                ("receiver", models.TextField(null=True)),
                ("expected_by", models.DateField(null=True)),
                ("shipped_mg", models.BigIntegerField()),
                ("left_mg", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("left_mg__gt", 0)), fields=["account"], name="ledger_shipment_open"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("left_mg__gte", 0), ("left_mg__lte", models.F("shipped_mg"))),
                        name="ledger_shipment_left_is_a_part",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Period",
            fields=[
                ("entry", entry()),
                ("pk", key("party", "other")),
                ("party", models.TextField()),
                ("other", models.TextField()),
                ("closed_until", models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("entry", entry()),
                ("pk", key("entry_id", "party")),
                ("party", models.TextField()),
                ("reaffirmed_index", models.BigIntegerField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("reaffirmed_index__isnull", False)),
                        fields=["reaffirmed_index"],
                        name="ledger_dispute_reaffirmed",
                    )
                ],
            },
        ),
        # Tables go away with their triggers where the migration is undone.
        migrations.RunPython(guard, migrations.RunPython.noop),
    ]
