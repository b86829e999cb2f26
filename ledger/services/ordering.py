"""Put a batch in order: gap-free indexes, seals, leaves, tiles. Decides and computes; writes nothing."""

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
from ledger.sql.inbox import Answer, InboxRow

# Answers `count` hashes of a tile level, from number `first` on: hashes(level, first, count).
Hashes = Callable[[int, int, int], Sequence[bytes]]


@dataclass(slots=True)
class Batch:
    """What a batch adds: rows by table, and what became of each inbox row."""

    entries: list[EntryRow] = field(default_factory=list)
    legs: list[LegRow] = field(default_factory=list)
    tiles: list[TileRow] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


class Orderer:
    """The end of the ledger, and the batch that is being added to it."""

    def __init__(
        self,
        *,
        book: Book,
        frontier: Frontier,
        recorded: dt.datetime | None,
        ends: dict[Account, ChainEnd],
        posted: set[bytes],
        hashes: Hashes,
    ) -> None:
        self.batch = Batch()
        self.ends = ends
        self.frontier = frontier
        self._book = book
        self._recorded = recorded
        self._posted = posted
        self._tiles = _Tiles(frontier.size, hashes)

    def take(self, row: InboxRow, candidate: Candidate | LedgerError) -> None:
        """Post the row at the next index, or refuse it with code and sentence."""
        try:
            if isinstance(candidate, LedgerError):
                raise candidate
            self._post(row, candidate)
        except LedgerError as error:
            self.batch.answers.append(Answer(row.id, code=error.code, message=error.sentence))

    def _post(self, row: InboxRow, candidate: Candidate) -> None:
        index = self.frontier.size
        if candidate.entry_id in self._posted:
            raise LedgerError(LedgerCode.DUPLICATE, "The entry stands in the ledger already.")
        time = self._time(row.received_at)
        signed = self._book.check(candidate, index, _text(time))
        heads = {leg.account: self.ends[leg.account].head for leg in candidate.entry.legs if leg.account in self.ends}
        seal = seals.make_seal(candidate.entry, index=index, time=_text(time), heads=heads)
        after = {line.account: line.balance_mg for line in seal.accounts}
        self._book.check_after(candidate, signed, after)
        self._book.take_in(candidate, index, after)
        # From here on nothing is refused.
        self._recorded = time
        self._posted.add(candidate.entry_id)
        self._add_entry(candidate, seal, time)
        self._add_legs(candidate, seal)
        self.batch.answers.append(Answer(row.id, entry_index=index))

    def _time(self, received_at: dt.datetime) -> dt.datetime:
        # A clock that goes back must not turn the order round.
        time = received_at.astimezone(dt.UTC).replace(microsecond=0)
        return time if self._recorded is None else max(time, self._recorded)

    def _add_entry(self, candidate: Candidate, seal: seals.Seal, time: dt.datetime) -> None:
        entry, public = candidate.entry, candidate.kind.public
        sealed = seals.encode(seal)
        nonce = b"" if public else secrets.token_bytes(leaves.NONCE_BYTES)
        leaf = (
            leaves.encode_public(seal.time, candidate.note)
            if public
            else leaves.encode_confidential(leaves.commitment(nonce, candidate.note, sealed), seal.time)
        )
        hashed = leaf_hash(leaf)
        self.batch.entries.append(
            EntryRow(
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
            )
        )
        self.batch.tiles.extend(self._tiles.append(hashed))
        self.frontier.append(hashed)

    def _add_legs(self, candidate: Candidate, seal: seals.Seal) -> None:
        occurred = dt.date.fromisoformat(candidate.entry.occurred)
        heads = seals.heads_after(candidate.entry_id, seal)
        for number, leg in enumerate(candidate.entry.legs):
            account, head = leg.account, heads[leg.account]
            end = self.ends.get(account)
            if end is None:
                end = self.ends[account] = ChainEnd(None, head, occurred, 0)
            end.head = head
            end.occurred_max = max(end.occurred_max, occurred)
            end.late_days = max(end.late_days, (end.occurred_max - occurred).days)
            self.batch.legs.append(
                LegRow(
                    entry_index=seal.index,
                    leg_no=number,
                    account=account,
                    mass_mg=leg.mass_mg,
                    occurred=occurred,
                    occurred_max=end.occurred_max,
                    account_seq=head.seq,
                    balance_after_mg=head.balance_mg,
                )
            )


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


def _text(time: dt.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
