-- Undoes guard.sql, for a migration that goes backwards on a ledger that nobody uses yet.
DO $$
DECLARE
    guarded record;
BEGIN
    FOR guarded IN SELECT tgrelid::regclass AS name, tgname FROM pg_trigger WHERE tgname LIKE 'ledger\_guard\_%' LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', guarded.tgname, guarded.name);
    END LOOP;
END
$$;
DROP FUNCTION ledger_refuse_change();
DROP FUNCTION ledger_refuse_others();
DROP FUNCTION ledger_refuse_second_answer();
