"""The witness: it cosigns what grows and nothing else, whoever asks, whatever is sent, and whenever it is killed."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core import witness as protocol
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import EMPTY_ROOT
from ledger.core.note import COSIGNATURE_V1, ML_DSA_44, Note, VerifierKey
from ledger.core.witness import MAX_REQUEST_BYTES, RefusedError, Request
from ledger.services.head_memory import Head
from ledger.witness import cli, server
from ledger.witness.cosign import Witness
from ledger.witness.folder import WitnessFolder
from ledger.witness.server import WitnessServer
from tests.ledger.builder import signer
from tests.ledger.witness.logs import NAME, ROOT, Log, Running, running
from tests.shared_vectors import shared

NOON = 1_704_110_400
LOG = Log()
FORK = Log(fork_at=5)
OTHER = Log("log.example/b")


@pytest.fixture
def folder(tmp_path: Path) -> WitnessFolder:
    made = WitnessFolder(tmp_path / "w")
    made.make_keys(NAME)
    (tmp_path / "w" / "logs").write_text(f"# two logs\n{LOG.key.vkey}\n\n{OTHER.key.vkey}\n")
    return made


@pytest.fixture
def witness(folder: WitnessFolder) -> Witness:
    return Witness(folder, lambda: NOON)


def refused(witness: Witness, body: bytes) -> tuple[int, int | None]:
    with pytest.raises(RefusedError) as refusal:
        witness.add_checkpoint(body)
    return refusal.value.status, refusal.value.size


def test_it_cosigns_with_both_of_its_keys(witness):
    answer = witness.add_checkpoint(LOG.body(0, 3))
    keys = [VerifierKey.parse(vkey) for vkey in witness.vkeys]
    assert [(key.name, key.algorithm) for key in keys] == [(NAME, COSIGNATURE_V1), (NAME, ML_DSA_44)]
    note = Note.parse(LOG.note(3) + answer)
    assert note.verify([LOG.key.vkey, *keys]) == (LOG.key.vkey, *keys)
    text = LOG.checkpoint(3).text()
    found = protocol.read_cosignatures(answer, text, keys, NOON, NOON)
    assert [protocol.cosigned_at(line) for line in found.values()] == [NOON, NOON]


def test_it_follows_a_log_and_keeps_logs_apart(witness, folder):
    for old, new in ((0, 0), (0, 1), (1, 4), (4, 4), (4, 7), (7, 256), (256, 300)):
        witness.add_checkpoint(LOG.body(old, new))
    assert folder.memory(LOG.origin).read() == Head(300, LOG.checkpoint(300).root)
    assert folder.memory(OTHER.origin).read() == Head(0, EMPTY_ROOT)
    witness.add_checkpoint(OTHER.body(0, 9))


def test_what_it_refuses_and_how(witness, folder):
    assert refused(witness, Log("log.example/unknown").body(0, 3)) == (404, None)
    assert refused(witness, LOG.request(0, 3).to_bytes().replace(b"\n3\n", b"\n4\n")) == (403, None)
    unsigned_by_it = LOG.checkpoint(3).sign([signer("somebody.example")]).to_bytes()
    assert refused(witness, Request(0, (), unsigned_by_it).to_bytes()) == (403, None)
    assert refused(witness, Request(4, (), LOG.note(3)).to_bytes()) == (400, None)
    assert refused(witness, LOG.body(2, 3)) == (409, 0)
    assert refused(witness, Request(0, (EMPTY_ROOT,), LOG.note(3)).to_bytes()) == (422, None)
    assert folder.memory(LOG.origin).read().size == 0
    witness.add_checkpoint(LOG.body(0, 6))
    assert refused(witness, LOG.body(0, 7)) == (409, 6)
    assert refused(witness, LOG.body(5, 7)) == (409, 6)
    assert refused(witness, Request(6, (), LOG.note(7)).to_bytes()) == (422, None)
    assert refused(witness, Request(6, LOG.request(6, 8).proof, LOG.note(7)).to_bytes()) == (422, None)
    assert folder.memory(LOG.origin).read() == Head(6, LOG.checkpoint(6).root)


def test_it_refuses_a_fork_and_keeps_the_evidence(witness, folder, tmp_path):
    witness.add_checkpoint(LOG.body(0, 6))
    assert refused(witness, FORK.body(6, 8)) == (422, None)
    assert refused(witness, FORK.body(6, 6)) == (409, 6)
    assert [path.read_bytes() for path in (tmp_path / "w" / "forks").iterdir()] == [FORK.note(6)]
    witness.add_checkpoint(LOG.body(6, 8))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 0\n\n",
        b"old 00\n\n" + LOG.note(3),
        b"old -1\n\n" + LOG.note(3),
        b"old 0 \n\n" + LOG.note(3),
        b"old 0\r\n\n" + LOG.note(3),
        b"Old 0\n\n" + LOG.note(3),
        b"old 99999999999999999999\n\n" + LOG.note(3),
        b"old 0\nAAAA\n\n" + LOG.note(3),
        b"old 0\n" + 64 * (b"A" * 43 + b"=\n") + b"\n" + LOG.note(3),
        b"old 0\n\nlog.example/a\n3\n",
        b"old 0\n\n" + LOG.note(3)[:-1],
        b"old 0\n\n" + LOG.note(3).replace(b"\n3\n", b"\nthree\n"),
        b"\xff\xfe",
    ],
)
def test_what_is_no_request_is_a_400(witness, body):
    assert refused(witness, body) == (400, None)


def test_the_published_request_is_read():
    body = shared("vectors/c2sp-spec-examples/tlog-witness-add-checkpoint-request.txt").read_bytes()
    request = Request.parse(body)
    assert (request.old, len(request.proof)) == (20852014, 4)
    assert request.to_bytes() == body
    assert Note.parse(request.note).text.split(b"\n")[1] == b"20852163"


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_no_changed_request_is_cosigned(data):
    """One byte more, less or other anywhere: never a cosignature on what was not signed."""
    body = data.draw(st.sampled_from(BODIES))
    at = data.draw(st.integers(0, len(body) - 1))
    kind = data.draw(st.sampled_from(["change", "drop", "insert", "cut"]))
    byte = bytes([data.draw(st.integers(0, 255))])
    changed = {
        "change": body[:at] + byte + body[at + 1 :],
        "drop": body[:at] + body[at + 1 :],
        "insert": body[:at] + byte + body[at:],
        "cut": body[:at],
    }[kind]
    if changed == body:
        return
    try:
        request = Request.parse(changed)
        checkpoint = protocol.open_request(request, [LOG.key.vkey])
        protocol.check_growth(request, checkpoint, 6, LOG.checkpoint(6).root)
    except RefusedError:
        return
    assert checkpoint == LOG.checkpoint(9)


BODIES = (LOG.body(6, 9),)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_noise_is_read(noise):
    with pytest.raises(RefusedError):
        protocol.open_request(Request.parse(noise), [LOG.key.vkey])


def test_of_two_futures_asked_for_at_once_one_is_cosigned(witness):
    witness.add_checkpoint(LOG.body(0, 4))
    bodies = [log.body(4, size) for log in (LOG, FORK) for size in range(6, 14)]
    start = threading.Barrier(len(bodies))

    def ask(body: bytes) -> int:
        start.wait()
        try:
            witness.add_checkpoint(body)
        except RefusedError as refusal:
            return refusal.status
        return 200

    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(pool.map(ask, bodies))
    assert answers.count(200) == 1
    assert answers.count(409) == len(bodies) - 1


def test_two_processes_on_one_folder_cosign_one_future(folder):
    one, two = Witness(folder, lambda: NOON), Witness(folder, lambda: NOON)
    one.add_checkpoint(LOG.body(0, 6))
    assert refused(two, FORK.body(0, 6)) == (409, 6)
    assert refused(two, FORK.body(6, 8)) == (422, None)
    two.add_checkpoint(LOG.body(6, 8))
    assert refused(one, LOG.body(6, 8)) == (409, 8)


class TestAnswers:
    """What a log makes of a witness's answer."""

    def keys(self, witness: Witness) -> list[VerifierKey]:
        return [VerifierKey.parse(vkey) for vkey in witness.vkeys]

    def test_lines_of_others_are_passed_over(self, witness, tmp_path):
        other = WitnessFolder(tmp_path / "x")
        other.make_keys("other.example")
        (tmp_path / "x" / "logs").write_text(str(LOG.key.vkey))
        answer = Witness(other, lambda: NOON).add_checkpoint(LOG.body(0, 3)) + witness.add_checkpoint(LOG.body(0, 3))
        found = protocol.read_cosignatures(answer, LOG.checkpoint(3).text(), self.keys(witness), NOON, NOON)
        assert {key.name for key in found} == {NAME}
        assert len(found) == 2

    @pytest.mark.parametrize(("earliest", "latest"), [(NOON + 1, NOON + 9), (0, NOON - 1)])
    def test_another_time_is_refused(self, witness, earliest, latest):
        answer = witness.add_checkpoint(LOG.body(0, 3))
        with pytest.raises(LedgerError) as refusal:
            protocol.read_cosignatures(answer, LOG.checkpoint(3).text(), self.keys(witness), earliest, latest)
        assert refusal.value.code == LedgerCode.BAD_SIGNATURE

    def test_another_tree_and_a_second_line_are_refused(self, witness):
        answer = witness.add_checkpoint(LOG.body(0, 3))
        for text, lines in ((LOG.checkpoint(4).text(), answer), (LOG.checkpoint(3).text(), answer + answer)):
            with pytest.raises(LedgerError) as refusal:
                protocol.read_cosignatures(lines, text, self.keys(witness), NOON, NOON)
            assert refusal.value.code == LedgerCode.BAD_SIGNATURE

    @pytest.mark.parametrize("answer", [b"hello\n", b"\xe2\x80\x94 a b\n", b"\xff\n"])
    def test_what_are_no_lines_is_refused(self, witness, answer):
        with pytest.raises(LedgerError) as refusal:
            protocol.read_cosignatures(answer, b"", self.keys(witness), NOON, NOON)
        assert refusal.value.code == LedgerCode.MALFORMED


