"""`lode-verify`: what it prints, how it exits, and that it needs neither Django nor the network."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.core.audit import Progress
from ledger.verify_cli import main
from ledger.verify_progress import follow
from tests.ledger.builder import BOOK, loop_book, signer, write

ROOT = Path(__file__).resolve().parents[2]
LOOP = loop_book()
OPERATOR_FILES = LOOP.export("operator")
FILES = LOOP.export()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write(FILES, tmp_path / "an export")


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_it_runs_without_django(export):
    program = (
        "import sys; from ledger.verify_cli import main; status = main(sys.argv[1:]); "
        "loaded = {name.split('.')[0] for name in sys.modules}; "
        "assert not loaded & {'django', 'rest_framework', 'celery', 'psycopg', 'lode', 'contracts', 'socket'}, loaded; "
        "sys.exit(status)"
    )
    command = [sys.executable, "-c", program, str(export)]
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"OK. The book {BOOK} of 30 entries is whole")


def test_it_runs_as_a_module(export):
    command = [sys.executable, "-m", "ledger.verify_cli", str(export), "--depth", "tree"]
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_whole_export_is_checked_in_full(export, capsys):
    assert main([str(export)]) == 0
    out = capsys.readouterr().out
    assert "Checked: 1 tiles, 30 leaves, 5 keys, 30 opened entries, 47 signatures, 23 accounts, 16 declared" in out
    assert "Depth full" in out
    assert "Ni: 9.000000 kg" in out
    assert "the keys in the folder itself" in out


def test_a_partys_export_is_checked_for_its_party(tmp_path, capsys):
    folder = write(OPERATOR_FILES, tmp_path)
    assert main([str(folder)]) == 0
    assert "every entry of every account of operator is here" in capsys.readouterr().out
    (folder / "party").unlink()
    assert main([str(folder), "--depth", "party"]) == 0
    assert "Name a party" in capsys.readouterr().out
    assert main([str(folder), "--party", "lessor"]) == 1
    assert "missing or out of order" in capsys.readouterr().out
    assert main([str(folder)]) == 1
    assert "a full audit opens every entry" in capsys.readouterr().out


def test_anybody_checks_the_tree_alone(tmp_path, capsys):
    folder = write(LOOP.tree_files(), tmp_path)
    assert main([str(folder)]) == 0
    assert "Depth tree" in capsys.readouterr().out


def test_the_first_bad_entry_is_named(export, capsys):
    path = export / "entries" / "12.note"
    flip(path, path.read_bytes().index(b'"mass_mg":"') + 12)
    assert main([str(export)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("NOT OK. Entry 12 was changed after signing: The signature of ")
    assert out.count("\n") == 1


def test_a_checkpoint_held_from_earlier_must_be_of_the_logs_past(export, tmp_path, capsys):
    for size in (0, 11, 30):
        (tmp_path / f"held-{size}").write_bytes(LOOP.checkpoint(size))
    held = [option for size in (0, 11, 30) for option in ("--held", str(tmp_path / f"held-{size}"))]
    assert main([str(export), *held]) == 0
    assert "It extends all 3 checkpoints that you hold." in capsys.readouterr().out
    longer, other = loop_book(), loop_book()
    longer.append(longer.entry("notice", reason="A later entry."))
    other.leaves[3] = other.leaves[4]
    for kept, says in (
        (longer.checkpoint(), "Entries were taken back: the checkpoint that you hold covers 31 entries"),
        (other.checkpoint(11), "does not extend the checkpoint of 11 entries that you hold"),
        (LOOP.checkpoint(11).replace(b"11", b"12"), "The checkpoint that you hold cannot be trusted"),
    ):
        (tmp_path / "kept").write_bytes(kept)
        assert main([str(export), "--held", str(tmp_path / "kept")]) == 1
        assert says in capsys.readouterr().out
    assert main([str(export), "--held", str(tmp_path / "nowhere")]) == 2


def test_json(export, capsys):
    assert main([str(export), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["ok"] is True
    assert (result["depth"], result["size"], result["entries"]) == ("full", 30, 30)
    assert result["elements"] == {"Co": "9000000", "Ni": "9000000"}
    flip(export / "tile" / "0" / "000.p" / "30", 7 * 32)
    assert main([str(export), "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["ok"], result["code"], result["entry"]) == (False, "bad-tile", 7)
    assert result["sentence"].startswith("Entry 7 was changed in the log")


def test_the_auditors_own_keys_come_before_those_in_the_folder(export, tmp_path, capsys):
    own = ["--log-vkey", str(LOOP.log_vkey), "--registry-vkey", str(LOOP.registry_key.vkey)]
    (export / "policy").unlink()
    (export / "registry.vkey").unlink()
    assert main([str(export), *own]) == 0
    assert "Trusted: the keys that you gave." in capsys.readouterr().out
    policy = tmp_path / "policy"
    policy.write_bytes(LOOP.policy.to_bytes())
    assert main([str(export), "--policy", str(policy), *own[2:]]) == 0
    other = str(signer("other.example/book").vkey)
    assert main([str(export), "--log-vkey", other, *own[2:]]) == 1
    assert "The checkpoint cannot be trusted" in capsys.readouterr().out
    assert main([str(export), *own[:2], "--registry-vkey", other]) == 1
    assert "Entry 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "is not a folder"),
        (["{export}", "--log-vkey", "x"], "trust root cannot be read"),
        (["{export}", "--policy", "nowhere"], "is missing"),
        (["{export}", "--party", "Not A Party"], "does not have the form"),
        (["{empty}"], "is missing"),
    ],
)
def test_what_cannot_be_used_is_said_and_exits_with_two(export, tmp_path, capsys, arguments, says):
    (tmp_path / "empty").mkdir()
    places = {"export": export, "empty": tmp_path / "empty"}
    assert main([argument.format(**places) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("lode-verify: ")
    assert says in captured.err


def test_an_interruption_says_nothing_about_the_ledger(export, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("ledger.verify_cli.follow", interrupt)
    assert main([str(export)]) == 130
    captured = capsys.readouterr()
    assert (captured.out, "interrupted" in captured.err) == ("", True)


def test_wrong_options_exit_with_two(capsys):
    for arguments in ([], ["x", "--depth", "deep"], ["x", "--colour"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 2
        assert "usage: lode-verify" in capsys.readouterr().err


def test_progress_is_drawn_on_a_terminal_only(export, capsys, monkeypatch):
    assert main([str(export)]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main([str(export)]) == 0
    err = capsys.readouterr().err
    assert "entries    [##############################] 100% (30 of 30)" in err
    assert err.endswith("\r\x1b[K")


class Screen:
    """What is written, on a terminal or not."""

    def __init__(self, *, terminal: bool) -> None:
        self.terminal = terminal
        self.shown: list[str] = []

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        self.shown.append(text)
        return len(text)

    def flush(self) -> None:
        pass


def steps(count: int, total: int):
    yield Progress("checkpoint", 1, 1)
    for done in range(1, count + 1):
        yield Progress("entries", done * total // count, total)


def every(nanoseconds: int):
    ticks = itertools.count()
    return lambda: next(ticks) * nanoseconds


def test_the_bar_tells_how_much_how_fast_and_how_long():
    screen = Screen(terminal=True)
    follow(steps(4, 10_000), screen, clock=every(2 * 10**9))
    assert [text.replace("\x1b[K", "") for text in screen.shown] == [
        "\rcheckpoint [##############################] 100% (1 of 1)",
        "\rentries    [#######.......................] 25% (2,500 of 10,000)",
        "\rentries    [###############...............] 50% (5,000 of 10,000), 2,500/s, 0:00:02 left",
        "\rentries    [######################........] 75% (7,500 of 10,000), 1,875/s, 0:00:01 left",
        "\rentries    [##############################] 100% (10,000 of 10,000)",
        "\r",
    ]


def test_elsewhere_a_plain_line_is_written_now_and_then():
    screen = Screen(terminal=False)
    follow(steps(1000, 4_000_000), screen, clock=every(10**9 // 32))
    assert screen.shown == [
        "lode-verify: entries 31% (1,276,000 of 4,000,000), 128,402/s, 0:00:21 left\n",
        "lode-verify: entries 63% (2,556,000 of 4,000,000), 128,200/s, 0:00:11 left\n",
        "lode-verify: entries 95% (3,836,000 of 4,000,000), 128,133/s, 0:00:01 left\n",
    ]


def test_the_quiet_one_shows_nothing_and_runs_to_the_end():
    for terminal in (True, False):
        screen, run = Screen(terminal=terminal), steps(1000, 4_000_000)
        follow(run, screen, quiet=True, clock=every(60 * 10**9))
        assert (screen.shown, list(run)) == ([], [])


def test_disputed_entries_are_named(tmp_path, capsys):
    book = loop_book()
    key = book.signers["recycler"]
    details = {"action": "revoke", "vkey": str(key.vkey), "compromised_since_index": 0}
    book.append(book.entry("key", details=details, reason="It was copied."))
    signed = [index for index, note in enumerate(book.notes) if key.name.encode() in note.partition(b"\n\n")[2]]
    assert len(signed) > 2
    assert main([str(write(book.export(), tmp_path))]) == 0
    named = ", ".join(map(str, signed))
    assert (
        f"Disputed: entries {named} were signed with a key that somebody else may have had" in capsys.readouterr().out
    )
