"""Test databases: a migrated template on the embedded PostgreSQL, cloned in milliseconds for whoever commits.

The ledger refuses UPDATE, DELETE and TRUNCATE, so a test that commits cannot be flushed: it gets a database of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from pgmq.install import get_embedded_install_sql
from psycopg import sql

from lode.engine.postgres import Cluster

ALIASES = ("default", "owner", "sequencer")
CLUSTER = Cluster(settings.BASE_DIR / "var" / "test-postgres", durable=False)


def _admin() -> psycopg.Connection:
    return psycopg.connect(CLUSTER.url("postgres", "postgres"), autocommit=True)


def migrations_digest() -> str:
    """Name the state of all migrations and of the SQL that they run: another state is another template."""
    digest = hashlib.sha256(get_embedded_install_sql().encode())
    for folder in ("ledger", "contracts", "platform/lode"):
        for pattern in ("**/migrations/*.py", "**/sql/*.sql", "**/sql/guarding.py", "**/commands/prepare_database.py"):
            for path in sorted((settings.BASE_DIR / folder).glob(pattern)):
                digest.update(str(path.relative_to(settings.BASE_DIR)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time build what others wait for."""
    path = Path(settings.BASE_DIR) / "var" / f".test-{name}.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def exists(name: str) -> bool:
    with _admin() as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def create(name: str, template: str = "template0") -> None:
    with _admin() as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER lode_owner TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )


def drop(name: str) -> None:
    with _admin() as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def rename(old: str, new: str) -> None:
    with _admin() as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


def beyond_the_guard(name: str) -> psycopg.Connection:
    """Connect as a superuser who has set the event triggers aside: the one whom the database itself does not stop."""
    return psycopg.connect(CLUSTER.url("postgres", name), options="-c event_triggers=off")


def use(name: str) -> None:
    """Point every Django connection of this process to the database."""
    for alias in ALIASES:
        connections[alias].close()
        role = {"default": "lode_app", "owner": "lode_owner", "sequencer": "lode_sequencer"}[alias]
        connections[alias].settings_dict.update(
            NAME=name, USER=role, HOST=str(CLUSTER.socket_folder), PORT="5432", PASSWORD=""
        )


def environment(name: str, var: Path) -> dict[str, str]:
    """Return the environment of a child process (worker, web server, command) that works on the database."""
    return {
        **os.environ,
        "LODE_VAR": str(var),
        "LODE_APP_DATABASE_URL": CLUSTER.url("lode_app", name),
        "LODE_OWNER_DATABASE_URL": CLUSTER.url("lode_owner", name),
        "LODE_SEQUENCER_DATABASE_URL": CLUSTER.url("lode_sequencer", name),
        "LODE_STATIC_FROM_SOURCE": "1",
    }


def template(name: str, build: Callable[[], None], base: str = "template0") -> str:
    """Return a database of that name, built once by whichever process comes first; others wait for it."""
    with locked("templates"):
        if not exists(name):
            draft = f"{name}_draft"
            drop(draft)
            create(draft, base)
            use(draft)
            build()
            for alias in ALIASES:
                connections[alias].close()
            rename(draft, name)
    return name


def migrated_template() -> str:
    return template(f"lode_{migrations_digest()}", prepare)


def prepare() -> None:
    """Migrate the database in use, and put up the whole guard."""
    name = connections["owner"].settings_dict["NAME"]
    call_command("prepare_database", verbosity=0, superuser=CLUSTER.url("postgres", name))


@contextlib.contextmanager
def clone(of: str) -> Iterator[str]:
    """Give a fresh copy of a database to this process; drop it at the end."""
    before = connections["default"].settings_dict["NAME"]
    name = f"clone_{uuid.uuid4().hex[:20]}"
    create(name, of)
    use(name)
    try:
        yield name
    finally:
        use(before)
        drop(name)
