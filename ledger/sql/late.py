"""Whether the sums of late legs are what the legs give; they are written by the database itself (late.sql)."""

from __future__ import annotations

from ledger.core.entry import Account
from ledger.sql.reads import fetch

_WRONG = """
WITH child AS (
    SELECT c.account_id, c.level, c.number, c.occurred, c.mass_mg - coalesce(lag(c.mass_mg) OVER (
        PARTITION BY c.account_id, c.level, c.number ORDER BY c.occurred), 0) AS mass_mg
    FROM ledger_late AS c
), part (account_id, level, number, occurred, mass_mg) AS (
    SELECT l.account_id, 0, l.account_seq >> 9, '-infinity'::date, 0 FROM ledger_leg AS l
    WHERE l.account_seq & 511 = 511
    UNION ALL
    SELECT l.account_id, 0, l.account_seq >> 9, l.occurred, l.mass_mg FROM ledger_leg AS l
    WHERE l.occurred < l.occurred_max
    UNION ALL
    SELECT c.account_id, c.level + 1, c.number >> 4, c.occurred, c.mass_mg FROM child AS c
), expected AS (
    SELECT p.account_id, p.level, p.number, p.occurred,
        sum(sum(p.mass_mg)) OVER (PARTITION BY p.account_id, p.level, p.number ORDER BY p.occurred)::bigint AS mass_mg
    FROM part AS p JOIN ledger_balance AS b ON b.account_id = p.account_id
    WHERE p.number < (b.seq + 1) >> (9 + 4 * p.level)
    GROUP BY p.account_id, p.level, p.number, p.occurred
), stored AS (
    SELECT account_id, level::integer, number, occurred, mass_mg FROM ledger_late
), wrong AS (
    (TABLE expected EXCEPT TABLE stored) UNION (TABLE stored EXCEPT TABLE expected)
)
SELECT DISTINCT a.owner, a.holder, a.element, a.state, a.lot, w.level, w.number
FROM wrong AS w LEFT JOIN ledger_account AS a ON a.id = w.account_id ORDER BY 1, 2, 3, 4, 5, 6, 7
"""


def wrong_blocks() -> list[tuple[Account, int, int]]:
    """Return account, level and number of each block whose sums are not those of the legs, or of the blocks below."""
    return [(Account(*row[:5]), *row[5:]) for row in fetch(_WRONG, {})]
