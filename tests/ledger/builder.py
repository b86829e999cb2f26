"""Builds books in memory, with fixed keys and nonces: keys, entries, seals, leaves, and a whole export."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ledger.core import balances as balance_file
from ledger.core import entry as entries
from ledger.core import leaf as leaves
from ledger.core import seal as seals
from ledger.core.checkpoint import Checkpoint
from ledger.core.entry import Account, Entry, Leg, move, net_legs
from ledger.core.kinds import kind_of
from ledger.core.merkle import inclusion_proof, leaf_hash, range_hash, root
from ledger.core.note import SignerKey, VerifierKey
from ledger.core.policy import NONE, Policy
from ledger.core.proof import make_proof
from ledger.core.registry import KeyRegistry
from ledger.core.rules import REGISTRY
from ledger.core.tiles import TILE_WIDTH, Tile, entries_path, entry_bundle, tile_bytes, tiles_for_growth

BOOK = "ledger.example/book"
DIGEST = hashlib.sha256(b"a document").hexdigest()


def seed(name: str) -> bytes:
    """Return a fixed 32-byte seed that belongs to `name`."""
    return hashlib.sha256(f"seed of {name}".encode()).digest()


def signer(name: str) -> SignerKey:
    """Return the signing key called `name`, the same in every run."""
    return SignerKey(name, seed(name))


class Book:
    """A ledger that grows in memory; nothing is checked here but what sealing itself needs."""

    def __init__(self, origin: str = BOOK) -> None:
        self.origin = origin
        self.log = signer(origin)
        self.registry_key = signer(f"{origin}/registry")
        self.registry = KeyRegistry(self.registry_key.vkey)
        self.signers: dict[str, SignerKey] = {REGISTRY: self.registry_key}
        self.entries: list[Entry] = []
        self.notes: list[bytes] = []
        self.seals: list[bytes] = []
        self.leaves: list[bytes] = []
        self.nonces: list[bytes | None] = []
        self.ids: list[bytes] = []
        self.heads: dict[Account, seals.Head] = {}

    @property
    def size(self) -> int:
        return len(self.leaves)

    @property
    def log_vkey(self) -> VerifierKey:
        return self.log.vkey

    @property
    def policy(self) -> Policy:
        return Policy((self.log.vkey,), NONE)

    @property
    def balances(self) -> dict[Account, int]:
        return {account: head.balance_mg for account, head in self.heads.items()}

    def time(self) -> str:
        """Return the time of the next leaf: a minute after the one before."""
        return f"2024-01-{1 + self.size // 1440:02d}T{self.size // 60 % 24:02d}:{self.size % 60:02d}:00Z"

    def entry(self, kind: str, legs: Iterable[Leg] = (), **fields: Any) -> Entry:
        """Return an entry of this book; only what matters to the test needs to be said."""
        return Entry(kind, self.origin, f"n-{self.size}", fields.pop("occurred", "2024-01-02"), tuple(legs), **fields)

    def register(self, party: str, *, name: str | None = None) -> SignerKey:
        """Make, register and return an entry key of `party`."""
        key = signer(name or f"{party}.example/entry/2024a")
        details = {
            "action": "register",
            "vkey": str(key.vkey),
            "party": party,
            "purpose": "entry",
            "custody": "hosted",
        }
        self.append(self.entry("key", details=details))
        self.signers[party] = key
        return key

    def revoke(self, key: SignerKey) -> None:
        """Revoke `key` by a public leaf."""
        details = {"action": "revoke", "vkey": str(key.vkey)}
        self.append(self.entry("key", details=details, reason="The key was lost."))

    def sign(self, entry: Entry, parties: Iterable[str] | None = None) -> bytes:
        """Return the note signed by `parties`, by default all whose signature the kind asks for."""
        if parties is None:
            original = None
            if entry.kind == "reversal":
                original = next(e for e, i in zip(self.entries, self.ids, strict=True) if i.hex() == entry.corrects)
            parties = sorted(kind_of(entry).required_signers(entry, original))
        return entries.sign_entry(entry, [self.signers[party] for party in parties]).to_bytes()

    def append(self, entry: Entry, parties: Iterable[str] | None = None) -> int:
        """Sign, seal and append `entry`; return its index."""
        return self.append_note(self.sign(entry, parties))

    def append_note(self, note: bytes) -> int:
        """Seal and append a signed note as it is."""
        index, time = self.size, self.time()
        text = note[: note.rindex(b"\n\n") + 1]
        entry = entries.decode(text)
        seal = seals.make_seal(entry, index=index, time=time, heads=self.heads)
        nonce = None
        if kind_of(entry).public:
            leaf = leaves.encode_public(time, note)
        else:
            nonce = hashlib.sha256(b"nonce %d" % index).digest()
            leaf = leaves.encode_confidential(leaves.commitment(nonce, note, seals.encode(seal)), time)
        self.heads.update(seals.heads_after(entries.entry_id(text), seal))
        if entry.kind == "key":
            self.registry.apply(entry, index)
        self.entries.append(entry)
        self.notes.append(note)
        self.seals.append(seals.encode(seal))
        self.leaves.append(leaf)
        self.nonces.append(nonce)
        self.ids.append(entries.entry_id(text))
        return index

    def reseal(self, index: int) -> None:
        """Commit again to the note and seal at `index`, as a dishonest operator who rewrites the past would."""
        value = leaves.decode(self.leaves[index])
        nonce = self.nonces[index]
        if nonce is None:
            self.leaves[index] = leaves.encode_public(value.time, self.notes[index])
            return
        commit = leaves.commitment(nonce, self.notes[index], self.seals[index])
        self.leaves[index] = leaves.encode_confidential(commit, value.time)

    def get_hash(self, level: int, index: int) -> bytes:
        return root(leaf_hash(item) for item in self.leaves[index << level : (index + 1) << level])

    def checkpoint(self, size: int | None = None) -> bytes:
        size = self.size if size is None else size
        tree_root = range_hash(0, size, self.get_hash)
        return Checkpoint(self.origin, size, tree_root).sign([self.log]).to_bytes()

    def proof(self, index: int) -> bytes:
        path = inclusion_proof(index, self.size, self.get_hash)
        time = leaves.decode(self.leaves[index]).time
        return make_proof(index, path, self.checkpoint(), time=time, nonce=self.nonces[index]).to_bytes()

    def tree_files(self) -> dict[str, bytes]:
        """Return checkpoint, policy, registry key and tiles: what everybody may have."""
        files = {
            "checkpoint": self.checkpoint(),
            "policy": self.policy.to_bytes(),
            "registry.vkey": f"{self.registry_key.vkey}\n".encode(),
        }
        for tile in tiles_for_growth(0, self.size):
            files[tile.path] = tile_bytes(tile, self.get_hash)
            if tile.level == 0:
                files[entries_path(tile.index, tile.width)] = self._bundle(tile)
        return files

    def export(self, party: str | None = None) -> dict[str, bytes]:
        """Return every file of an export: the auditor's, or what `party` may see."""
        files = self.tree_files()
        for index, entry in enumerate(self.entries):
            if party is None or party in entries.readers(entry) or kind_of(entry).public:
                files[f"entries/{index}.note"] = self.notes[index]
                files[f"entries/{index}.seal"] = self.seals[index]
                files[f"entries/{index}.leaf"] = self.leaves[index]
                files[f"entries/{index}.tlog-proof"] = self.proof(index)
        if party is None:
            files["balances.json"] = balance_file.encode(self.origin, self.size, self.balances)
        else:
            files["party"] = f"{party}\n".encode()
        return files

    def _bundle(self, tile: Tile) -> bytes:
        first = tile.index * TILE_WIDTH
        return entry_bundle(self.leaves[first : first + tile.width])


