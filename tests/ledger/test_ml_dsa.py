"""An ML-DSA-44 line beside the log's own: who does not know it passes over it, who trusts it asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction
from pytest_django import Settings

from ledger import verify_cli
from ledger.core.checkpoint import open_checkpoint
from ledger.core.note import ED25519, ML_DSA_44, Note, VerifierKey
from ledger.core.policy import parse
from ledger.core.proof import Proof
from ledger.core.receipt import Receipt
from ledger.selectors.checkpoints import latest_checkpoint, proof_of
from ledger.selectors.keys import keys
from ledger.selectors.trust import trust_root
from ledger.services.export_ledger import export_ledger
from ledger.services.issue_receipt import issue_receipt
from ledger.services.register_operator_keys import make_ml_dsa_log_key, register_operator_keys
from ledger.services.sequence_pending import forget_desk
from ledger.services.verify_ledger import verify_ledger
from tests.ledger.core import go_verifier
from tests.ledger.world import NOW, PARTIES, append, key_of, open_world, receive


@pytest.fixture
def strengthened(own_database: str, settings: Settings) -> VerifierKey:
    """A ledger of ten entries, whose log signs with both keys from entry 5 on; gives the ML-DSA key."""
    open_world()
    append(receive(1))
    make_ml_dsa_log_key()
    forget_desk()
    with transaction.atomic():
        assert register_operator_keys(now=NOW) == ("log",)
    for number in range(4):
        append(receive(2 + number))
    (key,) = [key for key in parse(trust_root().policy).logs if key.algorithm == ML_DSA_44]
    return key


def test_every_checkpoint_carries_both_lines_from_then_on(strengthened, settings):
    key = VerifierKey.parse(trust_root().log_vkey)
    note = Note.parse(latest_checkpoint().note)
    assert [(line.name, line.key_id) for line in note.signatures] == [
        (settings.LEDGER_ORIGIN, key.key_id),
        (settings.LEDGER_ORIGIN, strengthened.key_id),
    ]
    for trusted in ([key], [strengthened], [key, strengthened]):
        assert open_checkpoint(latest_checkpoint().note, *trusted)[0].size == 10
    assert (settings.LEDGER_DIR / "public" / "checkpoint").read_bytes() == latest_checkpoint().note
    assert verify_ledger().problems == ()


def test_the_key_is_said_by_a_public_entry_and_only_once(strengthened):
    (found,) = keys(party="log")
    assert (found.vkey, found.purpose, found.valid_from_index) == (str(strengthened), "log", 6)
    with transaction.atomic():
        assert register_operator_keys(now=NOW) == ()


def test_the_policy_names_both_and_the_verifier_checks_what_it_names(strengthened, tmp_path, capsys):
    export_ledger(directory=tmp_path / "all", party=None, now=NOW)
    rule = parse((tmp_path / "all" / "policy").read_bytes())
    assert [key.algorithm for key in rule.logs] == [ED25519, ML_DSA_44]
    assert verify_cli.main([str(tmp_path / "all")]) == 0
    # Whoever believes in ML-DSA alone is given what he wants.
    (tmp_path / "strict").write_text(f"log {strengthened}\nquorum none\n")
    assert verify_cli.main([str(tmp_path / "all"), "--policy", str(tmp_path / "strict")]) == 0
    capsys.readouterr()
    # A line that does not hold is found by those who name its key, and passed over by those who do not.
    checkpoint = tmp_path / "all" / "checkpoint"
    lines = checkpoint.read_bytes().split(b"\n")
    lines[-2] = lines[-2][:-20] + (b"A" if lines[-2][-20:-19] != b"A" else b"B") + lines[-2][-19:]
    checkpoint.write_bytes(b"\n".join(lines))
    assert verify_cli.main([str(tmp_path / "all")]) == 1
    assert "does not fit the text" in capsys.readouterr().out
    assert verify_cli.main([str(tmp_path / "all"), "--log-vkey", trust_root().log_vkey]) == 0


def test_go_passes_over_the_line(strengthened, tmp_path):
    program = go_verifier.build(tmp_path)
    export_ledger(directory=tmp_path / "all", party=None, now=NOW)
    (tmp_path / "all" / "policy").write_text(f"log {trust_root().log_vkey}\nquorum none\n")
    vkeys = [trust_root().registry_vkey, *(str(key_of(party).vkey) for party in PARTIES)]
    result = go_verifier.run(program, tmp_path / "all", vkeys, latest_checkpoint().note, tmp_path)
    assert result.stdout == "OK size=10 leaves=10 signatures=10\n", result.stdout + result.stderr


def test_tlog_scales_passes_over_the_line(strengthened, tmp_path):
    reader = pytest.importorskip("tlog_scales.reader", reason="tlog-scales is not installed in this environment.")
    from tlog_scales.backend import LocalBackend
    from tlog_scales.signing import Vkey

    export_ledger(directory=tmp_path / "all", party=None, now=NOW)
    tiles = reader.TilesReader(LocalBackend(tmp_path / "all"))
    checkpoint = tiles.get_checkpoint()
    checkpoint.verify(Vkey.from_string(trust_root().log_vkey))
    assert tiles.calculate_root_hash() == checkpoint.root_hash


def test_proofs_and_receipts_go_with_it(strengthened, tmp_path):
    proof = proof_of(index=3, party=None)
    Proof.parse(proof.text).verify(proof.leaf, strengthened)
    key = VerifierKey.parse(trust_root().log_vkey)
    export_ledger(directory=tmp_path / "all", party=None, now=NOW, receipts=True)
    for index in range(10):
        data = (tmp_path / "all" / "entries" / f"{index}.cose").read_bytes()
        leaf = (tmp_path / "all" / "entries" / f"{index}.leaf").read_bytes()
        assert Receipt.parse(data).verify(leaf, key) == latest_checkpoint().root
        assert issue_receipt(index=index, party=None, size=10) == data
    assert verify_cli.main([str(tmp_path / "all")]) == 0
    export_ledger(directory=tmp_path / "bare", party=None, now=NOW)
    assert list((tmp_path / "bare").rglob("*.cose")) == []


def test_a_receipt_of_an_earlier_size_holds_for_ever(strengthened):
    key = VerifierKey.parse(trust_root().log_vkey)
    early = issue_receipt(index=2, party=None, size=5)
    append(receive(9))
    assert issue_receipt(index=2, party=None, size=5) == early
    receipt = Receipt.parse(early)
    assert (receipt.size, receipt.index) == (5, 2)
    receipt.verify(proof_of(index=2, party=None).leaf, key)


def test_without_the_key_the_bytes_are_as_ever(own_database, settings):
    open_world()
    assert [line.name for line in Note.parse(latest_checkpoint().note).signatures] == [settings.LEDGER_ORIGIN]
    assert not Path(settings.VAR_DIR / "secrets" / "ledger_log_key_ml_dsa").exists()
    with transaction.atomic():
        assert register_operator_keys(now=NOW) == ()
