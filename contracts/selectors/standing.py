"""Where a contract stands, and what each party may do about it now."""

from __future__ import annotations

from contracts.core.lifecycle import IllegalMoveError, Move, Side, Standing, State, check
from contracts.models import Contract


def standing_of(row: Contract) -> Standing:
    """Return where a contract stands, as the table of moves knows it."""
    waits = {Side.A: row.waits_for_a, Side.B: row.waits_for_b}
    return Standing(
        state=State(row.state),
        waits_for=frozenset(side for side, waiting in waits.items() if waiting),
        amendment=State(row.amendment) if row.amendment else None,
    )


def side_of(row: Contract, party: str | None) -> Side | None:
    """Return which of the two parties this is, None for anybody else."""
    return {row.party_a: Side.A, row.party_b: Side.B}.get(party or "")


def moves_of(row: Contract, party: str | None) -> frozenset[str]:
    """Return the names of the moves that a party may make now: none for anybody else."""
    side = side_of(row, party)
    if side is None:
        return frozenset()
    standing = standing_of(row)
    return frozenset(move.value for move in Move if move is not Move.ACTIVATE and _possible(standing, move, side))


def _possible(standing: Standing, move: Move, side: Side) -> bool:
    try:
        check(standing, move, side)
    except IllegalMoveError:
        return False
    return True
