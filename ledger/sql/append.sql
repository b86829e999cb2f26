-- What the leader among the sequencers asks and says, in one message each, so that a batch of a few entries is not mostly
-- waiting. Each statement in a function sees what was committed before it began: what is read after the lock was waited
-- for is what the leader before us left.

-- Become the leader (for the session), waiting at most wait_ms; raises lock_not_available. Answers where the ledger ends,
-- whether anything waits in the inbox, which of the names are promised to a transaction that is still open, and which of
-- the entries stand already. The names that are free are held against new promises until we let go.
CREATE FUNCTION ledger_lead(leader bigint, wait_ms integer, names bigint[], entry_ids bytea[],
    OUT size bigint, OUT signed_size bigint, OUT root bytea, OUT waiting boolean, OUT promised bigint[], OUT known bytea[])
LANGUAGE plpgsql SET search_path = public, pg_temp
SET enable_seqscan = off -- a plan made while the ledger was short is kept while it grows
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    PERFORM set_config('lock_timeout', wait_ms::text, true);
    PERFORM pg_advisory_lock(leader);
    SELECT index + 1 INTO size FROM ledger_entry ORDER BY index DESC LIMIT 1;
    size := coalesce(size, 0);
    SELECT c.size, c.root INTO signed_size, root FROM ledger_checkpoint AS c ORDER BY c.size DESC LIMIT 1;
    signed_size := coalesce(signed_size, 0);
    waiting := EXISTS (SELECT FROM ledger_inbox WHERE state = 'pending');
    IF cardinality(entry_ids) > 0 THEN
        SELECT array_agg(name) INTO promised FROM unnest(names) AS name WHERE NOT pg_try_advisory_lock_shared(name);
        SELECT array_agg(e.entry_id) INTO known FROM ledger_entry AS e WHERE e.entry_id = ANY (entry_ids);
    END IF;
END
$$;

-- Add entries, their legs, and the ends of the chains that they moved. Legs name accounts that have a row already.
CREATE FUNCTION ledger_post(
    e_index bigint[], e_entry_id bytea[], e_kind text[], e_occurred date[], e_recorded timestamptz[], e_note bytea[],
    e_seal bytea[], e_nonce bytea[], e_leaf bytea[], e_leaf_hash bytea[], e_contract text[], e_reference text[],
    e_corrects bytea[], e_public boolean[], e_readers text[], e_submitted_by text[],
    l_entry_index bigint[], l_leg_no smallint[], l_account_id bigint[], l_mass_mg bigint[], l_occurred date[],
    l_occurred_max date[], l_account_seq bigint[], l_balance_after_mg bigint[],
    b_account_id bigint[], b_seq bigint[], b_last_entry_id bytea[], b_mass_mg bigint[], b_occurred_max date[],
    b_late_days integer[], b_bounded boolean[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan -- for arrays of this length or that, planning anew takes as long as the work
AS $$
BEGIN
    INSERT INTO ledger_entry (index, entry_id, kind, occurred, recorded, note, seal, nonce, leaf, leaf_hash, contract,
        reference, corrects, public, readers, submitted_by)
    SELECT e.index, e.entry_id, e.kind, e.occurred, e.recorded, e.note, e.seal, e.nonce, e.leaf, e.leaf_hash, e.contract,
        e.reference, e.corrects, e.public, string_to_array(e.readers, ' '), e.submitted_by
    FROM unnest(e_index, e_entry_id, e_kind, e_occurred, e_recorded, e_note, e_seal, e_nonce, e_leaf, e_leaf_hash,
        e_contract, e_reference, e_corrects, e_public, e_readers, e_submitted_by)
        AS e (index, entry_id, kind, occurred, recorded, note, seal, nonce, leaf, leaf_hash, contract, reference,
            corrects, public, readers, submitted_by);

    INSERT INTO ledger_leg (entry_index, leg_no, account_id, mass_mg, occurred, occurred_max, account_seq,
        balance_after_mg)
    SELECT * FROM unnest(l_entry_index, l_leg_no, l_account_id, l_mass_mg, l_occurred, l_occurred_max, l_account_seq,
        l_balance_after_mg);

    INSERT INTO ledger_balance (account_id, seq, last_entry_id, mass_mg, occurred_max, late_days, bounded)
    SELECT * FROM unnest(b_account_id, b_seq, b_last_entry_id, b_mass_mg, b_occurred_max, b_late_days, b_bounded)
    ON CONFLICT (account_id) DO UPDATE SET seq = excluded.seq, last_entry_id = excluded.last_entry_id,
        mass_mg = excluded.mass_mg, occurred_max = excluded.occurred_max, late_days = excluded.late_days;
END
$$;

-- Keep a signed tree head, and let the next one lead where there is nothing else to do. The head is the same for ever
-- whoever signs it again, so its commit need not wait for the disk: what a power cut takes away, the next leader signs
-- again, byte for byte, over the entries that are on the disk; and two who do so at once keep the same row.
CREATE FUNCTION ledger_keep_checkpoint(size bigint, root bytea, note bytea, frontier bytea, created_at timestamptz,
    let_go boolean)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO ledger_checkpoint (size, root, note, frontier, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (size) DO NOTHING;
    IF let_go THEN
        PERFORM pg_advisory_unlock_all();
    END IF;
END
$$;
