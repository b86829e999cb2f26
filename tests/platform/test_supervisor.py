"""`lode run` as a person runs it: real processes, real signals, and nothing left behind."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lode.engine.children import TETHER
from lode.engine.places import EngineError
from lode.engine.postgres import Cluster
from lode.engine.supervisor import chosen_port, require_free
from tests.support.workers import wait_until

LODE = (sys.executable, "-m", "lode.cli.main")
on_linux = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for left-over processes in /proc")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """A `var/` folder of one's own, and the platform running on it."""

    var: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("LODE_", "CELERY_", "DATABASE"))}
        return kept | {"LODE_VAR": str(self.var), "LODE_PORT": str(self.port), "LODE_DEMO": "0"}

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.var / "postgres")

    def run(self) -> subprocess.Popen[str]:
        """Start `lode run` and return when it has said where it is."""
        with (self.var / "said.txt").open("w") as said:
            process = subprocess.Popen(
                [*LODE, "run"],
                env=self.environment,
                stdout=said,
                stderr=said,
                text=True,
            )
        wait_until(lambda: "Lode is at" in self.said() or process.poll() is not None, seconds=60, what="the start")
        assert process.poll() is None, self.said()
        return process

    def said(self) -> str:
        return (self.var / "said.txt").read_text()

    def status(self) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/no-such-page/")
        return connection.getresponse().status

    def processes(self, word: str = "") -> list[int]:
        """Return every process that was started for this folder: they have its LODE_VAR in their environment."""
        mark = f"LODE_VAR={self.var}\0".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                ours = mark in (folder / "environ").read_bytes() and word.encode() in (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if ours:
                found.append(int(folder.name))
        return found

    def is_empty(self) -> bool:
        return not self.processes() and self.cluster.server_pid() is None


@pytest.fixture
def house(server_tmp: Path) -> Iterator[House]:
    var = server_tmp / "a var"
    var.mkdir()
    its = House(var, free_port())
    yield its
    for pid in its.processes("lode.cli.main"):
        os.kill(pid, signal.SIGKILL)
    wait_until(its.is_empty, seconds=60, what="the end of everything")


@on_linux
@pytest.mark.worker
def test_a_run_serves_mends_itself_and_stops_everything(house):
    process = house.run()
    assert house.status() == 404
    assert all((house.processes("celery"), house.processes("gunicorn"), house.cluster.server_pid()))

    again = subprocess.run(
        [*LODE, "run"],
        env=house.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (again.returncode, again.stdout) == (3, "")
    assert f"already running here (process {process.pid})" in again.stderr

    fresh = subprocess.run(
        [*LODE, "demo", "--fresh"],
        env=house.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert fresh.returncode == 3
    assert "Lode is running on this database" in fresh.stderr

    for pid in house.processes("\0beat\0"):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: "Starting the beat again" in house.said(), what="the beat's restart")
    os.kill(house.cluster.server_pid(), signal.SIGKILL)
    wait_until(lambda: "The database ended by itself" in house.said(), what="the database's restart")
    wait_until(lambda: house.cluster.server_pid() is not None, what="the database's restart")

    stopped = subprocess.run(
        [sys.executable, "-m", "lode.engine.stop"], env=house.environment, capture_output=True, text=True, check=True
    )
    assert stopped.stdout.startswith(f"Stopping Lode (process {process.pid}) …")
    assert process.wait(60) == 0, house.said()[-2000:]
    assert house.is_empty()


@on_linux
@pytest.mark.worker
def test_a_killed_run_leaves_nothing_and_the_next_one_starts(house):
    house.run().kill()
    second = house.run()
    assert "waiting until all that it started has stopped" in house.said()
    assert house.status() == 404
    second.send_signal(signal.SIGINT)
    assert second.wait(60) == 0
    assert house.is_empty()


@on_linux
@pytest.mark.worker
def test_a_web_server_that_dies_ends_the_run_and_shows_its_log(house):
    process = house.run()
    for pid in house.processes("gunicorn"):
        os.kill(pid, signal.SIGKILL)
    assert process.wait(60) == 3
    assert "The web ended by itself" in house.said()
    assert "  web | " in house.said()
    assert house.is_empty()


def test_a_port_that_is_taken_is_said_with_the_way_out():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(EngineError, match=rf"another program has it.*LODE_PORT={port + 1} make run"):
            require_free(port)


@pytest.mark.parametrize("text", ["eight", "0", "65536", "-1", "8000 "])
def test_a_port_that_is_none_is_said(monkeypatch, text):
    monkeypatch.setenv("LODE_PORT", text)
    with pytest.raises(EngineError, match="must be a port number from 1 to 65535"):
        chosen_port()


def tethered(*command: str, patience: str = "5") -> tuple[subprocess.Popen[str], int]:
    rope, end = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(TETHER), str(rope), patience, *command],
        pass_fds=(rope,), stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    os.close(rope)
    return process, end


def test_a_tether_passes_on_the_exit_code():
    process, end = tethered("sh", "-c", "exit 7")
    assert process.wait(10) == 7
    os.close(end)


def test_a_tether_passes_on_the_wish_to_stop():
    process, end = tethered("sh", "-c", "trap 'echo asked; exit 5' TERM; echo up; while :; do sleep 0.05; done")
    assert process.stdout.readline() == "up\n"
    process.terminate()
    assert process.wait(10) == 5
    assert process.stdout.read() == "asked\n"
    os.close(end)


def test_a_program_is_asked_to_stop_when_its_rope_ends():
    process, end = tethered("sh", "-c", "trap 'echo asked; exit 5' TERM; echo up; while :; do sleep 0.05; done")
    assert process.stdout.readline() == "up\n"
    os.close(end)
    assert process.stdout.read() == "asked\n"
    process.wait(10)


def test_a_program_that_does_not_listen_is_killed_with_its_children():
    stubborn = (
        "trap '' TERM; echo up; sh -c \"trap '' TERM; while :; do sleep 0.05; done\" & while :; do sleep 0.05; done"
    )
    process, end = tethered("sh", "-c", stubborn, patience="0.3")
    assert process.stdout.readline() == "up\n"
    os.close(end)
    began = time.monotonic()
    assert process.stdout.read() == "", "the pipe ends when the last of them is gone"
    assert process.wait(10) == -signal.SIGKILL
    assert time.monotonic() - began < 5
