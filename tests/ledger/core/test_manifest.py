"""Manifests of serials: one form, one digest, one root, and the proof of one serial."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core import manifest
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.manifest import HEADER, MAX_SERIALS, Manifest, SerialProof
from ledger.core.merkle import leaf_hash, node_hash

SERIALS = st.sets(st.from_regex(r"[!-~]([ -~]{0,30}[!-~])?", fullmatch=True), min_size=1, max_size=40)


def refused(data: bytes) -> str:
    with pytest.raises(LedgerError) as caught:
        manifest.read([data])
    assert caught.value.code == LedgerCode.BAD_MANIFEST
    return caught.value.sentence


def test_three_packs_by_hand() -> None:
    data = manifest.write(["PACK-2", "PACK-1", "PACK-10"])
    assert data == b"lode/manifest/v1\nPACK-1\nPACK-10\nPACK-2\n"
    one, ten, two = (hashlib.sha256(b"\x00" + name).digest() for name in (b"PACK-1", b"PACK-10", b"PACK-2"))
    left = hashlib.sha256(b"\x01" + one + ten).digest()
    root = hashlib.sha256(b"\x01" + left + two).hexdigest()
    assert manifest.read([data]) == Manifest(hashlib.sha256(data).hexdigest(), 3, root)
    assert manifest.prove(data, "PACK-10").path == (one.hex(), two.hex())
    assert manifest.prove(data, "PACK-2").path == (left.hex(),)


@given(SERIALS, st.lists(st.integers(1, 9), max_size=6))
def test_the_pieces_in_which_it_is_read_do_not_matter(serials: set[str], cuts: list[int]) -> None:
    data = manifest.write(serials)
    pieces, rest = [], data
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    assert manifest.read([*pieces, rest]) == manifest.read([data])
    assert manifest.serials_of(data) == sorted(serials)


@given(SERIALS, st.data())
def test_each_serial_is_proven_and_no_other(serials: set[str], draw: st.DataObject) -> None:
    data = manifest.write(serials)
    serial = draw.draw(st.sampled_from(sorted(serials)))
    proof = manifest.prove(data, serial)
    proof.check()
    assert proof.root == manifest.read([data]).root
    assert SerialProof.parse(proof.to_bytes()) == proof
    for other in (
        SerialProof(serial + "x", proof.index, proof.serials, proof.root, proof.path),
        SerialProof(serial, proof.index + 1, proof.serials, proof.root, proof.path),
        SerialProof(serial, proof.index, proof.serials, "0" * 64, proof.path),
        SerialProof(serial, proof.index, proof.serials, proof.root, (*proof.path, "0" * 64)),
    ):
        with pytest.raises(LedgerError):
            other.check()
    with pytest.raises(LedgerError, match="does not stand in this manifest"):
        manifest.prove(data, "~".join(serials) + "~")


def test_a_hundred_thousand_serials_are_read_and_proven() -> None:
    data = manifest.write(f"CN-{number:08d}" for number in range(MAX_SERIALS))
    found = manifest.read(data[at : at + 65536] for at in range(0, len(data), 65536))
    assert (found.serials, found.sha256) == (100_000, hashlib.sha256(data).hexdigest())
    # Another way to the same root: level by level, the odd one at the end goes up as it is.
    level = [leaf_hash(line) for line in data[len(HEADER) : -1].split(b"\n")]
    while len(level) > 1:
        pairs = [node_hash(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) & ~1 :]
    assert found.root == level[0].hex()
    proof = manifest.prove(data, "CN-00077777")
    assert (proof.index, len(proof.path)) == (77_777, 17)
    proof.check()
    assert len(proof.to_bytes()) < 1500


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "does not begin with the line"),
        (b"lode/manifest/v2\nA\n", "does not begin with the line"),
        (b"lode/manifest/v1", "does not begin with the line"),
        (b"\xef\xbb\xbf" + HEADER + b"A\n", "does not begin with the line"),
        (HEADER, "lists no serial"),
        (HEADER + b"A", "Line 2 does not end in a line feed"),
        (HEADER + b"A\nB", "Line 3 does not end in a line feed"),
        (HEADER + b"B\nA\n", "Line 3: 'A' comes after 'B'"),
        (HEADER + b"a\nB\n", "Line 3: 'B' comes after 'a'"),
        (HEADER + b"A\nA\n", "Line 3: 'A' stands twice"),
        (HEADER + b"A\n\nB\n", "Line 3: '' is not a serial"),
        (HEADER + b"A\r\nB\r\n", "Line 2: 'A\\r' is not a serial"),
        (HEADER + b" A\n", "Line 2: ' A' is not a serial"),
        (HEADER + b"A \n", "Line 2: 'A ' is not a serial"),
        (HEADER + b"A\tB\n", "is not a serial"),
        (HEADER + b"A\x00\n", "is not a serial"),
        (HEADER + "电池\n".encode(), "Line 2: '电池' is not a serial"),
        (HEADER + b"\xff\xfe\n", "is not a serial"),
        (HEADER + b"A" * 121 + b"\n", "is not a serial"),
        (HEADER + b"A" * 10_000_000, "is not a serial"),
    ],
    ids=range(20),
)
def test_what_is_not_a_manifest_is_refused_by_line(data: bytes, why: str) -> None:
    assert why in refused(data)


def test_one_serial_too_many() -> None:
    data = HEADER + b"".join(b"%07d\n" % number for number in range(MAX_SERIALS + 1))
    assert "more than 100,000 serials" in refused(data)


def test_a_list_with_a_serial_twice_is_not_written() -> None:
    with pytest.raises(LedgerError, match="stands twice"):
        manifest.write(["A", "B", "A"])
    with pytest.raises(LedgerError, match="is not a serial"):
        manifest.write(["A\nB"])


def test_a_manifest_is_held_against_the_entry_that_names_it() -> None:
    found = manifest.read([manifest.write(["A", "B"])])
    found.check_named_by(found.details)
    found.check_named_by({"manifest_sha256": found.sha256, "serials": 2})
    for name, value in (("manifest_sha256", "0" * 64), ("serials", 3), ("manifest_root", "0" * 64)):
        with pytest.raises(LedgerError, match=f"its {name} is"):
            found.check_named_by({**found.details, name: value})


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b"v1", b"v2"),
        lambda text: text[:-1],
        lambda text: text + b"\n",
        lambda text: text.replace(b'"index":0', b'"index":"0"'),
        lambda text: text.replace(b'"index":0', b'"index":true'),
        lambda text: text.replace(b'"index":0', b'"index": 0'),
        lambda text: text.replace(b'"index":0', b'"index":0,"more":1'),
        lambda text: text.replace(b'"serial":"A"', b'"serial":" "'),
        lambda text: text.replace(b'["', b'["x'),
    ],
    ids=range(9),
)
def test_what_is_not_a_proof_is_refused(change) -> None:
    text = manifest.prove(manifest.write(["A", "B"]), "A").to_bytes()
    assert change(text) != text
    with pytest.raises(LedgerError):
        SerialProof.parse(change(text))
