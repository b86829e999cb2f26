"""PostgreSQL keeps splits as it keeps decisions: undone once, never changed or removed."""

from django.db import migrations

NAME = "reconciliation_split"
KEEP = f"""
CREATE TRIGGER split_keeps BEFORE UPDATE ON {NAME} FOR EACH ROW EXECUTE FUNCTION reconciliation_keep_match();
CREATE TRIGGER split_stays BEFORE DELETE ON {NAME} FOR EACH ROW EXECUTE FUNCTION reconciliation_refuse();
CREATE TRIGGER split_whole BEFORE TRUNCATE ON {NAME} FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_refuse();
ALTER TABLE {NAME} ENABLE ALWAYS TRIGGER split_keeps;
ALTER TABLE {NAME} ENABLE ALWAYS TRIGGER split_stays;
ALTER TABLE {NAME} ENABLE ALWAYS TRIGGER split_whole;
"""
FREE = f"""
DROP TRIGGER split_keeps ON {NAME};
DROP TRIGGER split_stays ON {NAME};
DROP TRIGGER split_whole ON {NAME};
"""


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0003_split")]
    operations = [migrations.RunSQL(KEEP, FREE)]
