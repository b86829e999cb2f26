"""Signed notes and Ed25519: RFC 8032, Wycheproof and C2SP figures, and every way in which a note is refused."""

from __future__ import annotations

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import (
    COSIGNATURE_V1,
    Note,
    SignatureLine,
    SignerKey,
    VerifierKey,
    ed25519_verify,
    encode_base64,
    sign,
)
from tests.ledger.builder import signer
from tests.shared_vectors import shared

TEXT = b"lode/entry/v1\n{}\n"
P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P


def refused(action, code):
    with pytest.raises(LedgerError) as error:
        action()
    assert error.value.code is code, error.value.sentence
    return error.value.sentence


# RFC 8032 section 7.1: secret key, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_rfc_8032(secret, public, message, signature):
    key = SignerKey("rfc8032", bytes.fromhex(secret))
    assert key.vkey.public_key.hex() == public
    assert ed25519_verify(bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message))
    assert not ed25519_verify(bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message) + b"\x00")


def test_wycheproof_ed25519():
    vectors = json.loads(shared("vectors/wycheproof/ed25519_test.json").read_text())
    seen = {"valid": 0, "invalid": 0}
    for group in vectors["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            found = ed25519_verify(public, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            assert found == (case["result"] == "valid"), (case["tcId"], case["comment"])
            seen[case["result"]] += 1
    assert sum(seen.values()) == vectors["numberOfTests"]
    assert min(seen.values()) > 50


def test_a_signature_whose_r_is_of_small_order_is_refused():
    """Only the holder of a key can make one, on purpose; other verifiers differ about it (see ADR 0015)."""
    seed, order = b"\x07" * 32, 2**252 + 27742317777372353535851937790883648493
    public = SignerKey("k", seed).vkey.public_key
    scalar = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little") & ((1 << 254) - 8) | 1 << 254
    neutral = (1).to_bytes(32, "little")
    challenge = int.from_bytes(hashlib.sha512(neutral + public + TEXT).digest(), "little")
    signature = neutral + (challenge * scalar % order).to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(public).verify(signature, TEXT)  # the equation holds
    assert not ed25519_verify(public, signature, TEXT)


def test_a_key_or_signature_of_another_length_verifies_nothing():
    key, line = signer("k"), signer("k").sign(TEXT)
    assert ed25519_verify(key.vkey.public_key, line.signature, TEXT)
    for cut in (0, 1, 31, 63):
        assert not ed25519_verify(key.vkey.public_key[:cut] if cut < 32 else b"", line.signature, TEXT)
        assert not ed25519_verify(key.vkey.public_key, line.signature[:cut], TEXT)
    assert not ed25519_verify(key.vkey.public_key + b"\x00", line.signature, TEXT)
    assert not ed25519_verify(key.vkey.public_key, line.signature + b"\x00", TEXT)


def test_c2sp_example_note():
    folder = shared("vectors/c2sp-spec-examples")
    vkey = (folder / "signed-note.vkey").read_text().strip()
    data = (folder / "signed-note.txt").read_bytes()
    key = VerifierKey.parse(vkey)
    note = Note.parse(data)
    assert note.text == b"This is an example message.\n"
    assert note.verify([key]) == (key,)
    assert note.to_bytes() == data
    assert str(key) == vkey
    changed = Note(b"This is an example Message.\n", note.signatures)
    refused(lambda: changed.verify([key]), LedgerCode.BAD_SIGNATURE)


def test_cosignature_of_a_real_witness():
    folder = shared("vectors/sunlight-mirror/cmd/skylight/testdata/witness")
    for vkey_file, checkpoint in (
        ("witness.v0.json", "*/checkpoint"),
        ("mirror/mirror.v0.json", "mirror/*/checkpoint"),
    ):
        key = VerifierKey.parse(json.loads((folder / vkey_file).read_text())["verifier_keys"][0])
        assert key.algorithm == COSIGNATURE_V1
        (path,) = [found for found in folder.glob(checkpoint) if len(found.parent.name) == 64]
        note = Note.parse(path.read_bytes())
        assert note.verify([key]) == (key,)
        line = next(line for line in note.signatures if line.name == key.name)
        later = SignatureLine(line.name, line.key_id, b"\x00" * 7 + b"\x01" + line.signature[8:])
        refused(
            lambda note=note, key=key, later=later: Note(note.text, (later,)).verify([key]), LedgerCode.BAD_SIGNATURE
        )


def test_a_note_is_signed_and_read_again():
    one, two = signer("one.example/entry/1"), signer("two.example/entry/1")
    note = sign(TEXT, [one, two])
    data = note.to_bytes()
    assert data.startswith(TEXT + "\n— one.example/entry/1 ".encode())
    assert Note.parse(data) == note
    assert note.verify([two.vkey, one.vkey]) == (one.vkey, two.vkey)
    assert note.verify([two.vkey]) == (two.vkey,)
    assert "seed" not in repr(one)


def test_the_last_empty_line_separates():
    text = b"a\n\nb\n\n\n"
    key = signer("k")
    note = Note.parse(sign(text, [key]).to_bytes())
    assert note.text == text
    note.verify([key.vkey])


def test_unknown_keys_and_types_are_ignored_and_known_ones_never():
    one, other = signer("one"), signer("other")
    ml_dsa = SignatureLine("one", b"\x06\x06\x06\x06", b"\x00" * 2420)
    same_name = SignatureLine("one", other.vkey.key_id, b"\x00" * 64)
    note = Note(TEXT, (ml_dsa, same_name, one.sign(TEXT)))
    assert note.verify([one.vkey]) == (one.vkey,)
    refused(lambda: note.verify([other.vkey]), LedgerCode.UNKNOWN_KEY)
    broken = Note(TEXT, (*note.signatures, SignatureLine("other", other.vkey.key_id, b"\x00" * 64)))
    assert broken.verify([one.vkey]) == (one.vkey,)
    refused(lambda: broken.verify([one.vkey, other.vkey]), LedgerCode.BAD_SIGNATURE)
    twice = Note(TEXT, (one.sign(TEXT), one.sign(TEXT)))
    refused(lambda: twice.verify([one.vkey]), LedgerCode.DUPLICATE)


SPACED = "— k\u00a0l "
GOOD = str(signer("k").sign(TEXT))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", LedgerCode.MALFORMED),
        (TEXT, LedgerCode.UNSIGNED),
        (TEXT + b"\n", LedgerCode.UNSIGNED),
        (TEXT + f"\n{GOOD}".encode(), LedgerCode.MALFORMED),
        (TEXT + f"\n{GOOD}\nmore\n".encode(), LedgerCode.MALFORMED),
        (TEXT + f"\n{GOOD.replace('— ', '- ')}\n".encode(), LedgerCode.MALFORMED),
        (TEXT + f"\n{GOOD.replace('— k ', '— ')}\n".encode(), LedgerCode.MALFORMED),
        (TEXT + f"\n{GOOD.replace('— k ', '— k+1 ')}\n".encode(), LedgerCode.BAD_KEY),
        (TEXT + f"\n{GOOD.replace('— k ', SPACED)}\n".encode(), LedgerCode.BAD_KEY),
        (TEXT + f"\n{GOOD} \n".encode(), LedgerCode.MALFORMED),
        (TEXT + f"\n{GOOD.replace('=', '')}\n".encode(), LedgerCode.MALFORMED),
        (TEXT + f"\n— k {encode_base64(b'1234')}\n".encode(), LedgerCode.MALFORMED),
        (b"\x00" + TEXT + f"\n{GOOD}\n".encode(), LedgerCode.MALFORMED),
        (TEXT.replace(b"\n", b"\r\n") + f"\n{GOOD}\n".encode(), LedgerCode.MALFORMED),
        (b"\xff" + TEXT + f"\n{GOOD}\n".encode(), LedgerCode.MALFORMED),
        (b"a" * 64_000 + TEXT + f"\n{GOOD}\n".encode(), LedgerCode.TOO_LARGE),
        (TEXT + b"\n" + f"{GOOD}\n".encode() * 101, LedgerCode.MALFORMED),
    ],
)
def test_malformed_notes_are_refused(data, code):
    refused(lambda: Note.parse(data), code)


