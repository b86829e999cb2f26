"""Opens the entries of an export in several processes, each its share of the tiles, and answers them in order.

A worker is told what to do once and then only writes: when its pipe is full it waits to be read, so that it is never
further ahead than that, however long the log. When the reader goes away the worker ends by itself.
"""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ledger.core.audit_open import Found, Opener, Plan, open_all

# Below this many tiles a worker is not worth its start.
_WORTH_TILES = 8
_LENGTH_BYTES = 8
# Holds some tiles, where the system lets a pipe be as long, so that nobody waits for another's turn.
_PIPE_BYTES = 1 << 20


class WorkerLostError(Exception):
    """A worker process ended before its work was done."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Opens entries with `jobs` processes; with one, or where there is little to do, in this one."""

    jobs: int

    def __call__(self, plan: Plan) -> Generator[list[Found], None, None]:
        """Answer what was found of the entries, tile by tile; raises WorkerLostError."""
        jobs = min(self.jobs, plan.tiles // _WORTH_TILES)
        if jobs <= 1:
            yield from open_all(plan)
            return
        workers: list[subprocess.Popen[bytes]] = []
        try:
            for first in range(jobs):
                workers.append(_start())
                _send(workers[first], (plan, first, jobs))
            for number in range(plan.tiles):
                yield _receive(workers[number % jobs])
        finally:
            for worker in workers:
                worker.kill()
                with worker:  # closes its pipes and waits for its end
                    pass


def _start() -> subprocess.Popen[bytes]:
    # `-P`: the folder that is checked, and may be the working one, is not where modules come from.
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-P", "-m", "ledger.verify_pool"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)  # noqa: S603
    assert worker.stdout is not None
    with suppress(AttributeError, OSError):  # not every system, and not for everybody
        fcntl.fcntl(worker.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return worker


def _send(worker: subprocess.Popen[bytes], work: tuple[Plan, int, int]) -> None:
    assert worker.stdin is not None
    try:
        with worker.stdin as pipe:
            pickle.dump(work, pipe, pickle.HIGHEST_PROTOCOL)
    except BrokenPipeError:
        raise _lost() from None


def _receive(worker: subprocess.Popen[bytes]) -> list[Found]:
    assert worker.stdout is not None
    length = int.from_bytes(worker.stdout.read(_LENGTH_BYTES), "big")
    data = worker.stdout.read(length)
    if not length or len(data) < length:
        raise _lost()
    found: list[Found] = pickle.loads(data)  # noqa: S301 - our own worker wrote it
    return found


def _lost() -> WorkerLostError:
    return WorkerLostError(
        "a worker process ended before its work was done; nothing is said about what was not checked."
    )


def work(tasks: BinaryIO, results: BinaryIO) -> None:
    """Read from `tasks` what to open, and write to `results` what was found, tile after tile: what a worker does."""
    plan, first, step = pickle.load(tasks)  # noqa: S301 - the process that started this one wrote it
    opener = Opener(plan)
    for number in range(first, plan.tiles, step):
        data = pickle.dumps(opener.open_tile(number), pickle.HIGHEST_PROTOCOL)
        results.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
        results.flush()


if __name__ == "__main__":
    # An interruption is for the process that was started by hand, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Nothing here refers to itself, and looking for what does takes time.
    gc.disable()
    try:
        work(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        os._exit(1)
