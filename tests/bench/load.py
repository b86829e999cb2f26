"""Signed entries to be posted: leases of many lots of one lessor to one maker."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import threading
import time
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.db import connections

from ledger.core.entry import Account, move
from ledger.services.append_entries import append_entries
from ledger.services.append_entry import append_entry
from tests.ledger import world
from tests.ledger.world import account, append, note, open_world

PARTIES = ("lessor", "maker")
FIRST_DAY = dt.date(2024, 1, 1)
DAYS = 700
_PLENTY_MG = 10**15
_PAGE = 100


def open_bench(lots: int) -> list[Account]:
    """Open the ledger and receive plenty in each of `lots` lots; return the lessor's accounts."""
    world.BOOK = settings.LEDGER_ORIGIN
    open_world(PARTIES)
    accounts = [account(lot=f"lot-{number:04d}") for number in range(lots)]
    for first in range(0, lots, _PAGE):
        legs = [leg for item in accounts[first : first + _PAGE] for leg in move(_source(item), item, _PLENTY_MG)]
        append(note("receive", legs, ["lessor"], reference="seed", occurred=FIRST_DAY.isoformat()))
    return accounts


def _source(item: Account) -> Account:
    return item._replace(state="source")


def leases(accounts: Sequence[Account], entries: int, movements: int, progress: Iterator[int]) -> list[bytes]:
    """Return signed entries of `movements` movements each, over the accounts in turn.

    Their days advance with `progress`, days after the first; one in twenty is handed in up to 30 days late.
    """
    chance = random.Random(entries)
    places = itertools.cycle(accounts)
    notes = []
    for day in itertools.islice(progress, entries):
        late = chance.randrange(1, 31) if chance.randrange(20) == 0 else 0
        occurred = FIRST_DAY + dt.timedelta(days=max(0, day - late))
        taken = [next(places) for _ in range(movements)]
        legs = [leg for item in taken for leg in move(item, item._replace(holder="maker"), chance.randrange(1, 1000))]
        notes.append(note("lease-out", legs, PARTIES, contract="LEASE-2024-001", occurred=occurred.isoformat()))
    return notes


def one_day() -> Iterator[int]:
    """Return a progress that stays at the last day."""
    return itertools.repeat(DAYS)


def append_rate(notes: Sequence[bytes], callers: int) -> float:
    """Return entries a second of `callers` threads of one process, each appending one entry after the other."""
    began, _ = _append_all(notes, callers, 0)
    return len(notes) / began


def latencies(notes: Sequence[bytes], callers: int, rate: float) -> list[float]:
    """Return the latency in ms of every append at `rate` entries a second, counted from when it was due, sorted."""
    _, found = _append_all(notes, callers, callers / rate)
    return sorted(found)


def _append_all(notes: Sequence[bytes], callers: int, pause: float) -> tuple[float, list[float]]:
    now, found = dt.datetime.now(dt.UTC), []
    gate = threading.Barrier(callers + 1)
    failures: list[BaseException] = []

    def run(mine: Sequence[bytes], offset: float) -> None:
        gate.wait()
        due = time.perf_counter() + offset
        try:
            for item in mine:
                if pause:
                    time.sleep(max(0.0, due - time.perf_counter()))
                else:
                    due = time.perf_counter()
                append_entry(note=item, submitted_by="lessor", now=now)
                found.append((time.perf_counter() - due) * 1000)
                due += pause
        except BaseException as error:  # noqa: BLE001 - shown by the main thread
            failures.append(error)
        for alias in connections:
            connections[alias].close()

    threads = [
        threading.Thread(target=run, args=(notes[number::callers], number * pause / callers))
        for number in range(callers)
    ]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - began, found


def bulk_rate(notes: Sequence[bytes], movements: int) -> float:
    """Return movements a second of one stream of entries of `movements` movements each."""
    now = dt.datetime.now(dt.UTC)
    began = time.perf_counter()
    states = [line.state for line in append_entries(notes=notes, submitted_by="lessor", clock=lambda: now)]
    took = time.perf_counter() - began
    if set(states) != {"posted"}:
        raise RuntimeError(f"Not every entry was posted: {sorted(set(states))}.")
    return len(notes) * movements / took
