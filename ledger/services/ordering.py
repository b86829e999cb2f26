"""Put entries in order: gap-free indexes, seals, leaves, tiles. Decides and computes; writes nothing."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ledger.core import entry as entries
from ledger.core import leaf as leaves
from ledger.core import seal as seals
from ledger.core.book import Book, Candidate
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import Frontier, leaf_hash, root
from ledger.core.tiles import TILE_WIDTH
from ledger.sql.chain import ChainEnd, EntryRow, LegRow, TileRow

# Answers `count` hashes of a tile level, from number `first` on: hashes(level, first, count).
Hashes = Callable[[int, int, int], Sequence[bytes]]


@dataclass(slots=True)
class Batch:
    """What a batch adds, rows by table, and the ends of the chains that it moved."""

    entries: list[EntryRow] = field(default_factory=list)
    legs: list[LegRow] = field(default_factory=list)
    tiles: list[TileRow] = field(default_factory=list)
    touched: dict[Account, ChainEnd] = field(default_factory=dict)


class Orderer:
    """The end of the ledger, and the batch that is being added to it.

    `ends` holds the chain ends of the accounts that the batch touches (absent: never used), `posted` the ids of those
    of its entries that stand already.
    """

    def __init__(self, book: Book, frontier: Frontier, recorded: dt.datetime | None, hashes: Hashes) -> None:
        self.book = book
        self.frontier = frontier
        self.ends: dict[Account, ChainEnd] = {}
        self.posted: set[bytes] = set()
        self.batch = Batch()
        self._recorded = recorded
        self._tiles = _Tiles(frontier.size, hashes)

    def begin(self, posted: set[bytes]) -> None:
        """Begin the next batch."""
        self.batch = Batch()
        self.posted = posted

    def take(
        self, candidate: Candidate, received_at: dt.datetime, submitted_by: str, nonce: bytes | None = None
    ) -> EntryRow:
        """Post the entry at the next index and return its row; raises LedgerError, and nothing is changed then.

        `nonce` is that of its commitment where the entry stood in the ledger before; else a new one is drawn.
        """
        index = self.frontier.size
        if candidate.entry_id in self.posted:
            raise LedgerError(LedgerCode.DUPLICATE, "The entry stands in the ledger already.")
        time = self._time(received_at)
        text = time.strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = self.book.check(candidate, index, text)
        ends = self.ends
        heads = {account: ends[account].head for account in candidate.accounts if account in ends}
        seal = seals.make_seal(candidate.entry, index=index, time=text, heads=heads)
        after = {line.account: line.balance_mg for line in seal.accounts}
        for account, _ in candidate.pledged:
            after[account] = heads[account].balance_mg if account in heads else 0
        self.book.check_after(candidate, signed, after)
        self.book.take_in(candidate, index, after)
        # From here on nothing is refused.
        self._recorded = time
        self.posted.add(candidate.entry_id)
        self._add_legs(candidate, seal)
        return self._add_entry(candidate, seal, time, submitted_by, nonce or secrets.token_bytes(leaves.NONCE_BYTES))

    def _time(self, received_at: dt.datetime) -> dt.datetime:
        # A clock that goes back must not turn the order round.
        time = received_at.astimezone(dt.UTC).replace(microsecond=0)
        return time if self._recorded is None else max(time, self._recorded)

    def _add_entry(
        self, candidate: Candidate, seal: seals.Seal, time: dt.datetime, submitted_by: str, nonce: bytes
    ) -> EntryRow:
        entry, public = candidate.entry, candidate.kind.public
        sealed = seals.encode(seal)
        nonce = b"" if public else nonce
        leaf = (
            leaves.encode_public(seal.time, candidate.note)
            if public
            else leaves.encode_confidential(leaves.commitment(nonce, candidate.note, sealed), seal.time)
        )
        hashed = leaf_hash(leaf)
        row = EntryRow(
            index=seal.index,
            entry_id=candidate.entry_id,
            kind=entry.kind,
            occurred=dt.date.fromisoformat(entry.occurred),
            recorded=time,
            note=candidate.note,
            seal=sealed,
            nonce=nonce,
            leaf=leaf,
            leaf_hash=hashed,
            contract=entry.contract,
            reference=entry.reference,
            corrects=candidate.corrects,
            public=public,
            readers=sorted(entries.readers(entry)),
            submitted_by=submitted_by,
        )
        self.batch.entries.append(row)
        self.batch.tiles.extend(self._tiles.append(hashed))
        self.frontier.append(hashed)
        return row

    def _add_legs(self, candidate: Candidate, seal: seals.Seal) -> None:
        occurred = dt.date.fromisoformat(candidate.entry.occurred)
        heads = seals.heads_after(candidate.entry_id, seal)
        ends, touched, add = self.ends, self.batch.touched, self.batch.legs.append
        for number, (account, leg) in enumerate(zip(candidate.moved, candidate.entry.legs, strict=True)):
            head = heads[account]
            end = ends.get(account)
            if end is None:
                end = ends[account] = ChainEnd(None, head, occurred, 0)
            else:
                end.head = head
                if occurred >= end.occurred_max:
                    end.occurred_max = occurred
                else:
                    end.late_days = max(end.late_days, (end.occurred_max - occurred).days)
            touched[account] = end
            add(LegRow(seal.index, number, end, leg.mass_mg, occurred, end.occurred_max, head.seq, head.balance_mg))


class _Tiles:
    """The partial tile at the right edge of each level, filled hash by hash; a full one is handed out."""

    def __init__(self, size: int, hashes: Hashes) -> None:
        self._size = size
        self._hashes = hashes
        self._open: dict[int, list[bytes]] = {}

    def append(self, item: bytes) -> list[TileRow]:
        """Add a leaf hash; return the tiles that it completes, the lowest level first."""
        full: list[TileRow] = []
        level, number = 0, self._size
        self._size += 1
        while True:
            at = number % TILE_WIDTH
            edge = self._open.get(level)
            if edge is None:
                edge = self._open[level] = list(self._hashes(level, number - at, at))
            edge.append(item)
            if len(edge) < TILE_WIDTH:
                return full
            tile = TileRow(level, number // TILE_WIDTH, b"".join(edge), root(edge))
            full.append(tile)
            self._open[level] = []
            level, number, item = level + 1, tile.number, tile.root