class TestFolder:
    def test_keys_are_made_once_and_for_their_owner_alone(self, folder, tmp_path, capsys):
        assert (tmp_path / "w" / "keys").stat().st_mode & 0o777 == 0o600
        assert cli.main(["keygen", NAME, "--dir", str(tmp_path / "w")]) == 1
        assert "has keys already" in capsys.readouterr().err
        assert cli.main(["keygen", NAME, "--dir", str(tmp_path / "new")]) == 0
        printed = capsys.readouterr().out.split()
        assert printed == [str(key.vkey) for key in WitnessFolder(tmp_path / "new").cosigners()]

    def test_keys_that_others_may_read_are_refused(self, folder, tmp_path):
        (tmp_path / "w" / "keys").chmod(0o640)
        with pytest.raises(LedgerError) as refusal:
            folder.cosigners()
        assert refusal.value.code == LedgerCode.BAD_FOLDER

    @pytest.mark.parametrize("missing", ["keys", "logs", "heads"])
    def test_it_does_not_start_without(self, folder, tmp_path, missing):
        (tmp_path / "w" / missing).rename(tmp_path / "gone")
        with pytest.raises(LedgerError) as refusal:
            Witness(folder, lambda: NOON)
        assert refusal.value.code == LedgerCode.BAD_FOLDER
        assert missing in refusal.value.sentence

    def test_a_memory_that_cannot_be_read_is_said_at_the_start(self, folder):
        path = folder.memory(LOG.origin).path
        path.write_bytes(b"?")
        with pytest.raises(LedgerError) as refusal:
            Witness(folder, lambda: NOON)
        assert refusal.value.code == LedgerCode.FORK


