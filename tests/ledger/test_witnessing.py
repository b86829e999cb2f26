"""Cosignatures are gathered after a checkpoint was signed, and nothing that a witness does stands in the way."""

from __future__ import annotations

import datetime as dt
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django import Settings

from ledger import verify_cli
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note, VerifierKey
from ledger.core.receipt import Receipt
from ledger.core.witness import Request
from ledger.selectors.checkpoints import (
    checkpoint_at,
    latest_checkpoint,
    latest_cosigned_checkpoint,
    list_checkpoints,
    proof_of,
)
from ledger.selectors.keys import keys
from ledger.selectors.trust import trust_root
from ledger.services.export_ledger import export_ledger
from ledger.services.gather_cosignatures import GatherReport, gather_cosignatures
from ledger.services.publish_files import publish_files
from ledger.services.verify_ledger import verify_ledger
from ledger.witness.cosign import Witness
from ledger.witness.folder import WitnessFolder
from ledger.witness.server import WitnessServer
from lode.jobs.tasks import gather as gather_job
from tests.ledger.world import NOW, append, open_world, receive
from tests.support import databases

TODAY = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SECONDS = int(TODAY.timestamp())


class Partner:
    """A witness that a partner runs, on a port of its own."""

    def __init__(self, folder: Path, name: str, log_vkey: str) -> None:
        self.name = name
        self.folder = WitnessFolder(folder / name)
        self.vkeys = self.folder.make_keys(f"{name}.example/witness")
        (folder / name / "logs").write_text(f"{log_vkey}\n")
        self.time = SECONDS
        self.server: WitnessServer | None = None
        self.port = 0

    def start(self) -> None:
        witness = Witness(self.folder, lambda: self.time)
        self.server = WitnessServer(("127.0.0.1", self.port), witness)
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def lines_of(partner: Partner, vkeys: tuple[VerifierKey, ...], url: str) -> list[str]:
    names = [partner.name, f"{partner.name}-ml-dsa"]
    return [f"witness {name} {vkey} {url}" for name, vkey in zip(names, vkeys, strict=True)]


@pytest.fixture
def partners(own_database: str, settings: Settings, tmp_path: Path) -> Iterator[tuple[Partner, Partner]]:
    """Two partners with a witness each; both of them are the quorum, by whichever of their keys."""
    open_world()
    log = trust_root().log_vkey
    made = Partner(tmp_path / "witnesses-of", "auditor", log), Partner(tmp_path / "witnesses-of", "lessor", log)
    policy = []
    for partner in made:
        partner.start()
        policy += lines_of(partner, partner.vkeys, partner.url)
        policy.append(f"group {partner.name}s-keys any {partner.name} {partner.name}-ml-dsa")
    policy += ["group both all auditors-keys lessors-keys", "quorum both"]
    (tmp_path / "witnesses").write_text("\n".join(policy) + "\n")
    yield made
    for partner in made:
        partner.stop()


def gather(seconds: int = 5) -> GatherReport:
    return gather_cosignatures(now=TODAY, seconds=seconds)


def published(settings: Settings) -> bytes:
    return (settings.LEDGER_DIR / "public" / "checkpoint").read_bytes()


def all_lines(partners: tuple[Partner, Partner]) -> list[tuple[str, bytes]]:
    return sorted((key.name, key.key_id) for partner in partners for key in partner.vkeys)


