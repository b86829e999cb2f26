"""The tables of moves, and when a run is tried again."""

import pytest

from lode.settlement.core.life import (
    ISSUED_STATES,
    MOVES,
    IllegalMoveError,
    StatementState,
    back_off_seconds,
    check_move,
)

ALLOWED = {
    ("draft", "approved"),
    ("draft", "void"),
    ("approved", "issued"),
    ("approved", "void"),
    ("issued", "disputed"),
    ("issued", "final"),
    ("disputed", "issued"),
    ("disputed", "final"),
}


@pytest.mark.parametrize("state", StatementState)
@pytest.mark.parametrize("target", StatementState)
def test_only_the_moves_of_the_table_are_made(state, target):
    if (state, target) in ALLOWED:
        check_move(state, target)
    else:
        with pytest.raises(IllegalMoveError, match=f"that is {state} cannot become {target}"):
            check_move(state, target)


def test_nothing_that_was_issued_is_ever_void():
    reached = set(ISSUED_STATES)
    for _ in StatementState:
        reached |= {target for state in reached for target in MOVES[state]}
    assert reached == set(ISSUED_STATES)


def test_a_failing_run_waits_longer_each_time_and_then_for_a_person():
    waits = [back_off_seconds(attempt) for attempt in range(1, 6)]
    assert waits == [30, 120, 600, 3600, None]
