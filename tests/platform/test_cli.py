"""The `lode` command line: exit codes and sentences, never a traceback."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lode.cli.explain import explain
from lode.engine.places import EngineError
from tests.support import databases

LODE = (sys.executable, "-m", "lode.cli.main")


def lode(*words: str, environment: dict[str, str] | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line as a person does; it must never show a traceback."""
    done = subprocess.run([*LODE, *words], env=environment, input=stdin, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


def on(name: str, var: Path) -> dict[str, str]:
    return databases.environment(name, var)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "required: COMMAND"),
        (("fly",), "invalid choice: 'fly'"),
        (("ledger",), "required: COMMAND"),
        (("ledger", "export"), "required: DIR"),
        (("ledger", "balance", "--as-of", "31.1.2024"), "'31.1.2024' is not a day: write it as 2024-01-31"),
        (("ledger", "balance", "--known-at", "-3"), "'-3' is not a number of ledger entries"),
        (("ledger", "balance", "--format", "xml"), "invalid choice: 'xml'"),
        (("ledger", "balance", "--group", "owner,owner"), "name each of owner, holder, state, lot at most once"),
        (("ledger", "statement", "a/b/Ni"), "write it as OWNER/HOLDER/ELEMENT/STATE/LOT"),
        (("ledger", "learned", "--as-of", "2024-01-31"), "--since"),
        (("settle",), "one of the arguments --due --contract is required"),
        (("settle", "--due"), "--due needs --as-of DATE, and no --period"),
        (("settle", "--contract", "C-1"), "--contract needs --period START..END, and no --as-of"),
        (("settle", "--contract", "C-1", "--period", "2024-01"), "is not a period: write the first day"),
        (("settle", "--contract", "C-1", "--period", "2024-02-01..2024-01-01"), "ends before it begins"),
        (("settle", "--due", "--contract", "C-1"), "not allowed with argument"),
        (("compute",), "required: FILE.json"),
        (("export", "S-1", "--format", "pdf"), "invalid choice: 'pdf'"),
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_code_2_and_says_what_is_wrong(words, sentence):
    done = lode(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr


def test_help_lists_every_command_of_the_documentation():
    listed = lode("--help").stdout
    documented = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    for command in ("run", "demo", "settle", "compute", "export", "migrate", "ledger", "engine"):
        assert f"\n    {command} " in listed
        assert f"lode {command}" in documented
    assert "prepare" not in listed.replace("prepared", "")


def test_compute_needs_no_django_and_no_database(tmp_path):
    code = "import sys; from lode.cli.main import main; code = main(['compute', '-']); "
    code += "sys.exit(9 if {'django', 'psycopg', 'celery'} & {m.split('.')[0] for m in sys.modules} else code)"
    done = subprocess.run([sys.executable, "-c", code], input="{}", capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", "is not JSON"), ("[]", "The document"), ('{"kind": "loan"}', "The document")],
)
def test_compute_says_what_is_wrong_with_the_file(tmp_path, text, sentence):
    file = tmp_path / "case.json"
    file.write_text(text)
    done = lode("compute", str(file))
    assert done.returncode in (1, 3)
    assert sentence in done.stderr


def test_compute_of_a_file_that_is_not_there():
    done = lode("compute", "no/such/file.json")
    assert done.returncode == 3
    assert "no/such/file.json cannot be read" in done.stderr


def test_the_engine_is_started_kept_and_stopped(server_tmp):
    environment = {**os.environ, "LODE_VAR": str(server_tmp / "var")}
    assert lode("engine", "status", environment=environment).returncode == 1
    started = lode("engine", "start", environment=environment)
    try:
        assert (started.returncode, started.stderr.replace("\n", "")[:6] in ("", "Others")) == (0, True)
        assert "The database runs (process " in lode("engine", "status", environment=environment).stdout
    finally:
        assert lode("engine", "stop", environment=environment).stdout == "The database is stopped.\n"
    assert lode("engine", "stop", environment=environment).stdout == "The database was not running.\n"


def test_make_stop_stops_a_database_that_nobody_uses(server_tmp):
    environment = {**os.environ, "LODE_VAR": str(server_tmp / "var")}
    stop = [sys.executable, "-S", "-m", "lode.engine.stop"]  # without site-packages, as where .venv is gone
    environment["PYTHONPATH"] = str(Path(__file__).parents[2] / "platform")
    lode("engine", "start", environment=environment)
    first = subprocess.run(stop, env=environment, capture_output=True, text=True, check=False)
    assert (first.returncode, first.stdout[:28]) == (0, "Stopping PostgreSQL (process"), first.stderr
    second = subprocess.run(stop, env=environment, capture_output=True, text=True, check=False)
    assert (second.returncode, second.stdout) == (0, "Nothing runs here.\n")


def test_a_database_without_tables_gets_a_sentence(server_tmp):
    environment = {**os.environ, "LODE_VAR": str(server_tmp / "var")}
    done = lode("ledger", "balance", environment=environment)
    assert (done.returncode, done.stdout) == (3, "")
    assert "The database has no tables yet: run `lode migrate`" in done.stderr
    assert lode("engine", "status", environment=environment).returncode == 1, "it stops after its last user"


def test_a_database_that_is_away_gets_a_sentence(tmp_path):
    away = {**os.environ, "LODE_VAR": str(tmp_path), "DATABASE_URL": "postgresql://lode_app@127.0.0.1:1/lode"}
    done = lode("ledger", "verify", environment=away)
    assert done.returncode == 3
    assert "is DATABASE_URL right?" in done.stderr
    fresh = lode("demo", "--fresh", environment=away)
    assert fresh.returncode == 3
    assert "a database of your own" in fresh.stderr


def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    for words in (("ledger", "verify"), ("run",), ("engine", "start"), ("demo",)):
        done = lode(*words, environment={**os.environ, "LODE_VAR": str(tmp_path / "file" / "var")})
        assert done.returncode == 3, done.stderr
        assert "cannot write there" in done.stderr or "cannot open" in done.stderr


def test_balances_of_an_empty_ledger(own_database, tmp_path):
    as_json = lode("ledger", "balance", "--as-of", "2024-06-30", environment=on(own_database, tmp_path))
    assert as_json.returncode == 0, as_json.stderr
    assert json.loads(as_json.stdout) == {
        "owner": None, "holder": None, "element": None, "state": None, "lot": None, "as_of": "2024-06-30",
        "known_at": 0, "balances": [],
    }  # fmt: skip
    as_csv = lode("ledger", "balance", "--format", "csv", environment=on(own_database, tmp_path))
    rows = list(csv.reader(io.StringIO(as_csv.stdout)))
    assert rows == [["element", "owner", "holder", "state", "lot", "mass_mg", "as_of", "known_at_size"]]


def test_settling_where_nothing_is_due(own_database, tmp_path):
    done = lode("settle", "--due", "--as-of", "2024-02-01", environment=on(own_database, tmp_path))
    assert (done.returncode, done.stdout) == (0, "Nothing is due.\n"), done.stderr


def test_a_reference_that_is_none_is_exit_code_1(own_database, tmp_path):
    words = ("settle", "--contract", "NO-SUCH", "--period", "2024-01-01..2024-02-01")
    for command in (words, ("export", "NO-SUCH", "--format", "json")):
        done = lode(*command, environment=on(own_database, tmp_path))
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert "NO-SUCH" in done.stderr


def test_an_error_that_nobody_foresaw_is_a_sentence_with_the_way_to_its_place():
    assert explain(ZeroDivisionError("by zero")) == (
        "Something went wrong inside Lode (ZeroDivisionError: by zero). LODE_DEBUG=1 shows where.", 3
    )  # fmt: skip
    assert explain(EngineError("No room.")) == ("No room.", 3)
    assert explain(FileNotFoundError(2, "No such file", "a.txt")) == ("No such file (a.txt).", 3)


def test_a_traceback_is_shown_to_whoever_asks_for_it():
    shown = {**os.environ, "LODE_DEBUG": "1"}
    done = subprocess.run([*LODE, "compute", "no-file"], env=shown, capture_output=True, text=True, check=False)
    assert "Traceback" in done.stderr
