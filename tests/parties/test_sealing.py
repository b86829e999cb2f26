"""Hosted keys are sealed: another key-encryption key, another name or one changed byte opens nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.sealing import is_current, seal, unseal

SEED, NAME, NONCE = bytes(range(32)), "acme.example/entry/2024", bytes(12)


def code_of(**changed) -> PartiesCode:
    with pytest.raises(PartiesError) as refused:
        unseal(**{"sealed": seal(seed=SEED, name=NAME, nonce=NONCE), "name": NAME, **changed})
    assert "LODE_KEY_ENCRYPTION_KEY" in refused.value.sentence
    return refused.value.code


def test_a_sealed_seed_opens_under_its_name():
    sealed = seal(seed=SEED, name=NAME, nonce=NONCE)
    assert SEED not in sealed
    assert unseal(sealed=sealed, name=NAME) == SEED


def test_another_name_opens_nothing():
    assert code_of(name="acme.example/entry/2025") is PartiesCode.UNSEALING_FAILED


def test_another_key_encryption_key_opens_nothing(settings):
    sealed = seal(seed=SEED, name=NAME, nonce=NONCE)
    settings.LODE_KEY_ENCRYPTION_KEY = "another"
    assert code_of(sealed=sealed) is PartiesCode.UNSEALING_FAILED


@given(st.integers(0, 1 + 4 + 12 + 32 + 16 - 1), st.integers(1, 255))
def test_one_changed_byte_opens_nothing(position, change):
    sealed = bytearray(seal(seed=SEED, name=NAME, nonce=NONCE))
    sealed[position] ^= change
    assert code_of(sealed=bytes(sealed)) is PartiesCode.UNSEALING_FAILED


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x02", b"\x01" + bytes(12), b"\x02" + bytes(16)])
def test_what_is_too_short_opens_nothing(sealed):
    assert code_of(sealed=sealed) is PartiesCode.UNSEALING_FAILED


def sealed_before_there_were_ids(settings) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lode/hosted-key/v1")
    key = derivation.derive(settings.LODE_KEY_ENCRYPTION_KEY.encode())
    return b"\x01" + NONCE + AESGCM(key).encrypt(NONCE, SEED, b"\x01" + NAME.encode())


def test_what_was_sealed_before_there_were_ids_still_opens(settings):
    settings.LODE_KEY_ENCRYPTION_KEY = "the first"
    old = sealed_before_there_were_ids(settings)
    settings.LODE_KEY_ENCRYPTION_KEY = "the second"
    settings.LODE_KEY_ENCRYPTION_KEYS_OLD = ["the first"]
    assert unseal(sealed=old, name=NAME) == SEED
    assert not is_current(old)


def test_a_new_key_encryption_key_seals_and_the_old_one_still_opens(settings):
    settings.LODE_KEY_ENCRYPTION_KEY = "the first"
    old = seal(seed=SEED, name=NAME, nonce=NONCE)
    settings.LODE_KEY_ENCRYPTION_KEY, settings.LODE_KEY_ENCRYPTION_KEYS_OLD = "the second", ["a third", "the first"]
    new = seal(seed=SEED, name=NAME, nonce=NONCE)
    assert (unseal(sealed=old, name=NAME), unseal(sealed=new, name=NAME)) == (SEED, SEED)
    assert (is_current(old), is_current(new)) == (False, True)
    settings.LODE_KEY_ENCRYPTION_KEYS_OLD = []
    assert code_of(sealed=old) is PartiesCode.UNSEALING_FAILED
    assert unseal(sealed=new, name=NAME) == SEED
