"""The log's key in a process of its own: it signs what grows and nothing else, and nothing is lost while it is away."""

from __future__ import annotations

import contextlib
import grp
import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from ledger.core.checkpoint import open_checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import EMPTY_ROOT
from ledger.core.note import ML_DSA_44
from ledger.core.receipt import signed_bytes
from ledger.selectors.checkpoints import latest_checkpoint, ledger_size
from ledger.services.adopt_checkpoint import adopt_checkpoint
from ledger.services.failpoints import VARIABLE
from ledger.services.head_memory import SLOT_BYTES, Head, HeadMemory
from ledger.services.log_signer import LogSigner
from ledger.services.open_ledger import open_ledger
from ledger.services.sequence_pending import forget_desk, sequence_pending
from ledger.services.signer_client import SignerClient
from ledger.services.signer_server import SignerServer
from ledger.services.verify_ledger import verify_ledger
from ledger.sql import inbox
from tests.ledger.builder import signer
from tests.ledger.witness.logs import ROOT, Log
from tests.ledger.world import NOW, append, force_into_inbox, open_world, receive

ORIGIN = "ledger.lode.example/demo"
LOG = Log(ORIGIN)
FORK = Log(ORIGIN, fork_at=5)


@contextlib.contextmanager
def process(socket_file: Path, var: Path, failpoint: str = "") -> Iterator[subprocess.Popen[str]]:
    """Run `lode signer` on `var/`; kill it in the end."""
    command = [sys.executable, "-m", "lode.cli.main", "signer", "--socket", str(socket_file)]
    environment = {**os.environ, "LODE_VAR": str(var), VARIABLE: failpoint, "PYTHONPATH": f"{ROOT}:{ROOT}/platform"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            assert running.stdout.readline().startswith("Signing for ")
            yield running
        finally:
            running.kill()


@pytest.fixture
def socket_file(own_database: str, settings: Settings, tmp_path: Path) -> Path:
    """Where the signer of this test's ledger answers; its key is made, and the ledger uses no other."""
    settings.LEDGER_SIGNER_SOCKET = str(tmp_path / "s" / "signer")
    init(tmp_path)
    return tmp_path / "s" / "signer"


def init(var: Path, *more: str) -> list[str]:
    command = [sys.executable, "-m", "lode.cli.main", "signer", "init", *more]
    environment = {**os.environ, "LODE_VAR": str(var), "PYTHONPATH": f"{ROOT}:{ROOT}/platform"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout.split()


def test_a_ledger_lives_on_a_signer_of_its_own(socket_file, tmp_path, settings):
    with process(socket_file, tmp_path):
        assert stat.S_IMODE(socket_file.stat().st_mode) == 0o600
        open_world()
        assert append(receive(7)).index == 4
        assert verify_ledger().problems == ()
    assert not (tmp_path / "secrets" / "ledger_log_key_ml_dsa").exists()
    memory = HeadMemory(tmp_path / "ledger" / "signer.json", ORIGIN)
    assert memory.read() == Head(5, latest_checkpoint().root)
    # The key and the memory are where a ledger without LODE_SIGNER_SOCKET looks for them.
    settings.LEDGER_SIGNER_SOCKET = None
    forget_desk()
    assert append(receive(8)).index == 5


def test_while_it_is_away_entries_wait_and_nothing_is_lost(socket_file, tmp_path):
    with process(socket_file, tmp_path):
        open_world()
    for number, forget in enumerate((False, True)):
        if forget:
            forget_desk()
        with pytest.raises(LedgerError) as refusal:
            append(receive(1 + number))
        assert refusal.value.code == LedgerCode.BUSY
        assert "What was handed in is kept and will be posted when it is back" in refusal.value.sentence
    force_into_inbox(receive(3))
    waiting = inbox.pending_count()
    signed = latest_checkpoint().size
    assert (signed, ledger_size() - signed + waiting) == (4, 3)
    with process(socket_file, tmp_path):
        sequence_pending()
        assert (ledger_size(), latest_checkpoint().size, inbox.pending_count()) == (7, 7, 0)
        assert append(receive(4)).index == 7
    assert verify_ledger().problems == ()


def test_killed_after_it_remembered_and_before_it_answered(socket_file, tmp_path):
    with process(socket_file, tmp_path):
        open_world()
    note = receive(7)
    with process(socket_file, tmp_path, failpoint="remembered") as dying:
        with pytest.raises(LedgerError) as refusal:
            append(note)
        assert refusal.value.code == LedgerCode.BUSY
        assert dying.wait() == -signal.SIGKILL
    assert HeadMemory(tmp_path / "ledger" / "signer.json", ORIGIN).read().size == 5
    assert latest_checkpoint().size == 4
    with process(socket_file, tmp_path):  # the socket that the killed one left is no hindrance
        sequence_pending()
        assert append(note).existed
    assert (ledger_size(), latest_checkpoint().size) == (5, 5)
    assert verify_ledger().problems == ()


def test_a_signer_started_anew_goes_on_with_the_same_caller(socket_file, tmp_path):
    with process(socket_file, tmp_path):
        open_world()
        append(receive(1))
    with process(socket_file, tmp_path):
        assert append(receive(2)).index == 5


def test_it_is_the_memory_that_refuses_an_older_database(socket_file, tmp_path):
    with process(socket_file, tmp_path):
        open_world()
        early = latest_checkpoint()
    memory = HeadMemory(tmp_path / "ledger" / "signer.json", ORIGIN)
    memory.replace(memory.read(), Head(9, bytes(32)))
    with process(socket_file, tmp_path):
        forget_desk()
        for service in (sequence_pending, lambda: open_ledger(now=NOW)):
            with pytest.raises(LedgerError) as refusal:
                service()
            assert refusal.value.code == LedgerCode.FORK
            assert "restored from an older copy" in refusal.value.sentence
        with pytest.raises(LedgerError) as refusal:
            adopt_checkpoint(note=early.note)
        assert refusal.value.code == LedgerCode.FORK


def test_a_lost_memory_is_put_right_by_the_newest_checkpoint(socket_file, tmp_path):
    with process(socket_file, tmp_path):
        open_world()
    (tmp_path / "ledger" / "signer.json").unlink()
    init(tmp_path)  # makes no memory for a key that has signed already
    assert not (tmp_path / "ledger" / "signer.json").exists()
    with process(socket_file, tmp_path):
        forget_desk()
        force_into_inbox(receive(1))
        with pytest.raises(LedgerError) as refusal:
            sequence_pending()
        assert refusal.value.code == LedgerCode.FORK
        assert adopt_checkpoint(note=latest_checkpoint().note) == 4
        assert sequence_pending().posted == 1
    assert verify_ledger().problems == ()


def test_it_signs_with_both_keys(socket_file, tmp_path):
    vkeys = init(tmp_path, "--ml-dsa")
    with process(socket_file, tmp_path):
        open_world()
        keys = SignerClient(socket_file).state().vkeys
        assert [str(key) for key in keys] == vkeys
        assert keys[1].algorithm == ML_DSA_44
        for key in keys:
            open_checkpoint(latest_checkpoint().note, key)


def test_a_second_signer_on_one_socket_is_refused(socket_file, tmp_path):
    with process(socket_file, tmp_path):
        state = SignerClient(socket_file).state()
        server = SignerServer(make(tmp_path), socket_file)
        with pytest.raises(LedgerError) as refusal:
            server.serve(pytest.fail)
        assert refusal.value.code == LedgerCode.BUSY
        assert SignerClient(socket_file).state() == state


def make(folder: Path, *, begun: bool = False) -> LogSigner:
    made = LogSigner(signer(ORIGIN), HeadMemory(folder / "memory" / "head", ORIGIN))
    if begun:
        made.begin()
    return made


class TestWhatIsSigned:
    """The signer alone, asked by whoever has got hold of its socket."""

    def ask(self, log_signer: LogSigner, log: Log, old: int, new: int) -> bytes:
        request = log.request(old, new)
        return log_signer.sign(Head(new, log.checkpoint(new).root), request.proof)

    def test_growth_and_the_same_again(self, tmp_path):
        held = make(tmp_path, begun=True)
        for old, new in ((0, 0), (0, 3), (3, 3), (3, 8), (8, 300)):
            assert self.ask(held, LOG, old, new) == LOG.note(new)

    @pytest.mark.parametrize(("old", "new"), [(8, 12), (8, 8), (8, 7), (0, 12), (7, 12), (3, 5)])
    def test_nothing_else(self, tmp_path, old, new):
        held = make(tmp_path, begun=True)
        self.ask(held, LOG, 0, 8)
        for log in (LOG, FORK):
            if log is LOG and old == 8 and new >= 8:
                continue
            proof = log.request(min(old, new), new).proof
            with pytest.raises(LedgerError) as refusal:
                held.sign(Head(new, log.checkpoint(new).root), proof)
            assert refusal.value.code == LedgerCode.FORK
        assert held.state().head == Head(8, LOG.checkpoint(8).root)

    def test_nothing_of_no_size_but_the_empty_tree(self, tmp_path):
        held = make(tmp_path, begun=True)
        for head in (Head(0, bytes(32)), Head(1, b""), Head(1, bytes(31))):
            with pytest.raises(LedgerError) as refusal:
                held.sign(head, [])
            assert refusal.value.code == LedgerCode.FORK
        with pytest.raises(LedgerError):
            held.sign(Head(1, bytes(32)), [bytes(32)])

    def test_nothing_without_a_memory(self, tmp_path):
        with pytest.raises(LedgerError) as refusal:
            make(tmp_path).sign(Head(0, EMPTY_ROOT), [])
        assert refusal.value.code == LedgerCode.FORK

    def test_receipts_of_its_own_past_alone(self, tmp_path):
        held = make(tmp_path, begun=True)
        self.ask(held, LOG, 0, 8)
        for size in range(1, 9):
            head = Head(size, LOG.checkpoint(size).root)
            signature = held.sign_root(head, LOG.request(size, 8).proof)
            assert signature == LOG.key.sign_bytes(signed_bytes(LOG.key.vkey, size, head.root))
        for size, root in ((0, EMPTY_ROOT), (0, bytes(32)), (9, LOG.checkpoint(9).root), (6, FORK.checkpoint(6).root)):
            with pytest.raises(LedgerError) as refusal:
                held.sign_root(Head(size, root), LOG.request(min(size, 8), 8).proof)
            assert refusal.value.code in {LedgerCode.FORK, LedgerCode.UNKNOWN_CHECKPOINT}

    def test_what_it_adopts_is_signed_by_it_and_grows(self, tmp_path):
        held = make(tmp_path)
        for note in (FORK.note(6).replace(b"\n6\n", b"\n7\n"), Log("other.example").note(6)):
            with pytest.raises(LedgerError):
                held.adopt(note, [])
        held.adopt(LOG.note(6), [])
        with pytest.raises(LedgerError) as refusal:
            held.adopt(FORK.note(8), FORK.request(6, 8).proof)
        assert refusal.value.code == LedgerCode.FORK
        held.adopt(LOG.note(8), LOG.request(6, 8).proof)
        assert held.state().head == Head(8, LOG.checkpoint(8).root)


class TestMemory:
    """The file in which the largest head stands."""

    def test_the_file_of_earlier_versions_is_read_and_replaced(self, tmp_path):
        path = tmp_path / "signer.json"
        path.write_text(json.dumps({"origin": ORIGIN, "size": 5, "root": "ab" * 32}) + "\n")
        memory = HeadMemory(path, ORIGIN)
        assert memory.read() == Head(5, b"\xab" * 32)
        memory.replace(Head(5, b"\xab" * 32), Head(6, bytes(32)))
        assert (memory.read(), path.stat().st_size) == (Head(6, bytes(32)), 2 * SLOT_BYTES)
        assert path.stat().st_mode & 0o777 == 0o600

    def test_a_write_cut_short_anywhere_leaves_the_head_before_or_after(self, tmp_path):
        memory = HeadMemory(tmp_path / "head", ORIGIN)
        before, after = Head(7, b"\7" * 32), Head(8, b"\x08" * 32)
        memory.begin()
        memory.replace(memory.read(), Head(6, b"\6" * 32))
        memory.replace(memory.read(), before)
        old = memory.path.read_bytes()
        memory.replace(before, after)
        new = memory.path.read_bytes()
        assert memory.read() == after
        changed = [at for at in range(len(old)) if old[at] != new[at]]
        for at in range(changed[0], changed[-1] + 2):
            memory.path.write_bytes(new[:at] + old[at:])
            assert memory.read() == (after if at > changed[-1] else before)

    @pytest.mark.parametrize("seed", range(40))
    def test_no_damage_makes_another_head(self, tmp_path, seed):
        draw = random.Random(seed)
        memory = HeadMemory(tmp_path / "head", ORIGIN)
        heads = [Head(size, draw.randbytes(32)) for size in (3, 9)]
        memory.begin()
        for head in heads:
            memory.replace(memory.read(), head)
        data = bytearray(memory.path.read_bytes())
        for _ in range(draw.randrange(1, 4)):
            slot = draw.randrange(2) * SLOT_BYTES
            data[slot + draw.randrange(220)] ^= 1 << draw.randrange(8)
        memory.path.write_bytes(bytes(data))
        with contextlib.suppress(LedgerError):
            assert memory.read() in heads

    def test_two_that_write_notice_each_other(self, tmp_path):
        one, two = HeadMemory(tmp_path / "head", ORIGIN), HeadMemory(tmp_path / "head", ORIGIN)
        one.begin()
        first = one.read()
        one.replace(first, Head(5, b"\5" * 32))
        with pytest.raises(LedgerError) as refusal:
            two.replace(first, Head(6, b"\6" * 32))
        assert refusal.value.code == LedgerCode.CONFLICT

    def test_after_a_failed_write_nothing_is_kept_until_a_restart(self, tmp_path, monkeypatch):
        memory = HeadMemory(tmp_path / "head", ORIGIN)
        memory.begin()

        def broken(_: int) -> None:
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", broken)
            with pytest.raises(OSError, match="Input/output"):
                memory.replace(memory.read(), Head(5, b"\5" * 32))
        with pytest.raises(LedgerError) as refusal:
            memory.replace(memory.read(), Head(6, b"\6" * 32))
        assert refusal.value.code == LedgerCode.FORK

    def test_a_memory_of_another_log_is_refused(self, tmp_path):
        HeadMemory(tmp_path / "head", "other.example").begin(Head(5, bytes(32)))
        with pytest.raises(LedgerError) as refusal:
            HeadMemory(tmp_path / "head", ORIGIN).read()
        assert refusal.value.code == LedgerCode.WRONG_BOOK


FRAMES = [
    b"",
    b"\0\0",
    b"\0\0\0\2",
    b"\0\0\0\2{",
    b"\xff\xff\xff\xff",
    b"\0\0\0\2[]",
    b"\0\0\0\2{}",
    b"\0\0\0\4null",
    b'\0\0\0\7{"ask"}',
]
QUESTIONS = [
    {"ask": "sign"},
    {"ask": "sign", "size": True, "root": "00" * 32, "proof": []},
    {"ask": "sign", "size": -1, "root": "00" * 32, "proof": []},
    {"ask": "sign", "size": 2**63, "root": "00" * 32, "proof": []},
    {"ask": "sign", "size": 1, "root": "zz", "proof": []},
    {"ask": "sign", "size": 1, "root": "00", "proof": []},
    {"ask": "sign", "size": 1, "root": None, "proof": []},
    {"ask": "sign", "size": 1, "root": "00" * 32, "proof": "00"},
    {"ask": "sign", "size": 1, "root": "00" * 32, "proof": ["00"] * 65},
    {"ask": "sign", "size": 1, "root": "00" * 32, "proof": [["00"]]},
    {"ask": "sign-root", "size": 0, "root": "00" * 32, "proof": []},
    {"ask": "adopt", "note": "?", "proof": []},
    {"ask": "adopt", "note": "", "proof": []},
    {"ask": "seed"},
    {"ask": ["state"]},
]


@pytest.mark.parametrize("question", QUESTIONS, ids=range(len(QUESTIONS)))
def test_a_question_that_is_none_is_answered_by_a_code(tmp_path, question):
    server = SignerServer(make(tmp_path, begun=True), tmp_path / "socket")
    answer = server.answer(question)
    assert set(answer) == {"code", "sentence"}
    assert make(tmp_path).state().head == Head(0, EMPTY_ROOT)


def test_noise_on_the_socket_does_not_hinder_others(socket_file, tmp_path):
    draw = random.Random(7)
    with process(socket_file, tmp_path):
        held = []
        for frame in [*FRAMES, *(draw.randbytes(draw.randrange(80)) for _ in range(60))]:
            stranger = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            stranger.connect(str(socket_file))
            with contextlib.suppress(BrokenPipeError):
                stranger.sendall(frame)
            stranger.close()
        for _ in range(20):  # and these say nothing at all
            stranger = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            stranger.connect(str(socket_file))
            held.append(stranger)
        assert SignerClient(socket_file).state().head == Head(0, EMPTY_ROOT)
        for stranger in held:
            stranger.close()


def test_a_group_may_be_let_in(tmp_path):
    name = grp.getgrgid(os.getgid()).gr_name
    server = SignerServer(make(tmp_path, begun=True), tmp_path / "socket", name)
    ready = threading.Event()
    threading.Thread(target=server.serve, args=[ready.set], daemon=True).start()
    assert ready.wait(10)
    assert SignerClient(tmp_path / "socket").state().head == Head(0, EMPTY_ROOT)
    assert stat.S_IMODE((tmp_path / "socket").stat().st_mode) == 0o660
