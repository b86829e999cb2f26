"""Keep the embedded PostgreSQL running until standard input ends: `python -m lode.engine.keeper`.

Standard input is a pipe that the supervisor and every process that it started hold open. It ends when the last of
them is gone, however they went, and only then may the database stop.
"""

from __future__ import annotations

import signal
import sys

from lode.engine.lease import engine
from lode.engine.places import EngineError, var_folder
from lode.engine.postgres import Cluster


def main() -> int:
    """Start the server, say `ready` on standard output (or the sentence why not), and stop it at the end."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)  # the order of stopping is the supervisor's
    try:
        with engine(Cluster(var_folder() / "postgres")) as cluster:
            cluster.ensure_database()
            print("ready", flush=True)
            sys.stdin.read()
    except EngineError as error:
        print(error, flush=True)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
