"""`lode run`: everything that one machine needs, started in order, watched, and stopped in the opposite order.

Nothing outlives it. Ctrl-C and SIGTERM stop the programs and then the database; where the supervisor itself is killed,
every program notices the end of its rope, stops, and the keeper stops the database after the last of them.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from lode.engine.children import Child, Ropes, programs
from lode.engine.locks import open_lock, try_exclusive
from lode.engine.places import EngineError, database_is_given, require_writable, var_folder
from lode.engine.postgres import Cluster
from lode.engine.processes import is_alive

HOST = "127.0.0.1"
HTTP_SECONDS = 90
TIDY_SECONDS = 60


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked
    """Somebody asked the supervisor to stop."""


def chosen_port() -> int:
    """Return the port that LODE_PORT names, 8000 unless it is set."""
    text = os.environ.get("LODE_PORT") or "8000"
    if not text.isdigit() or not 1 <= int(text) <= 65535:  # noqa: PLR2004 - the highest port there is
        raise EngineError(f"LODE_PORT is {text!r}; it must be a port number from 1 to 65535.")
    return int(text)


def require_free(port: int) -> None:
    """Raise EngineError where another program listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise EngineError(
                f"Port {port} on {HOST} cannot be used ({error.strerror}): another program has it. "
                f"Stop that program or choose another port, for example: LODE_PORT={port + 1} make run"
            ) from error


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[IO[str]]:
    """Hold the lock of the one `lode run` of this folder; raise EngineError where another has it."""
    with open_lock(var / "run.lock") as lock:
        deadline = time.monotonic() + TIDY_SECONDS
        said = False
        while not try_exclusive(lock):
            lock.seek(0)
            pid = int(lock.read().strip() or "0")
            if (pid and is_alive(pid)) or time.monotonic() > deadline:
                raise EngineError(
                    f"Lode is already running here (process {pid}). Stop it there with Ctrl-C, or with `make stop`."
                )
            if not said:
                print("The last run was killed; waiting until all that it started has stopped.", flush=True)
                said = True
            time.sleep(0.2)
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield lock


