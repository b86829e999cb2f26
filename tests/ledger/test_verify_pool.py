"""`lode-verify` with several processes: the same words as with one, and no process that outlives it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger import verify_pool
from ledger.core.audit import Audit, Depth, Trust
from ledger.core.audit_open import Left, Opened, Opener, Plan
from ledger.core.errors import LedgerError
from ledger.folder_reader import FolderReader
from ledger.verify_cli import main
from ledger.verify_pool import Pool, WorkerLostError
from tests.ledger.large_export import write_large_export

ROOT = Path(__file__).resolve().parents[2]
SIZE = 16 * 256 + 3  # enough tiles for two workers, and a partial one


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large") / "export"
    write_large_export(folder, SIZE, lots=20)
    return folder


def told(folder: Path, jobs: int, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict]:
    status = main([str(folder), "--jobs", str(jobs), "--json"])
    return status, json.loads(capsys.readouterr().out)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_two_workers_find_what_one_finds(large, capsys):
    status, report = told(large, 2, capsys)
    assert (status, report["ok"], report["entries"], report["signatures"]) == (0, True, SIZE, 2 * SIZE - 2)
    assert (0, report) == told(large, 1, capsys)


@pytest.mark.parametrize(
    ("spoiled", "entry"),
    [
        ({"entries/4090.note": 100}, 4090),
        ({"entries/4090.note": 100, "entries/300.seal": 60}, 300),
        ({"entries/300.tlog-proof": 40, "entries/299.leaf": 5}, 299),
        ({"entries/2.note": 90, "entries/4098.note": 90}, 2),
        ({"tile/entries/005": 81 * 7 + 20, "entries/1300.note": 100}, 1287),
        ({"tile/entries/005": 81 * 7 + 20, "entries/1280.note": 100}, 1280),
        ({"tile/0/000": 3}, 0),
    ],
)
def test_the_first_bad_entry_is_named_by_the_same_sentence(large, tmp_path, capsys, spoiled, entry):
    folder = tmp_path / "export"
    shutil.copytree(large, folder, copy_function=os.link)
    for path, at in spoiled.items():
        kept = (folder / path).read_bytes()
        (folder / path).unlink()  # a link to the sound file
        (folder / path).write_bytes(kept)
        flip(folder / path, at)
    one, two = told(folder, 1, capsys), told(folder, 2, capsys)
    assert one == two
    assert (one[0], one[1]["entry"]) == (1, entry)


def test_a_missing_entry_is_named_by_the_same_sentence(large, tmp_path, capsys):
    folder = tmp_path / "export"
    shutil.copytree(large, folder, copy_function=os.link)
    (folder / "entries/777.seal").unlink()
    status, report = told(folder, 2, capsys)
    assert (status, report["code"], report["entry"]) == (1, "missing-file", 777)
    assert told(folder, 1, capsys) == (status, report)


def plan_of(folder: Path) -> Plan:
    plans: list[Plan] = []

    def opening(plan: Plan):
        plans.append(plan)
        return (found for found in ())

    with pytest.raises(LedgerError, match="was not told of every entry"):
        list(Audit(FolderReader(str(folder)), trust_of(folder), Depth.FULL, opening=opening).run())
    return plans[0]


def trust_of(folder: Path) -> Trust:
    from ledger.core.note import VerifierKey
    from ledger.core.policy import parse

    read = FolderReader(str(folder))
    return Trust(parse(read("policy") or b""), VerifierKey.parse((read("registry.vkey") or b"").decode().strip()))


def test_a_worker_opens_what_needs_nothing_else_and_leaves_the_rest(large):
    opened = Opener(plan_of(large)).open_tile(0)
    assert opened[:2] == [Left.TO_LOOK_AT] * 2  # the keys, which stand in the tree
    assert all(isinstance(found, Opened) for found in opened[2:])


def test_a_worker_that_is_lost_is_no_verdict(large, capsys, monkeypatch):
    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    monkeypatch.setattr(verify_pool, "_start", start)
    with pytest.raises(WorkerLostError):
        list(Pool(2)(plan_of(large)))
    assert main([str(large), "--jobs", "2"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("lode-verify: a worker process ended before its work was done")


def test_an_interruption_ends_the_workers_too(large, tmp_path):
    folder = tmp_path / "export"
    shutil.copytree(large, folder, copy_function=os.link)
    stuck = folder / "entries/900.note"
    stuck.unlink()
    os.mkfifo(stuck)
    command = [sys.executable, "-m", "ledger.verify_cli", str(folder), "--jobs", "2"]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    writing = os.open(stuck, os.O_WRONLY)  # waits until a worker reads
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (130, b"")
    assert err == b"\nlode-verify: interrupted; nothing is said about what was not checked.\n"
    with pytest.raises(BrokenPipeError):
        os.write(writing, b"nobody reads any more")
    os.close(writing)


def test_a_module_in_the_checked_folder_is_not_run(large, tmp_path):
    folder = tmp_path / "export"
    shutil.copytree(large, folder, copy_function=os.link)
    (folder / "ledger").mkdir()
    for name in ("json.py", "pickle.py", "ledger/__init__.py"):
        (folder / name).write_text("raise SystemExit('a module of the export was run')\n")
    script = shutil.which("lode-verify", path=str(Path(sys.executable).parent))
    if script is None:
        pytest.skip("lode-verify is not installed beside this Python.")
    result = subprocess.run([script, ".", "--jobs", "2"], cwd=folder, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"OK. The book ledger.example/book of {SIZE} entries is whole")


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1.5"])
def test_jobs_is_a_number_of_processes(large, capsys, jobs):
    with pytest.raises(SystemExit) as left:
        main([str(large), "--jobs", jobs])
    assert left.value.code == 2
    assert "is not a number of processes" in capsys.readouterr().err
