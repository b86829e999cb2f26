-- What the owner of the tables could otherwise do: rewrite them by ALTER TABLE, drop them, switch their guard off.
-- Event triggers can be made by a superuser only, and their functions must be a superuser's own. The migration runs this
-- file where the role that migrates is one; else run it once as a superuser: psql -f ledger/sql/event_triggers.sql

CREATE OR REPLACE FUNCTION ledger_is_guarded(relation oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = relation AND n.nspname = 'public' AND c.relname IN (
            'ledger_entry', 'ledger_leg', 'ledger_account', 'ledger_checkpoint', 'ledger_tile',
            'ledger_key', 'ledger_keyrevocation', 'ledger_inbox', 'ledger_balance'))
$$;

CREATE OR REPLACE FUNCTION ledger_refuse_rewrite() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.ledger_is_guarded(pg_event_trigger_table_rewrite_oid()) THEN
        RAISE EXCEPTION 'The ledger is append-only: rewriting % is refused, and nothing was changed.',
            pg_event_trigger_table_rewrite_oid()::regclass USING ERRCODE = 'restrict_violation';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION ledger_refuse_drop() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dropped record;
BEGIN
    FOR dropped IN SELECT * FROM pg_event_trigger_dropped_objects() LOOP
        IF dropped.schema_name = 'public' AND (
            (dropped.object_type IN ('table', 'table column') AND dropped.address_names[2] IN (
                'ledger_entry', 'ledger_leg', 'ledger_account', 'ledger_checkpoint', 'ledger_tile',
                'ledger_key', 'ledger_keyrevocation', 'ledger_inbox', 'ledger_balance'))
            OR dropped.object_name LIKE 'ledger\_refuse\_%')
            OR (dropped.object_type = 'trigger' AND dropped.object_identity LIKE 'ledger\_guard\_%')
        THEN
            RAISE EXCEPTION 'The ledger is append-only: dropping % is refused, and nothing was changed.',
                dropped.object_identity USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION ledger_refuse_disarming() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Three triggers on each of the nine tables, and one more on the inbox: none is off, renamed or gone.
    IF 28 <> (
        SELECT count(*) FROM pg_trigger
        WHERE tgname IN ('ledger_guard_rows', 'ledger_guard_statements', 'ledger_guard_writers', 'ledger_guard_answer')
            AND tgenabled = 'A' AND public.ledger_is_guarded(tgrelid))
    THEN
        RAISE EXCEPTION 'The guard of the ledger stays on: the change is refused.' USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (
        SELECT FROM pg_event_trigger_ddl_commands()
        WHERE objid IN (
            SELECT tgfoid FROM pg_trigger WHERE tgname LIKE 'ledger\_guard\_%'
            UNION SELECT evtfoid FROM pg_event_trigger WHERE evtname LIKE 'ledger\_guard\_%'
            UNION SELECT 'public.ledger_is_guarded(oid)'::regprocedure))
    THEN
        RAISE EXCEPTION 'The guard of the ledger stays as it is: changing its functions is refused.'
            USING ERRCODE = 'restrict_violation';
    END IF;
END
$$;

DROP EVENT TRIGGER IF EXISTS ledger_guard_rewrite;
DROP EVENT TRIGGER IF EXISTS ledger_guard_drop;
DROP EVENT TRIGGER IF EXISTS ledger_guard_disarming;
CREATE EVENT TRIGGER ledger_guard_rewrite ON table_rewrite EXECUTE FUNCTION ledger_refuse_rewrite();
CREATE EVENT TRIGGER ledger_guard_drop ON sql_drop EXECUTE FUNCTION ledger_refuse_drop();
CREATE EVENT TRIGGER ledger_guard_disarming ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'ALTER TRIGGER', 'CREATE FUNCTION', 'ALTER FUNCTION')
    EXECUTE FUNCTION ledger_refuse_disarming();
ALTER EVENT TRIGGER ledger_guard_rewrite ENABLE ALWAYS;
ALTER EVENT TRIGGER ledger_guard_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER ledger_guard_disarming ENABLE ALWAYS;
