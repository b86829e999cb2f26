-- The guard of the ledger: what stands in it is added to, never changed, by whoever it is. These are the functions that
-- refuse; guarding.py puts them before every table.
-- It stops bugs and ordinary administrators. The owner of the tables can still take the guard away (see
-- event_triggers.sql), a superuser can do anything: only checkpoints that others hold stop those.
-- lode_reader reads everything, so it is for the operator's own reports and never a partner's: what a party may see is
-- decided by the ledger's selectors.

DO $$
DECLARE
    missing text;
BEGIN
    SELECT string_agg(name, ', ') INTO missing
    FROM unnest(ARRAY['lode_app', 'lode_sequencer', 'lode_reader']) AS name
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name);
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'The ledger needs the database roles %, which do not exist here.', missing
            USING HINT = 'Create them first, as a superuser: CREATE ROLE lode_app LOGIN, and so on. Then migrate again.';
    END IF;
END
$$;

-- No table of the ledger may be changed or emptied, nor a row of it deleted, by anybody.
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'The ledger is append-only: % on % is refused for everybody, and nothing was changed.',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Correct an entry by a reversal or an adjustment entry.';
END
$$;

-- Rows are added by the sequencer alone, which decides their order.
CREATE FUNCTION ledger_refuse_others() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(current_user, 'lode_sequencer', 'USAGE') THEN
        RAISE EXCEPTION 'Only the sequencer writes the ledger: % on % is refused for %, and nothing was changed.',
            TG_OP, TG_TABLE_NAME, current_user
            USING ERRCODE = 'restrict_violation', HINT = 'Hand entries in through the inbox.';
    END IF;
    RETURN NULL;
END
$$;

-- What was handed in stays as it was; what became of it is said once.
CREATE FUNCTION ledger_refuse_second_answer() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.state <> 'pending'
        OR (OLD.id, OLD.entry_id, OLD.note, OLD.received_at, OLD.submitted_by, OLD.kind, OLD.legs)
            IS DISTINCT FROM (NEW.id, NEW.entry_id, NEW.note, NEW.received_at, NEW.submitted_by, NEW.kind, NEW.legs)
        OR OLD.idempotency_key IS DISTINCT FROM NEW.idempotency_key
    THEN
        RAISE EXCEPTION 'Inbox row % keeps what was handed in and what was answered: the change is refused.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

GRANT USAGE ON SCHEMA public TO lode_app, lode_sequencer, lode_reader;
