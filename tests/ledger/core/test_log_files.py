"""Seals, leaves, proofs, checkpoints, policies and declared balances: their exact bytes and what is refused."""

from __future__ import annotations

import pytest

from ledger.core import balances, leaf, policy, proof, seal
from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.entry import Entry
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import COSIGNATURE_V1, Note, SignatureLine, VerifierKey, encode_base64
from ledger.core.proof import Proof, decode_extra
from ledger.core.seal import Head, Seal, SealLine
from tests.ledger.builder import BOOK, DIGEST, Book, account, loop_book, moved, signer
from tests.shared_vectors import shared

TIME = "2024-02-29T23:59:59Z"
STOCK, SOURCE = account("acme", "acme"), account("acme", "acme", "source")
SEAL = Seal(7, TIME, (SealLine(SOURCE, 0, None, -5), SealLine(STOCK, 3, DIGEST, 12)))


def code_of(action) -> LedgerCode:
    with pytest.raises(LedgerError) as refused:
        action()
    return refused.value.code


def test_the_bytes_of_a_seal():
    data = seal.encode(SEAL)
    assert (
        data
        == (
            b'lode/seal/v1\n{"accounts":['
            b'{"balance_mg":"-5","element":"Ni","holder":"acme","lot":"lot-1","owner":"acme","prev":null,"seq":0,'
            b'"state":"source"},'
            b'{"balance_mg":"12","element":"Ni","holder":"acme","lot":"lot-1","owner":"acme","prev":"%s","seq":3,'
            b'"state":"stock"}],"index":7,"time":"2024-02-29T23:59:59Z"}\n'
        )
        % DIGEST.encode()
    )
    assert seal.decode(data) == SEAL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"seal/v1", b"seal/v2"),
        (b'"seq":0', b'"seq":1'),
        (b'"seq":3', b'"seq":0'),
        (b'"seq":3', b'"seq":-1'),
        (b'"seq":3', b'"seq":true'),
        (b'"index":7', b'"index":"7"'),
        (b'"index":7', b'"index":-7'),
        (b"02-29T", b"02-30T"),
        (b"59:59Z", b"59:60Z"),
        (b"59:59Z", b"59:59+"),
        (b'"-5"', b'"-0"'),
        (b'"12"', b'"012"'),
        (b'"12"', b"12"),
        (b'"lot-1","owner"', b'"lot-2","owner"'),
        (b',"time"', b',"more":1,"time"'),
        (b'"state":"source"', b'"state":"source","time":1'),
    ],
)
def test_broken_seals_are_refused(old, new):
    data = seal.encode(SEAL)
    assert old in data
    changed = data.replace(old, new, 1)
    if new == b'"lot-2","owner"':
        changed = changed.replace(b'"state":"source"', b'"state":"stock"').replace(b'"lot-1"', b'"lot-0"')
    assert code_of(lambda: seal.decode(changed)) is LedgerCode.BAD_SEAL


def test_sealing_links_each_account_to_its_last_entry():
    entry = Entry("receive", BOOK, "n", "2024-01-02", moved(SOURCE, STOCK, 5), documents={"d": DIGEST})
    first = seal.make_seal(entry, index=0, time=TIME, heads={})
    assert first.accounts == (SealLine(SOURCE, 0, None, -5), SealLine(STOCK, 0, None, 5))
    heads = seal.heads_after(b"\xab" * 32, first)
    assert heads[STOCK] == Head(0, "ab" * 32, 5)
    second = seal.make_seal(entry, index=1, time=TIME, heads=heads)
    assert second.accounts == (SealLine(SOURCE, 1, "ab" * 32, -10), SealLine(STOCK, 1, "ab" * 32, 10))
    out = Entry("title", BOOK, "n", "2024-01-02", moved(STOCK, account("b", "acme"), 6))
    assert code_of(lambda: seal.make_seal(out, index=2, time=TIME, heads=heads)) is LedgerCode.INSUFFICIENT