def test_the_lines_stand_wherever_the_checkpoint_does(partners, settings, tmp_path, capsys):
    append(receive(7))
    bare = latest_checkpoint()
    assert bare.cosigned_by == ()
    report = gather()
    assert report == GatherReport(
        5, ("auditor", "auditor-ml-dsa", "lessor", "lessor-ml-dsa"), quorum_met=True, outcomes=report.outcomes
    )
    assert [(outcome.added, outcome.trouble) for outcome in report.outcomes] == [(2, None), (2, None)]

    checkpoint = latest_checkpoint()
    assert checkpoint.note.startswith(bare.note)
    lines = Note.parse(checkpoint.note).signatures[1:]
    assert [(line.name, line.key_id) for line in lines] == all_lines(partners)
    assert checkpoint.cosigned_by == ("auditor.example/witness", "lessor.example/witness")
    assert published(settings) == checkpoint.note
    assert checkpoint_at(size=5) == checkpoint == list_checkpoints()[0] == latest_cosigned_checkpoint()
    assert proof_of(index=4, party=None).checkpoint == checkpoint.note
    assert verify_ledger().problems == ()
    # The export's own policy asks for the quorum, and an auditor who trusts these witnesses finds it met.
    export_ledger(directory=tmp_path / "all", party=None, now=NOW)
    assert (tmp_path / "all" / "checkpoint").read_bytes() == checkpoint.note
    assert verify_cli.main([str(tmp_path / "all")]) == 0
    assert "Cosigned by auditor, auditor-ml-dsa, lessor, lessor-ml-dsa." in capsys.readouterr().out


def test_asking_again_asks_nobody(partners, settings):
    gather()
    before = published(settings)
    for partner in partners:
        partner.stop()
    assert gather().outcomes == ()
    assert publish_files() == 4
    assert published(settings) == before


def test_a_witness_that_is_away_is_asked_again_later_for_the_same_size(partners, settings):
    away = partners[0]
    away.stop()
    report = gather()
    assert (report.cosigned_by, report.quorum_met) == (("lessor", "lessor-ml-dsa"), False)
    assert [outcome.trouble is None for outcome in report.outcomes] == [False, True]
    with pytest.raises(LedgerError) as refusal:
        latest_cosigned_checkpoint()
    assert refusal.value.code == LedgerCode.UNKNOWN_CHECKPOINT
    size = latest_checkpoint().size
    away.start()
    report = gather()
    assert (report.size, report.quorum_met) == (size, True)
    assert [(outcome.names, outcome.added) for outcome in report.outcomes] == [(("auditor", "auditor-ml-dsa"), 2)]
    assert published(settings) == latest_checkpoint().note
    assert len(Note.parse(published(settings)).signatures) == 5


def test_an_export_that_is_not_cosigned_is_one_without_quorum(partners, tmp_path, capsys):
    export_ledger(directory=tmp_path / "all", party=None, now=NOW)
    assert verify_cli.main([str(tmp_path / "all")]) == 1
    assert "not cosigned as the policy's quorum both asks" in capsys.readouterr().out
    assert verify_cli.main([str(tmp_path / "all"), "--log-vkey", trust_root().log_vkey]) == 0


def test_a_witness_follows_the_log_from_whatever_it_knows(partners):
    for number in range(3):
        append(receive(1 + number))
        if number != 1:
            assert gather().quorum_met
    # What the database knows of a witness may be gone, or be wrong: the witness says what it has cosigned.
    assert partners[0].folder.memory(latest_checkpoint().origin).read().size == 7
    partners[0].folder.memory(latest_checkpoint().origin).begin()
    partners[0].stop()
    partners[0].start()
    append(receive(9))
    assert gather().quorum_met


def test_a_restored_database_learns_from_witnesses_that_it_is_old(partners):
    gather()
    witness = Witness(partners[0].folder, lambda: SECONDS)
    origin = latest_checkpoint().origin
    witness._memories[origin].begin(type(witness._memories[origin].read())(99, bytes(32)))
    append(receive(1))
    report = gather()
    assert "It has cosigned 99 entries of this log, more than the 5 signed here" in str(report.outcomes[0].trouble)


@pytest.mark.parametrize("off_by", [-301, 400])
def test_lines_of_another_time_are_not_kept(partners, off_by):
    partners[0].time += off_by
    report = gather()
    assert "is of another time" in str(report.outcomes[0].trouble)
    assert report.cosigned_by == ("lessor", "lessor-ml-dsa")


class Liar(ThreadingHTTPServer):
    """Answers whatever the test wants."""

    daemon_threads = True


