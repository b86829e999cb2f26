"""The database itself goes down: its power is cut at every step, its disk is full, and two sequencers come at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections
from pytest_django import DjangoDbBlocker, Settings

from ledger.selectors.balances import account_balance
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.entries import list_entries
from ledger.services import failpoints
from ledger.services.failpoints import STEPS
from ledger.services.publish_files import publish_files
from ledger.services.sequence_pending import forget_desk
from ledger.services.verify_ledger import verify_ledger
from ledger.sql import chain, script
from lode.engine.postgres import Cluster
from tests.ledger.test_crashes import ROOT, published_size
from tests.ledger.test_faults import MASS, fill, small_disk
from tests.ledger.world import account, append, open_world, receive
from tests.support.databases import ALIASES, CLUSTER, beyond_the_guard, environment
from tests.support.workers import wait_until

MANY = 2000  # entries, more than the disk holds


@contextlib.contextmanager
def server_of_its_own(folder: Path) -> Iterator[Cluster]:
    """A durable server below the folder, which this process works on; nothing but a flush reaches its disk early."""
    cluster = Cluster(folder / "postgres")
    before = {alias: dict(connections[alias].settings_dict) for alias in ALIASES}
    try:
        cluster.start()
        cluster.ensure_database()
        with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as superuser:
            superuser.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
            superuser.execute("SELECT pg_reload_conf()")
        for alias in ALIASES:
            connections[alias].close()
            connections[alias].settings_dict.update(
                NAME="lode", USER=f"lode_{'app' if alias == 'default' else alias}", HOST=str(cluster.socket_folder)
            )
        call_command("prepare_database", verbosity=0, superuser=cluster.url("postgres"))
        yield cluster
    finally:
        for alias in ALIASES:
            connections[alias].close()
            connections[alias].settings_dict.update(before[alias])
        cluster.stop()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that other users may pass, since root's server runs as one."""
    folder = Path(tempfile.mkdtemp(prefix="lode-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(place: Path, django_db_blocker: DjangoDbBlocker, settings: Settings, tmp_path: Path) -> Iterator[Cluster]:
    settings.VAR_DIR, settings.LEDGER_DIR = tmp_path, tmp_path / "ledger"
    with django_db_blocker.unblock(), server_of_its_own(place) as cluster:
        yield cluster


def cut_the_power(cluster: Cluster) -> None:
    """Let the server fall, with what it has not brought to the disk; start it again, which recovers from its log."""
    pid = cluster.server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)
    wait_until(lambda: cluster.server_pid() is None, what="the fall of the server")
    cluster.start()


def test_the_power_is_cut_at_every_step(server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_world()
    size, mass, lost = 4, 0, []
    for step in STEPS:
        state = {"step": step}

        def reached(name: str, state: dict[str, str | None] = state) -> None:
            if name == state["step"]:
                state["step"] = None
                cut_the_power(server)

        monkeypatch.setattr(failpoints, "reached", reached)
        note = receive(MASS)
        with contextlib.suppress(DatabaseError, OSError):
            append(note)
        assert state["step"] is None, f"nobody came by {step}"
        for connection in connections.all():
            connection.close()
        forget_desk()
        signed = chain.last_checkpoint("default")
        if signed is not None and signed.size < published_size(tmp_path):
            lost.append(step)
        append(note)
        size, mass = size + 1, mass + MASS
        assert publish_files() == ledger_size() == published_size(tmp_path) == size, step
        assert account_balance(account=account(), party=None) == mass
        assert verify_ledger().problems == (), step
    # The commit of a checkpoint does not wait for the disk: one that was published is gone, and is signed again alike.
    assert "published" in lost


def test_a_full_disk_under_the_database(
    place: Path, django_db_blocker: DjangoDbBlocker, settings: Settings, tmp_path: Path
) -> None:
    settings.VAR_DIR, settings.LEDGER_DIR = tmp_path, tmp_path / "ledger"
    with small_disk(place, "256m"), django_db_blocker.unblock(), server_of_its_own(place) as cluster:
        place.chmod(0o755)
        open_world()
        ballast = fill(place)
        posted, note = [], b""
        with contextlib.suppress(DatabaseError):
            while len(posted) < MANY:
                note = receive(MASS, reason="x" * 390, documents={f"d{at}": "ab" * 32 for at in range(40)})
                posted.append(append(note).index)
        assert len(posted) < MANY, "the disk was never full"
        ballast.unlink()
        for connection in connections.all():
            connection.close()
        wait_until(cluster.is_running, what="the recovery of the server")
        forget_desk()
        last = append(note)
        assert [entry.index for entry in list_entries(party=None, limit=5000)][::-1] == list(range(last.index + 1))
        assert set(posted) <= set(range(last.index))
        assert publish_files() == last.index + 1
        assert account_balance(account=account(), party=None) == MASS * (last.index - 3)
        assert verify_ledger().problems == ()


SEQUENCER = """
import sys
sys.path[:0] = [{root!r}, {platform!r}]
import django
django.setup()
from ledger.services import failpoints
from tests.ledger.world import append
def reached(name):
    if name == {step!r}:
        print(name, flush=True)
        sys.stdin.readline()
failpoints.reached = reached
for path in sys.argv[1:]:
    append(open(path, "rb").read(), idempotency_key=path if {key!r} else None)
"""


def sequencer(database: str, var: Path, notes: list[Path], *, step: str = "", key: str = "") -> subprocess.Popen[str]:
    """Start a process that posts the notes; at the step it says so and goes on when it is told to."""
    program = SEQUENCER.format(root=str(ROOT), platform=str(ROOT / "platform"), step=step, key=key)
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, notes)],
        env={**environment(database, var), "DJANGO_SETTINGS_MODULE": "lode.config.settings"},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def write_notes(var: Path, count: int) -> list[Path]:
    paths = [var / f"note-{number}" for number in range(count)]
    for path in paths:
        path.write_bytes(receive(MASS))
    return paths