def test_every_confidential_leaf_has_the_same_size():
    leaves = [leaf.encode_confidential(leaf.commitment(bytes([n]) * 32, b"note" * n, b"seal"), TIME) for n in range(5)]
    assert {len(each) for each in leaves} == {13 + 45 + 21}
    assert leaf.decode(leaves[3]).time == TIME
    assert leaves[0].splitlines()[0] == b"lode/leaf/v1"


def test_a_public_leaf_holds_time_and_note_and_gives_its_seal():
    data = leaf.encode_public(TIME, b"a note\n\nwith lines\n")
    assert data == b"lode/public/v1\n2024-02-29T23:59:59Z\na note\n\nwith lines\n"
    assert leaf.decode(data) == leaf.PublicLeaf(TIME, b"a note\n\nwith lines\n")
    assert (
        seal.encode(leaf.public_seal(4, TIME))
        == b'lode/seal/v1\n{"accounts":[],"index":4,"time":"%s"}\n' % TIME.encode()
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"lode/leaf/v1\n",
        b"lode/leaf/v2\n" + encode_base64(b"c" * 32).encode() + b"\n" + TIME.encode() + b"\n",
        b"lode/leaf/v1\n" + encode_base64(b"c" * 31).encode() + b"\n" + TIME.encode() + b"\n",
        b"lode/leaf/v1\n" + encode_base64(b"c" * 32).encode()[:-1] + b"\n" + TIME.encode() + b"\n",
        b"lode/leaf/v1\n" + encode_base64(b"c" * 32).encode() + b"\n" + TIME.encode(),
        b"lode/leaf/v1\n" + encode_base64(b"c" * 32).encode() + b"\n" + TIME.encode() + b"\n\n",
        b"lode/leaf/v1\n" + encode_base64(b"c" * 32).encode() + b"\nyesterday\n",
        b"lode/public/v1\n" + TIME.encode() + b"\n",
        b"lode/public/v1\n" + TIME.encode() + b" note\n",
        b"lode/public/v1\nyesterday at noon...\nnote\n",
    ],
)
def test_broken_leaves_are_refused(data):
    assert code_of(lambda: leaf.decode(data)) is LedgerCode.BAD_LEAF


def test_a_nonce_has_thirty_two_bytes():
    assert code_of(lambda: leaf.commitment(b"n" * 31, b"", b"")) is LedgerCode.BAD_LEAF


def test_the_published_proof_is_read():
    data = shared("vectors/c2sp-spec-examples/tlog-proof-example.txt").read_bytes()
    found = Proof.parse(data)
    assert (found.index, len(found.hashes)) == (73894, 5)
    assert (found.extra or b"").startswith(b"age-v1.2.1-darwin-arm64.tar.gz")
    assert found.checkpoint.startswith(b"example.com/fancylog\n109482\n")
    assert found.to_bytes() == data
    # Its signatures are cut short in the page that it comes from.
    assert code_of(lambda: found.verify(b"", signer("example.com/fancylog").vkey)) is LedgerCode.MALFORMED
    lines = data.split(b"\n")
    assert Proof.parse(b"\n".join([lines[0], *lines[2:]])).extra is None


def test_proofs_hold_for_every_leaf_and_for_no_other():
    book = loop_book()
    for index in range(book.size):
        found = Proof.parse(book.proof(index))
        assert found.to_bytes() == book.proof(index)
        assert found.verify(book.leaves[index], book.log_vkey).size == book.size
        other = book.leaves[(index + 1) % book.size]
        assert code_of(lambda found=found, other=other: found.verify(other, book.log_vkey)) is LedgerCode.BAD_PROOF
        nonce, time = decode_extra(found.extra)
        assert nonce == book.nonces[index]
        assert len(found.extra or b"") == (20 if nonce is None else 52)
        assert time == leaf.decode(book.leaves[index]).time


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"tlog-proof@v1", b"tlog-proof@v2"),
        (b"extra ", b"Extra "),
        (b"index 5", b"index 05"),
        (b"index 5", b"index -5"),
        (b"index 5", b"index"),
        (b"\n\n", b"\n"),
        (b"=\n", b"\n"),
    ],
)
def test_broken_proofs_are_refused(old, new):
    data = loop_book().proof(5)
    assert old in data
    changed = data.replace(old, new) if old == b"\n\n" else data.replace(old, new, 1)
    assert code_of(lambda: Proof.parse(changed)) is LedgerCode.BAD_PROOF


