"""Compare the tables and files that stand beside the entries with a replay of them: each finding is a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.entry import Account
from ledger.core.errors import LedgerError
from ledger.core.merkle import HASH_BYTES, root
from ledger.core.note import Note, VerifierKey
from ledger.core.tiles import TILE_WIDTH, entries_path, level_count, tiles_for_growth
from ledger.selectors.trust import trust_root
from ledger.services.publish_files import public_folder
from ledger.services.replay import Replay
from ledger.sql import chain, cosignatures, late, reads, tree
from ledger.sql.inbox import APP


def compare(replay: Replay) -> Iterator[str]:
    """Compare accounts, balances, keys, checkpoints, tiles and inbox with a finished replay."""
    yield from _balances(replay)
    yield from _late()
    yield from _keys(replay)
    yield from _checkpoints(replay)
    yield from _cosignatures()
    yield from _tiles(replay.frontier.size)
    yield from _inbox(replay)
    yield from replay.rules.compare(replay.ids)


def _balances(replay: Replay) -> Iterator[str]:
    rows = reads.fetch(
        "SELECT a.owner, a.holder, a.element, a.state, a.lot, b.mass_mg, b.seq, b.last_entry_id, b.occurred_max,"
        " b.late_days, b.bounded FROM ledger_account AS a LEFT JOIN ledger_balance AS b ON b.account_id = a.id",
        {},
    )
    stored = {Account(*row[:5]): row[5:] for row in rows}
    for account in sorted(stored.keys() | replay.chains.keys()):
        found = replay.chains.get(account)
        if found is None:
            yield f"The account {account} stands in the table of accounts, and no entry touches it."
            continue
        after = f"after entry {found.last_index}, the last that touches it"
        if account not in stored or stored[account][0] is None:
            yield f"The account {account} has no balance; {after}, it is {found.head.balance_mg} mg."
            continue
        mass_mg, seq, last_id, *days, bounded = stored[account]
        if mass_mg != found.head.balance_mg:
            yield f"The balance of {account} is given as {mass_mg} mg; {after}, it is {found.head.balance_mg} mg."
        elif (seq, bytes(last_id).hex()) != (found.head.seq, found.head.entry_id):
            yield f"The chain of {account} is said to end elsewhere; it ends {after}, at number {found.head.seq}."
        elif days != [found.occurred_max, found.late_days] or bounded != (account.state != "source"):
            yield f"The days or bounds kept for {account} are wrong; {after}, its latest day is {found.occurred_max}."


def _late() -> Iterator[str]:
    for account, level, number in late.wrong_blocks():
        yield f"The sums of late legs of {account} are wrong in block {number} of level {level}."


def _keys(replay: Replay) -> Iterator[str]:
    log = trust_root().log_vkey
    expected: dict[str, tuple[Any, ...]] = {log: (settings.LEDGER_ORIGIN, "registry", "log", "held", 0, None, None)}
    for record in replay.rules.book.registry:
        expected[str(record.vkey)] = (
            *(record.name, record.party, record.purpose, record.custody),
            *(record.valid_from_index, record.revoked_at_index, record.compromised_since),
        )
    stored = {row[0]: row[1:] for row in reads.keys(reads.Where())}
    for vkey in sorted(stored.keys() | expected.keys()):
        if stored.get(vkey) != expected.get(vkey):
            name = vkey.split("+")[0]
            yield f"The key {name} stands in the table of keys otherwise than the public entries register or revoke it."


def _checkpoints(replay: Replay) -> Iterator[str]:
    log_key = VerifierKey.parse(trust_root().log_vkey)
    rows = reads.fetch("SELECT size, root, note, frontier, created_at FROM ledger_checkpoint ORDER BY size", {})
    for size, stored_root, note, frontier, created_at in rows:
        expected = replay.heads_of_tree.get(size)
        if expected is None:
            yield f"The checkpoint of {size} entries covers entries that are not there."
            continue
        try:
            signed, _ = open_checkpoint(bytes(note), log_key)
        except LedgerError as error:
            yield f"The checkpoint of {size} entries does not hold: {error.sentence}"
            continue
        if (signed.size, signed.root, bytes(stored_root)) != (size, expected[0], expected[0]):
            yield f"The checkpoint of {size} entries is not of the tree that entries 0 to {size - 1} give."
        elif (bytes(frontier), created_at) != expected[1:]:
            yield f"The frontier or time kept with the checkpoint of {size} entries is not what the entries give."


def _cosignatures() -> Iterator[str]:
    rows = reads.fetch(
        "SELECT c.size, c.vkey, c.key_name, c.key_id, c.signature, p.note FROM ledger_cosignature AS c"
        " JOIN ledger_checkpoint AS p ON p.size = c.size ORDER BY c.size, c.key_name, c.key_id",
        {},
    )
    for size, vkey, name, key_id, signature, note in rows:
        key = VerifierKey.parse(vkey)
        same = (key.name, key.key_id) == (name, bytes(key_id))
        if not same or not key.verifies(Note.parse(bytes(note)).text, bytes(signature)):
            yield f"The cosignature of {name} under the checkpoint of {size} entries does not hold."


def _tiles(size: int) -> Iterator[str]:
    rows = reads.fetch("SELECT level, number, hashes, root FROM ledger_tile ORDER BY level, number", {})
    stored = {(level, number): (bytes(hashes), bytes(over)) for level, number, hashes, over in rows}
    expected = 0
    level = 0
    while count := level_count(size, level) // TILE_WIDTH:
        expected += count
        for number in range(count):
            found = stored.get((level, number))
            hashes = tree.hashes(APP, level, number * TILE_WIDTH, TILE_WIDTH)
            span = TILE_WIDTH ** (level + 1)
            if found != (b"".join(hashes), root(hashes)):
                at = _first_difference(found[0], hashes) if found else 0
                first = number * span + at * (span // TILE_WIDTH)
                yield f"The tile {number} of level {level} is wrong from entry {first} on."
        level += 1
    if len(stored) > expected:
        yield f"{len(stored) - expected} tiles stand in the table of tiles beyond the tree of {size} entries."


def _first_difference(stored: bytes, hashes: list[bytes]) -> int:
    pieces = [stored[at : at + HASH_BYTES] for at in range(0, len(stored), HASH_BYTES)]
    return next((at for at, pair in enumerate(zip(pieces, hashes, strict=False)) if pair[0] != pair[1]), 0)


def _inbox(replay: Replay) -> Iterator[str]:
    rows = reads.fetch(
        "SELECT i.id, i.entry_index, i.entry_id, i.note = e.note FROM ledger_inbox AS i"
        " LEFT JOIN ledger_entry AS e ON e.index = i.entry_index WHERE i.state = 'posted' ORDER BY i.id",
        {},
    )
    for number, index, entry_id, same_note in rows:
        if not same_note or index >= len(replay.ids) or replay.ids[index] != bytes(entry_id):
            yield f"Inbox row {number} is said to be entry {index}, and is another entry."
    for number, index in reads.fetch(
        "SELECT i.id, e.index FROM ledger_inbox AS i JOIN ledger_entry AS e ON e.entry_id = i.entry_id"
        " WHERE i.state = 'pending' ORDER BY i.id",
        {},
    ):
        yield f"Inbox row {number} is said to wait, and is posted as entry {index}."


def published() -> Iterator[str]:
    """Compare the published files with the tree in the database."""
    folder = public_folder()
    path = folder / "checkpoint"
    if not path.exists():
        if chain.last_checkpoint(APP) is not None:
            yield f"The published checkpoint {path} is missing: publish again."
        return
    note = path.read_bytes()
    try:
        signed, _ = open_checkpoint(note, VerifierKey.parse(trust_root().log_vkey))
    except LedgerError as error:
        yield f"The published checkpoint {path} does not hold: {error.sentence}"
        return
    row = chain.checkpoint_of(signed.size, APP)
    if row is None or not note.startswith(row.note):
        yield f"The published checkpoint of {signed.size} entries is not the one in the database."
        return
    known = {*Note.parse(row.note).signatures, *cosignatures.lines(APP, signed.size)}
    if not known.issuperset(Note.parse(note).signatures):
        yield f"The published checkpoint of {signed.size} entries carries a signature that is not in the database."
    yield from _published_tiles(signed)


def _published_tiles(signed: Checkpoint) -> Iterator[str]:
    folder, read = public_folder(), tree.tile_files(APP)
    for tile in tiles_for_growth(0, signed.size):
        paths = [tile.path, entries_path(tile.index, tile.width)] if tile.level == 0 else [tile.path]
        first = tile.index * TILE_WIDTH ** (tile.level + 1)
        for path in paths:
            if not (folder / path).exists():
                yield f"The published file {path} (entries from {first} on) is missing."
            elif (folder / path).read_bytes() != read(path):
                yield f"The published file {path} (entries from {first} on) is not what the database gives."
