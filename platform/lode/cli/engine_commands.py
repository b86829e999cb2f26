"""`lode engine start|stop|status`, and throwing the demo's database away."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence

from lode.engine.lease import engine, start_and_keep, stop_and_forget
from lode.engine.locks import open_lock, try_exclusive
from lode.engine.places import EngineError, var_folder
from lode.engine.postgres import Cluster


def embedded() -> Cluster:
    """Return the embedded database; raise EngineError where another one is in use."""
    if os.environ.get("DATABASE_URL"):
        raise EngineError("DATABASE_URL names a database of your own: Lode neither starts, stops nor empties that one.")
    return Cluster(var_folder() / "postgres")


def start(_options: argparse.Namespace, _words: Sequence[str]) -> int:
    """Start the embedded database and leave it running."""
    cluster = embedded()
    start_and_keep(cluster)
    cluster.ensure_database()
    print(f"The database runs (process {cluster.server_pid()}) until `lode engine stop`. To look inside:")
    print(f'  psql "{cluster.url("lode_reader")}"')
    return 0


def stop(_options: argparse.Namespace, _words: Sequence[str]) -> int:
    """Stop the embedded database, unless another command uses it."""
    print("The database is stopped." if stop_and_forget(embedded()) else "The database was not running.")
    return 0


def status(_options: argparse.Namespace, _words: Sequence[str]) -> int:
    """Say whether the embedded database runs; exit code 1 where it does not."""
    cluster = embedded()
    pid = cluster.server_pid()
    print(f"The database runs (process {pid})." if pid else "The database is not running.")
    return 0 if pid else 1


def throw_away() -> None:
    """Drop the embedded database and every file that was made from it; secrets stay. Refuse while `lode run` runs."""
    cluster = embedded()
    var = var_folder()
    with open_lock(var / "run.lock") as lock:
        if not try_exclusive(lock):
            raise EngineError("Lode is running on this database. Stop it with Ctrl-C or `make stop`, then start anew.")
        with engine(cluster):
            cluster.drop_database()
            for name in ("ledger", "exports", "files", "demo", "beat"):
                shutil.rmtree(var / name, ignore_errors=True)
