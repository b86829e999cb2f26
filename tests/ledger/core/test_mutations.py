"""Thousands of random changes of a sound export: none is accepted, whoever makes it without the keys.

Every seed stands in the name of its test: run it again with `-k "seed17"`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

import pytest

from ledger.core import leaf as leaves
from ledger.core import note as notes
from ledger.core.audit import Audit, Depth, Trust
from ledger.core.audit_open import Found, Left, Plan
from ledger.core.checkpoint import Checkpoint
from ledger.core.errors import LedgerError
from ledger.core.leaf import PUBLIC_HEADER
from ledger.core.merkle import inclusion_proof, leaf_hash, range_hash, root
from ledger.core.note import Note, SignerKey
from ledger.core.proof import Proof, encode_extra, make_proof
from ledger.core.tiles import (
    TILE_WIDTH,
    entries_path,
    entry_bundle,
    parse_entry_bundle,
    tile_at,
    tile_bytes,
    tiles_for_growth,
)
from tests.ledger.builder import Book, account, loop_book, moved, signer

Files = dict[str, bytes]
Change = Callable[[random.Random, Files], Files]
VERIFY = lru_cache(maxsize=10_000)(notes.ed25519_verify)
SEEDS = 30
CHANGES_A_SEED = 100


def long_book() -> Book:
    """Return a book of more than one tile: 300 entries of two parties."""
    book = Book()
    for party in ("lessor", "cellmaker"):
        book.register(party)
    own = account("lessor", "lessor")
    book.append(book.entry("receive", moved(own._replace(state="source"), own, 10**9), reference="R-1"))
    for number in range(297):
        sold = own if number % 2 else own._replace(owner="cellmaker")
        bought = own._replace(owner="cellmaker") if number % 2 else own
        if not number:
            sold, bought = own, own._replace(owner="cellmaker")
        book.append(book.entry("title", moved(sold, bought, 1), reference=f"T-{number}"))
    return book


def older_tree(book: Book, size: int) -> Files:
    """Return checkpoint and tiles as they were at `size` leaves."""
    files = {"checkpoint": book.checkpoint(size)}
    for tile in tiles_for_growth(0, size):
        files[tile.path] = tile_bytes(tile, book.get_hash)
        if tile.level == 0:
            first = tile.index * TILE_WIDTH
            files[entries_path(tile.index, tile.width)] = entry_bundle(book.leaves[first : first + tile.width])
    return files


LOOP, LONG = loop_book(), long_book()
TRUST = Trust(LOOP.policy, LOOP.registry_key.vkey)
# The keys and their names are the same in both, so each book's files are the other's from elsewhere.
EXPORTS = {"loop": LOOP.export(), "long": LONG.export()}
ALIEN = {"loop": EXPORTS["long"], "long": EXPORTS["loop"]}
OLDER = {name: older_tree(book, book.size - 7) for name, book in (("loop", LOOP), ("long", LONG))}


def look_closely(plan: Plan) -> Iterator[list[Found]]:
    """Open nothing beforehand, so that every entry is looked at closely."""
    return ([Left.TO_LOOK_AT] * tile_at(plan.size, 0, number).width for number in range(plan.tiles))


def verdict(files: Files, depth: Depth = Depth.FULL, party: str | None = None, **options) -> LedgerError | None:
    run = Audit(files.get, TRUST, depth, party, **options)
    try:
        for _ in run.run():
            pass
    except LedgerError as error:
        return error
    return None


def name_of(files: Files) -> str:
    return "loop" if max(leaves_of(files)) < LOOP.size else "long"


def needed(files: Files) -> list[str]:
    """Return the paths whose absence has to be found; a public entry is whole without the files beside it."""
    public = {n for n, data in leaves_of(files).items() if data.startswith(PUBLIC_HEADER)}
    return [
        path
        for path in files
        if path == "checkpoint"
        or path.startswith("tile/")
        or (path.startswith("entries/") and not path.endswith(".leaf") and index_of(path) not in public)
    ]


def leaves_of(files: Files) -> dict[int, bytes]:
    return {index_of(path): data for path, data in files.items() if path.endswith(".leaf")}


def index_of(path: str) -> int:
    return int(path.split("/")[1].partition(".")[0])


def any_path(draw: random.Random, files: Files) -> str:
    return draw.choice([path for path in files if path not in ("policy", "registry.vkey")])


def flip(draw: random.Random, files: Files) -> Files:
    path = any_path(draw, files)
    data = bytearray(files[path])
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return files | {path: bytes(data)}


def truncate(draw: random.Random, files: Files) -> Files:
    path = any_path(draw, files)
    return files | {path: files[path][: draw.randrange(len(files[path]))]}


def insert(draw: random.Random, files: Files) -> Files:
    path = any_path(draw, files)
    at = draw.randrange(len(files[path]) + 1)
    return files | {path: files[path][:at] + draw.randbytes(draw.randrange(1, 9)) + files[path][at:]}


def duplicate_a_piece(draw: random.Random, files: Files) -> Files:
    path = any_path(draw, files)
    begin = draw.randrange(len(files[path]))
    end = draw.randrange(begin, len(files[path])) + 1
    return files | {path: files[path][:end] + files[path][begin:]}


def delete(draw: random.Random, files: Files) -> Files:
    gone = draw.choice(needed(files))
    return {path: data for path, data in files.items() if path != gone}


def change_a_number(draw: random.Random, files: Files) -> Files:
    path = draw.choice([path for path in files if path.endswith((".note", ".seal", ".json"))])
    digits = draw.choice(list(re.finditer(rb"[0-9]+", files[path])))
    number = int(digits[0]) + draw.choice([-1, 1, 10, 256, 10**9])
    return files | {path: files[path][: digits.start()] + b"%d" % number + files[path][digits.end() :]}


def swap(draw: random.Random, files: Files) -> Files:
    suffix = draw.choice([".note", ".seal", ".leaf", ".tlog-proof"])
    one, other = draw.sample([path for path in files if path.endswith(suffix)], 2)
    return files | {one: files[other], other: files[one]}


def swap_whole_entries(draw: random.Random, files: Files) -> Files:
    one, other = draw.sample(sorted(leaves_of(files)), 2)
    return files | {
        path: files[path.replace(f"/{index}.", f"/{instead}.")]
        for index, instead in ((one, other), (other, one))
        for path in (f"entries/{index}.{name}" for name in ("note", "seal", "leaf", "tlog-proof"))
    }


def copy_over(draw: random.Random, files: Files) -> Files:
    one, other = draw.sample([path for path in files if path not in ("policy", "registry.vkey")], 2)
    return files | {one: files[other]}


def take_from_elsewhere(draw: random.Random, files: Files) -> Files:
    alien = ALIEN[name_of(files)]
    path = draw.choice([path for path in files if path in alien and path not in ("policy", "registry.vkey")])
    return files | {path: alien[path]}


def replay_older(draw: random.Random, files: Files) -> Files:
    older = OLDER[name_of(files)]
    if draw.random() < 0.5:
        return files | {"checkpoint": older["checkpoint"]}
    path = draw.choice([path for path in files if path.startswith("tile/")])
    stem = path.partition(".p/")[0]
    return files | {path: draw.choice([data for name, data in older.items() if name.startswith(stem)] or [b""])}


def signed_notes(files: Files) -> dict[str, Note]:
    """Return the notes of an export that can still be read."""
    found = {}
    for path, data in files.items():
        if path.endswith((".note", "checkpoint")):
            with suppress(LedgerError):
                found[path] = Note.parse(data)
    return found


def drop_a_signature(draw: random.Random, files: Files) -> Files:
    path, note = draw.choice(list(signed_notes(files).items()))
    lines = list(note.signatures)
    lines.pop(draw.randrange(len(lines)))
    return files | {path: Note(note.text, tuple(lines)).to_bytes()}


def sign_with_another_key(draw: random.Random, files: Files) -> Files:
    path, note = draw.choice(list(signed_notes(files).items()))
    lines = list(note.signatures)
    at = draw.randrange(len(lines))
    lines[at] = signer(draw.choice([lines[at].name + "b", "mallory.example/entry/1"])).sign(note.text)
    return files | {path: Note(note.text, tuple(lines)).to_bytes()}


def forge_the_tree(draw: random.Random, files: Files) -> Files:
    """Change a leaf, and every hash above it, up to a checkpoint that the log's key has not signed."""
    book = LOOP if name_of(files) == "loop" else LONG
    forgery = list(book.leaves)
    at = draw.randrange(len(forgery))
    kind = draw.randrange(3)
    if kind == 0:
        forgery[at] = forgery[at][:20] + bytes([forgery[at][20] ^ 1]) + forgery[at][21:]
    elif kind == 1:
        forgery[at - 1], forgery[at] = forgery[at], forgery[at - 1]
    else:
        forgery[at] = forgery[at - 1]
    hashes = [leaf_hash(leaf) for leaf in forgery]

    def get_hash(level: int, index: int) -> bytes:
        return root(hashes[index << level : (index + 1) << level])

    forged = dict(files)
    checkpoint = Checkpoint(book.origin, len(forgery), range_hash(0, len(forgery), get_hash))
    for path in files:
        if path.startswith("tile/entries/"):
            first = int(path.split("/")[2].partition(".")[0]) * TILE_WIDTH
            forged[path] = entry_bundle(forgery[first : first + TILE_WIDTH])
        elif path.startswith("tile/"):
            _, level, number = path.partition(".p/")[0].split("/")
            tile = tile_at(len(forgery), int(level), int(number))
            forged[path] = tile_bytes(tile, get_hash)
    if draw.random() < 0.5:
        signed = Note.parse(book.checkpoint()).signatures
        mallory = SignerKey(book.origin, signer("mallory").seed)
        lines = draw.choice([signed, (mallory.sign(checkpoint.text()),)])
        forged["checkpoint"] = Note(checkpoint.text(), lines).to_bytes()
    return forged


