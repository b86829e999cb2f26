"""Hold in the database what the services promise: what was agreed, signed, done or learned is only ever added to."""

from django.db import migrations

APPEND_ONLY = (
    "contracts_contractversion",
    "contracts_signature",
    "contracts_ledgerreference",
    "contracts_turn",
    "contracts_fact",
    "contracts_requestkey",
)

FUNCTIONS = """
CREATE FUNCTION contracts_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only: % on % is refused; add a later row instead', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION contracts_keep_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.ref, NEW.kind, NEW.party_a, NEW.party_b, NEW.author, NEW.created_at)
       IS DISTINCT FROM (OLD.id, OLD.ref, OLD.kind, OLD.party_a, OLD.party_b, OLD.author, OLD.created_at) THEN
        RAISE EXCEPTION 'append-only: the reference, kind, parties and author of contract % stay as they are', OLD.ref
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.known_through IS DISTINCT FROM OLD.known_through
       AND (NEW.known_through IS NULL OR NEW.known_through < OLD.known_through) THEN
        RAISE EXCEPTION 'append-only: what a settlement of contract % was told to know is not unlearned', OLD.ref
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

# ENABLE ALWAYS: a trigger that is only for the origin does not fire for a replication role.
ROWS = """
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION contracts_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION contracts_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER refuse_truncate;
REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM lode_app;
"""

CONTRACT = """
CREATE TRIGGER keep_identity BEFORE UPDATE ON contracts_contract
    FOR EACH ROW EXECUTE FUNCTION contracts_keep_identity();
CREATE TRIGGER refuse_delete BEFORE DELETE ON contracts_contract
    FOR EACH ROW EXECUTE FUNCTION contracts_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON contracts_contract
    FOR EACH STATEMENT EXECUTE FUNCTION contracts_refuse_change();
ALTER TABLE contracts_contract ENABLE ALWAYS TRIGGER keep_identity;
ALTER TABLE contracts_contract ENABLE ALWAYS TRIGGER refuse_delete;
ALTER TABLE contracts_contract ENABLE ALWAYS TRIGGER refuse_truncate;
REVOKE DELETE, TRUNCATE ON contracts_contract FROM lode_app;
"""


class Migration(migrations.Migration):
    dependencies = [("contracts", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS),
        *(migrations.RunSQL(ROWS.format(table=table)) for table in APPEND_ONLY),
        migrations.RunSQL(CONTRACT),
    ]
