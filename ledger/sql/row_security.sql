-- What a party may see, cut by the database as well, below the selectors. A query that is run for a party is run as
-- lode_party, with the party's name in the setting lode.party (ledger/sql/seen_by.py); without one lode_party sees what
-- is public. The app, the reader and the sequencer see every row; rights and triggers say what they may do with them.
-- The owner of the tables is not held to this: it migrates and makes backups, and nothing is run for a party as it.

DO $$
DECLARE
    missing text;
BEGIN
    SELECT string_agg(what, '; ') INTO missing FROM (
        SELECT 'CREATE ROLE lode_party NOLOGIN' AS what WHERE to_regrole('lode_party') IS NULL
        UNION ALL
        SELECT 'GRANT lode_party TO lode_app'
            WHERE to_regrole('lode_party') IS NULL OR NOT pg_has_role('lode_app', 'lode_party', 'MEMBER')
        UNION ALL
        -- The sequencer writes by COPY, which row security does not allow.
        SELECT 'ALTER ROLE lode_sequencer BYPASSRLS'
            WHERE NOT (SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = 'lode_sequencer')
    ) AS rights;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'The ledger needs rights for its database roles that are not there yet.'
            USING HINT = format('As a superuser: %s. Then migrate again.', missing);
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO lode_party;

-- The registry of keys, the tiles, the tree heads and the lines under them are public.
GRANT SELECT ON ledger_key, ledger_keyrevocation, ledger_checkpoint, ledger_cosignature, ledger_tile TO lode_party;

DO $$
DECLARE
    rule record;
BEGIN
    FOR rule IN SELECT * FROM (VALUES
        ('ledger_entry', $sql$public OR readers @> ARRAY[current_setting('lode.party', true)]$sql$),
        ('ledger_leg', $sql$EXISTS (SELECT FROM ledger_entry AS e WHERE e.index = entry_index)$sql$),
        ('ledger_account', $sql$current_setting('lode.party', true) IN (owner, holder)$sql$),
        ('ledger_entrymanifest', $sql$EXISTS (SELECT FROM ledger_entry AS e WHERE e.index = entry_index)$sql$),
        ('ledger_manifest', $sql$EXISTS (SELECT FROM ledger_entrymanifest AS m WHERE m.manifest_sha256 = sha256)$sql$),
        ('ledger_balance', $sql$EXISTS (SELECT FROM ledger_account AS a WHERE a.id = account_id)$sql$),
        ('ledger_pledge', $sql$EXISTS (SELECT FROM ledger_entry AS e WHERE e.index = entry_index)$sql$),
        ('ledger_shipment', $sql$EXISTS (SELECT FROM ledger_entry AS e WHERE e.index = entry_index)$sql$),
        ('ledger_dispute', $sql$EXISTS (SELECT FROM ledger_entry AS e WHERE e.index = entry_index)$sql$),
        ('ledger_period', $sql$current_setting('lode.party', true) IN (party, other)$sql$),
        ('ledger_inbox', $sql$submitted_by = current_setting('lode.party', true)$sql$)
    ) AS rules (name, visible) LOOP
        EXECUTE format('GRANT SELECT ON %I TO lode_party', rule.name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', rule.name);
        EXECUTE format('CREATE POLICY ledger_all ON %I TO lode_app, lode_reader, lode_sequencer USING (true)',
            rule.name);
        EXECUTE format('CREATE POLICY ledger_party ON %I FOR SELECT TO lode_party USING (%s)', rule.name, rule.visible);
    END LOOP;
END
$$;

-- How many entries there are is no secret, and a party must not look through those of others to find it out.
CREATE FUNCTION ledger_size() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(max(index) + 1, 0) FROM public.ledger_entry
$$;

-- Legs, pledges and shipments with the names of their accounts. Whoever may read an entry reads the names in it, but an
-- account row only as its owner or holder; therefore these views have the rights of their owner, and the condition
-- stands in them.
CREATE VIEW ledger_named_leg WITH (security_barrier) AS
SELECT l.entry_index, l.leg_no, l.account_id, l.mass_mg, l.occurred, l.occurred_max, l.account_seq, l.balance_after_mg,
    a.owner, a.holder, a.element, a.state, a.lot
FROM ledger_leg AS l JOIN ledger_account AS a ON a.id = l.account_id
WHERE current_user <> 'lode_party' OR EXISTS (
    SELECT FROM ledger_entry AS e
    WHERE e.index = l.entry_index AND (e.public OR e.readers @> ARRAY[current_setting('lode.party', true)]));

CREATE VIEW ledger_named_pledge WITH (security_barrier) AS
SELECT p.entry_index, p.account_id, p.pledgee, p.pledged_mg, p.left_mg, a.owner, a.holder, a.element, a.state, a.lot
FROM ledger_pledge AS p JOIN ledger_account AS a ON a.id = p.account_id
WHERE current_user <> 'lode_party' OR EXISTS (
    SELECT FROM ledger_entry AS e
    WHERE e.index = p.entry_index AND (e.public OR e.readers @> ARRAY[current_setting('lode.party', true)]));

CREATE VIEW ledger_named_shipment WITH (security_barrier) AS
SELECT s.entry_index, s.account_id, s.receiver, s.expected_by, s.shipped_mg, s.left_mg,
    a.owner, a.holder, a.element, a.state, a.lot
FROM ledger_shipment AS s JOIN ledger_account AS a ON a.id = s.account_id
WHERE current_user <> 'lode_party' OR EXISTS (
    SELECT FROM ledger_entry AS e
    WHERE e.index = s.entry_index AND (e.public OR e.readers @> ARRAY[current_setting('lode.party', true)]));

REVOKE ALL ON ledger_named_leg, ledger_named_pledge, ledger_named_shipment
    FROM PUBLIC, lode_app, lode_sequencer, lode_reader;
GRANT SELECT ON ledger_named_leg, ledger_named_pledge, ledger_named_shipment TO lode_app, lode_reader, lode_party;