@dataclass
class Supervisor:
    """One run: what was started, and whether somebody asked to stop."""

    var: Path
    port: int
    ropes: Ropes
    children: list[Child] = field(default_factory=list)
    keeper: subprocess.Popen[str] | None = None
    asked_to_stop: bool = False
    database_restarts_left: int = 3

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "LODE_VAR": str(self.var),
            "DJANGO_SETTINGS_MODULE": "lode.config.settings",
            "PYTHONUNBUFFERED": "1",
            "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",  # on macOS, else a worker's fork ends in an abort
            "PGGSSENCMODE": os.environ.get("PGGSSENCMODE", "disable"),  # the same: Kerberos does not survive a fork
        }

    def listen_for_signals(self) -> None:
        """Take Ctrl-C, SIGTERM and a closed terminal as the wish to stop."""

        def ask(_number: int, _frame: FrameType | None) -> None:
            self.asked_to_stop = True

        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, ask)

    def wait(self, done: Callable[[], bool], *, seconds: float | None = None) -> bool:
        """Wait until something is done; say whether it was in time. Raise Stopped where somebody asks to stop."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not done():
            if self.asked_to_stop:
                raise Stopped
            if deadline is not None and time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def start_database(self) -> None:
        """Start the keeper of the embedded PostgreSQL, unless the environment names another database."""
        if database_is_given():
            return
        with step("Starting PostgreSQL"):
            self.keeper = subprocess.Popen(
                [sys.executable, "-m", "lode.engine.keeper"],
                env=self.environment,
                cwd=self.var,
                stdin=self.ropes.house[0],
                stdout=subprocess.PIPE,
                text=True,
                pass_fds=(self.ropes.lock,),
                start_new_session=True,
            )
            assert self.keeper.stdout is not None
            said = self.keeper.stdout.readline().strip()
            if said != "ready":
                rest = self.keeper.stdout.read()
                raise EngineError(f"{said}\n{rest}".strip() or "The keeper of the database ended without a word.")

    def prepare(self) -> None:
        """Bring tables and static files up to date and load the demo world into an empty database."""
        command = [sys.executable, "-m", "lode.cli.main", "prepare"]
        child = Child("prepare", command, None)
        self.children.append(child)
        child.start(self.ropes, self.environment, self.var)
        self.wait(lambda: child.exit_code() is not None)
        self.children.remove(child)
        child.wait_stopped()
        if child.exit_code() != 0:
            raise EngineError("The database could not be prepared: see above.")

    def start_programs(self) -> None:
        """Start worker, beat and web, and wait until the web answers."""
        with step("Starting the web server, the worker and the beat"):
            (self.var / "beat").mkdir(exist_ok=True)
            for child in programs(self.var, self.port):
                self.children.append(child)
                child.start(self.ropes, self.environment, self.var)
            web = self.children[-1]
            if not self.wait(lambda: web.exit_code() is not None or self.answers(), seconds=HTTP_SECONDS):
                raise EngineError(f"The web server does not answer at {self.url}. Its log:\n{web.last_lines()}")
            if web.exit_code() is not None:
                raise EngineError(f"The web server did not start. Its log {web.log} ends:\n{web.last_lines()}")

    def answers(self) -> bool:
        """Say whether the web server answers a request."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request("GET", "/sign-in/")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    def announce(self) -> None:
        """Print where Lode is, and who may sign in to the demo world."""
        print(f"\nLode is at {self.url}  (Ctrl-C stops it; logs are in {self.var / 'log'})")
        summary = self.var / "demo" / "summary.json"
        logins = json.loads(summary.read_text(encoding="utf-8")).get("logins", []) if summary.exists() else []
        for login in logins:
            print(
                f"  sign in as {login['username']:<12} {login['password']:<20} {login['role']}, {login['organisation']}"
            )
        sys.stdout.flush()

    def watch(self) -> None:
        """Watch until somebody asks to stop; raise EngineError where a program dies that cannot be restarted."""
        cluster = Cluster(self.var / "postgres")
        while True:
            self.wait(lambda: any(child.exit_code() is not None for child in self.children), seconds=2)
            for child in self.children:
                if child.exit_code() is not None:
                    self.revive(child)
            if self.keeper is not None and cluster.server_pid() is None:
                self.revive_database(cluster)

    def revive(self, child: Child) -> None:
        """Start a dead program again, or raise EngineError where it has died too often."""
        print(f"The {child.name} ended by itself (exit code {child.exit_code()}). Its log {child.log} ends:")
        print(child.last_lines(), flush=True)
        child.wait_stopped()
        if child.restarts_left == 0:
            raise EngineError(f"The {child.name} ended by itself and Lode cannot go on without it.")
        child.restarts_left -= 1
        print(f"Starting the {child.name} again ({child.restarts_left} more times at most).", flush=True)
        child.start(self.ropes, self.environment, self.var)

    def revive_database(self, cluster: Cluster) -> None:
        """Start a dead database again, or raise EngineError where it has died too often."""
        if self.database_restarts_left == 0:
            raise EngineError(f"The database ended by itself again. Its log is {cluster.folder / 'server.log'}.")
        self.database_restarts_left -= 1
        print("The database ended by itself. Starting it again.", flush=True)
        cluster.start()

    def stop(self) -> None:
        """Stop what was started, in the opposite order, and the database last."""
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        if not (self.children or self.keeper):
            return
        print("Stopping …", flush=True)
        began = time.monotonic()
        for child in reversed(self.children):
            child.ask_to_stop()
        for child in reversed(self.children):
            child.wait_stopped()
        self.ropes.let_go()
        if self.keeper is not None:
            self.keeper.wait(120)
        print(f"Stopped everything in {time.monotonic() - began:.1f} s.", flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    print(f"{text} …", end="", flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f" {time.monotonic() - began:.1f} s", flush=True)


def serve() -> int:
    """Run the platform until somebody asks to stop; return the exit code. Raise EngineError where it cannot run."""
    var = var_folder()
    require_writable(var)
    port = chosen_port()
    with only_one(var) as lock:
        require_free(port)
        supervisor = Supervisor(var, port, Ropes(lock.fileno()))
        supervisor.listen_for_signals()
        try:
            supervisor.start_database()
            supervisor.prepare()
            supervisor.start_programs()
            supervisor.announce()
            supervisor.watch()
        except Stopped:
            print()
        finally:
            supervisor.stop()
    return 0