def liar(answer: Callable[[bytes], tuple[int, str, bytes]]) -> Liar:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, kind, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    made = Liar(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made


def lies(partner: Partner, settings: Settings) -> dict[str, Callable[[bytes], tuple[int, str, bytes]]]:
    """Ways to lie, each an answer to a request."""
    text = "text/plain; charset=utf-8"
    keys = partner.folder.cosigners()

    def old_tree(body: bytes) -> bytes:
        note = Note.parse(Request.parse(body).note).text.split(b"\n")
        return b"\n".join([note[0], b"3", *note[2:]])

    def cosign(of: bytes, time: int = SECONDS) -> bytes:
        return "".join(f"{key.cosign(of, time)}\n" for key in keys).encode()

    def own(body: bytes) -> bytes:
        return Note.parse(Request.parse(body).note).text

    return {
        "another tree": lambda body: (200, text, cosign(old_tree(body))),
        "time 0": lambda body: (200, text, cosign(own(body), 0)),
        "the same line twice": lambda body: (200, text, cosign(own(body)) * 2),
        "nothing": lambda _: (200, text, b""),
        "no lines": lambda _: (200, text, b"hello\n"),
        "endless": lambda _: (200, text, b"x" * 1_000_000),
        "a size of its own": lambda _: (409, "text/x.tlog.size", b"2\n"),
        "other sizes each time": lambda body: (409, "text/x.tlog.size", b"%d\n" % (Request.parse(body).old + 1)),
        "no size": lambda _: (409, "text/x.tlog.size", b"all\n"),
        "a huge size": lambda _: (409, "text/x.tlog.size", b"9" * 5000),
        "elsewhere": lambda _: (302, text, b""),
        "refusal": lambda _: (403, text, b"no\n"),
    }


LIES = (
    "another tree", "time 0", "the same line twice", "nothing", "no lines", "endless", "a size of its own",
    "other sizes each time", "no size", "a huge size", "elsewhere", "refusal",
)  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_is_kept_and_none_hinders_the_others(partners, settings, tmp_path, lie):
    lying = partners[1]
    append(receive(7))
    with liar(lies(lying, settings)[lie]) as server:
        policy = (tmp_path / "witnesses").read_text()
        (tmp_path / "witnesses").write_text(policy.replace(lying.url, f"http://127.0.0.1:{server.server_address[1]}"))
        report = gather()
        server.shutdown()
    assert report.cosigned_by == ("auditor", "auditor-ml-dsa")
    assert [(outcome.added, outcome.trouble is None) for outcome in report.outcomes] == [(2, True), (0, False)]
    append(receive(8))
    assert verify_ledger().problems == ()


@pytest.mark.parametrize("sends", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n\xe2\x80\x94 "])
def test_a_witness_that_never_ends_costs_its_time_and_no_more(partners, settings, tmp_path, sends):
    slow = partners[1]
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def stall() -> None:
            connection, _ = listener.accept()
            connection.sendall(sends)

        threading.Thread(target=stall, daemon=True).start()
        policy = (tmp_path / "witnesses").read_text()
        port = listener.getsockname()[1]
        (tmp_path / "witnesses").write_text(policy.replace(slow.url, f"http://127.0.0.1:{port}"))
        began = time.monotonic()
        report = gather(seconds=1)
        assert time.monotonic() - began < 5
    assert report.cosigned_by == ("auditor", "auditor-ml-dsa")
    assert append(receive(7)).index == 4


@pytest.mark.parametrize(
    "url", ["ftp://w.example", "http://", "nonsense", "http://w.example/?a=b", "http://127.0.0.1:1"]
)
def test_an_address_that_cannot_be_asked_is_that_witnesss_trouble(partners, tmp_path, url):
    policy = (tmp_path / "witnesses").read_text()
    (tmp_path / "witnesses").write_text(policy.replace(partners[1].url, url))
    report = gather()
    assert [outcome.trouble is None for outcome in report.outcomes] == [True, False]


def test_without_witnesses_nobody_is_asked(own_database, settings):
    open_world()
    assert gather() == GatherReport(4, (), quorum_met=True, outcomes=())
    assert trust_root().policy == f"log {trust_root().log_vkey}\nquorum none\n".encode()
    assert latest_checkpoint().cosigned_by == ()


@pytest.mark.parametrize(
    ("content", "code"), [(None, LedgerCode.MISSING_FILE), ("quorum nobody\n", LedgerCode.BAD_POLICY)]
)
def test_a_file_of_witnesses_that_cannot_be_read_is_said(own_database, settings, tmp_path, content, code):
    open_world()
    settings.LEDGER_WITNESSES = str(tmp_path / "named")
    if content is not None:
        (tmp_path / "named").write_text(content)
    for call in (gather, trust_root):
        with pytest.raises(LedgerError) as refusal:
            call()
        assert refusal.value.code == code
    assert append(receive(7)).index == 4  # and entries are posted all the same


def test_only_the_sequencer_keeps_lines_and_nobody_changes_them(partners):
    gather()
    for alias, statement in (
        ("default", "INSERT INTO ledger_cosignature SELECT * FROM ledger_cosignature"),
        ("sequencer", "UPDATE ledger_cosignature SET signature = ''"),
        ("sequencer", "DELETE FROM ledger_cosignature"),
        ("owner", "TRUNCATE ledger_cosignature"),
    ):  # fmt: skip
        with pytest.raises(Exception, match=r"denied|append-only|refused"), connections[alias].cursor() as cursor:
            cursor.execute(statement)


def test_a_line_that_was_changed_in_the_database_is_found(partners, own_database):
    gather()
    with databases.beyond_the_guard(own_database) as connection:
        connection.execute("ALTER TABLE ledger_cosignature DISABLE TRIGGER USER")
        connection.execute(
            "UPDATE ledger_cosignature SET signature = set_byte(signature, 20, get_byte(signature, 20) # 1)"
            " WHERE key_name = 'lessor.example/witness'"
        )
    problems = verify_ledger().problems
    assert problems
    assert any("lessor.example/witness" in problem for problem in problems)


class TestCommands:
    """What the operator types."""

    def test_gather_says_what_each_witness_answered(self, partners, monkeypatch, capsys):
        for partner in partners:
            partner.time = int(time.time())
        partners[0].stop()
        with pytest.raises(CommandError) as refusal:
            call_command("ledger_gather")
        assert "cosigned by lessor, lessor-ml-dsa: fewer than the quorum asks for" in str(refusal.value)
        said = capsys.readouterr().out
        assert f"auditor, auditor-ml-dsa at {partners[0].url}: It cannot be asked" in said
        assert f"lessor, lessor-ml-dsa at {partners[1].url}: 2 lines" in said
        partners[0].start()
        call_command("ledger_gather")
        by = "auditor, auditor-ml-dsa, lessor, lessor-ml-dsa"
        assert f"The checkpoint of 4 entries is cosigned by {by}." in capsys.readouterr().out

    def test_trust_registers_and_prints_what_an_auditor_is_given(self, partners, capsys):
        call_command("ledger_trust", "--register")
        printed, said = capsys.readouterr()
        assert printed == f"# registry.vkey: {trust_root().registry_vkey}\n{trust_root().policy.decode()}"
        assert "Registered by public entries: auditor, auditor-ml-dsa, lessor, lessor-ml-dsa." in said
        registered = [key for key in keys() if key.purpose == "witness"]
        assert {key.vkey for key in registered} == {str(key) for partner in partners for key in partner.vkeys}
        assert {key.party for key in registered} == {"auditor", "auditor-ml-dsa", "lessor", "lessor-ml-dsa"}
        call_command("ledger_trust", "--register")
        assert "nothing was missing" in capsys.readouterr().err
        assert verify_ledger().problems == ()

    def test_a_receipt_is_a_file(self, partners, tmp_path):
        call_command("ledger_receipt", "2", "--output", str(tmp_path / "two.cose"))
        receipt = Receipt.parse((tmp_path / "two.cose").read_bytes())
        receipt.verify(proof_of(index=2, party=None).leaf, VerifierKey.parse(trust_root().log_vkey))

    def test_the_job_does_the_same(self, partners):
        for partner in partners:
            partner.time = int(time.time())
        gather_job()
        assert latest_cosigned_checkpoint().size == 4
