"""At every step something else goes wrong: an error, a lost connection, a signal, a full disk, a clock that goes back.

After each the same entry is handed in again and answered as the one that it is; nothing is lost, nothing stands twice,
and the whole ledger is verified. Being killed at every step is in test_crashes.
"""

from __future__ import annotations

import ast
import contextlib
import datetime as dt
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from pytest_django import Settings

from ledger.core.checkpoint import Checkpoint
from ledger.core.errors import LedgerError
from ledger.core.note import Note
from ledger.selectors.balances import account_balance
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.entries import list_entries
from ledger.services import failpoints
from ledger.services.failpoints import STEPS
from ledger.services.publish_files import publish_files
from ledger.services.sequence_pending import forget_desk, sequence_pending
from ledger.services.verify_ledger import verify_ledger
from tests.ledger.test_crashes import ROOT, published_size
from tests.ledger.world import NOW, account, append, open_world, receive
from tests.support.databases import CLUSTER, environment

MASS = 7
WAYS = {"at once": None, "by way of the inbox": "a key"}


class Cut(Exception):  # noqa: N818 - what the step is cut off by
    """Something went wrong at a step."""


def test_every_step_of_the_code_is_listed_and_every_one_listed_is_there() -> None:
    found = [
        node.args[0].value  # type: ignore[attr-defined]
        for path in sorted((ROOT / "ledger" / "services").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint"
    ]
    assert set(found) == set(STEPS)


def seen_through(note: bytes, key: str | None, var: Path) -> None:
    """Hand the same in again, and see that it stands once, published, in a ledger that is sound."""
    size = ledger_size()
    answer = append(note, idempotency_key=key)
    assert answer.existed is (size == 5 or key is not None)  # what is in the inbox is there already
    assert append(note, idempotency_key=key).index == answer.index == 4
    assert publish_files() == published_size(var) == ledger_size() == 5
    assert account_balance(account=account(), party=None) == MASS
    assert [entry.kind for entry in list_entries(party=None)].count("receive") == 1
    assert verify_ledger().problems == ()


def faulty(monkeypatch: pytest.MonkeyPatch, step: str, fault: Callable[[], None]) -> list[str]:
    """Let the fault happen the first time that a run comes by the step; give the steps that were come by."""
    passed: list[str] = []

    def reached(name: str) -> None:
        passed.append(name)
        if passed.count(step) == 1 and name == step:
            fault()

    monkeypatch.setattr(failpoints, "reached", reached)
    return passed


def fail() -> None:
    raise Cut


def lose_the_connection() -> None:
    """Let the server end every session of the app and of the sequencer, as a restart of it would."""
    with psycopg.connect(CLUSTER.url("postgres", connections["default"].settings_dict["NAME"])) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename IN ('lode_app', 'lode_sequencer')"
        )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", [fail, lose_the_connection])
@pytest.mark.parametrize("step", STEPS)
def test_whatever_goes_wrong_at_a_step_this_process_goes_on(
    own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, fault: Callable[[], None], way: str
) -> None:
    open_world()
    note, key = receive(MASS), WAYS[way]
    passed = faulty(monkeypatch, step, fault)
    # Where all was done already, or the inbox has it, no error reaches the caller: the entry is or will be posted.
    with contextlib.suppress(Exception):
        append(note, idempotency_key=key)
    assert step in passed
    for connection in connections.all():
        connection.close_if_unusable_or_obsolete()
    seen_through(note, key, tmp_path)


