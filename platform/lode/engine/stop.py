"""Stop whatever runs in this project: `python -m lode.engine.stop` (that is `make stop`).

Only the standard library is used, so that it works where `.venv` is gone.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from lode.engine.places import var_folder
from lode.engine.processes import is_alive, process_name, works_in

PATIENCE_SECONDS = 90


def main() -> int:
    """Stop `lode run`, then every embedded PostgreSQL under `var/`; return the exit code."""
    var = var_folder()
    try:
        stopped = [_stop(pid, signal.SIGTERM, "Lode") for pid in _supervisors(var)]
        stopped += [_stop(pid, signal.SIGINT, "PostgreSQL") for pid in _servers(var)]  # its word for a fast shutdown
    except PermissionError as error:
        print(f"What runs in {var} belongs to another user ({error.strerror}): stop it as that user.", file=sys.stderr)
        return 3
    if not stopped:
        print("Nothing runs here.")
    return 0 if all(stopped) else 3


def _supervisors(var: Path) -> list[int]:
    import fcntl  # noqa: PLC0415 - this file runs on whatever Python there is

    try:
        with (var / "run.lock").open("r+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pid = int(lock.read().strip() or "0")
                return [pid] if pid and is_alive(pid) else []
    except FileNotFoundError:
        pass
    return []


def _servers(var: Path) -> list[int]:
    pids = []
    for file in var.glob("*/postmaster.pid"):
        pid = int(file.read_text(encoding="ascii").split("\n", 1)[0])
        here = works_in(pid, file.parent)
        if here or (here is None and process_name(pid) == "postgres"):
            pids.append(pid)
    return pids


def _stop(pid: int, how: signal.Signals, name: str) -> bool:
    print(f"Stopping {name} (process {pid}) …", end="", flush=True)
    began = time.monotonic()
    os.kill(pid, how)
    while process_name(pid) and time.monotonic() - began < PATIENCE_SECONDS:
        time.sleep(0.1)
    gone = not process_name(pid)
    print(f" {time.monotonic() - began:.1f} s" if gone else " it does not stop.", flush=True)
    return gone


if __name__ == "__main__":
    sys.exit(main())
