"""`lode engine start|stop|status`, and throwing the demo's database away."""

from __future__ import annotations

import shutil
from pathlib import Path

from lode.engine.lease import engine, start_and_keep, stop_and_forget
from lode.engine.locks import open_lock, try_exclusive
from lode.engine.places import EngineError, database_is_given, var_folder
from lode.engine.postgres import Cluster


def embedded() -> Cluster:
    """Return the embedded database; raise EngineError where another one is in use."""
    if database_is_given():
        raise EngineError("DATABASE_URL names a database of your own: Lode neither starts, stops nor empties that one.")
    return Cluster(var_folder() / "postgres")


def start() -> int:
    """Start the embedded database and leave it running."""
    cluster = embedded()
    start_and_keep(cluster)
    cluster.ensure_database()
    print(f"The database runs (process {cluster.server_pid()}) until `lode engine stop`. To look inside:")
    print(f'  psql "{cluster.url("lode_reader")}"')
    return 0


def stop() -> int:
    """Stop the embedded database, unless another command uses it."""
    print("The database is stopped." if stop_and_forget(embedded()) else "The database was not running.")
    return 0


def status() -> int:
    """Say whether the embedded database runs; exit code 1 where it does not."""
    cluster = embedded()
    pid = cluster.server_pid()
    print(f"The database runs (process {pid})." if pid else "The database is not running.")
    return 0 if pid else 1


def half_made_mark() -> Path:
    """Return the file that stands for as long as the demo world is being made."""
    return var_folder() / "demo" / "unfinished"


def discard_half_made() -> None:
    """Throw the demo world away where its making was cut off: nothing in it was entered by a person."""
    if not half_made_mark().exists():
        return
    if database_is_given():
        raise EngineError("The demo world in your database is half-made: its making was cut off. Empty that database.")
    print("The making of the demo world was cut off last time: making it anew.", flush=True)
    _empty(embedded())


def throw_away() -> None:
    """Drop the embedded database and every file that was made from it; secrets stay. Refuse while `lode run` runs."""
    cluster = embedded()
    with open_lock(var_folder() / "run.lock") as lock:
        if not try_exclusive(lock):
            raise EngineError("Lode is running on this database. Stop it with Ctrl-C or `make stop`, then start anew.")
        _empty(cluster)


def _empty(cluster: Cluster) -> None:
    with engine(cluster):
        cluster.drop_database()
        for name in ("ledger", "exports", "files", "demo", "beat"):
            shutil.rmtree(var_folder() / name, ignore_errors=True)
