"""The life of a contract as a table: who may do what, when, and where it leads. Pure.

draft -> proposed -> (countered ->) agreed -> signed -> active -> ended / terminated. An amendment of an active contract
goes through the same stages up to its signatures while the contract stays active; declined, it leaves no trace on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a contract stands. `signed` is signed by at least one party and not yet in force."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    COUNTERED = "countered"
    AGREED = "agreed"
    SIGNED = "signed"
    ACTIVE = "active"
    ENDED = "ended"
    TERMINATED = "terminated"


class Side(StrEnum):
    """One of the two parties."""

    A = "a"
    B = "b"

    @property
    def other(self) -> Side:
        """The counterparty."""
        return Side.B if self is Side.A else Side.A


class Move(StrEnum):
    """What a party (or, for `activate`, the calendar) does."""

    SAVE = "save"
    PROPOSE = "propose"
    COUNTER = "counter"
    AGREE = "agree"
    DECLINE = "decline"
    SIGN = "sign"
    ACTIVATE = "activate"
    AMEND = "amend"
    END = "end"
    TERMINATE = "terminate"


BOTH = frozenset(Side)
NOBODY: frozenset[Side] = frozenset()


@dataclass(frozen=True)
class Standing:
    """Where a contract stands and whom it waits for. `amendment` is the stage of an open amendment of an active one."""

    state: State
    waits_for: frozenset[Side]
    amendment: State | None = None

    @property
    def stage(self) -> State:
        """The stage of whatever is being negotiated: the amendment where one is open, else the contract itself."""
        return self.amendment or self.state


class IllegalMoveError(Exception):
    """The move is not in the table. `not_your_turn` tells "later, perhaps" from "not in this state"."""

    def __init__(self, sentence: str, *, not_your_turn: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.not_your_turn = not_your_turn


# The stages in which a move can be made, and whether only the party that is waited for can make it.
_FROM: MappingProxyType[Move, tuple[frozenset[State], bool]] = MappingProxyType(
    {
        Move.SAVE: (frozenset({State.DRAFT, State.PROPOSED, State.COUNTERED}), True),
        Move.PROPOSE: (frozenset({State.DRAFT}), True),
        Move.COUNTER: (frozenset({State.PROPOSED, State.COUNTERED}), True),
        Move.AGREE: (frozenset({State.PROPOSED, State.COUNTERED}), True),
        Move.DECLINE: (
            frozenset({State.DRAFT, State.PROPOSED, State.COUNTERED, State.AGREED, State.SIGNED}),
            False,
        ),
        Move.SIGN: (frozenset({State.AGREED, State.SIGNED}), True),
        Move.ACTIVATE: (frozenset({State.SIGNED}), False),
        Move.AMEND: (frozenset({State.ACTIVE}), False),
        Move.END: (frozenset({State.ACTIVE}), False),
        Move.TERMINATE: (frozenset({State.ACTIVE}), False),
    }
)
_WHAT = MappingProxyType(
    {
        Move.SAVE: "changed",
        Move.PROPOSE: "proposed",
        Move.COUNTER: "countered",
        Move.AGREE: "agreed to",
        Move.DECLINE: "declined",
        Move.SIGN: "signed",
        Move.ACTIVATE: "put in force",
        Move.AMEND: "amended",
        Move.END: "ended",
        Move.TERMINATE: "terminated",
    }
)


def check(standing: Standing, move: Move, side: Side) -> None:
    """Raise IllegalMoveError unless `side` may make the move now; the sentence says why, and when it can be made."""
    stages, only_who_is_waited_for = _FROM[move]
    stage = standing.state if move in {Move.END, Move.TERMINATE} else standing.stage
    if stage not in stages:
        possible = ", ".join(state.value for state in State if state in stages)
        raise IllegalMoveError(f"What is {stage} cannot be {_WHAT[move]}: that is possible when it is {possible}.")
    if move is Move.DECLINE and stage is State.DRAFT and side not in standing.waits_for:
        raise IllegalMoveError("Only the party that is drafting can withdraw a draft.", not_your_turn=True)
    if move is Move.DECLINE and stage is State.SIGNED and not standing.waits_for:
        raise IllegalMoveError("Both parties have signed: it can be amended or terminated once in force, not declined.")
    if move is Move.ACTIVATE and standing.waits_for:
        raise IllegalMoveError("It cannot be put in force before both parties have signed.")
    if only_who_is_waited_for and side not in standing.waits_for:
        raise IllegalMoveError(
            f"It cannot be {_WHAT[move]} by you now: it is the counterparty's turn.", not_your_turn=True
        )


def after(standing: Standing, move: Move, side: Side, *, in_force: bool = False) -> Standing:
    """Return where the move leads. `in_force` says, for a signature, whether the effective date has come.

    Raises IllegalMoveError as `check` does.
    """
    check(standing, move, side)
    match move:
        case Move.SAVE:
            led_to = standing
        case Move.PROPOSE:
            led_to = _at(standing, State.PROPOSED, frozenset({side.other}))
        case Move.COUNTER:
            led_to = _at(standing, State.COUNTERED, frozenset({side.other}))
        case Move.AGREE:
            led_to = _at(standing, State.AGREED, BOTH)
        case Move.SIGN:
            led_to = _signed(standing, side, in_force=in_force)
        case Move.DECLINE:
            led_to = Standing(State.ACTIVE if standing.amendment else State.TERMINATED, NOBODY)
        case Move.ACTIVATE:
            led_to = Standing(State.ACTIVE, NOBODY)
        case Move.AMEND:
            led_to = replace(standing, amendment=State.DRAFT, waits_for=frozenset({side}))
        case Move.END:
            led_to = Standing(State.ENDED, NOBODY)
        case Move.TERMINATE:
            led_to = Standing(State.TERMINATED, NOBODY)
    return led_to


def _signed(standing: Standing, side: Side, *, in_force: bool) -> Standing:
    waits_for = standing.waits_for - {side}
    if waits_for:
        return _at(standing, State.SIGNED, waits_for)
    # The last signature closes an amendment: its effective date is looked up by whoever settles, not waited for.
    if standing.amendment or in_force:
        return Standing(State.ACTIVE, NOBODY)
    return Standing(State.SIGNED, NOBODY)


def _at(standing: Standing, stage: State, waits_for: frozenset[Side]) -> Standing:
    if standing.amendment:
        return replace(standing, amendment=stage, waits_for=waits_for)
    return Standing(stage, waits_for)
