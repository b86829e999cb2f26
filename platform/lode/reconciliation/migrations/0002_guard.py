"""PostgreSQL keeps the evidence: what was submitted, asked, decided and signed is added to, never changed or removed."""

from django.db import migrations

TABLES = ("reconciledperiod", "partnerstatement", "partnerline", "match", "question", "adjustment", "periodsignature")
FROZEN = ("partnerline", "question", "periodsignature")

FUNCTIONS = """
CREATE FUNCTION reconciliation_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What was reconciled is kept as it was (%): add, never change.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION reconciliation_keep_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - ARRAY['state', 'ended_at', 'superseded_by_id'])
        IS DISTINCT FROM (to_jsonb(OLD) - ARRAY['state', 'ended_at', 'superseded_by_id'])
        OR (OLD.state <> 'submitted' AND NEW.state <> OLD.state) THEN
        RAISE EXCEPTION 'A submitted statement is kept as it was: submit another.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION reconciliation_keep_match() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.undone_at IS NOT NULL OR NEW.undone_at IS NULL
        OR (to_jsonb(NEW) - ARRAY['undone_by', 'undone_person', 'undone_at'])
        IS DISTINCT FROM (to_jsonb(OLD) - ARRAY['undone_by', 'undone_person', 'undone_at']) THEN
        RAISE EXCEPTION 'A decision is undone once, never changed.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION reconciliation_keep_adjustment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'proposed' OR NEW.state = 'proposed'
        OR (to_jsonb(NEW) - ARRAY['state', 'agreed_by', 'agreed_person', 'ended_at'])
        IS DISTINCT FROM (to_jsonb(OLD) - ARRAY['state', 'agreed_by', 'agreed_person', 'ended_at']) THEN
        RAISE EXCEPTION 'A proposal ends once and is never changed.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION reconciliation_keep_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'closed' OR (NEW.our_party, NEW.partner, NEW.start_date, NEW.end_date)
        IS DISTINCT FROM (OLD.our_party, OLD.partner, OLD.start_date, OLD.end_date) THEN
        RAISE EXCEPTION 'A closed period, and the days of any period, stay.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

UPDATES = {
    "partnerstatement": "reconciliation_keep_statement",
    "match": "reconciliation_keep_match",
    "adjustment": "reconciliation_keep_adjustment",
    "reconciledperiod": "reconciliation_keep_period",
    **{table: "reconciliation_refuse" for table in FROZEN},
}


def triggers() -> str:
    parts = []
    for table in TABLES:
        name = f"reconciliation_{table}"
        parts.append(
            f"CREATE TRIGGER {table}_keeps BEFORE UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION {UPDATES[table]}();"
            f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {name}"
            " FOR EACH ROW EXECUTE FUNCTION reconciliation_refuse();"
            f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {name}"
            " FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_refuse();"
            + "".join(
                f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {table}_{verb};" for verb in ("keeps", "stays", "whole")
            )
        )
    return "\n".join(parts)


def removal() -> str:
    drops = [
        f"DROP TRIGGER {table}_{verb} ON reconciliation_{table};"
        for table in TABLES
        for verb in ("keeps", "stays", "whole")
    ]
    functions = sorted({*UPDATES.values(), "reconciliation_refuse"})
    return "\n".join(drops + [f"DROP FUNCTION {function}();" for function in functions])


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTIONS + triggers(), removal())]
