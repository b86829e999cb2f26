"""Writes the export of a large, sound book straight to a folder, without a database: for benchmarks and for tests.

Every entry is a `title` between the two owners, signed by both, over lots that were received first. The same arguments
give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from ledger.core import balances as balance_file
from ledger.core import entry as entries
from ledger.core import leaf as leaves
from ledger.core import seal as seals
from ledger.core.audit import Trust
from ledger.core.checkpoint import Checkpoint
from ledger.core.entry import Account, Entry, Leg, net_legs
from ledger.core.kinds import kind_of
from ledger.core.merkle import inclusion_proof, leaf_hash, node_hash, range_hash
from ledger.core.policy import NONE, Policy
from ledger.core.proof import make_proof
from ledger.core.rules import REGISTRY
from ledger.core.tiles import TILE_WIDTH, entries_path, entry_bundle, tile_bytes, tiles_for_growth
from tests.ledger.builder import BOOK, DIGEST, signer

SELLER, BUYER = "lessor", "maker"
_SIGNERS = {
    REGISTRY: signer(f"{BOOK}/registry"),
    **{party: signer(f"{party}.example/entry/2024a") for party in (SELLER, BUYER)},
}
_PLENTY_MG = 10**15


def write_large_export(folder: Path, size: int, *, legs: int = 2, lots: int = 1000) -> Trust:
    """Write a book of `size` entries, almost all of `legs` legs (an even number) and two signatures; return its trust.

    Two accounts are held for each of `lots` lots, and two entries register the owners' keys.
    """
    if legs % 2 or not 2 <= legs <= 2 * lots:
        message = f"{legs} legs cannot be moved between {lots} lots."
        raise ValueError(message)
    (folder / "entries").mkdir(parents=True)
    heads: dict[Account, seals.Head] = {}
    kept: list[tuple[bytes, bytes | None]] = []
    for index, entry in zip(range(size), _entries(legs // 2, lots), strict=False):
        kept.append(_write_entry(folder / "entries", index, entry, heads))
    levels = _levels([leaf_hash(leaf) for leaf, _ in kept])

    def get_hash(level: int, index: int) -> bytes:
        return levels[level][index]

    log = signer(BOOK)
    checkpoint = Checkpoint(BOOK, size, range_hash(0, size, get_hash)).sign([log]).to_bytes()
    for index, (leaf, nonce) in enumerate(kept):
        path = inclusion_proof(index, size, get_hash)
        proof = make_proof(index, path, checkpoint, time=_time(index), nonce=nonce)
        (folder / f"entries/{index}.tlog-proof").write_bytes(proof.to_bytes())
        (folder / f"entries/{index}.leaf").write_bytes(leaf)
    policy = Policy((log.vkey,), NONE)
    balances = {account: head.balance_mg for account, head in heads.items()}
    files = {
        "checkpoint": checkpoint,
        "policy": policy.to_bytes(),
        "registry.vkey": f"{_SIGNERS[REGISTRY].vkey}\n".encode(),
        "balances.json": balance_file.encode(BOOK, size, balances),
    }
    for tile in tiles_for_growth(0, size):
        files[tile.path] = tile_bytes(tile, get_hash)
        if tile.level == 0:
            first = tile.index * TILE_WIDTH
            bundle = entry_bundle(leaf for leaf, _ in kept[first : first + tile.width])
            files[entries_path(tile.index, tile.width)] = bundle
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return Trust(policy, _SIGNERS[REGISTRY].vkey)


def _entries(moves: int, lots: int) -> Iterator[Entry]:
    for party in (SELLER, BUYER):
        details = {"action": "register", "vkey": str(_SIGNERS[party].vkey), "party": party}
        yield _entry("key", f"key-{party}", details=details | {"purpose": "entry", "custody": "held"})
    for first in range(0, lots, moves):
        owned = [_stock(SELLER, lot) for lot in range(first, min(first + moves, lots))]
        sources = [account._replace(state="source") for account in owned]
        yield _entry("receive", f"receive-{first}", _moved(sources, owned, _PLENTY_MG), documents={"origin": DIGEST})
    number = 0
    while True:
        sold = [(number * moves + move) % lots for move in range(moves)]
        legs = _moved([_stock(SELLER, lot) for lot in sold], [_stock(BUYER, lot) for lot in sold], 1 + number % 1000)
        yield _entry("title", f"title-{number}", legs, reference=f"DN-{number}")
        number += 1


def _entry(kind: str, nonce: str, legs: tuple[Leg, ...] = (), **fields: object) -> Entry:
    return Entry(kind, BOOK, nonce, "2024-01-02", legs, **fields)


def _stock(owner: str, lot: int) -> Account:
    return Account(owner, BUYER, "Ni", "stock", f"lot-{lot:05d}")


def _moved(sources: list[Account], targets: list[Account], mass_mg: int) -> tuple[Leg, ...]:
    debits = (Leg(*account, -mass_mg) for account in sources)
    return net_legs((*debits, *(Leg(*account, mass_mg) for account in targets)))


def _write_entry(
    folder: Path, index: int, entry: Entry, heads: dict[Account, seals.Head]
) -> tuple[bytes, bytes | None]:
    kind = kind_of(entry)
    note = entries.sign_entry(entry, [_SIGNERS[party] for party in sorted(kind.signers_of(entry))])
    data, time = note.to_bytes(), _time(index)
    seal = seals.make_seal(entry, index=index, time=time, heads=heads)
    heads.update(seals.heads_after(entries.entry_id(note.text), seal))
    sealed = seals.encode(seal)
    (folder / f"{index}.note").write_bytes(data)
    (folder / f"{index}.seal").write_bytes(sealed)
    if kind.public:
        return leaves.encode_public(time, data), None
    nonce = hashlib.sha256(b"nonce %d" % index).digest()
    return leaves.encode_confidential(leaves.commitment(nonce, data, sealed), time), nonce


def _time(index: int) -> str:
    return f"2024-01-{1 + index // 86_400:02d}T{index // 3600 % 24:02d}:{index // 60 % 60:02d}:{index % 60:02d}Z"


def _levels(hashes: list[bytes]) -> list[list[bytes]]:
    levels = [hashes]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return levels
