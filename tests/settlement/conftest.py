"""The lease's world, built once a session; each test works on a copy of its database and of its files."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connections
from pytest_django import DjangoDbBlocker, Settings

from tests.settlement import world as lease
from tests.support import databases


@dataclass(frozen=True)
class World:
    """A copy of the world: the lease's reference, the database's name, its folder."""

    ref: str
    database: str
    var: Path


@pytest.fixture(scope="session")
def built_world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str, Path]]:
    var = tmp_path_factory.mktemp("settlement-world")
    template = f"settlement_{uuid.uuid4().hex[:12]}"
    before = {name: getattr(django_settings, name) for name in ("VAR_DIR", "LEDGER_DIR", "EXPORTS_DIR")}
    _point(django_settings, var)
    refs: list[str] = []
    current = connections["default"].settings_dict["NAME"]
    with django_db_blocker.unblock():
        databases.template(template, lambda: refs.append(lease.build()), databases.migrated_template())
        databases.use(current)
        for name, value in before.items():
            setattr(django_settings, name, value)
        yield template, refs[0], var
        databases.drop(template)


@pytest.fixture
def world(
    built_world: tuple[str, str, Path], django_db_blocker: DjangoDbBlocker, settings: Settings, tmp_path: Path
) -> Iterator[World]:
    template, ref, var = built_world
    shutil.copytree(var, tmp_path, dirs_exist_ok=True)
    _point(settings, tmp_path)
    with django_db_blocker.unblock(), databases.clone(template) as name:
        yield World(ref, name, tmp_path)


def _point(target: object, var: Path) -> None:
    target.VAR_DIR = var
    target.LEDGER_DIR = var / "ledger"
    target.EXPORTS_DIR = var / "exports"
