-- Late legs summed by day over blocks of an account's chain, so that a balance of any day at any tree size is a few
-- dozen look-ups however many legs came late. A block of level 0 is 512 legs, one of the next level 16 of those, and so
-- on; it is written when its last leg is. Each row is the sum of the block's late legs up to and with a day; every
-- block has one before all days, so that it is there also where nothing in it came late.

-- Write the blocks that end with the leg at place `last` of an account's chain.
CREATE FUNCTION ledger_fold(account bigint, last bigint) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    block bigint := last >> 9;
    height smallint := 0;
BEGIN
    INSERT INTO ledger_late (account_id, level, number, occurred, mass_mg)
    SELECT account, 0, block, d.occurred, sum(d.mass_mg) OVER (ORDER BY d.occurred)
    FROM (
        SELECT '-infinity'::date AS occurred, 0 AS mass_mg
        UNION ALL
        SELECT l.occurred, sum(l.mass_mg) FROM ledger_leg AS l
        WHERE l.account_id = account AND l.account_seq >= block << 9 AND l.account_seq < (block + 1) << 9
            AND l.occurred < l.occurred_max
        GROUP BY l.occurred
    ) AS d;
    WHILE block & 15 = 15 LOOP
        INSERT INTO ledger_late (account_id, level, number, occurred, mass_mg)
        SELECT account, height + 1, block >> 4, d.occurred, sum(d.mass_mg) OVER (ORDER BY d.occurred)
        FROM (
            SELECT c.occurred, sum(c.mass_mg) AS mass_mg FROM (
                SELECT l.occurred,
                    l.mass_mg - coalesce(lag(l.mass_mg) OVER (PARTITION BY l.number ORDER BY l.occurred), 0) AS mass_mg
                FROM ledger_late AS l
                WHERE l.account_id = account AND l.level = height
                    AND l.number >= block - 15 AND l.number <= block
            ) AS c GROUP BY c.occurred
        ) AS d;
        block := block >> 4;
        height := height + 1;
    END LOOP;
END
$$;

CREATE FUNCTION ledger_fold_late() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM ledger_fold(NEW.account_id, NEW.account_seq);
    RETURN NULL;
END
$$;

DO $$
DECLARE
    leg record;
BEGIN
    FOR leg IN SELECT account_id, account_seq FROM ledger_leg WHERE account_seq & 511 = 511 ORDER BY 1, 2 LOOP
        PERFORM ledger_fold(leg.account_id, leg.account_seq);
    END LOOP;
END
$$;

CREATE TRIGGER ledger_fold_late AFTER INSERT ON ledger_leg
FOR EACH ROW WHEN (NEW.account_seq & 511 = 511) EXECUTE FUNCTION ledger_fold_late();
ALTER TABLE ledger_leg ENABLE ALWAYS TRIGGER ledger_fold_late;

-- The sum of an account's late legs from place `first` of its chain up to before `past` that occurred by a day.
-- It runs as the tables' owner, so that row security asks once whether a party may see the account, and not of each leg.
CREATE FUNCTION ledger_late_sum(account bigint, first bigint, past bigint, day date) RETURNS numeric
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    party text := coalesce(current_setting('lode.party', true), '');
    place bigint := first;
    folded bigint := past & ~511::bigint;
    size bigint;
    height smallint;
    total numeric := 0;
BEGIN
    IF party <> '' AND NOT EXISTS (
        SELECT FROM ledger_account AS a WHERE a.id = account AND party IN (a.owner, a.holder))
    THEN
        RETURN NULL;
    END IF;
    IF past - first > 1024 THEN
        -- To the first whole block, and then by the largest blocks that fit.
        place := (first + 511) & ~511::bigint;
        total := ledger_late_scan(account, first, place, day);
        WHILE place < folded LOOP
            size := 512;
            height := 0;
            WHILE place & (size * 16 - 1) = 0 AND place + size * 16 <= folded LOOP
                size := size * 16;
                height := height + 1;
            END LOOP;
            total := total + (
                SELECT l.mass_mg FROM ledger_late AS l
                WHERE l.account_id = account AND l.level = height AND l.number = place / size AND l.occurred <= day
                ORDER BY l.occurred DESC LIMIT 1);
            place := place + size;
        END LOOP;
    END IF;
    RETURN total + ledger_late_scan(account, place, past, day);
END
$$;

CREATE FUNCTION ledger_late_scan(account bigint, first bigint, past bigint, day date) RETURNS numeric
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(sum(l.mass_mg), 0) FROM ledger_leg AS l
    WHERE l.account_id = account AND l.account_seq >= first AND l.account_seq < past
        AND l.occurred < l.occurred_max AND l.occurred <= day
$$;
