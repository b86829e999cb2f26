"""Shared set-up: the embedded PostgreSQL of the tests, and databases that a test may commit to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from lode.config.celery import app
from lode.engine.lease import engine
from tests.support import databases, demo_world


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give each test process its own migrated database; `db` tests roll back in it."""
    app.conf.broker_url = "memory://"  # what a test enqueues goes nowhere, unless it asks for a broker of its own
    app.conf.broker_transport_options = {}
    with (
        engine(databases.CLUSTER),
        django_db_blocker.unblock(),
        databases.clone(databases.migrated_template()),
    ):
        yield


@pytest.fixture
def own_database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, settings: Settings, tmp_path: Path
) -> Iterator[str]:
    """A fresh migrated database and `var/` folder that the test may commit to; gives the database's name."""
    settings.VAR_DIR = tmp_path
    settings.LEDGER_DIR = tmp_path / "ledger"
    settings.EXPORTS_DIR = tmp_path / "exports"
    with django_db_blocker.unblock(), databases.clone(databases.migrated_template()) as name:
        yield name


@pytest.fixture
def demo(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, settings: Settings, tmp_path: Path
) -> Iterator[demo_world.World]:
    """A demo world of the test's own: database and files, to look at or to change."""
    with django_db_blocker.unblock(), demo_world.copy(tmp_path) as world:
        settings.VAR_DIR = world.var
        settings.LEDGER_DIR = world.var / "ledger"
        settings.EXPORTS_DIR = world.var / "exports"
        yield world
