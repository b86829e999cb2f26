"""`docs/ledger-format.md` is normative: every byte of its example and every row of its tables is computed again."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.core import entry as entries
from ledger.core.audit import Audit, Depth, Trust
from ledger.core.errors import LedgerCode
from ledger.core.kinds import KINDS
from ledger.core.note import Note, SignerKey
from ledger.core.registry import KeyRegistry
from ledger.core.rules import ANY
from tests.ledger.builder import Book

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "ledger-format.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(given|hashes|file|hex) ?(\S*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SHOWN = {path: body.encode() for what, path, body in BLOCKS if what == "file"}


def given(what: str) -> dict[str, str]:
    (body,) = [body for kind, _, body in BLOCKS if kind == "given"]
    return {name: value for word, name, value in (line.split(" ") for line in body.splitlines()) if word == what}


def hashes() -> dict[str, str]:
    (body,) = [body for kind, _, body in BLOCKS if kind == "hashes"]
    return {" ".join(line.split()[:-1]): line.split()[-1] for line in body.splitlines()}


class PageBook(Book):
    """The book of the page: its seeds, times and nonces are those given there."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = {name: SignerKey(name, bytes.fromhex(value)) for name, value in given("seed").items()}
        self.log = self.keys[self.origin]
        self.registry_key = self.keys[f"{self.origin}/registry"]
        self.registry = KeyRegistry(self.registry_key.vkey)

    def time(self) -> str:
        return given("time")[str(self.size)]


def page_book() -> PageBook:
    """Write the page's book again from what its entries say, signing with the seeds given."""
    book = PageBook()
    for index in range(4):
        shown = Note.parse(SHOWN[f"entries/{index}.note"])
        meant = entries.decode(shown.text)
        signers = [book.keys[line.name] for line in shown.signatures]
        book.append_note(entries.sign_entry(meant, signers).to_bytes())
    for index, nonce in given("nonce").items():
        book.nonces[int(index)] = bytes.fromhex(nonce)
        book.reseal(int(index))
    return book


BOOK = page_book()
FILES = BOOK.export()


@pytest.mark.parametrize("path", sorted(SHOWN))
def test_every_file_on_the_page_is_computed_again(path):
    assert FILES[path] == SHOWN[path]


def test_the_page_shows_what_the_example_is_made_of():
    assert set(SHOWN) == {
        *("registry.vkey", "policy", "checkpoint", "balances.json"),
        *("entries/0.note", "entries/0.seal", "entries/0.leaf", "entries/1.note"),
        *("entries/2.note", "entries/2.seal", "entries/2.leaf"),
        *("entries/3.note", "entries/3.seal", "entries/3.leaf", "entries/3.tlog-proof"),
    }
    ((path, body),) = [(path, body) for what, path, body in BLOCKS if what == "hex"]
    assert bytes.fromhex(body) == FILES[path]
    lengths = ", ".join(str(len(leaf)) for leaf in BOOK.leaves)
    assert f"The leaves are {lengths} bytes long." in PAGE


def test_the_example_holds_in_a_full_audit():
    run = Audit(FILES.get, Trust(BOOK.policy, BOOK.registry_key.vkey), Depth.FULL)
    assert [step.step for step in run.run()] == ["checkpoint", "tiles", "entries", "balances"]
    assert run.report.elements == {"Ni": 5_000_000_000}


def test_the_hashes_by_hand():
    """With hashlib, base64 and Ed25519 alone, nothing of the ledger's own code."""

    def sha256(data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    table = hashes()
    leaves = []
    for index in range(4):
        note, time = SHOWN[f"entries/{index}.note"], given("time")[str(index)].encode()
        text = b"\n".join(note.split(b"\n")[:2]) + b"\n"
        assert table.pop(f"entry id {index}") == sha256(text).hex()
        for line in note.decode().split("\n")[3:-1]:
            _, name, blob = line.split(" ")
            key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(given("seed")[name]))
            key_id = sha256(name.encode() + b"\n\x01" + key.public_key().public_bytes_raw())[:4]
            assert base64.b64decode(blob) == key_id + key.sign(text)
        if index < 2:
            leaves.append(b"lode/public/v1\n" + time + b"\n" + note)
            continue
        nonce = bytes.fromhex(given("nonce")[str(index)])
        commit = sha256(b"lode/commit/v1\n" + nonce + note + SHOWN[f"entries/{index}.seal"])
        assert table.pop(f"commitment {index}") == commit.hex()
        leaves.append(b"lode/leaf/v1\n" + base64.b64encode(commit) + b"\n" + time + b"\n")
        assert SHOWN[f"entries/{index}.leaf"] == leaves[index]
    found = [sha256(b"\x00" + leaf) for leaf in leaves]
    for index, item in enumerate(found):
        assert table.pop(f"leaf hash {index}") == item.hex()
    low, high = sha256(b"\x01" + found[0] + found[1]), sha256(b"\x01" + found[2] + found[3])
    root = sha256(b"\x01" + low + high)
    assert (table.pop("node 0-1"), table.pop("node 2-3"), table.pop("root 0-3")) == (low.hex(), high.hex(), root.hex())
    bundle = b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)
    assert table.pop("sha256 of tile/entries/000.p/4") == sha256(bundle).hex()
    assert base64.b64decode(SHOWN["checkpoint"].split(b"\n")[2]) == root
    assert table == {}


def test_the_table_of_kinds_is_the_one_in_the_code():
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    assert [row[0] for row in rows] == list(KINDS)
    for name, takes_from, gives_to, stays, needs, _ in rows:
        kind = KINDS[name]
        for shown, states in ((takes_from, kind.takes_from), (gives_to, kind.gives_to)):
            meant = set() if shown == "—" else set(ANY) if shown == "any" else set(shown.split(", "))
            assert meant == set(states), name
        meant_axes = () if stays == "—" else tuple(tuple(group.split(" × ")) for group in stays.split("; "))
        assert meant_axes == kind.fixed, name
        assert all(f"`{field}`" in needs for field in kind.needs), name


def test_the_codes_are_the_ones_in_the_code():
    (listed,) = re.findall(r"never renamed or reused: (.*?)\.$", PAGE, re.MULTILINE)
    assert listed.split(", ") == [f"`{code.value}`" for code in LedgerCode]


def test_the_members_are_the_ones_in_the_code():
    (table,) = re.findall(r"^\| member .*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    members = re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE)
    assert members == list(entries.Entry.__dataclass_fields__)


def test_the_shell_command_gives_the_commitment(tmp_path):
    (command,) = re.findall(r"^(\{ printf .*)$", PAGE, re.MULTILINE)
    if shutil.which("sha256sum") is None or shutil.which("base64") is None:
        pytest.skip("The page's command needs sha256sum and base64, which are not installed.")
    for path in ("note", "seal", "tlog-proof"):
        (tmp_path / f"3.{path}").write_bytes(FILES[f"entries/3.{path}"])
    result = subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=10)
    assert result.stdout.split()[0] == hashes()["commitment 3"]