def write(files: dict[str, bytes], folder: Path) -> Path:
    """Write an export to `folder` and return it."""
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def account(owner: str, holder: str, state: str = "stock", *, element: str = "Ni", lot: str = "lot-1") -> Account:
    return Account(owner, holder, element, state, lot)


def moved(source: Account, target: Account, mass_mg: int) -> tuple[Leg, ...]:
    return net_legs(move(source, target, mass_mg))


def loop_book() -> Book:
    """Return a book with the whole loop in it: thirty entries, every kind among them, by four parties."""
    book = Book()
    for party in ("lessor", "cellmaker", "operator", "recycler"):
        book.register(party)
    papers = {"paper": DIGEST}
    agreed = {"documents": papers, "parties": ("cellmaker", "lessor")}
    book.append(book.entry("contract", contract="LEASE-1", **agreed))
    book.append(book.entry("notice", reason="The book is open."))
    _lease(book)
    _use(book)
    _recover(book)
    book.append(book.entry("statement", reference="2024-Q1", **agreed))
    return book


def _lease(book: Book) -> None:
    for element in ("Ni", "Co"):
        own = account("lessor", "lessor", element=element)
        book.append(
            book.entry("receive", moved(own._replace(state="source"), own, 9_000_000), documents={"origin": DIGEST})
        )
        lent = account("lessor", "cellmaker", element=element)
        book.append(book.entry("lease-out", moved(own, lent, 5_000_000), contract="LEASE-1"))
    own = account("lessor", "lessor")
    on_way = own._replace(state="transit")
    book.append(book.entry("ship", moved(own, on_way, 1_000_000), reference="DN-7", parties=("cellmaker",)))
    short = (
        *move(on_way, account("lessor", "cellmaker"), 999_900),
        *move(on_way, on_way._replace(state="unaccounted"), 100),
    )
    book.append(book.entry("arrive", net_legs(short), reference="DN-7"))
    book.append(book.entry("title", moved(own, own._replace(owner="operator"), 250_000)))
    swap = (
        *move(own._replace(owner="operator"), own, 200_000),
        *move(account("lessor", "cellmaker"), account("operator", "cellmaker"), 200_000),
    )
    book.append(book.entry("exchange", net_legs(swap)))
    wrong = book.append(book.entry("title", moved(own, own._replace(owner="operator"), 10_000)))
    book.append(
        book.entry(
            "reversal",
            moved(own._replace(owner="operator"), own, 10_000),
            reason="Booked by mistake.",
            corrects=book.ids[wrong].hex(),
        )
    )


