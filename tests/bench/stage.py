"""Where benchmarks run: a PostgreSQL of their own, durable as in life, under `var/bench`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from lode.engine.lease import engine
from lode.engine.postgres import Cluster
from tests.bench.report import ROOT

VAR = ROOT / "var" / "bench" / "world"
CLUSTER = Cluster(ROOT / "var" / "bench" / "postgres")
DATABASE = "bench"
_ROLES = {
    "LODE_APP_DATABASE_URL": "lode_app",
    "LODE_OWNER_DATABASE_URL": "lode_owner",
    "LODE_SEQUENCER_DATABASE_URL": "lode_sequencer",
}


def set_up() -> None:
    """Point Django at the benchmarks' database; to be called before anything of Django is imported."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "lode.config.settings"
    os.environ["LODE_VAR"] = str(VAR)
    for variable, role in _ROLES.items():
        os.environ[variable] = CLUSTER.url(role, DATABASE)
    import django

    django.setup()


@contextmanager
def database() -> Iterator[None]:
    """Have an empty, migrated database and an empty `var` while the block runs."""
    from django.core.management import call_command
    from django.db import connections

    shutil.rmtree(VAR, ignore_errors=True)
    VAR.mkdir(parents=True)
    with engine(CLUSTER):
        CLUSTER.drop_database(DATABASE)
        CLUSTER.ensure_database(DATABASE)
        call_command("prepare_database", verbosity=0)
        yield
        for alias in connections:
            connections[alias].close()
        CLUSTER.drop_database(DATABASE)


def superuser() -> psycopg.Connection:
    """Connect as the superuser: for the reference tables, and to look at sizes."""
    return psycopg.connect(CLUSTER.url("postgres", DATABASE), autocommit=True)
