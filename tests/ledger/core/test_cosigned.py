"""Cosignatures on checkpoints: Ed25519 (0x04) and ML-DSA-44 (0x06), and what they are over."""

from __future__ import annotations

import pytest

from ledger.core import cosigned
from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import COSIGNATURE_V1, ML_DSA_44, CosignerKey, Note, SignatureLine, VerifierKey
from tests.ledger.builder import BOOK, seed, signer

CHECKPOINT = Checkpoint(BOOK, 7, bytes(range(32)))
TEXT = CHECKPOINT.text()
NOON = 1_704_110_400


def cosigner(algorithm: int, name: str = "witness.example/w1") -> CosignerKey:
    return CosignerKey(name, seed(name), algorithm)


def test_what_an_ml_dsa_cosigner_signs():
    message = cosigned.ml_dsa_message(TEXT, "witness.example/w1", NOON)
    assert message == (
        b"subtree/v1\n\0\x12witness.example/w1"
        + (1_704_110_400).to_bytes(8, "big")
        + b"\x13ledger.example/book"
        + (0).to_bytes(8, "big")
        + (7).to_bytes(8, "big")
        + bytes(range(32))
    )
    # Extension lines are not signed; the text of Ed25519 cosigners holds them.
    assert cosigned.ml_dsa_message(TEXT + b"more\n", "witness.example/w1", NOON) == message
    assert cosigned.ed25519_message(TEXT, NOON) == b"cosignature/v1\ntime 1704110400\n" + TEXT


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a.example\n",
        b"a.example\n7\n",
        b"a.example\n07\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        b"a.example\n-7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        b"a.example\n9223372036854775808\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        b"a.example\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n",
        b"a.example\n7\nAAEC\n",
        b"\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        b"a" * 256 + b"\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
    ],
)
def test_ml_dsa_is_over_checkpoints_alone(text):
    assert cosigned.ml_dsa_message(text, "w", 0) is None
    with pytest.raises(LedgerError) as refusal:
        cosigner(ML_DSA_44).cosign(text, 0)
    assert refusal.value.code == LedgerCode.BAD_CHECKPOINT


@pytest.mark.parametrize("algorithm", [COSIGNATURE_V1, ML_DSA_44])
def test_a_cosignature_holds_for_its_name_time_and_text(algorithm):
    key = cosigner(algorithm)
    line = key.cosign(TEXT, NOON)
    assert line.signature[:8] == NOON.to_bytes(8, "big")
    assert key.vkey.verifies(TEXT, line.signature)
    assert VerifierKey.parse(str(key.vkey)) == key.vkey
    later = NOON + 1
    assert not key.vkey.verifies(TEXT, later.to_bytes(8, "big") + line.signature[8:])
    assert not key.vkey.verifies(Checkpoint(BOOK, 8, bytes(range(32))).text(), line.signature)
    assert not key.vkey.verifies(TEXT, line.signature[:-1])
    assert not key.vkey.verifies(TEXT, line.signature + b"\0")
    assert not key.vkey.verifies(TEXT, b"")
    assert "seed" not in repr(key)


def test_an_ml_dsa_key_says_who_cosigns():
    """An Ed25519 cosignature can be passed off under another name of the same key; an ML-DSA one cannot."""
    key = cosigner(ML_DSA_44)
    other = VerifierKey.create("other.example", key.vkey.public_key, ML_DSA_44)
    assert not other.verifies(TEXT, key.cosign(TEXT, NOON).signature)


@pytest.mark.parametrize("length", [0, 32, 1311, 1313])
def test_an_ml_dsa_key_of_another_length_is_refused(length):
    with pytest.raises(LedgerError) as refusal:
        VerifierKey.create("a.example", bytes(length), ML_DSA_44)
    assert refusal.value.code == LedgerCode.BAD_KEY


def test_a_log_signs_with_both_keys_and_each_is_believed_alone():
    log, strong = signer(BOOK), cosigner(ML_DSA_44, BOOK)
    note = Note(TEXT, (log.sign(TEXT), strong.cosign(TEXT, 0)))
    for keys in ([log.vkey], [strong.vkey], [log.vkey, strong.vkey]):
        assert open_checkpoint(note.to_bytes(), *keys)[0] == CHECKPOINT
    # Who trusts the ML-DSA key alone is not satisfied by the other one.
    with pytest.raises(LedgerError) as refusal:
        open_checkpoint(Note(TEXT, (log.sign(TEXT),)).to_bytes(), strong.vkey)
    assert refusal.value.code == LedgerCode.UNKNOWN_KEY
    # A line of a key that is trusted and does not hold spoils the note, whatever stands beside it.
    line = strong.cosign(TEXT, 0)
    forged = SignatureLine(line.name, line.key_id, line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    with pytest.raises(LedgerError) as refusal:
        open_checkpoint(Note(TEXT, (log.sign(TEXT), forged)).to_bytes(), log.vkey, strong.vkey)
    assert refusal.value.code == LedgerCode.BAD_SIGNATURE
    assert open_checkpoint(Note(TEXT, (log.sign(TEXT), forged)).to_bytes(), log.vkey)[0] == CHECKPOINT
