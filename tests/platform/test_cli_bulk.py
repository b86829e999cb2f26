"""`lode ledger csv`, `lode ledger bulk`, `lode manifest`: from a warehouse's file to posted entries, cut off or not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ledger.core import manifest
from ledger.core.bulk import write_note
from ledger.selectors.balances import account_balance
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.entries import list_entries
from ledger.services.append_entries import CHUNK
from ledger.services.failpoints import STEPS, VARIABLE
from ledger.services.verify_ledger import verify_ledger
from lode.cli.key_files import key_line, read_key
from lode.parties.services import create_organisation, issue_token
from tests.ledger.world import BOOK, NOW, account, key_of, open_world, receive
from tests.support import databases
from tests.support.sites import site
from tests.support.workers import wait_until

FIRST = 4  # the notice and three keys
LODE = (sys.executable, "-m", "lode.cli.main")
SHEET = (
    "kind,occurred,reference,owner,holder,element,state,lot,to_holder,to_state,mass_kg\n"
    "receive,2024-01-01,PO-1,lessor,lessor,Ni,source,lot-1,,stock,1.5\n"
    "receive,2024-01-01,PO-1,lessor,lessor,Co,source,lot-1,,stock,0.000001\n"
    "receive,2024-01-02,PO-2,lessor,lessor,Ni,source,lot-1,,stock,2\n"
)


class Shell:
    """Runs `lode` on the database and folder of a test, as a person does."""

    def __init__(self, database: str, var: Path) -> None:
        self.var = var
        self.environment = databases.environment(database, var)

    def run(self, *words: object, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*LODE, *map(str, words)],
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    def write(self, name: str, data: bytes | str) -> Path:
        path = self.var / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def key(self, party: str = "lessor") -> Path:
        return self.write(f"{party}.key", key_line(key_of(party)))


@pytest.fixture
def shell(own_database: str, tmp_path: Path) -> Shell:
    open_world()
    return Shell(own_database, tmp_path)


def notes(count: int, mass_mg: int = 1) -> list[bytes]:
    return [receive(mass_mg, nonce=f"cli-{number}") for number in range(count)]


def stream(entries: Sequence[bytes]) -> bytes:
    return b"".join(map(write_note, entries))


def reported(path: Path) -> tuple[list[dict], dict]:
    *lines, last = [json.loads(line) for line in path.read_bytes().splitlines()]
    return lines, last["summary"]


class TestCsv:
    def test_a_sheet_becomes_notes_that_are_posted_once(self, shell):
        sheet = shell.write("moves.csv", SHEET)
        made = shell.run("ledger", "csv", sheet, "--book", BOOK, "--key", shell.key())
        assert made.stderr == "2 entries, signed by lessor.example/entry/2024a.\n"
        assert made.stdout == shell.run("ledger", "csv", sheet, "--book", BOOK, "--key", shell.key()).stdout
        file = shell.write("notes.ndjson", made.stdout)
        assert shell.run("ledger", "bulk", file).stdout == "2 lines: 2 posted.\n"
        assert shell.run("ledger", "bulk", file).stdout == "2 lines: 0 posted, 2 existed.\n"
        piped = subprocess.run(
            [*LODE, "ledger", "bulk", "-"],
            input=made.stdout.encode(),
            env=shell.environment,
            capture_output=True,
            check=True,
        )
        assert piped.stdout == b"2 lines: 0 posted, 2 existed.\n"
        assert account_balance(account=account(), party=None) == 3_500_000
        assert account_balance(account=account(element="Co"), party=None) == 1
        assert verify_ledger().problems == ()

    def test_nothing_is_written_where_a_row_is_in_doubt(self, shell):
        sheet = shell.write("moves.csv", SHEET.replace("1.5", "1,5").replace(",2\n", ",0\n"))
        done = shell.run("ledger", "csv", sheet, "--book", BOOK, "--key", shell.key(), code=1)
        assert done.stdout == ""
        assert [line[:6] for line in done.stderr.splitlines()] == ["Row 2:", "Row 4:", "Nothin"]

    def test_two_parties_sign_the_same_file_one_after_the_other(self, shell):
        lease = (
            "kind,occurred,contract,owner,holder,element,state,lot,to_holder,mass_kg\n"
            "lease-out,2024-01-03,L-1,lessor,lessor,Ni,stock,lot-1,maker,1\n"
            "lease-out,2024-01-04,L-1,lessor,lessor,Ni,stock,lot-1,maker,0.5\n"
        )
        sheet = shell.write("lease.csv", lease)
        words = ("ledger", "csv", sheet, "--book", BOOK, "--key")
        first = shell.write("first.ndjson", shell.run(*words, shell.key("lessor")).stdout)
        both = shell.write("both.ndjson", shell.run(*words, shell.key("maker"), "--onto", first).stdout)
        shell.run("ledger", "bulk", shell.write("in.ndjson", stream([receive(2_000_000)])))
        assert "[missing-signature]" in shell.run("ledger", "bulk", first, code=1).stdout
        assert shell.run("ledger", "bulk", both).stdout == "2 lines: 2 posted.\n"
        assert account_balance(account=account("lessor", "maker"), party=None) == 1_500_000
        sheet.write_text(lease.replace("0.5", "0.6"))
        assert "[conflict]" in shell.run(*words, shell.key("maker"), "--onto", first, code=1).stderr

    def test_chinese_excel(self, shell):
        text = SHEET.replace("kind,occurred,reference,owner", "类型,日期,单号,所有方").replace("PO-", "采购-")
        sheet = shell.write("moves.csv", text.replace("\n", "\r\n").encode("gb18030"))
        command = ("ledger", "csv", sheet, "--book", BOOK, "--key", shell.key())
        assert "cannot be read from here on" in shell.run(*command, code=1).stderr
        assert len(shell.run(*command, "--encoding", "gb18030").stdout.splitlines()) == 2
        assert "is no encoding" in shell.run(*command, "--encoding", "klingon", code=2).stderr

    def test_a_file_that_is_no_key_is_not_shown(self, shell):
        sheet, key = shell.write("moves.csv", SHEET), shell.write("bad.key", "my secret text")
        done = shell.run("ledger", "csv", sheet, "--book", BOOK, "--key", key, code=1)
        assert "does not hold a signing key" in done.stderr
        assert "secret" not in done.stderr


class TestBulk:
    def test_refused_lines_are_told_and_the_report_has_every_line(self, shell):
        first, second = notes(2)
        file, report = shell.write("in.ndjson", stream([first, b"no note", second])), shell.var / "out.ndjson"
        done = shell.run("ledger", "bulk", file, "--report", report, code=1)
        refused, last = done.stdout.splitlines()
        assert refused.startswith("Line 2: ")
        assert refused.endswith("[malformed]")
        assert last == "3 lines: 2 posted, 1 refused."
        lines, summary = reported(report)
        assert [(line["line"], line["state"], line["index"]) for line in lines] == [
            (1, "posted", FIRST),
            (2, "refused", None),
            (3, "posted", FIRST + 1),
        ]
        assert summary["complete"]
        stopped = shell.run("ledger", "bulk", file, "--stop-at-first", code=1)
        assert stopped.stdout.splitlines()[-1] == "2 lines: 0 posted, 1 existed, 1 refused."
        assert stopped.stderr == "Nothing after line 2 was looked at.\n"

    def test_a_party_hands_in_what_is_its_own(self, shell):
        file = shell.write("in.ndjson", stream([receive(1), receive(2, to=account("maker"))]))
        assert "[forbidden]" in shell.run("ledger", "bulk", file, "--party", "lessor", code=1).stdout

    def test_a_report_never_overwrites_the_entries(self, shell):
        file = shell.write("in.ndjson", stream(notes(1)))
        before = file.read_bytes()
        assert "would overwrite" in shell.run("ledger", "bulk", file, "--report", file, code=3).stderr
        assert file.read_bytes() == before

    def test_wrong_usage(self, shell):
        file = shell.write("in.ndjson", "")
        assert "go together" in shell.run("ledger", "bulk", file, "--url", "http://x", code=2).stderr
        token = shell.write("token", "t")
        words = ("ledger", "bulk", file, "--url", "http://x", "--token-file", token)
        assert "--party" in shell.run(*words, "--party", "lessor", code=2).stderr
        assert "is no address" in shell.run(*words[:3], "--url", "x", "--token-file", token, code=3).stderr
        assert "is not HTTPS" in shell.run(*words, code=3).stderr
        gone = shell.run(*words[:3], "--url", "http://127.0.0.1:1", "--token-file", token, code=3)
        assert "Run the same again" in gone.stderr

    @pytest.mark.parametrize("step", STEPS)
    def test_killed_at_any_step_and_run_again(self, shell, step):
        entries = notes(600)
        file, report = shell.write("in.ndjson", stream(entries)), shell.var / "out.ndjson"
        shell.run("ledger", "bulk", file, code=-signal.SIGKILL, **{VARIABLE: step})
        before = ledger_size() - FIRST
        assert before in range(0, 601, CHUNK)
        shell.run("ledger", "bulk", file, "--report", report)
        lines, _ = reported(report)
        assert [line["state"] for line in lines] == ["existed"] * before + ["posted"] * (600 - before)
        assert [line["index"] for line in lines] == list(range(FIRST, FIRST + 600))
        assert account_balance(account=account(), party=None) == 600
        assert verify_ledger().problems == ()

    def test_killed_again_and_again_wherever_it_is(self, shell):
        entries = notes(1500)
        file, report = shell.write("in.ndjson", stream(entries)), shell.var / "out.ndjson"
        for goal in (1, 400, 900):
            process = subprocess.Popen(
                [*LODE, "ledger", "bulk", str(file)], env=shell.environment, stdout=subprocess.DEVNULL
            )
            wait_until(lambda goal=goal: ledger_size() >= FIRST + goal, what=f"entry {goal}")
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        before = ledger_size() - FIRST
        shell.run("ledger", "bulk", file, "--report", report)
        lines, summary = reported(report)
        assert summary["lines"] == 1500
        assert {line["state"] for line in lines[:before]} <= {"existed"}
        assert [line["index"] for line in lines] == list(range(FIRST, FIRST + 1500))
        assert account_balance(account=account(), party=None) == 1500
        assert len(list_entries(party=None, kind="receive", limit=2000)) == 1500
        assert verify_ledger().problems == ()


@pytest.fixture
def served(shell: Shell, own_database: str) -> Iterator[tuple[Shell, str, Path]]:
    create_organisation(identifier="lessor", kind="lessor", name_en="Lessor", name_zh="出租方", country="GB", now=NOW)
    token = shell.write("token", issue_token(organisation="lessor", label="bulk", now=NOW) + "\n")
    with site(own_database, shell.var) as address:
        yield shell, address, token


class TestOverTheApi:
    def test_a_file_of_several_chunks_with_everything_in_it(self, served):
        shell, address, token = served
        entries = notes(700)
        lines = [*map(write_note, entries[:600]), b"broken\n", write_note(receive(9, to=account("maker")))]
        file = shell.write("in.ndjson", b"".join([*lines, *map(write_note, entries[600:])]))
        report = shell.var / "out.ndjson"
        words = ("ledger", "bulk", file, "--url", address, "--token-file", token, "--report", report)
        done = shell.run(*words, code=1)
        assert [line[:9] for line in done.stdout.splitlines()] == ["Line 601:", "Line 602:", "702 lines"]
        told, summary = reported(report)
        assert [line["index"] for line in told if line["index"] is not None] == list(range(FIRST, FIRST + 700))
        assert (told[600]["code"], told[601]["code"]) == ("malformed", "forbidden")
        assert (summary["posted"], summary["refused"], summary["complete"]) == (700, 2, True)
        assert "700 existed, 2 refused." in shell.run(*words, code=1).stdout
        stopped = shell.run(*words, "--stop-at-first", code=1)
        assert stopped.stdout.splitlines()[-1] == "601 lines: 0 posted, 600 existed, 1 refused."
        assert verify_ledger().problems == ()

    def test_whoever_is_killed_begins_again(self, served):
        shell, address, token = served
        file, report = shell.write("in.ndjson", stream(notes(1500))), shell.var / "out.ndjson"
        words = ("ledger", "bulk", file, "--url", address, "--token-file", token, "--report", report)
        process = subprocess.Popen([*LODE, *map(str, words)], env=shell.environment, stdout=subprocess.DEVNULL)
        wait_until(lambda: ledger_size() > FIRST, what="a chunk")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        shell.run(*words)
        lines, summary = reported(report)
        assert summary["posted"] + summary["existed"] == 1500
        assert [line["index"] for line in lines] == list(range(FIRST, FIRST + 1500))
        assert verify_ledger().problems == ()

    def test_a_token_that_is_not_known_is_refused(self, served):
        shell, address, _ = served
        file, token = shell.write("in.ndjson", stream(notes(1))), shell.write("bad", "lode_" + "A" * 43)
        done = shell.run("ledger", "bulk", file, "--url", address, "--token-file", token, code=1)
        assert "[unknown-token]" in done.stderr
        assert ledger_size() == FIRST


class TestManifest:
    def test_made_checked_and_proven(self, shell):
        listed = shell.write("serials.txt", "PACK-2\r\nPACK-1\r\n\r\nPACK-10\r\n")
        file, proof = shell.var / "packs.manifest", shell.var / "proof"
        details = json.loads(shell.run("manifest", "make", listed, file).stdout)
        assert file.read_bytes() == manifest.write(["PACK-1", "PACK-2", "PACK-10"])
        assert details == manifest.read([file.read_bytes()]).details
        named = ("--sha256", details["manifest_sha256"], "--serials", 3, "--root", details["manifest_root"])
        assert shell.run("manifest", "check", file, *named).stdout.startswith("OK. 3 serials.")
        assert "its serials is 3, not 4" in shell.run("manifest", "check", file, "--serials", 4, code=1).stderr
        proof.write_text(shell.run("manifest", "prove", file, "PACK-10").stdout)
        alone = shell.run("manifest", "check", proof).stdout
        assert alone.startswith("OK. PACK-10 is number 2 of the 3 serials under ")
        assert "Compare that root" in alone
        assert "Compare" not in shell.run("manifest", "check", proof, *named[2:]).stdout
        assert "[bad-manifest]" in shell.run("manifest", "check", proof, "--root", "0" * 64, code=1).stderr
        assert "[bad-manifest]" in shell.run("manifest", "prove", file, "PACK-3", code=1).stderr
        proof.write_bytes(proof.read_bytes().replace(b"PACK-10", b"PACK-11"))
        assert "[bad-proof]" in shell.run("manifest", "check", proof, code=1).stderr


@pytest.mark.parametrize(
    "words",
    [
        ("ledger", "csv", "missing", "--book", "b", "--key", "missing"),
        ("manifest", "check", "missing"),
        ("ledger", "bulk", "missing", "--url", "https://lode.example", "--token-file", "missing"),
    ],
    ids=["csv", "manifest", "bulk"],
)
def test_what_a_party_does_needs_no_django_and_no_database(words: tuple[str, ...]) -> None:
    code = f"import sys; from lode.cli.main import main; code = main({list(words)!r}); "
    code += "sys.exit(9 if {'django', 'psycopg', 'celery'} & {m.split('.')[0] for m in sys.modules} else code)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "No such file or directory (missing).\n")


def test_key_files_are_those_of_sumdb(tmp_path: Path) -> None:
    # Made by Go's golang.org/x/mod/sumdb/note, from its documentation.
    path = tmp_path / "key"
    path.write_text("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n")
    assert str(read_key(path).vkey) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert key_line(read_key(path)) == path.read_text()
