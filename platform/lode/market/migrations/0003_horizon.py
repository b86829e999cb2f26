from django.db import migrations, models

BEGIN = "INSERT INTO market_horizon (known_through) VALUES ('1970-01-01T00:00:00Z')"


class Migration(migrations.Migration):
    dependencies = [("market", "0002_guard")]
    operations = [
        migrations.CreateModel(
            name="Horizon",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("known_through", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(BEGIN, migrations.RunSQL.noop),
    ]
