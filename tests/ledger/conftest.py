"""A ledger of somewhat more than one tile, for tests that look at it or damage a copy of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from pytest_django import DjangoDbBlocker

from ledger.services.submit_entry import submit_entries
from tests.ledger.guarded_book import Guarded
from tests.ledger.world import NOW, append, lease_out, open_world, receive
from tests.support import databases

ENTRIES = 300


@dataclass(frozen=True)
class Grown:
    """The database and the `var/` folder of the ledger."""

    database: str
    var: Path


@contextlib.contextmanager
def standing(var: Path, blocker: DjangoDbBlocker, build: Callable[[], None]) -> Iterator[Grown]:
    """A ledger that is built once and then only read, or copied, by the tests of a module."""
    before = settings.VAR_DIR, settings.LEDGER_DIR
    settings.VAR_DIR, settings.LEDGER_DIR = var, var / "ledger"
    try:
        with blocker.unblock(), databases.clone(databases.migrated_template()) as name:
            build()
            for alias in databases.ALIASES:
                connections[alias].close()
            yield Grown(name, var)
    finally:
        settings.VAR_DIR, settings.LEDGER_DIR = before


@pytest.fixture(scope="module")
def grown(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Grown]:
    """A ledger of 300 entries. 0: the notice, 1 to 3: keys, 4 to 293: the lessor's receipts, 294 to 299: leases."""
    with standing(tmp_path_factory.mktemp("grown"), django_db_blocker, _grow) as ledger:
        yield ledger


def _grow() -> None:
    open_world()
    notes = [receive(1000 + number, occurred=f"2024-01-{1 + number % 28:02d}") for number in range(ENTRIES - 10)]
    submit_entries(notes=notes, submitted_by="lessor", now=NOW)
    for number in range(6):
        append(lease_out(10 + number))


@pytest.fixture(scope="module")
def guarded_once(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Grown]:
    """A ledger of six entries: the notice, three keys, a receipt of the lessor's and a lease to the maker."""
    with standing(tmp_path_factory.mktemp("guard"), django_db_blocker, _build_small) as ledger:
        yield ledger


def _build_small() -> None:
    open_world()
    append(receive(1000))
    append(lease_out(400))


@pytest.fixture
def guarded(guarded_once: Grown, django_db_blocker: DjangoDbBlocker) -> Iterator[Guarded]:
    """A copy of that ledger, to attack."""
    with django_db_blocker.unblock(), databases.clone(guarded_once.database) as copy:
        book = Guarded(copy)
        yield book
        book.see_nothing_changed()
        book.close()
