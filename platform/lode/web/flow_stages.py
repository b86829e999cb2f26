"""From movements of accounts to the stages of the lease loop. Pure: sums in integer milligrams, nothing is dropped.

A stage is a set of accounts. What the picture says of a stage comes from two places that know nothing of each other:
its moves from the entries, its opening and its closing from the balances. Where the two disagree, the stage is off by
`difference_mg`, and the page draws that in red.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ledger.core.entry import Account, State

CELL_MAKER: Final = "cell-maker"
OPERATOR: Final = "operator"
LESSOR: Final = "lessor"
RECYCLER: Final = "recycler"


class Stage(StrEnum):
    """Where in the loop material is. `outside` stands for owners that a filter leaves out."""

    OUTSIDE_IN = "outside-in"
    SUPPLY = "supply"
    POOL = "pool"
    MAKERS = "makers"
    FLEET = "fleet"
    FEED = "feed"
    SCRAP = "scrap"
    PROCESS = "process"
    RECOVERED = "recovered"
    UNEXPLAINED = "unexplained"
    LOSS = "loss"
    EXPORTED = "exported"
    OUTSIDE_OUT = "outside-out"


COLUMN: Final[Mapping[Stage, int]] = {
    Stage.OUTSIDE_IN: 0, Stage.SUPPLY: 0, Stage.POOL: 1, Stage.MAKERS: 2, Stage.FLEET: 3, Stage.FEED: 3, Stage.SCRAP: 4,
    Stage.PROCESS: 5, Stage.RECOVERED: 6, Stage.UNEXPLAINED: 7, Stage.LOSS: 8, Stage.EXPORTED: 8, Stage.OUTSIDE_OUT: 8,
}  # fmt: skip
BOUNDS: Final[Mapping[str, Stage]] = {
    State.SOURCE: Stage.SUPPLY,
    State.LOSS: Stage.LOSS,
    State.UNACCOUNTED: Stage.UNEXPLAINED,
    State.EXPORTED: Stage.EXPORTED,
}
BY_STATE: Final[Mapping[str, Stage]] = {
    State.PROCESS: Stage.PROCESS,
    State.SCRAP: Stage.SCRAP,
    State.PRODUCT: Stage.FLEET,
}
SOURCES: Final = frozenset({Stage.SUPPLY, Stage.FEED})
SINKS: Final = frozenset({Stage.UNEXPLAINED, Stage.LOSS, Stage.EXPORTED})
Lot = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Move:
    """Mass that an entry carried from one account to another."""

    entry: int
    kind: str
    source: Account
    target: Account
    mass_mg: int


@dataclass(frozen=True, slots=True)
class Link:
    """What went from stage to stage: its mass, and the kinds and numbers of the entries that carried it."""

    source: Stage
    target: Stage
    mass_mg: int
    kinds: tuple[str, ...]
    entries: tuple[int, ...]

    @property
    def backwards(self) -> bool:
        """Say whether the material came back to an earlier stage: the loop."""
        return COLUMN[self.source] >= COLUMN[self.target]


@dataclass(frozen=True, slots=True)
class StageSum:
    """A stage over the period, in mg. Opening and closing are balances, in and out are moves of entries."""

    stage: Stage
    opening_mg: int
    in_mg: int
    out_mg: int
    closing_mg: int
    holders: tuple[str, ...]

    @property
    def difference_mg(self) -> int:
        """Return what the moves leave there beyond what the balances say: 0 where the stage closes."""
        return self.opening_mg + self.in_mg - self.out_mg - self.closing_mg


@dataclass(frozen=True, slots=True)
class LoopSums:
    """The whole loop of one element."""

    stages: tuple[StageSum, ...]
    links: tuple[Link, ...]

    @property
    def off_mg(self) -> int:
        """Return by how much the worst stage does not close."""
        return max((stage.difference_mg for stage in self.stages), key=abs, default=0)


def recovered_lots(moves: Iterable[Move]) -> frozenset[Lot]:
    """Return (owner, element, lot) of stock that came out of a recovery, or that a re-supply takes: it is the same."""
    lots: set[Lot] = set()
    for move in moves:
        if move.kind == "recover" and move.target.state == State.STOCK:
            lots.add((move.target.owner, move.target.element, move.target.lot))
        elif move.kind == "re-supply":
            lots.add((move.source.owner, move.source.element, move.source.lot))
    return frozenset(lots)


def stage_of(account: Account, kinds: Mapping[str, str], recovered: frozenset[Lot]) -> Stage:
    """Return the stage of an account: `kinds` says what each party is, `recovered` which lots were made again."""
    holder = kinds.get(account.holder, "")
    if bound := BOUNDS.get(account.state):
        return Stage.FEED if bound is Stage.SUPPLY and holder == RECYCLER else bound
    if by_holder := {CELL_MAKER: Stage.MAKERS, OPERATOR: Stage.FLEET}.get(holder):
        return by_holder
    if by_state := BY_STATE.get(account.state):
        return by_state
    if (account.owner, account.element, account.lot) in recovered:
        return Stage.RECOVERED
    # What a recycler or a refiner has on its way, and has not recovered, is what was collected.
    return Stage.SCRAP if account.state == State.TRANSIT and holder != LESSOR else Stage.POOL


@dataclass(slots=True)
class _Sum:
    opening_mg: int = 0
    closing_mg: int = 0
    in_mg: int = 0
    out_mg: int = 0
    unseen_mg: int = 0
    holders: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Total:
    mass_mg: int = 0
    kinds: set[str] = field(default_factory=set)
    entries: set[int] = field(default_factory=set)


def loop_sums(
    moves: Iterable[Move],
    *,
    opening: Mapping[Account, int],
    closing: Mapping[Account, int],
    kinds: Mapping[str, str],
    recovered: frozenset[Lot],
    owner: str | None = None,
    reads_as: str | None = None,
) -> LoopSums:
    """Return the stages and what went between them, in mg.

    `opening` and `closing` are the balances of the accounts that the reader sees; `owner` leaves other owners outside.
    A party (`reads_as`) reads entries that also touch accounts which are not its own: of those it knows no balance, so
    what they gained is counted as kept, what they gave as there before. Its own accounts must close by themselves.
    """
    sums: dict[Stage, _Sum] = {}
    totals: dict[tuple[Stage, Stage], _Total] = {}

    def place(account: Account, outside: Stage) -> tuple[Stage, _Sum]:
        left_out = owner is not None and account.owner != owner
        stage = outside if left_out else stage_of(account, kinds, recovered)
        found = sums.setdefault(stage, _Sum())
        found.holders.add(account.holder)
        return stage, found

    for account, mass_mg in opening.items():
        place(account, Stage.OUTSIDE_IN)[1].opening_mg += 0 if owner not in (None, account.owner) else mass_mg
    for account, mass_mg in closing.items():
        place(account, Stage.OUTSIDE_OUT)[1].closing_mg += 0 if owner not in (None, account.owner) else mass_mg
    for move in moves:
        source, from_sum = place(move.source, Stage.OUTSIDE_IN)
        target, to_sum = place(move.target, Stage.OUTSIDE_OUT)
        if source is Stage.OUTSIDE_IN and target is Stage.OUTSIDE_OUT:
            continue
        from_sum.unseen_mg -= _unseen_mg(move.source, source, move.mass_mg, reads_as)
        to_sum.unseen_mg += _unseen_mg(move.target, target, move.mass_mg, reads_as)
        if source is not target:
            _count(totals, source, target, move)
    links = tuple(_links(totals))
    for link in links:
        sums[link.source].out_mg += link.mass_mg
        sums[link.target].in_mg += link.mass_mg
    stages = [_stage(stage, found) for stage, found in sums.items()]
    return LoopSums(tuple(sorted(filter(_says_something, stages), key=lambda one: COLUMN[one.stage])), links)


def _unseen_mg(account: Account, stage: Stage, mass_mg: int, reads_as: str | None) -> int:
    outside = stage in (Stage.OUTSIDE_IN, Stage.OUTSIDE_OUT)
    own = reads_as is None or reads_as in (account.owner, account.holder)
    return mass_mg if outside or not own else 0


def _count(totals: dict[tuple[Stage, Stage], _Total], source: Stage, target: Stage, move: Move) -> None:
    """Add a move. What takes back or puts right is netted against what it takes back: only the loop runs back."""
    key, sign = (source, target), 1
    undone = move.kind in ("reversal", "adjustment") or source in SINKS or target in SOURCES
    if undone and COLUMN[source] >= COLUMN[target]:
        key, sign = (target, source), -1
    total = totals.setdefault(key, _Total())
    total.mass_mg += sign * move.mass_mg
    total.kinds.add(move.kind)
    total.entries.add(move.entry)


def _links(totals: Mapping[tuple[Stage, Stage], _Total]) -> Iterable[Link]:
    for (source, target), total in sorted(totals.items(), key=lambda item: (COLUMN[item[0][0]], COLUMN[item[0][1]])):
        rest = (tuple(sorted(total.kinds)), tuple(sorted(total.entries)))
        if total.mass_mg > 0:
            yield Link(source, target, total.mass_mg, *rest)
        elif total.mass_mg < 0:  # more was taken back in the period than went: what it takes back lies before
            yield Link(target, source, -total.mass_mg, *rest)


def _stage(stage: Stage, found: _Sum) -> StageSum:
    opening_mg, closing_mg = found.opening_mg, found.closing_mg
    if found.unseen_mg > 0:
        closing_mg += found.unseen_mg
    else:
        opening_mg -= found.unseen_mg
    if stage in SOURCES:
        # The source stands below zero by what came out of it: what it still had to give is counted from its closing.
        opening_mg, closing_mg = opening_mg - closing_mg, 0
    return StageSum(stage, opening_mg, found.in_mg, found.out_mg, closing_mg, tuple(sorted(found.holders)))


def _says_something(stage: StageSum) -> bool:
    return any((stage.opening_mg, stage.in_mg, stage.out_mg, stage.closing_mg))