def _use(book: Book) -> None:
    stock = account("lessor", "cellmaker")
    batch = stock._replace(state="process", lot="batch-1")
    book.append(book.entry("process", moved(stock, batch, 4_000_000), reference="B-1"))
    made = (
        *move(batch, batch._replace(state="scrap"), 90_000),
        *move(batch, batch._replace(state="loss"), 10_000),
    )
    book.append(book.entry("process", net_legs(made), reference="B-1"))
    packs = batch._replace(state="product", lot="packs-1")
    serials = {"manifest_sha256": DIGEST, "serials": 12}
    book.append(book.entry("embody", moved(batch, packs, 3_900_000), details=serials))
    on_way = packs._replace(state="transit")
    book.append(book.entry("ship", moved(packs, on_way, 3_900_000), parties=("operator",)))
    used = packs._replace(holder="operator")
    book.append(book.entry("arrive", moved(on_way, used, 3_900_000)))
    book.append(book.entry("loss", moved(used, used._replace(state="loss"), 25_000), reason="A fire."))
    old = used._replace(holder="recycler", state="scrap")
    book.append(book.entry("collect", moved(used, old, 3_875_000)))
    secured = {"owner": "lessor", "pledgee": "operator"}
    lot = {"holder": "lessor", "element": "Co", "state": "stock", "lot": "lot-1", "mass_mg": "4000000"}
    given = book.append(book.entry("pledge", details={**secured, "pledged": [lot]}, parties=("lessor", "operator")))
    book.append(
        book.entry("release", details={**secured, "pledge": book.ids[given].hex()}, parties=("lessor", "operator"))
    )


def _recover(book: Book) -> None:
    old = account("lessor", "recycler", "scrap", lot="packs-1")
    out = old._replace(state="stock", lot="salt-1")
    legs = (
        *move(old, out, 3_700_000),
        *move(old, old._replace(state="loss"), 150_000),
        *move(old, old._replace(state="unaccounted"), 25_000),
    )
    book.append(book.entry("recover", net_legs(legs), documents={"assay": DIGEST}))
    again = out._replace(holder="cellmaker")
    book.append(book.entry("re-supply", moved(out, again, 3_000_000), contract="LEASE-2"))
    book.append(book.entry("return", moved(again, again._replace(holder="lessor"), 50_000), contract="LEASE-2"))
    lost = old._replace(state="unaccounted")
    book.append(
        book.entry("adjustment", moved(lost, old._replace(state="loss"), 25_000), reason="Counted.", reference="R-3")
    )


def rewritten(entry: Entry, **changes: Any) -> Entry:
    """Return the entry with some fields changed."""
    return replace(entry, **changes)
