"""What a party may see, cut by the database as well."""

from django.db import migrations

from ledger.sql import script

_UNDO = """
DROP VIEW ledger_named_leg, ledger_named_pledge, ledger_named_shipment;
DROP FUNCTION ledger_size();
DO $$
DECLARE
    opened record;
BEGIN
    FOR opened IN SELECT DISTINCT polrelid::regclass AS name FROM pg_policy WHERE polname = 'ledger_party' LOOP
        EXECUTE format('DROP POLICY ledger_party ON %s', opened.name);
        EXECUTE format('DROP POLICY ledger_all ON %s', opened.name);
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', opened.name);
    END LOOP;
END
$$;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM lode_party;
REVOKE USAGE ON SCHEMA public FROM lode_party;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_manifests")]

    operations = [migrations.RunSQL(script("row_security.sql"), _UNDO)]
