"""The API's world, built once a session; each test works on a copy of its database and of its files."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connections
from pytest_django import DjangoDbBlocker, Settings

from tests.api import world
from tests.support import databases

FOLDERS = ("VAR_DIR", "LEDGER_DIR", "EXPORTS_DIR")


@pytest.fixture(scope="session")
def built_api_world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path, str, dict[str, str]]]:
    var = tmp_path_factory.mktemp("api-world")
    template = f"api_{uuid.uuid4().hex[:12]}"
    before = {name: getattr(django_settings, name) for name in FOLDERS}
    current = connections["default"].settings_dict["NAME"]
    _point(django_settings, var)
    made: list[tuple[str, dict[str, str]]] = []
    with django_db_blocker.unblock():
        databases.template(template, lambda: made.append(world.build()), databases.migrated_template())
        databases.use(current)
        for name, value in before.items():
            setattr(django_settings, name, value)
        yield template, var, *made[0]
        databases.drop(template)


@pytest.fixture
def api(
    built_api_world: tuple[str, Path, str, dict[str, str]],
    django_db_blocker: DjangoDbBlocker,
    settings: Settings,
    tmp_path: Path,
) -> Iterator[world.Api]:
    """A copy of the world that the test may write to."""
    template, var, ref, tokens = built_api_world
    shutil.copytree(var, tmp_path, dirs_exist_ok=True)
    _point(settings, tmp_path)
    cache.clear()
    with django_db_blocker.unblock(), databases.clone(template):
        yield world.Api(ref, tokens)


@pytest.fixture(scope="module")
def shared_api(
    built_api_world: tuple[str, Path, str, dict[str, str]],
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[world.Api]:
    """One copy of the world for a module whose tests change nothing."""
    template, var, ref, tokens = built_api_world
    folder = tmp_path_factory.mktemp("shared-api")
    shutil.copytree(var, folder, dirs_exist_ok=True)
    before = {name: getattr(django_settings, name) for name in FOLDERS}
    _point(django_settings, folder)
    with django_db_blocker.unblock(), databases.clone(template):
        yield world.Api(ref, tokens)
    for name, value in before.items():
        setattr(django_settings, name, value)


def _point(target: object, var: Path) -> None:
    target.VAR_DIR = var
    target.LEDGER_DIR = var / "ledger"
    target.EXPORTS_DIR = var / "exports"