def test_sixteen_signatures_are_taken():
    keys = [signer(f"k{number}") for number in range(16)]
    note = Note.parse(sign(TEXT, keys).to_bytes())
    assert len(note.verify([key.vkey for key in keys])) == 16


def test_base64_has_one_spelling():
    # The last character before the padding carries two unused bits: Q and R decode alike.
    blob = encode_base64(b"1234" + b"\x00" * 64)
    assert blob.endswith("A=")
    refused(lambda: SignatureLine.parse(f"— k {blob[:-2]}B="), LedgerCode.MALFORMED)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "k",
        "k+00000000",
        str(signer("k").vkey).replace("k+", "l+"),
        str(signer("k").vkey)[:-4],
        str(signer("k").vkey).replace("k+", "k l+"),
        str(signer("k").vkey) + "\n",
        "k+zzzzzzzz+AQ==",
        "k+ab cd ef+AQ==",
        "k+00000000+",
    ],
)
def test_broken_verifier_keys_are_refused(vkey):
    refused(lambda: VerifierKey.parse(vkey), LedgerCode.BAD_KEY)


def test_a_key_of_another_type_is_kept_and_not_believed():
    key = VerifierKey("post", b"\x00" * 4, 0x05, b"\x01" * 91)
    assert VerifierKey.parse(str(key)) == key
    assert not key.supported
    assert not key.verifies(TEXT, b"\x00" * 72)


def points_of_small_order() -> set[int]:
    """Compute from the curve -x² + y² = 1 + dx²y² the y of every point whose order divides 8."""
    # Doubling gives y = 0 exactly where y² = -x²; on the curve d·u² + 2u - 1 = 0 for u = y².
    root = pow(D + 1, (P + 3) // 8, P)
    if root * root % P != (D + 1) % P:
        root = root * pow(2, (P - 1) // 4, P) % P
    assert root * root % P == (D + 1) % P
    found = {0, 1, P - 1}
    for sign_ in (1, -1):
        u = (sign_ * root - 1) * pow(D, P - 2, P) % P
        y = pow(u, (P + 3) // 8, P)
        for candidate in (y, y * pow(2, (P - 1) // 4, P) % P):
            if candidate * candidate % P == u:
                found |= {candidate, P - candidate}
    return found


def test_keys_of_small_order_are_refused():
    points = points_of_small_order()
    assert len(points) == 5
    refused(lambda: VerifierKey.create("short", b"\x01" * 31), LedgerCode.BAD_KEY)
    for y in points | {P, P + 1, 2**255 - 1}:
        for sign_bit in (0, 1):
            public = (y | sign_bit << 255).to_bytes(32, "little")
            refused(lambda public=public: VerifierKey.create("weak", public), LedgerCode.BAD_KEY)


def test_signing_refuses_a_text_that_is_not_one():
    key = signer("k")
    for text in (b"", b"no newline", b"tab\there\n", b"\xff\n"):
        refused(lambda text=text: key.sign(text), LedgerCode.MALFORMED)
    refused(lambda: SignerKey("k", b"short").vkey, LedgerCode.BAD_KEY)