CHILD = """
import os, signal, sys
sys.path[:0] = [{root!r}, {platform!r}]
import django
django.setup()
from lode.cli.main import _leave
from ledger.services import failpoints
from tests.ledger.world import append
signal.signal(signal.SIGTERM, _leave)
failpoints.reached = lambda name: name == {step!r} and os.kill(os.getpid(), signal.SIGTERM)
append(open({note!r}, "rb").read(), idempotency_key={key!r})
"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("step", STEPS)
def test_asked_to_stop_at_a_step_it_stops_and_nothing_is_lost(
    own_database: str, tmp_path: Path, step: str, way: str
) -> None:
    open_world()
    note, key = receive(MASS), WAYS[way]
    (tmp_path / "note").write_bytes(note)
    names = {"root": str(ROOT), "platform": str(ROOT / "platform"), "note": str(tmp_path / "note")}
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(step=step, key=key, **names)],
        env={**environment(own_database, tmp_path), "DJANGO_SETTINGS_MODULE": "lode.config.settings"},
        cwd=ROOT,
        timeout=60,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 128 + signal.SIGTERM, done.stderr.decode()
    seen_through(note, key, tmp_path)


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    """Mount a disk of its own at the place, keeping what lies there; skip the test where that is not allowed."""
    kept = {path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()}
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "lode-test", str(place)], check=False, capture_output=True
    )
    if done.returncode != 0:
        pytest.skip(f"a disk to fill cannot be mounted here: {done.stderr.decode().strip()}")
    try:
        for path, data in kept.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(data)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Fill the disk to the last byte; give the file that does it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for block in (4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * block)
    return ballast


def is_full(disk: Path) -> bool:
    try:
        (disk / "probe").write_bytes(b"1")
    except OSError as error:
        return error.errno == errno.ENOSPC
    (disk / "probe").unlink()
    return False


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("folder", ["ledger", "ledger/public"])
def test_a_full_disk_stops_publishing_and_loses_nothing(
    own_database: str, tmp_path: Path, folder: str, way: str
) -> None:
    open_world()
    note, key = receive(MASS), WAYS[way]
    disk = tmp_path / folder
    with small_disk(disk, "256k"):
        ballast = fill(disk)
        assert is_full(disk)
        before = (tmp_path / "ledger" / "public" / "checkpoint").read_bytes()
        with contextlib.suppress(OSError):
            append(note, idempotency_key=key)
        with pytest.raises(OSError, match="No space left"):
            publish_files()
        assert (tmp_path / "ledger" / "public" / "checkpoint").read_bytes() == before
        assert Checkpoint.parse(Note.parse(before).text).size == 4
        assert list(disk.rglob(".draft-*")) == []
        ballast.unlink()
        seen_through(note, key, tmp_path)


def test_a_signer_that_cannot_remember_does_not_sign(own_database: str, tmp_path: Path, settings: Settings) -> None:
    """The memory is made on a full disk: nothing is signed, and after there is room again the ledger opens."""
    (tmp_path / "ledger").mkdir()
    with small_disk(tmp_path / "ledger", "64k"):
        ballast = fill(tmp_path / "ledger")
        with pytest.raises((OSError, LedgerError)):
            open_world()
        assert ledger_size() <= 1
        assert verify_is_not_signed()
        ballast.unlink()
        forget_desk()
        open_world()
        append(receive(MASS))
        publish_files()
        assert verify_ledger().problems == ()
        assert published_size(tmp_path) == 5


def verify_is_not_signed() -> bool:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_checkpoint")
        return bool(cursor.fetchone()[0] == 0)


@pytest.mark.parametrize("way", WAYS)
def test_a_clock_that_goes_back_turns_nothing_round(own_database: str, way: str) -> None:
    open_world()
    key = WAYS[way]
    clock = [NOW + dt.timedelta(days=days) for days in (3, 1, -400, 2, 4)]
    for number, now in enumerate(clock):
        append(receive(MASS), at=now, idempotency_key=key and f"{key} {number}")
    recorded = [entry.recorded for entry in reversed(list_entries(party=None))][4:]
    latest = NOW + dt.timedelta(days=3)
    assert recorded == [latest, latest, latest, latest, NOW + dt.timedelta(days=4)]
    # The day on which it happened is what the parties signed, and no clock of ours touches it.
    assert {entry.occurred for entry in list_entries(party=None, kind="receive")} == {dt.date(2024, 1, 1)}
    forget_desk()  # as after a restart
    append(receive(MASS), at=NOW)
    assert list_entries(party=None)[0].recorded == NOW + dt.timedelta(days=4)
    assert verify_ledger().problems == ()
    assert account_balance(account=account(), party=None) == 6 * MASS


def test_nothing_waits_after_all_of_that(own_database: str) -> None:
    open_world()
    append(receive(MASS))
    report = sequence_pending()
    assert (report.leader, report.posted, report.refused, report.size) == (True, 0, 0, 5)
    assert os.environ.get(failpoints.VARIABLE) is None
