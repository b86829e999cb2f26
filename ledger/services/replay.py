"""Replay the entries from their bytes and compare every table that was made from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from ledger.core import entry as entries
from ledger.core import seal as seals
from ledger.core.book import Candidate, read
from ledger.core.entry import Account, State
from ledger.core.errors import LedgerError
from ledger.core.leaf import decode as decode_leaf
from ledger.core.merkle import Frontier, leaf_hash
from ledger.core.note import VerifierKey
from ledger.core.registry import KeyRegistry
from ledger.services.replay_rules import RuleReplay
from ledger.sql import reads
from ledger.sql.reads import StoredEntry

_PAGE = 256


@dataclass(slots=True)
class Chain:
    """One account by replay: the end of its chain, the last entry that touched it, and its days."""

    head: seals.Head
    last_index: int
    occurred_max: dt.date
    late_days: int


class Replay:
    """Goes through all entries in order; `problems` collects what does not agree, as sentences."""

    def __init__(self, root: VerifierKey) -> None:
        self.problems: list[str] = []
        self.chains: dict[Account, Chain] = {}
        self.rules = RuleReplay(settings.LEDGER_ORIGIN, KeyRegistry(root))
        self.frontier = Frontier()
        self.ids: list[bytes] = []
        # The tree at every size that a checkpoint was signed for.
        self.heads_of_tree: dict[int, tuple[bytes, bytes, dt.datetime]] = {}

    def run(self, checkpoint_sizes: set[int]) -> None:
        """Replay everything; stops at the first entry that cannot be read, for nothing after it can be told."""
        for stored, legs in _pages():
            try:
                self._take(stored, legs)
            except LedgerError as error:
                self.problems.append(f"Entry {stored.index} cannot be replayed: {error.sentence}")
                return
            if self.frontier.size in checkpoint_sizes:
                self.heads_of_tree[self.frontier.size] = (
                    self.frontier.root(),
                    self.frontier.to_bytes(),
                    stored.recorded,
                )

    def _take(self, stored: StoredEntry, legs: list[tuple[Any, ...]]) -> None:
        index = self.frontier.size
        if stored.index != index:
            self.problems.append(f"Entry {index} is missing: entry {stored.index} comes next in the table of entries.")
        candidate = read(stored.note)
        self._compare_columns(stored, candidate)
        self._compare_legs(stored, candidate, legs)
        after = {leg.account: self.chains[leg.account].head.balance_mg for leg in candidate.entry.legs}
        self.rules.take(candidate, stored.index, after)
        self.ids.append(candidate.entry_id)
        self.frontier.append(leaf_hash(stored.leaf))

    def _compare_columns(self, stored: StoredEntry, candidate: Candidate) -> None:
        entry, seal = candidate.entry, seals.decode(stored.seal)
        expected = {
            "entry_id": candidate.entry_id,
            "kind": entry.kind,
            "occurred": dt.date.fromisoformat(entry.occurred),
            "recorded": dt.datetime.fromisoformat(decode_leaf(stored.leaf).time),
            "leaf_hash": leaf_hash(stored.leaf),
            "contract": entry.contract,
            "reference": entry.reference,
            "corrects": candidate.corrects,
            "public": candidate.kind.public,
            "readers": tuple(sorted(entries.readers(entry))),
        }
        if seal.index != stored.index:
            self.problems.append(f"Entry {stored.index} carries the seal of entry {seal.index}.")
        for column, value in expected.items():
            if getattr(stored, column) != value:
                self.problems.append(
                    f"Entry {stored.index}: its column {column} says {_shown(getattr(stored, column))}, "
                    f"its signed bytes say {_shown(value)}."
                )

    def _compare_legs(self, stored: StoredEntry, candidate: Candidate, legs: list[tuple[Any, ...]]) -> None:
        expected = []
        occurred = dt.date.fromisoformat(candidate.entry.occurred)
        for number, leg in enumerate(candidate.entry.legs):
            chain = self._advance(leg.account, leg.mass_mg, stored.index, candidate.entry_id.hex(), occurred)
            if chain.head.balance_mg < 0 and leg.state != State.SOURCE:
                self.problems.append(f"Entry {stored.index} takes {leg.account} below zero.")
            head = chain.head
            expected.append(
                (number, *leg, occurred, chain.occurred_max, head.seq, head.balance_mg),
            )
        if legs != expected:
            wrong = [number for number, pair in enumerate(zip(legs, expected, strict=False)) if pair[0] != pair[1]]
            where = (
                f"leg {wrong[0]} is"
                if wrong
                else f"{len(legs)} legs stand there, {len(expected)} were signed, they are"
            )
            self.problems.append(f"Entry {stored.index}: {where} not what its signed text gives, in the table of legs.")

    def _advance(self, account: Account, mass_mg: int, index: int, entry_id: str, occurred: dt.date) -> Chain:
        before = self.chains.get(account)
        if before is None:
            after = Chain(seals.Head(0, entry_id, mass_mg), index, occurred, 0)
        else:
            latest = max(before.occurred_max, occurred)
            after = Chain(
                seals.Head(before.head.seq + 1, entry_id, before.head.balance_mg + mass_mg),
                index,
                latest,
                max(before.late_days, (latest - occurred).days),
            )
        self.chains[account] = after
        return after


def _pages() -> Iterator[tuple[StoredEntry, list[tuple[Any, ...]]]]:
    first = -(2**63)
    while True:
        where = reads.Where()
        where.add("e.index >= %(first)s", first=first)
        page = reads.entries(where, order="e.index", limit=_PAGE)
        if not page:
            return
        legs = _legs(page[0].index, page[-1].index)
        for stored in page:
            yield stored, legs.get(stored.index, [])
        first = page[-1].index + 1


def _legs(first: int, last: int) -> Mapping[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    rows = reads.fetch(
        "SELECT l.entry_index, l.leg_no, a.owner, a.holder, a.element, a.state, a.lot, l.mass_mg, l.occurred,"
        " l.occurred_max, l.account_seq, l.balance_after_mg"
        " FROM ledger_leg AS l JOIN ledger_account AS a ON a.id = l.account_id"
        " WHERE l.entry_index BETWEEN %(first)s AND %(last)s ORDER BY l.entry_index, l.leg_no",
        {"first": first, "last": last},
    )
    for index, *leg in rows:
        found.setdefault(index, []).append(tuple(leg))
    return found


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
