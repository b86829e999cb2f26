"""The processes that `lode run` starts: each in a group of its own, on a rope, with its output in a log file."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LOG_BYTES = 10_000_000
TETHER = Path(__file__).with_name("tether.py")


@dataclass
class Ropes:
    """What ties the processes of one run together: two pipes whose ends tell who is alive, and the lock of the run.

    `life`: only the supervisor holds the writing end; its end tells the children that the supervisor is gone.
    `house`: the supervisor and its children hold the writing end; its end tells the keeper that all of them are gone.
    `lock`: held by all of them, so that no second run starts before the first one is tidied up.
    """

    lock: int
    life: tuple[int, int] = field(default_factory=os.pipe)
    house: tuple[int, int] = field(default_factory=os.pipe)

    def let_go(self) -> None:
        """Close this process's hold on the house: with the children gone, the keeper stops the database."""
        with contextlib.suppress(OSError):
            os.close(self.house[1])


@dataclass
class Child:
    """A program of the running platform, restarted a bounded number of times where it may die."""

    name: str
    command: list[str]
    log: Path | None
    patience_seconds: float = 20
    restarts_left: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self, ropes: Ropes, environment: dict[str, str], folder: Path) -> None:
        """Start the program; its output goes to the log, or where there is none to this process's own output."""
        tether = [sys.executable, "-I", "-S", str(TETHER), str(ropes.life[0]), str(self.patience_seconds)]
        with contextlib.ExitStack() as stack:
            output: IO[bytes] | None = None
            if self.log is not None:
                output = stack.enter_context(_open_log(self.log))
            self.process = subprocess.Popen(
                [*tether, *self.command],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(ropes.life[0], ropes.house[1], ropes.lock),
                start_new_session=True,
            )

    def exit_code(self) -> int | None:
        """Return the exit code of a program that has ended, else None."""
        return None if self.process is None else self.process.poll()

    def ask_to_stop(self) -> None:
        """Ask the program to finish what it does and go."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait_stopped(self) -> None:
        """Wait for the program to go, then end whatever is left of its group."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.patience_seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def last_lines(self, count: int = 15) -> str:
        """Return the end of the program's log, each line headed by its name."""
        if self.log is None or not self.log.exists():
            return ""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
        return "\n".join(f"  {self.name} | {line}" for line in lines)


def _open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    file = path.open("ab")
    file.write(f"--- started at {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} ---\n".encode())
    file.flush()
    return file


def programs(var: Path, port: int) -> list[Child]:
    """Return the programs of one machine, in the order in which they start; they stop in the opposite order."""
    celery = [sys.executable, "-m", "celery", "-A", "lode.config.celery"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    beat = ["--schedule", str(var / "beat" / "schedule"), "--pidfile="]
    web = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "8", "--no-control-socket"]
    return [
        Child(
            "worker",
            [*celery, "worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO", *quiet],
            var / "log" / "worker.log",
            restarts_left=3,
        ),
        Child("beat", [*celery, "beat", "--loglevel", "INFO", *beat], var / "log" / "beat.log", restarts_left=3),
        Child(
            "web",
            [sys.executable, "-m", "gunicorn", "lode.config.wsgi:application", *web, "--access-logfile", "-"],
            var / "log" / "web.log",
        ),
    ]
