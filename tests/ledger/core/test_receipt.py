"""COSE receipts, read and checked by a decoder that is not ours."""

from __future__ import annotations

import hashlib

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import inclusion_proof, range_hash
from ledger.core.note import ED25519, VerifierKey
from ledger.core.receipt import Receipt, make_receipt, signed_bytes
from tests.ledger.builder import BOOK, Book, loop_book, signer
from tests.ledger.core import small_cbor

BOOK_OF_ALL = loop_book()


def root_of(book: Book) -> bytes:
    return range_hash(0, book.size, book.get_hash)


def receipt_of(book: Book, index: int) -> bytes:
    key = book.log
    signature = key.sign_bytes(signed_bytes(key.vkey, book.size, root_of(book)))
    path = inclusion_proof(index, book.size, book.get_hash)
    return make_receipt(key.vkey, book.size, index, path, signature).to_bytes()


def check(receipt: bytes, leaf: bytes, public_key: bytes) -> dict[int, object]:
    """Check a receipt as RFC 9942 says, by hand; return the protected header."""
    tagged = small_cbor.read(receipt)
    assert tagged.tag == 18
    protected, unprotected, payload, signature = tagged.value
    assert payload is None
    header = small_cbor.read(protected)
    assert header[1] == -8
    assert header[395] == 1
    (proof,) = unprotected[396][-1]
    size, index, path = small_cbor.read(proof)
    assert header[15][2] == str(size)
    fn, sn, r = index, size - 1, hashlib.sha256(b"\0" + leaf).digest()
    for sibling in path:  # RFC 9162 section 2.1.3.2
        assert sn
        if fn % 2 or fn == sn:
            r = hashlib.sha256(b"\1" + sibling + r).digest()
            while fn and fn % 2 == 0:
                fn, sn = fn // 2, sn // 2
        else:
            r = hashlib.sha256(b"\1" + r + sibling).digest()
        fn, sn = fn // 2, sn // 2
    assert sn == 0
    Ed25519PublicKey.from_public_bytes(public_key).verify(signature, small_cbor.sig_structure(protected, r))
    return header


@pytest.mark.parametrize("index", [0, 7, 12, 29])
def test_another_decoder_accepts_it(index):
    book = BOOK_OF_ALL
    header = check(receipt_of(book, index), book.leaves[index], book.log_vkey.public_key)
    assert header == {1: -8, 4: f"{BOOK}+{book.log_vkey.key_id.hex()}".encode(), 15: {1: BOOK, 2: "30"}, 395: 1}
    with pytest.raises(InvalidSignature):
        check(receipt_of(book, index), book.leaves[index - 1], book.log_vkey.public_key)


def test_ours_accepts_it_and_says_the_root():
    book = BOOK_OF_ALL
    receipt = Receipt.parse(receipt_of(book, 12))
    assert receipt.verify(book.leaves[12], book.log_vkey) == root_of(book)
    with pytest.raises(LedgerError) as refusal:
        receipt.verify(book.leaves[11], book.log_vkey)
    assert refusal.value.code == LedgerCode.BAD_PROOF
    for other in (signer("another").vkey, VerifierKey.create(BOOK, signer("another").vkey.public_key, ED25519)):
        with pytest.raises(LedgerError) as refusal:
            receipt.verify(book.leaves[12], other)
        assert refusal.value.code == LedgerCode.UNKNOWN_KEY


def test_a_tree_of_one_leaf_has_a_receipt():
    book = Book()
    book.register("lessor")
    check(receipt_of(book, 0), book.leaves[0], book.log_vkey.public_key)
    assert Receipt.parse(receipt_of(book, 0)).verify(book.leaves[0], book.log_vkey) == root_of(book)


@settings(max_examples=500, deadline=None)
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.booleans())
def test_no_changed_receipt_is_accepted(at, bit, cut):
    data = DATA
    at %= len(data)
    changed = data[:at] if cut else data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
    with pytest.raises(LedgerError) as refusal:
        Receipt.parse(changed).verify(BOOK_OF_ALL.leaves[12], BOOK_OF_ALL.log_vkey)
    assert refusal.value.code in {LedgerCode.BAD_PROOF, LedgerCode.UNKNOWN_KEY}


DATA = receipt_of(BOOK_OF_ALL, 12)


ANYTHING = st.recursive(
    st.none() | st.integers(-(2**70), 2**70) | st.binary(max_size=40) | st.text(max_size=9) | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([1, 4, 15, 395, 396, -1]), inner),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(value=ANYTHING, tag=st.sampled_from([18, 17]), bare=st.booleans())
def test_no_other_cbor_is_a_receipt(value, tag, bare):
    with pytest.raises(LedgerError) as refusal:
        Receipt.parse(cbor2.dumps(value if bare else cbor2.CBORTag(tag, [b"\xa0", value, None, value])))
    assert refusal.value.code == LedgerCode.BAD_PROOF


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_no_receipt(noise):
    with pytest.raises(LedgerError) as refusal:
        Receipt.parse(noise)
    assert refusal.value.code == LedgerCode.BAD_PROOF


def test_what_a_receipt_signs_is_no_note_and_no_note_is_a_receipt():
    """The same key signs both: no text that a note may hold begins as the structure of a receipt does."""
    message = signed_bytes(BOOK_OF_ALL.log_vkey, 30, root_of(BOOK_OF_ALL))
    assert message[0] == 0x84
    assert small_cbor.read(message)[0] == "Signature1"
    with pytest.raises(UnicodeDecodeError):
        message.decode()
    with pytest.raises(LedgerError) as refusal:
        BOOK_OF_ALL.log.sign(message)
    assert refusal.value.code == LedgerCode.MALFORMED
