"""Real Celery workers on a test database: started, waited for, killed the hard way, started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lode.config.celery import app
from lode.config.settings import pgmq_options
from tests.support import databases


def wait_until(true: Callable[[], bool], *, seconds: float = 20, what: str = "it") -> None:
    """Return as soon as the condition holds; fail the test with a sentence where it does not in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(0.05)


@dataclass
class Worker:
    """A running worker process and everything that it has printed."""

    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_ready(self) -> None:
        wait_until(lambda: self.process.poll() is not None or " ready." in self.output(), what="the worker's start")
        assert self.process.poll() is None, self.output()

    def kill(self) -> None:
        """Kill -9 the worker and all its processes: no acknowledgement, no clean-up, as in a power cut."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask the worker to finish what it does and go."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


@contextlib.contextmanager
def worker(name: str, var: Path, *, visibility_seconds: int = 2, beat: bool = False, **extra: str) -> Iterator[Worker]:
    """Run a worker on the database of that name until the block ends; `extra` goes into its environment.

    A message that a killed worker had read is delivered again after `visibility_seconds`.
    """
    log = var / f"worker-{time.monotonic_ns()}.log"
    environment = databases.environment(name, var) | {
        "LODE_QUEUE_VISIBILITY_SECONDS": str(visibility_seconds),
        "CELERY_BROKER_URL": "pgmq://localhost",
        **extra,
    }
    command = [sys.executable, "-m", "celery", "-A", "lode.config.celery", "worker", "--pool=solo", "--loglevel=INFO"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    command += ["--beat"] if beat else []
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=var, stdout=output, stderr=output, start_new_session=True
        )
    running = Worker(process, log)
    try:
        running.wait_ready()
        yield running
    finally:
        if process.poll() is None:
            running.stop()


@contextlib.contextmanager
def broker(name: str) -> Iterator[None]:
    """Send what this process enqueues to the PGMQ of the database of that name."""
    before = app.conf.broker_url, app.conf.broker_transport_options
    _use(
        "pgmq://localhost",
        pgmq_options(
            {
                "HOST": str(databases.CLUSTER.socket_folder),
                "PORT": "5432",
                "NAME": name,
                "USER": "lode_app",
                "PASSWORD": "",
                "OPTIONS": {},
            }
        ),
    )
    try:
        yield
    finally:
        _use(*before)


def _use(url: str, options: dict[str, object]) -> None:
    app.pool.force_close_all()
    app.amqp.__dict__.pop("producer_pool", None)
    app.amqp._producer_pool = None
    app._pool = None
    app.conf.broker_url = url
    app.conf.broker_transport_options = options


def queued(name: str, queue: str = "lode") -> int:
    """Count the messages of a queue, hidden ones included."""
    import psycopg

    with psycopg.connect(databases.CLUSTER.url("lode_app", name)) as connection:
        row = connection.execute("SELECT queue_length FROM pgmq.metrics(%s)", [queue]).fetchone()
        assert row is not None
        return int(row[0])
