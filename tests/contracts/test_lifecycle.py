"""The table of moves: every legal one leads where it should, every other is refused with a sentence."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.core.lifecycle import BOTH, NOBODY, IllegalMoveError, Move, Side, Standing, State, after, check

A, B = frozenset({Side.A}), frozenset({Side.B})
LEGAL = {
    # (state, waits for, side, move): (state after, waits for)
    (State.DRAFT, A, Side.A, Move.SAVE): (State.DRAFT, A),
    (State.DRAFT, A, Side.A, Move.PROPOSE): (State.PROPOSED, B),
    (State.DRAFT, A, Side.A, Move.DECLINE): (State.TERMINATED, NOBODY),
    (State.PROPOSED, B, Side.B, Move.SAVE): (State.PROPOSED, B),
    (State.PROPOSED, B, Side.B, Move.COUNTER): (State.COUNTERED, A),
    (State.PROPOSED, B, Side.B, Move.AGREE): (State.AGREED, BOTH),
    (State.PROPOSED, B, Side.A, Move.DECLINE): (State.TERMINATED, NOBODY),
    (State.PROPOSED, B, Side.B, Move.DECLINE): (State.TERMINATED, NOBODY),
    (State.COUNTERED, A, Side.A, Move.SAVE): (State.COUNTERED, A),
    (State.COUNTERED, A, Side.A, Move.COUNTER): (State.COUNTERED, B),
    (State.COUNTERED, A, Side.A, Move.AGREE): (State.AGREED, BOTH),
    (State.COUNTERED, A, Side.A, Move.DECLINE): (State.TERMINATED, NOBODY),
    (State.COUNTERED, A, Side.B, Move.DECLINE): (State.TERMINATED, NOBODY),
    (State.AGREED, BOTH, Side.A, Move.SIGN): (State.SIGNED, B),
    (State.AGREED, BOTH, Side.B, Move.SIGN): (State.SIGNED, A),
    (State.AGREED, BOTH, Side.A, Move.DECLINE): (State.TERMINATED, NOBODY),
    (State.AGREED, BOTH, Side.B, Move.DECLINE): (State.TERMINATED, NOBODY),
    (State.SIGNED, B, Side.B, Move.SIGN): (State.SIGNED, NOBODY),
    (State.SIGNED, B, Side.A, Move.DECLINE): (State.TERMINATED, NOBODY),
    (State.SIGNED, B, Side.B, Move.DECLINE): (State.TERMINATED, NOBODY),
    (State.SIGNED, NOBODY, Side.A, Move.ACTIVATE): (State.ACTIVE, NOBODY),
    (State.SIGNED, NOBODY, Side.B, Move.ACTIVATE): (State.ACTIVE, NOBODY),
    (State.ACTIVE, NOBODY, Side.A, Move.END): (State.ENDED, NOBODY),
    (State.ACTIVE, NOBODY, Side.B, Move.END): (State.ENDED, NOBODY),
    (State.ACTIVE, NOBODY, Side.A, Move.TERMINATE): (State.TERMINATED, NOBODY),
    (State.ACTIVE, NOBODY, Side.B, Move.TERMINATE): (State.TERMINATED, NOBODY),
}
AMENDABLE = {(State.ACTIVE, NOBODY, Side.A, Move.AMEND), (State.ACTIVE, NOBODY, Side.B, Move.AMEND)}
REACHED = sorted(
    {key[:2] for key in LEGAL} | {(State.ENDED, NOBODY), (State.TERMINATED, NOBODY)},
    key=lambda reached: (reached[0], sorted(reached[1])),
)


@pytest.mark.parametrize(
    ("standing", "side", "move"),
    [(Standing(*reached), side, move) for reached, side, move in itertools.product(REACHED, Side, Move)],
    # The order of a set differs from process to process, the names of tests must not.
    ids=lambda value: (
        f"{value.state}-{''.join(sorted(value.waits_for))}" if isinstance(value, Standing) else str(value)
    ),
)
def test_every_move_in_every_state(standing, side, move):
    key = (standing.state, standing.waits_for, side, move)
    if key in LEGAL:
        assert after(standing, move, side) == Standing(*LEGAL[key])
    elif key in AMENDABLE:
        assert after(standing, move, side) == Standing(State.ACTIVE, frozenset({side}), amendment=State.DRAFT)
    else:
        with pytest.raises(IllegalMoveError) as refused:
            check(standing, move, side)
        assert refused.value.sentence.endswith((".", "turn."))


@given(st.lists(st.tuples(st.sampled_from(Side), st.sampled_from(Move), st.booleans()), max_size=40))
def test_nothing_comes_into_force_that_both_did_not_agree_to_and_sign(attempts):
    standing, signed = Standing(State.DRAFT, A), set()
    for side, move, in_force in attempts:
        try:
            standing = after(standing, move, side, in_force=in_force)
        except IllegalMoveError:
            continue
        if move is Move.SIGN:
            signed.add(side)
        elif move in (Move.AGREE, Move.AMEND):
            signed.clear()
        if move is Move.ACTIVATE or (move is Move.SIGN and standing.amendment is None and not standing.waits_for):
            assert signed == BOTH
        # Somebody is waited for exactly while something is being negotiated or signed.
        done = standing.stage in (State.ACTIVE, State.ENDED, State.TERMINATED) or (
            standing.stage is State.SIGNED and signed == BOTH
        )
        assert bool(standing.waits_for) is not done


def test_the_last_signature_puts_in_force_what_has_begun():
    waiting = Standing(State.SIGNED, B)
    assert after(waiting, Move.SIGN, Side.B, in_force=True) == Standing(State.ACTIVE, NOBODY)
    assert after(waiting, Move.SIGN, Side.B, in_force=False) == Standing(State.SIGNED, NOBODY)


def test_an_amendment_is_negotiated_while_the_contract_stays_active():
    standing = after(Standing(State.ACTIVE, NOBODY), Move.AMEND, Side.B)
    stages = []
    for side, move in (
        (Side.B, Move.PROPOSE),
        (Side.A, Move.COUNTER),
        (Side.B, Move.AGREE),
        (Side.A, Move.SIGN),
        (Side.B, Move.SIGN),
    ):
        standing = after(standing, move, side)
        assert standing.state is State.ACTIVE
        stages.append(standing.amendment)
    assert stages == [State.PROPOSED, State.COUNTERED, State.AGREED, State.SIGNED, None]


def test_a_declined_amendment_leaves_the_contract_as_it_was():
    proposed = Standing(State.ACTIVE, A, amendment=State.PROPOSED)
    assert after(proposed, Move.DECLINE, Side.A) == Standing(State.ACTIVE, NOBODY)


def test_a_contract_can_be_ended_while_an_amendment_is_open():
    proposed = Standing(State.ACTIVE, A, amendment=State.PROPOSED)
    assert after(proposed, Move.TERMINATE, Side.B) == Standing(State.TERMINATED, NOBODY)


def test_a_second_amendment_waits_for_the_first():
    with pytest.raises(IllegalMoveError, match="possible when it is active"):
        check(Standing(State.ACTIVE, A, amendment=State.DRAFT), Move.AMEND, Side.A)


def test_a_refusal_tells_whose_turn_it_is_from_what_is_never_possible():
    with pytest.raises(IllegalMoveError) as later:
        check(Standing(State.PROPOSED, B), Move.AGREE, Side.A)
    with pytest.raises(IllegalMoveError) as never:
        check(Standing(State.ENDED, NOBODY), Move.AGREE, Side.A)
    assert (later.value.not_your_turn, never.value.not_your_turn) == (True, False)
