"""The floor: PostgreSQL doing the least that a ledger must, in the same database and on the same machine.

An entry, two postings and two balances, and nothing else: no signature, no check, no chain, no tree, no time axis.
"""

from __future__ import annotations

import multiprocessing
import random
import time

import psycopg

from tests.bench.stage import superuser

_TABLES = """
CREATE SCHEMA bare;
CREATE TABLE bare.entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, recorded timestamptz NOT NULL DEFAULT now());
CREATE TABLE bare.balance (account_id bigint PRIMARY KEY, mass_mg bigint NOT NULL);
CREATE TABLE bare.posting (
    entry_id bigint NOT NULL, account_id bigint NOT NULL, mass_mg bigint NOT NULL, PRIMARY KEY (entry_id, account_id));
INSERT INTO bare.balance SELECT number, 1000000000 FROM generate_series(1, 1000) AS number;
"""

# One call a commit. The balances are changed in one order, so that callers do not wait for each other in a ring.
_POST = """
CREATE FUNCTION bare.post(source bigint, target bigint, mass bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    entry bigint;
BEGIN
    INSERT INTO bare.entry DEFAULT VALUES RETURNING id INTO entry;
    INSERT INTO bare.posting VALUES (entry, source, -mass), (entry, target, mass);
    UPDATE bare.balance SET mass_mg = mass_mg + CASE WHEN account_id = source THEN -mass ELSE mass END
        WHERE account_id = least(source, target);
    UPDATE bare.balance SET mass_mg = mass_mg + CASE WHEN account_id = source THEN -mass ELSE mass END
        WHERE account_id = greatest(source, target);
    RETURN entry;
END
$$;
"""

# A thousand movements a commit, as sets.
_BATCH = """
CREATE FUNCTION bare.batch(sources bigint[], targets bigint[], masses bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first bigint;
BEGIN
    WITH added AS (
        INSERT INTO bare.entry (recorded) SELECT now() FROM generate_series(1, cardinality(sources)) RETURNING id
    ) SELECT min(id) INTO first FROM added;
    INSERT INTO bare.posting
        SELECT first + number - 1, account, mass
        FROM unnest(sources, targets, masses) WITH ORDINALITY AS moved (source, target, moved_mg, number),
            LATERAL (VALUES (source, -moved_mg), (target, moved_mg)) AS side (account, mass);
    UPDATE bare.balance AS b SET mass_mg = b.mass_mg + moved.mass_mg
    FROM (
        SELECT account, sum(mass) AS mass_mg
        FROM unnest(sources, targets, masses) AS m (source, target, moved_mg),
            LATERAL (VALUES (source, -moved_mg), (target, moved_mg)) AS side (account, mass)
        GROUP BY account
    ) AS moved WHERE b.account_id = moved.account;
END
$$;
"""
BATCH = 1000


def set_up() -> None:
    """Make the reference's tables and functions."""
    with superuser() as connection:
        for script in (_TABLES, _POST, _BATCH):
            connection.execute(script)


def single_rate(callers: int, entries: int, accounts: int = 1000) -> float:
    """Return entries a second of `callers` processes, each committing one function call after the other."""
    work = [(entries // callers, accounts, number) for number in range(callers)]
    ready, go = multiprocessing.Semaphore(0), multiprocessing.Event()
    processes = [multiprocessing.Process(target=_call, args=(*item, ready, go)) for item in work]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    began = time.perf_counter()
    go.set()
    for process in processes:
        process.join()
    return entries / (time.perf_counter() - began)


def _call(entries: int, accounts: int, seed: int, ready: object, go: object) -> None:
    chance = random.Random(seed)
    with superuser() as connection, connection.cursor() as cursor:
        ready.release()  # type: ignore[attr-defined]
        go.wait()  # type: ignore[attr-defined]
        for _ in range(entries):
            source, target = chance.sample(range(1, accounts + 1), 2)
            cursor.execute("SELECT bare.post(%s, %s, %s)", (source, target, 5), prepare=True)


def batch_rate(batches: int) -> float:
    """Return movements a second of one caller, a thousand a commit."""
    chance = random.Random(1)
    with superuser() as connection, psycopg.Cursor(connection) as cursor:
        work = []
        for _ in range(batches):
            pairs = [chance.sample(range(1, 1001), 2) for _ in range(BATCH)]
            work.append(["{" + ",".join(map(str, side)) + "}" for side in (*zip(*pairs, strict=True), [5] * BATCH)])
        began = time.perf_counter()
        for arrays in work:
            cursor.execute("SELECT bare.batch(%s, %s, %s)", arrays, prepare=True)
        return batches * BATCH / (time.perf_counter() - began)