def test_a_proof_has_a_checkpoint_and_an_end():
    data = loop_book().proof(5)
    assert code_of(lambda: Proof.parse(data[: data.index(b"\n\n") + 2])) is LedgerCode.BAD_PROOF
    assert code_of(lambda: Proof.parse(data + b"a" * 100_000)) is LedgerCode.BAD_PROOF


def test_extra_is_a_nonce_and_a_time_or_a_time():
    assert decode_extra(proof.encode_extra(TIME, b"n" * 32)) == (b"n" * 32, TIME)
    assert decode_extra(proof.encode_extra(TIME, None)) == (None, TIME)
    for extra in (None, b"", b"n" * 31 + TIME.encode(), b"n" * 52, b"\xff" * 20):
        assert code_of(lambda extra=extra: decode_extra(extra)) is LedgerCode.BAD_PROOF


def test_the_bytes_of_a_checkpoint():
    key = signer(BOOK)
    checkpoint = Checkpoint(BOOK, 12, b"\x01" * 32)
    assert checkpoint.text() == f"{BOOK}\n12\n{encode_base64(bytes([1] * 32))}\n".encode()
    data = checkpoint.sign([key]).to_bytes()
    assert open_checkpoint(data, key.vkey)[0] == checkpoint
    extended = Checkpoint(BOOK, 12, b"\x01" * 32, ("more",))
    assert Checkpoint.parse(extended.text()) == extended
    assert code_of(lambda: open_checkpoint(data, signer("other").vkey)) is LedgerCode.UNKNOWN_KEY
    foreign = Checkpoint("other/book", 12, b"\x01" * 32).sign([key]).to_bytes()
    assert code_of(lambda: open_checkpoint(foreign, key.vkey)) is LedgerCode.WRONG_BOOK


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a\n1\n",
        b"\n1\nAAAA\n",
        b"a\n01\n" + encode_base64(b"r" * 32).encode() + b"\n",
        b"a\n-1\n" + encode_base64(b"r" * 32).encode() + b"\n",
        b"a\n1\n" + encode_base64(b"r" * 31).encode() + b"\n",
        b"a\n1\n" + encode_base64(b"r" * 32).encode(),
        b"a\n1\n" + encode_base64(b"r" * 32).encode() + b"\n\n",
        b"\xff\n1\n" + encode_base64(b"r" * 32).encode() + b"\n",
    ],
)
def test_broken_checkpoints_are_refused(text):
    assert code_of(lambda: Checkpoint.parse(text)) is LedgerCode.BAD_CHECKPOINT


def witness(name: str) -> VerifierKey:
    return VerifierKey.create(name, signer(name).vkey.public_key, COSIGNATURE_V1)


def cosign(checkpoint: Note, name: str, seconds: int = 1_700_000_000) -> Note:
    key = witness(name)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    message = b"cosignature/v1\ntime %d\n" % seconds + checkpoint.text
    raw = Ed25519PrivateKey.from_private_bytes(signer(name).seed).sign(message)
    line = SignatureLine(name, key.key_id, seconds.to_bytes(8, "big") + raw)
    return Note(checkpoint.text, (*checkpoint.signatures, line))


