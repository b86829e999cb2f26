"""November between Terra and Ringcycle, built once a session; each test works on a copy of database and files."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connections
from pytest_django import DjangoDbBlocker, Settings

from tests.reconciliation import world
from tests.support import databases

FOLDERS = ("VAR_DIR", "LEDGER_DIR", "EXPORTS_DIR")


@pytest.fixture(scope="session")
def built_november(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    var = tmp_path_factory.mktemp("reconciliation-world")
    template = f"reconciliation_{uuid.uuid4().hex[:12]}"
    before = {name: getattr(django_settings, name) for name in FOLDERS}
    current = connections["default"].settings_dict["NAME"]
    _point(django_settings, var)
    with django_db_blocker.unblock():
        databases.template(template, _build, databases.migrated_template())
        databases.use(current)
        for name, value in before.items():
            setattr(django_settings, name, value)
        yield template, var
        databases.drop(template)


@pytest.fixture
def november(
    built_november: tuple[str, Path], django_db_blocker: DjangoDbBlocker, settings: Settings, tmp_path: Path
) -> Iterator[str]:
    """The world with November on the ledger and no statement yet; gives the database's name."""
    template, var = built_november
    shutil.copytree(var, tmp_path, dirs_exist_ok=True)
    _point(settings, tmp_path)
    with django_db_blocker.unblock(), databases.clone(template) as name:
        yield name


@pytest.fixture
def period(november: str) -> int:
    """The number of the November period, with Ringcycle's file submitted."""
    return world.submit()


@pytest.fixture
def key_of(period: int) -> Callable[[str], dict[str, str]]:
    return lambda reference: world.keys(period, reference)


def _build() -> None:
    world.open_world()
    world.november()


def _point(target: object, var: Path) -> None:
    target.VAR_DIR = var
    target.LEDGER_DIR = var / "ledger"
    target.EXPORTS_DIR = var / "exports"