def blocked(database: str) -> set[str]:
    """Return what sessions of the sequencer wait for."""
    with psycopg.connect(CLUSTER.url("postgres", database)) as superuser:
        rows = superuser.execute(
            "SELECT wait_event FROM pg_stat_activity WHERE datname = current_database()"
            " AND usename = 'lode_sequencer' AND wait_event_type = 'Lock'"
        ).fetchall()
    return {name for (name,) in rows}


def race(database: str, var: Path) -> tuple[set[str], str]:
    """Let one process write a batch and stop before its commit, let another come; return what that one waited for."""
    first_note, second_note = write_notes(var, 2)
    first = sequencer(database, var, [first_note], step="written", key="by way of the inbox")
    assert first.stdout is not None
    assert first.stdout.readline() == "written\n"
    second = sequencer(database, var, [second_note])
    wait_until(lambda: bool(blocked(database)) or second.poll() is not None, what="the second sequencer")
    waited_for = blocked(database)
    _, error = first.communicate("go on\n", timeout=60)
    assert first.returncode == 0, error
    _, error = second.communicate(timeout=60)
    return waited_for, error


def test_a_second_sequencer_waits_for_the_first(own_database: str, tmp_path: Path) -> None:
    open_world()
    waited_for, error = race(own_database, tmp_path)
    assert (waited_for, error) == ({"advisory"}, "")
    assert ledger_size() == 6
    assert verify_ledger().problems == ()


def test_without_the_lock_they_collide_and_the_database_takes_only_one(own_database: str, tmp_path: Path) -> None:
    """The negative control: it is the lock that keeps them apart. The primary key is what is left then."""
    open_world()
    whole = script("append.sql")
    function = whole[whole.index("CREATE FUNCTION ledger_lead") : whole.index("$$;") + 3]
    assert "PERFORM pg_advisory_lock(leader);" in function
    with beyond_the_guard(own_database) as superuser:
        superuser.execute(
            function.replace("PERFORM pg_advisory_lock(leader);", "").replace("CREATE", "CREATE OR REPLACE", 1)
        )
    waited_for, error = race(own_database, tmp_path)
    assert "advisory" not in waited_for
    assert "IntegrityError" in error or "UniqueViolation" in error
    assert ledger_size() == 5
    assert verify_ledger().problems == ()


def test_processes_that_post_at_once_leave_no_gap(own_database: str, tmp_path: Path) -> None:
    open_world()
    notes = write_notes(tmp_path, 60)
    running = [sequencer(own_database, tmp_path, notes[part::3]) for part in range(3)]
    for process in running:
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
    assert [entry.index for entry in list_entries(party=None, limit=100)] == list(range(63, -1, -1))
    assert account_balance(account=account(), party=None) == 60 * MASS
    publish_files()
    assert verify_ledger().problems == ()