def test_it_runs_without_django():
    script = "import sys, ledger.witness.cli; sys.exit(any(m.split('.')[0] in ('django', 'lode') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


@pytest.fixture
def process(folder: WitnessFolder, tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "w") as found:
        yield found


def test_over_http(process, folder):
    status, kind, answer = process.post(LOG.body(0, 3))
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    now = int(time.time())
    keys = [key.vkey for key in folder.cosigners()]
    assert len(protocol.read_cosignatures(answer, LOG.checkpoint(3).text(), keys, now - 60, now + 60)) == 2
    assert process.post(LOG.body(2, 4)) == (409, "text/x.tlog.size", b"3\n")
    assert process.post(FORK.body(3, 3))[0] == 200  # the fork begins later: the same tree still
    assert process.post(LOG.body(0, 3), path="/")[0] == 404
    assert process.post(b"?")[0] == 400


def test_a_connection_serves_several_requests(process):
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=20)
    for old, new in ((0, 2), (2, 5), (5, 5)):
        connection.request("POST", protocol.PATH, LOG.body(old, new))
        answer = connection.getresponse()
        assert answer.status == 200
        answer.read()
    connection.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"Content-Length: {MAX_REQUEST_BYTES + 1}\r\n", 413),
        ("Content-Length: 00000000000000000000000000009\r\n", 413),
        ("Content-Length: 1\r\nContent-Length: 1\r\n", 411),
        ("Content-Length: -1\r\n", 400),
        ("Content-Length: ٣\r\n", 400),
        ("Transfer-Encoding: chunked\r\n", 411),
        ("", 411),
    ],
)
def test_a_request_without_one_sound_length_is_closed(process, head, status):
    with socket.create_connection(("127.0.0.1", process.port), timeout=20) as connection:
        connection.sendall(f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n{head}\r\n".encode())
        answer = b""
        while part := connection.recv(4096):  # ends only because the witness closes
            answer += part
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Connection: close" in answer


def test_a_killed_witness_still_knows_what_it_kept(folder, tmp_path):
    with running(tmp_path / "w") as before:
        assert before.post(LOG.body(0, 4))[0] == 200
    with running(tmp_path / "w", failpoint="witnessed") as dying:
        with pytest.raises((http.client.HTTPException, OSError)):
            dying.post(LOG.body(4, 8))
        assert dying.process.wait() == -signal.SIGKILL
    with running(tmp_path / "w") as after:
        # It has cosigned nothing of 8 leaves that anybody saw, yet no other tree of 8 will ever be cosigned.
        assert after.post(LOG.body(4, 8)) == (409, "text/x.tlog.size", b"8\n")
        assert after.post(FORK.body(8, 8))[:2] == (409, "text/x.tlog.size")
        assert after.post(LOG.body(8, 8))[0] == 200


def serve(witness: Witness, seconds: int) -> WitnessServer:
    made = WitnessServer(("127.0.0.1", 0), witness, seconds)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made


def test_who_sends_too_slowly_is_let_go(witness):
    with serve(witness, 1) as slow, socket.create_connection(slow.server_address, timeout=20) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\nold")
        assert connection.recv(4096) == b""
        slow.shutdown()


def test_connections_are_bounded(witness, monkeypatch):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)
    with serve(witness, 5) as small:
        held = [socket.create_connection(small.server_address, timeout=20) for _ in range(2)]
        for connection in held:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: w\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        with socket.create_connection(small.server_address, timeout=20) as third:
            assert third.recv(1) == b""
        for connection in held:
            connection.close()
        small.shutdown()
