"""The files of an export, one after the other: what a reader may hold of the ledger at a signed tree head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.core import audit, disclosures
from ledger.core import balances as balance_file
from ledger.core.audit_conservation import disclosures_path, opening_path
from ledger.core.audit_tree import CHECKPOINT
from ledger.core.continuation import AUDITED, CONTINUES, GROWTH
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import consistency_proof
from ledger.core.tiles import edge_tiles, entries_path, tiles_for_growth
from ledger.core.witness import Request
from ledger.selectors.balances import balances
from ledger.selectors.checkpoints import make_entry_proof
from ledger.selectors.conservation import conservation_notices
from ledger.selectors.manifests import manifest_files
from ledger.selectors.trust import TrustRoot
from ledger.selectors.values import SignedCheckpoint
from ledger.services.conservation import open_conservation
from ledger.services.head_memory import Head
from ledger.services.issue_receipt import receipts_under
from ledger.sql import proofs, reads, tree
from ledger.sql.inbox import APP
from ledger.sql.reads import StoredEntry

PAGE = 256
File = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Scope:
    """What an export is of: under which tree head, for whom (None: the auditor), and what its reader has already.

    `audited` is a checkpoint of the ledger's past that the reader holds. With `first` above 0 the export goes on from
    an earlier one of that many entries and holds only what is new. `receipts`: with a COSE receipt of each entry,
    which the log's key has to sign.
    """

    checkpoint: SignedCheckpoint
    root: TrustRoot
    party: str | None
    first: int = 0
    audited: SignedCheckpoint | None = None
    receipts: bool = False


def entry_pages(scope: Scope, begin: int) -> Iterator[tuple[int, list[File]]]:
    """Answer the files of entries from index `begin` on, a page at a time, with the index after the page's last."""
    size = scope.checkpoint.size
    reader = tree.reader(APP, size, scope.checkpoint.root)
    receipt = receipts_under(Head(size, scope.checkpoint.root)) if scope.receipts else None
    while begin < size:
        where = reads.Where()
        reads.readable(where, scope.party)
        where.add("e.index >= %(first)s", first=begin)
        where.add("e.index < %(size)s", size=size)
        page = reads.entries(where, order="e.index", limit=PAGE)
        shown = _disclosed(page, scope.party)
        files: list[File] = []
        for entry in page:
            files.append((f"entries/{entry.index}.note", entry.note))
            files.append((f"entries/{entry.index}.seal", entry.seal))
            files.append((f"entries/{entry.index}.leaf", entry.leaf))
            proof = make_entry_proof(entry, scope.checkpoint, reader)
            files.append((f"entries/{entry.index}.tlog-proof", proof.text))
            if receipt is not None:
                files.append((f"entries/{entry.index}.cose", receipt(proof)))
            if entry.entry_id in shown:
                files.append((disclosures_path(entry.index), disclosures.encode_lines(shown[entry.entry_id])))
        begin = size if len(page) < PAGE else page[-1].index + 1
        yield begin, files


def other_files(scope: Scope) -> Iterator[File]:
    """Answer everything but the entries: tree head, trust root, tiles, openings of notices, manifests, balances."""
    checkpoint, root, party = scope.checkpoint, scope.root, scope.party
    yield CHECKPOINT, checkpoint.note
    yield audit.POLICY, root.policy
    yield audit.REGISTRY_KEY, f"{root.registry_vkey}\n".encode()
    if party is not None:
        yield audit.PARTY, f"{party}\n".encode()
    if scope.first:
        yield CONTINUES, f"{scope.first}\n".encode()
    if scope.audited is not None:
        yield AUDITED, scope.audited.note
        yield GROWTH, _growth(scope.audited, checkpoint)
    yield from _tiles(checkpoint.size, scope.first)
    for notice in conservation_notices(size=checkpoint.size):
        if notice.index >= scope.first:
            yield opening_path(notice.index), open_conservation(index=notice.index, party=party)
    yield from manifest_files(party=party, size=checkpoint.size)
    yield audit.BALANCES, balance_file.encode(root.origin, checkpoint.size, _balances(checkpoint.size, party))


def _tiles(size: int, first: int) -> Iterator[File]:
    read = tree.tile_files(APP)
    # A tile at the edge may be as it was before, and proves what is new all the same.
    paths = {tile.path for tile in edge_tiles(size)}
    for tile in tiles_for_growth(first, size):
        paths.add(tile.path)
        if tile.level == 0:
            paths.add(entries_path(tile.index, tile.width))
    for path in sorted(paths):
        data = read(path)
        if data is None:
            raise LedgerError(LedgerCode.MISSING_FILE, f"{path} cannot be made: the database lacks part of it.")
        yield path, data


def _growth(old: SignedCheckpoint, new: SignedCheckpoint) -> bytes:
    # The form in which a log asks a witness to follow it: any witness checks the same bytes.
    reader = tree.reader(APP, new.size, new.root)
    return Request(old.size, tuple(consistency_proof(old.size, new.size, reader.get_hash)), new.note).to_bytes()


def _disclosed(page: list[StoredEntry], party: str | None) -> dict[bytes, tuple[str, ...]]:
    hiding = [entry.entry_id for entry in page if f'"{disclosures.ALGORITHM}"'.encode() in entry.note]
    return proofs.disclosures_of(hiding, party)


def _balances(size: int, party: str | None) -> dict[Account, int]:
    rows = balances(party=party, known_at=size)
    return {
        Account(str(row.owner), str(row.holder), row.element, str(row.state), str(row.lot)): row.mass_mg for row in rows
    }