def published_policy() -> policy.Policy:
    text = shared("vectors/c2sp-spec-examples/tlog-policy-example.txt").read_text()
    names = iter(["log.example", "x1", "x2", "x3", "y1", "y2", "y3"])
    while "<vkey>" in text:
        name = next(names)
        key = signer(name).vkey if name == "log.example" else witness(name)
        text = text.replace("<vkey>", str(key), 1)
    return policy.parse(text.encode())


def test_the_published_policy_decides_by_its_groups():
    rule = published_policy()
    assert rule.quorum == "X-and-Y"
    assert policy.parse(rule.to_bytes()) == rule
    checkpoint = Checkpoint("log.example", 0, b"\x00" * 32).sign([signer("log.example")])

    def cosigned(*names: str) -> Note:
        note = checkpoint
        for name in names:
            note = cosign(note, name)
        return note

    assert rule.check_quorum(cosigned("x1", "x3", "y2")) == {"X1", "X3", "Y2"}
    for names in ((), ("x1", "x2", "x3"), ("x1", "y1"), ("y1", "y2", "y3")):
        note = cosigned(*names)
        assert code_of(lambda note=note: rule.check_quorum(note)) is LedgerCode.MISSING_SIGNATURE
    forged = cosigned("x1", "x2", "y1")
    forged = Note(Checkpoint("log.example", 1, b"\x00" * 32).text(), forged.signatures)
    assert code_of(lambda: rule.check_quorum(forged)) is LedgerCode.BAD_SIGNATURE


def test_a_policy_without_witnesses():
    rule = Book().policy
    data = rule.to_bytes()
    assert data == f"log {signer(BOOK).vkey}\nquorum none\n".encode()
    commented = b"# the log\n\n \tlog\t" + str(signer(BOOK).vkey).encode() + b" https://x \n#end\nquorum none"
    assert policy.parse(commented) == rule
    assert rule.log_for(BOOK) == signer(BOOK).vkey
    assert code_of(lambda: rule.log_for("other")) is LedgerCode.UNKNOWN_KEY


LOG, W = str(signer(BOOK).vkey), str(witness("w"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"log {LOG}\n",
        f"log {LOG}\nlog {LOG}\nquorum none\n",
        f"log {W}\nquorum none\n",
        f"witness w {LOG}\nquorum w\n",
        f"witness none {W}\nquorum none\n",
        f"witness w {W}\nwitness v {W}\nquorum none\n",
        "quorum none\nquorum none\n",
        "quorum w\n",
        f"quorum w\nwitness w {W}\n",
        f"witness w {W}\ngroup g any v\nquorum g\n",
        f"witness w {W}\ngroup g 2 w\nquorum g\n",
        f"witness w {W}\ngroup g 0 w\nquorum g\n",
        f"witness w {W}\ngroup g any w\ngroup h any w\nquorum g\n",
        f"witness w {W}\ngroup w any w\nquorum w\n",
        "quorum none\r\n",
        "# a bell: \a\nquorum none\n",
        "# deleted: \x7f\nquorum none\n",
        "\n" * 1000 + "quorum none\n",
        "trust everybody\nquorum none\n",
    ],
)
def test_broken_policies_are_refused(text):
    assert code_of(lambda: policy.parse(text.encode())) is LedgerCode.BAD_POLICY


def test_declared_balances():
    data = balances.encode(BOOK, 3, {STOCK: 5, SOURCE: -5, account("b", "b"): 0})
    assert balances.decode(data) == (BOOK, 3, {SOURCE: -5, STOCK: 5})
    for changed in (
        data.replace(b'"5"', b'"0"'),
        data.replace(b'"5"', b"5"),
        data.replace(b'"size":3', b'"size":"3"'),
        data.replace(b'"source"', b'"stock"'),
        b"[]\n",
        data.replace(b',"size"', b',"rest":1,"size"'),
        data[:-1],
    ):
        assert code_of(lambda changed=changed: balances.decode(changed)) is LedgerCode.BAD_BALANCE
