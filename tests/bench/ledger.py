"""`make bench-ledger`: how fast the ledger is, beside a bare PostgreSQL that does the least in the same run.

`LEGS` in the environment says how long the ledger of the case `as-of` gets (10,000,000), `ENTRIES` how long the export
of the case `audit` (100,000); smaller ones are for a quick look.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.bench import stage
from tests.bench.report import ROOT, ROUNDS, Case, case, in_turn, write

stage.set_up()

import datetime as dt  # noqa: E402

from ledger.core.entry import Account  # noqa: E402
from ledger.selectors.balances import account_balance  # noqa: E402
from ledger.selectors.checkpoints import ledger_size  # noqa: E402
from tests.bench import bare, floors  # noqa: E402
from tests.bench.load import DAYS, FIRST_DAY, append_rate, bulk_rate, latencies, leases, one_day, open_bench  # noqa: E402
from tests.ledger.large_export import write_large_export  # noqa: E402

CALLERS = 8
SINGLE = int(os.environ.get("SINGLE", "4000"))
MOVEMENTS = 100
BULK = 200
SHORT = 100_000
LEGS = int(os.environ.get("LEGS", "10000000"))
ENTRIES = int(os.environ.get("ENTRIES", "100000"))
QUESTIONS = 2000
P99_MS = 250.0


def callers(accounts: list[Account]) -> list[Case]:
    """8 callers, one movement an entry: spread over 1,000 accounts, on 10, and the latency at half of the top rate."""

    def ours(chosen: list[Account]) -> float:
        return append_rate(leases(chosen, SINGLE, 1, one_day()), CALLERS)

    ours(accounts)  # the first batches fill caches on both sides
    mine, floor = in_turn(lambda: ours(accounts), lambda: bare.single_rate(CALLERS, 2 * SINGLE))
    found = [case("8 callers", mine, floor, "entries/s")]
    hot, spread = in_turn(lambda: ours(accounts[:5]), lambda: ours(accounts))
    found.append(case("hot accounts", hot, spread, "entries/s"))
    half = found[0].ours / 2
    tails = []
    for _ in range(ROUNDS):
        ordered = latencies(leases(accounts, SINGLE, 1, one_day()), CALLERS, half)
        tails.append(ordered[int(len(ordered) * 0.99)])
    found.append(case("append p99 at half rate", tails, [P99_MS], "ms"))
    return found


def bulk(accounts: list[Account]) -> Case:
    """100 movements an entry, in a stream, beside a thousand movements a commit."""
    bulk_rate(leases(accounts, BULK, MOVEMENTS, one_day()), MOVEMENTS)
    mine, floor = in_turn(
        lambda: bulk_rate(leases(accounts, BULK, MOVEMENTS, one_day()), MOVEMENTS), lambda: bare.batch_rate(40)
    )
    return case("bulk", mine, floor, "movements/s")


def as_of() -> list[Case]:
    """Balances of random accounts at random days and sizes: p95 in a long ledger beside that in a short one."""
    short, stored_short = measured(SHORT)
    long, stored_long = measured(LEGS)
    return [
        case("as-of", long, short, "ms p95"),
        case("bytes a leg", [stored_long / LEGS], [stored_short / SHORT], "bytes"),
    ]


def measured(legs: int) -> tuple[list[float], int]:
    """Return the p95 in ms of five rounds in a ledger of that many legs, and the bytes that it takes."""
    with stage.database():
        accounts = open_bench(1000)
        fill(accounts, legs)
        return [p95(accounts) for _ in range(ROUNDS)], stored()


def fill(accounts: list[Account], legs: int) -> None:
    """Post entries of 100 movements until the ledger has at least that many legs, day after day over all days."""
    began = time.perf_counter()
    while (have := legs_posted()) < legs:
        entries = min(BULK, -(-(legs - have) // (2 * MOVEMENTS)))
        days = iter([DAYS * have // legs] * entries)
        bulk_rate(leases(accounts, entries, MOVEMENTS, days), MOVEMENTS)
    rate = legs / 2 / (time.perf_counter() - began)
    with stage.superuser() as connection:
        connection.execute("ANALYZE")
    print(f"filled to {legs:,} legs at {rate:,.0f} movements/s, signing included", flush=True)


def p95(accounts: list[Account]) -> float:
    """Return the 95th percentile in ms of balances of one account each, at any day and any size."""
    chance, size, found = random.Random(7), ledger_size(), []
    for _ in range(QUESTIONS):
        account = chance.choice(accounts)._replace(holder=chance.choice(("lessor", "maker")))
        day = FIRST_DAY + dt.timedelta(days=chance.randrange(DAYS))
        known_at = chance.randrange(1, size + 1)
        began = time.perf_counter()
        account_balance(account=account, party="maker", as_of=day, known_at=known_at)
        found.append((time.perf_counter() - began) * 1000)
    return sorted(found)[int(QUESTIONS * 0.95)]


def legs_posted() -> int:
    """Return how many legs stand in the ledger."""
    with stage.superuser() as connection:
        row = connection.execute(
            "SELECT count(*) FROM ledger_leg"
            if LEGS <= SHORT
            else "SELECT coalesce(sum(seq + 1), 0) FROM ledger_balance"
        ).fetchone()
    return int(row[0]) if row else 0


def stored() -> int:
    """Return the bytes of the ledger's tables with their indexes."""
    with stage.superuser() as connection:
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'ledger\\_%'"
        ).fetchone()
    return int(row[0]) if row else 0


def audit() -> Case:
    """`lode-verify` in full over an export of entries with two signatures, beside verifying those signatures alone."""
    # In memory where there is such a folder: the audit is measured, and not the disk.
    memory = Path("/dev/shm")
    folder = (memory if memory.is_dir() else ROOT / "var" / "bench") / f"lode-bench-{os.getpid()}"
    write_large_export(folder, ENTRIES)
    mine, floor = in_turn(lambda: verify_rate(folder), lambda: floors.signature_rate(2 * ENTRIES))
    shutil.rmtree(folder)
    return case("audit", mine, floor, "signatures/s")


def verify_rate(folder: Path) -> float:
    """Return signatures a second of a full audit on every processor, from the command line."""
    command = [str(Path(sys.executable).parent / "lode-verify"), "--depth", "full", "--quiet", str(folder)]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return 2 * ENTRIES / (time.perf_counter() - began)


def main() -> None:
    """Run every case, and write the result."""
    with stage.database():
        bare.set_up()
        accounts = open_bench(500)
        cases = [*callers(accounts), bulk(accounts)]
    cases += as_of()
    cases.append(audit())
    print(write("ledger", cases))


if __name__ == "__main__":
    main()
