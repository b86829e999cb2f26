"""PostgreSQL keeps what a statement says: its figures are written once, its life goes one way, nothing is removed."""

from django.db import migrations

GUARD = """
CREATE FUNCTION settlement_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are never changed or removed: settle the period again, that makes a revision.',
        TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION settlement_statement_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> 'draft' OR NEW.approved_at IS NOT NULL OR NEW.issued_at IS NOT NULL OR NEW.entry_id <> '' THEN
        RAISE EXCEPTION 'The statement % has to begin as a draft.', NEW.ref USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION settlement_statement_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF ROW(NEW.id, NEW.ref, NEW.run_id, NEW.contract_ref, NEW.contract_kind, NEW.parties, NEW.subject, NEW.purpose,
           NEW.period_start, NEW.period_end, NEW.revision, NEW.previous_id, NEW.currency, NEW.total,
           NEW.already_issued, NEW.amount_due, NEW.payer, NEW.payee, NEW.due_date, NEW.known_at, NEW.ledger_size,
           NEW.idempotency_key, NEW.terms_sha256, NEW.facts, NEW.engine_version, NEW.body, NEW.digest,
           NEW.line_count, NEW.prepared_by, NEW.prepared_by_person, NEW.prepared_at)
       IS DISTINCT FROM
       ROW(OLD.id, OLD.ref, OLD.run_id, OLD.contract_ref, OLD.contract_kind, OLD.parties, OLD.subject, OLD.purpose,
           OLD.period_start, OLD.period_end, OLD.revision, OLD.previous_id, OLD.currency, OLD.total,
           OLD.already_issued, OLD.amount_due, OLD.payer, OLD.payee, OLD.due_date, OLD.known_at, OLD.ledger_size,
           OLD.idempotency_key, OLD.terms_sha256, OLD.facts, OLD.engine_version, OLD.body, OLD.digest,
           OLD.line_count, OLD.prepared_by, OLD.prepared_by_person, OLD.prepared_at) THEN
        RAISE EXCEPTION 'What the statement % says is never changed: settle the period again, that makes a revision.',
            OLD.ref USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status <> OLD.status AND NOT (OLD.status || '>' || NEW.status) = ANY (ARRAY[
        'draft>approved', 'draft>void', 'approved>issued', 'approved>void', 'issued>disputed', 'issued>final',
        'disputed>issued', 'disputed>final']) THEN
        RAISE EXCEPTION 'The statement % is % and cannot become %.', OLD.ref, OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.approved_at IS NOT NULL AND ROW(NEW.approved_at, NEW.approved_by, NEW.approved_by_person)
            IS DISTINCT FROM ROW(OLD.approved_at, OLD.approved_by, OLD.approved_by_person))
       OR (OLD.issued_at IS NOT NULL AND ROW(NEW.issued_at, NEW.entry_id)
            IS DISTINCT FROM ROW(OLD.issued_at, OLD.entry_id)) THEN
        RAISE EXCEPTION 'Who approved and issued the statement % is never changed.', OLD.ref
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'issued' AND OLD.status = 'approved' AND (NEW.issued_at IS NULL OR NEW.entry_id = '' OR
        (SELECT count(*) FROM settlement_statementline WHERE statement_id = OLD.id) <> OLD.line_count) THEN
        RAISE EXCEPTION 'The statement % cannot be issued without its lines and its ledger entry.', OLD.ref
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION settlement_line_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM settlement_statement
                   WHERE id = NEW.statement_id AND status = 'draft' AND NEW.position BETWEEN 1 AND line_count) THEN
        RAISE EXCEPTION 'The statement % takes no further line.', NEW.statement_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

ALTER TABLE settlement_statement ADD CONSTRAINT settlement_digest_of_body
    CHECK (digest = encode(sha256(body), 'hex'));
ALTER TABLE settlement_statement ADD CONSTRAINT settlement_due_is_the_rest
    CHECK (amount_due = total - already_issued);
CREATE TRIGGER settlement_statement_begins BEFORE INSERT ON settlement_statement
    FOR EACH ROW EXECUTE FUNCTION settlement_statement_begins();
CREATE TRIGGER settlement_statement_moves BEFORE UPDATE ON settlement_statement
    FOR EACH ROW EXECUTE FUNCTION settlement_statement_moves();
CREATE TRIGGER settlement_line_begins BEFORE INSERT ON settlement_statementline
    FOR EACH ROW EXECUTE FUNCTION settlement_line_begins();
CREATE TRIGGER settlement_statement_stays BEFORE DELETE ON settlement_statement
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse_change();
CREATE TRIGGER settlement_run_stays BEFORE DELETE ON settlement_settlementrun
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse_change();
CREATE TRIGGER settlement_line_keeps BEFORE UPDATE OR DELETE ON settlement_statementline
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse_change();
CREATE TRIGGER settlement_event_keeps BEFORE UPDATE OR DELETE ON settlement_statementevent
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse_change();
CREATE TRIGGER settlement_statements_stay BEFORE TRUNCATE ON settlement_statement
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse_change();
CREATE TRIGGER settlement_runs_stay BEFORE TRUNCATE ON settlement_settlementrun
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse_change();
CREATE TRIGGER settlement_lines_stay BEFORE TRUNCATE ON settlement_statementline
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse_change();
CREATE TRIGGER settlement_events_stay BEFORE TRUNCATE ON settlement_statementevent
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse_change();
ALTER TABLE settlement_statement ENABLE ALWAYS TRIGGER settlement_statement_begins;
ALTER TABLE settlement_statement ENABLE ALWAYS TRIGGER settlement_statement_moves;
ALTER TABLE settlement_statement ENABLE ALWAYS TRIGGER settlement_statement_stays;
ALTER TABLE settlement_statement ENABLE ALWAYS TRIGGER settlement_statements_stay;
ALTER TABLE settlement_statementline ENABLE ALWAYS TRIGGER settlement_line_begins;
ALTER TABLE settlement_statementline ENABLE ALWAYS TRIGGER settlement_line_keeps;
ALTER TABLE settlement_statementline ENABLE ALWAYS TRIGGER settlement_lines_stay;
ALTER TABLE settlement_statementevent ENABLE ALWAYS TRIGGER settlement_event_keeps;
ALTER TABLE settlement_statementevent ENABLE ALWAYS TRIGGER settlement_events_stay;
"""
UNGUARD = """
DROP FUNCTION settlement_refuse_change() CASCADE;
DROP FUNCTION settlement_statement_begins() CASCADE;
DROP FUNCTION settlement_statement_moves() CASCADE;
DROP FUNCTION settlement_line_begins() CASCADE;
ALTER TABLE settlement_statement DROP CONSTRAINT settlement_digest_of_body;
ALTER TABLE settlement_statement DROP CONSTRAINT settlement_due_is_the_rest;
"""


class Migration(migrations.Migration):
    dependencies = [("settlement", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
