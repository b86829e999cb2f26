"""Who uses the embedded PostgreSQL: it starts for the first and stops after the last.

Every user holds one lock file together with the others. Whoever leaves tries to have the file alone: that works for
the last one only, who stops the server. `lode engine start` leaves a mark that keeps the server running until
`lode engine stop`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from lode.engine.locks import open_lock, shared, try_exclusive
from lode.engine.places import EngineError
from lode.engine.postgres import Cluster


@contextlib.contextmanager
def engine(cluster: Cluster) -> Iterator[Cluster]:
    """Have the server running for as long as the block lasts."""
    with shared(_users(cluster)) as lock:
        cluster.start()
        try:
            yield cluster
        finally:
            if try_exclusive(lock) and not _mark(cluster).exists():
                cluster.stop()


def start_and_keep(cluster: Cluster) -> None:
    """Start the server and leave it running until `stop_and_forget`."""
    with shared(_users(cluster)):
        cluster.start()
        _mark(cluster).touch()


def stop_and_forget(cluster: Cluster, *, whoever_uses_it: bool = False) -> bool:
    """Stop the server; say whether it ran. Raise EngineError while others use it, unless told not to mind them."""
    with open_lock(_users(cluster)) as lock:
        if not try_exclusive(lock) and not whoever_uses_it:
            raise EngineError("The database is in use by another Lode command. End that first (`make stop` ends all).")
        _mark(cluster).unlink(missing_ok=True)
        ran = cluster.server_pid() is not None
        cluster.stop()
        return ran


def _users(cluster: Cluster) -> Path:
    return cluster.folder.parent / f".{cluster.folder.name}.users"


def _mark(cluster: Cluster) -> Path:
    return cluster.folder.parent / f".{cluster.folder.name}.keep"