def commit_anew(draw: random.Random, files: Files) -> Files:
    """Commit to an entry with another nonce everywhere but in the tree, or but above its lowest tile."""
    index = draw.choice([n for n, data in leaves_of(files).items() if not data.startswith(PUBLIC_HEADER)])
    stem, nonce = f"entries/{index}.", draw.randbytes(32)
    width = len(leaves_of(files))
    first = index // TILE_WIDTH * TILE_WIDTH
    bundle = entries_path(index // TILE_WIDTH, min(TILE_WIDTH, width - first))
    try:
        proof = Proof.parse(files[stem + "tlog-proof"])
        time = leaves.decode(files[stem + "leaf"]).time
        leaf = leaves.encode_confidential(leaves.commitment(nonce, files[stem + "note"], files[stem + "seal"]), time)
        bundled = parse_entry_bundle(files[bundle], min(TILE_WIDTH, width - first))
    except (LedgerError, KeyError):  # another change came first
        return files
    bundled[index - first] = leaf
    changed = files | {
        bundle: entry_bundle(bundled),
        stem + "leaf": leaf,
        stem + "tlog-proof": replace(proof, extra=encode_extra(time, nonce)).to_bytes(),
    }
    tile = bundle.replace("entries", "0")
    if tile in files and draw.random() < 0.5:
        at = 32 * (index - first)
        changed[tile] = files[tile][:at] + leaf_hash(leaf) + files[tile][at + 32 :]
    return changed


CHANGES: tuple[Change, ...] = (
    *(flip, truncate, insert, duplicate_a_piece, delete, change_a_number, swap, swap_whole_entries, copy_over),
    *(take_from_elsewhere, replay_older, drop_a_signature, sign_with_another_key, forge_the_tree, commit_anew),
)


@pytest.fixture(autouse=True)
def _each_signature_is_verified_once(monkeypatch):
    monkeypatch.setattr(notes, "ed25519_verify", VERIFY)


@pytest.mark.parametrize("seed", range(SEEDS), ids="seed{}".format)
def test_no_change_of_an_export_is_accepted(seed):
    draw = random.Random(seed)
    tried = 0
    while tried < CHANGES_A_SEED:
        files = EXPORTS["long" if tried % 10 == 9 else "loop"]
        changes = [draw.choice(CHANGES) for _ in range(draw.choice([1, 1, 1, 2, 3]))]
        changed = files
        for change in changes:
            changed = change(draw, changed)
        if changed == files:
            continue
        tried += 1
        error = verdict(changed)
        names = ", ".join(change.__name__ for change in changes)
        assert error is not None, f"seed {seed}, change {tried} ({names}) was accepted"
        if tried % 10 == 0:
            closely = verdict(changed, opening=look_closely)
            assert closely is not None
            assert (error.code, error.index, error.sentence) == (closely.code, closely.index, closely.sentence), names


def test_what_may_change_is_accepted():
    """The changes above are not refused for the mere difference: these say the same, or say less."""
    files = EXPORTS["loop"]
    public = {n for n, data in leaves_of(files).items() if data.startswith(PUBLIC_HEADER)}
    gone = [path for path in files if path not in needed(files) and path.startswith("entries/")]
    assert len(gone) == LOOP.size + 3 * len(public)
    index = LOOP.size - 10
    note = Note.parse(files["checkpoint"])
    witnessed = Note(note.text, (signer("witness.example").sign(note.text), *note.signatures)).to_bytes()
    for same in (
        {path: data for path, data in files.items() if path not in gone},
        {path: data for path, data in files.items() if path != "balances.json"},
        files | {"checkpoint": witnessed},
        files | {f"entries/{LOOP.size}.note": b"beyond the tree"},
        files | {f"entries/{index}.tlog-proof": proof_at(LOOP, index, LOOP.size - 5)},
    ):
        assert verdict(same) is None
        assert verdict(same, opening=look_closely) is None


def proof_at(book: Book, index: int, size: int) -> bytes:
    """Return the proof of an entry as it was given when the tree had `size` leaves."""
    path = inclusion_proof(index, size, book.get_hash)
    time = leaves.decode(book.leaves[index]).time
    return make_proof(index, path, book.checkpoint(size), time=time, nonce=book.nonces[index]).to_bytes()


@pytest.mark.parametrize("party", ["cellmaker", "operator"])
def test_a_partys_audit_says_the_same_looked_at_closely_or_not(party):
    draw = random.Random(party)
    files = LOOP.export(party)
    for number in range(150):
        changed = draw.choice([flip, truncate, insert, delete, change_a_number, swap, copy_over])(draw, files)
        found, closely = (
            verdict(changed, Depth.PARTY, party),
            verdict(changed, Depth.PARTY, party, opening=look_closely),
        )
        assert repr_of(found) == repr_of(closely), number
    assert verdict(files, Depth.PARTY, party) is None


def repr_of(error: LedgerError | None) -> tuple | None:
    return None if error is None else (error.code, error.index, error.sentence)
