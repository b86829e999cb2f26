"""PostgreSQL refuses to change or remove a fixing, whoever asks."""

from django.db import migrations

GUARD = """
CREATE FUNCTION market_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A fixing is never changed or removed (%): record a new edition.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER market_point_keeps BEFORE UPDATE OR DELETE ON market_pricepoint
    FOR EACH ROW EXECUTE FUNCTION market_refuse_change();
CREATE TRIGGER market_points_stay BEFORE TRUNCATE ON market_pricepoint
    FOR EACH STATEMENT EXECUTE FUNCTION market_refuse_change();
ALTER TABLE market_pricepoint ENABLE ALWAYS TRIGGER market_point_keeps;
ALTER TABLE market_pricepoint ENABLE ALWAYS TRIGGER market_points_stay;
ALTER TABLE market_pricepoint ADD CONSTRAINT market_value_finite
    CHECK (value <> 'NaN' AND value <> 'Infinity' AND value <> '-Infinity');
"""
UNGUARD = """
ALTER TABLE market_pricepoint DROP CONSTRAINT market_value_finite;
DROP TRIGGER market_point_keeps ON market_pricepoint;
DROP TRIGGER market_points_stay ON market_pricepoint;
DROP FUNCTION market_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("market", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
