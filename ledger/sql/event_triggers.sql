-- What the owner of the tables could otherwise do: rewrite them by ALTER TABLE, drop or rename them, switch their guard
-- off. Event triggers can be made by a superuser only, and their functions must be its own. `lode migrate` runs
-- this file in the embedded database, or where LODE_SUPERUSER_DATABASE_URL names a superuser; else run it after every
-- migration: psql -1 -f ledger/sql/event_triggers.sql. It may be run again at any time.

DROP EVENT TRIGGER IF EXISTS ledger_guard_rewrite;
DROP EVENT TRIGGER IF EXISTS ledger_guard_disarming;

-- Whoever owns the database owns the schema public, and may drop what stands in it, whoever that belongs to.
CREATE SCHEMA IF NOT EXISTS ledger_guard;
GRANT USAGE ON SCHEMA ledger_guard TO PUBLIC;

-- Everything in the catalogue on which the guard rests, a sentence each, of every table that carries ledger_guard_rows.
CREATE OR REPLACE FUNCTION ledger_guard.facts() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH guarded AS (
        SELECT c.* FROM pg_class AS c JOIN pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = 'ledger_guard_rows'
        WHERE c.relnamespace = to_regnamespace('public')
    )
    SELECT format('%s is a table of %s', relname, relowner::regrole) FROM guarded
        WHERE relkind IN ('r', 'p') AND relpersistence = 'p'
    UNION ALL
    SELECT format('%s has no rules', relname) FROM guarded
        WHERE NOT EXISTS (SELECT FROM pg_rewrite WHERE ev_class = guarded.oid)
    UNION ALL
    SELECT format('%s is the only relation of its name', relname) FROM guarded
        WHERE NOT EXISTS (
            SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relname = guarded.relname AND c.oid <> guarded.oid AND n.nspname NOT LIKE 'pg\_temp\_%')
    UNION ALL
    SELECT format('%s is its own: %s inherit from it, it from %s', relname,
        (SELECT count(*) FROM pg_inherits WHERE inhparent = guarded.oid),
        (SELECT count(*) FROM pg_inherits WHERE inhrelid = guarded.oid)) FROM guarded
    UNION ALL
    SELECT format('%s has the triggers %s', relname, string_agg(tgname, ', ' ORDER BY tgname))
        FROM guarded JOIN pg_trigger ON tgrelid = guarded.oid AND NOT tgisinternal GROUP BY relname
    UNION ALL
    SELECT format('%s: %s, on always', relname, pg_get_triggerdef(t.oid))
        FROM guarded JOIN pg_trigger AS t ON tgrelid = guarded.oid AND NOT tgisinternal AND tgenabled = 'A'
    UNION ALL
    SELECT format('%s has no trigger that is off', relname) FROM guarded
        WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = guarded.oid AND tgenabled = 'D')
    UNION ALL
    SELECT format('%s.%s is column %s, %s, %s, by default %s%s', relname, attname, attnum,
        format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'never null' ELSE 'may be null' END,
        coalesce(pg_get_expr(adbin, adrelid), 'nothing'), attidentity)
        FROM guarded JOIN pg_attribute ON attrelid = guarded.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL
    SELECT format('%s: %s %s', relname, conname, pg_get_constraintdef(k.oid))
        FROM guarded JOIN pg_constraint AS k ON conrelid = guarded.oid
    UNION ALL
    SELECT format('%s: %s', relname, pg_get_indexdef(indexrelid))
        FROM guarded JOIN pg_index ON indrelid = guarded.oid AND indisunique AND indisvalid
    UNION ALL
    SELECT format('%s has row security on', relname) FROM guarded WHERE relrowsecurity
    UNION ALL
    SELECT format('%s has the policies %s', relname, string_agg(
            format('%s (%s for %s to %s: %s, %s)', polname, CASE WHEN polpermissive THEN 'opens' ELSE 'closes' END,
                polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)),
            '; ' ORDER BY polname))
        FROM guarded JOIN pg_policy ON polrelid = guarded.oid GROUP BY relname
    UNION ALL
    SELECT format('the function %s of %s is %s', p.oid::regprocedure, proowner::regrole, md5(pg_get_functiondef(p.oid)))
        FROM pg_proc AS p WHERE pronamespace = to_regnamespace('public') AND prokind = 'f' AND proname LIKE 'ledger\_%'
    UNION ALL
    SELECT format('the view %s of %s (%s) is %s', oid::regclass, relowner::regrole, reloptions,
        md5(pg_get_viewdef(oid)))
        FROM pg_class WHERE relnamespace = to_regnamespace('public') AND relkind = 'v' AND relname LIKE 'ledger\_%'
$$;

CREATE TABLE IF NOT EXISTS ledger_guard.fact (fact text PRIMARY KEY);
GRANT SELECT ON ledger_guard.fact TO PUBLIC;

CREATE OR REPLACE FUNCTION ledger_guard.refuse_rewrite() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = pg_event_trigger_table_rewrite_oid() AND tgname = 'ledger_guard_rows')
    THEN
        RAISE EXCEPTION 'The ledger is append-only: rewriting % is refused, and nothing was changed.',
            pg_event_trigger_table_rewrite_oid()::regclass USING ERRCODE = 'restrict_violation';
    END IF;
END
$$;

-- Any command on tables, triggers, functions and the like may add facts; none may take one away.
CREATE OR REPLACE FUNCTION ledger_guard.refuse_disarming() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing text;
BEGIN
    SELECT fact INTO missing FROM (
        SELECT fact FROM ledger_guard.fact EXCEPT SELECT fact FROM ledger_guard.facts() AS fact
    ) AS gone ORDER BY fact LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'The guard of the ledger stays on: % is refused, and nothing was changed.', TG_TAG
            USING ERRCODE = 'restrict_violation', DETAIL = format('It was no longer so that %s.', missing),
                HINT = 'A migration that must change a guarded table is run by a superuser: see docs/running.md.';
    END IF;
END
$$;

DO $$
DECLARE
    gap text;
BEGIN
    SELECT format('%s on %s', names.name, guarded.relname) INTO gap
    FROM (SELECT DISTINCT c.oid, c.relname FROM pg_class AS c JOIN pg_trigger AS t ON t.tgrelid = c.oid
            WHERE c.relnamespace = to_regnamespace('public') AND t.tgname LIKE 'ledger\_guard\_%') AS guarded
        CROSS JOIN unnest(ARRAY['ledger_guard_rows', 'ledger_guard_statements', 'ledger_guard_writers']) AS names (name)
    WHERE NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = guarded.oid AND tgname = names.name AND tgenabled = 'A') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'The guard of the ledger is not whole: the trigger % is missing or not on always.', gap
            USING HINT = 'Verify the ledger, and put the trigger back as ledger/sql/guarding.py has it.';
    END IF;
END
$$;
DELETE FROM ledger_guard.fact;
INSERT INTO ledger_guard.fact SELECT DISTINCT ledger_guard.facts();

CREATE EVENT TRIGGER ledger_guard_rewrite ON table_rewrite EXECUTE FUNCTION ledger_guard.refuse_rewrite();
CREATE EVENT TRIGGER ledger_guard_disarming ON ddl_command_end EXECUTE FUNCTION ledger_guard.refuse_disarming();
ALTER EVENT TRIGGER ledger_guard_rewrite ENABLE ALWAYS;
ALTER EVENT TRIGGER ledger_guard_disarming ENABLE ALWAYS;
