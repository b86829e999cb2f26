"""The life of a run and of a statement as tables: who may do what, when, and where it leads. Pure."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class RunState(StrEnum):
    """Where a run stands. `blocked` waits for a fact, `failed` for a person; both can be asked again at any time."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    BLOCKED = "blocked"
    FAILED = "failed"


class StatementState(StrEnum):
    """Where a statement stands. After `issued` its figures can be revised by another statement, never changed."""

    DRAFT = "draft"
    APPROVED = "approved"
    ISSUED = "issued"
    DISPUTED = "disputed"
    FINAL = "final"
    VOID = "void"


ISSUED_STATES = frozenset({StatementState.ISSUED, StatementState.DISPUTED, StatementState.FINAL})
OPEN_STATES = frozenset({StatementState.DRAFT, StatementState.APPROVED})

MOVES: MappingProxyType[StatementState, frozenset[StatementState]] = MappingProxyType(
    {
        StatementState.DRAFT: frozenset({StatementState.APPROVED, StatementState.VOID}),
        StatementState.APPROVED: frozenset({StatementState.ISSUED, StatementState.VOID}),
        StatementState.ISSUED: frozenset({StatementState.DISPUTED, StatementState.FINAL}),
        StatementState.DISPUTED: frozenset({StatementState.ISSUED, StatementState.FINAL}),
        StatementState.FINAL: frozenset(),
        StatementState.VOID: frozenset(),
    }
)


class IllegalMoveError(Exception):
    """The move is not in the table; the sentence says which moves are."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def check_move(state: StatementState, target: StatementState) -> None:
    """Raise IllegalMoveError unless a statement that is `state` may become `target`."""
    if target not in MOVES[state]:
        possible = ", ".join(sorted(MOVES[state])) or "nothing else"
        raise IllegalMoveError(f"A statement that is {state} cannot become {target}: it can become {possible}.")


# How long a run that failed waits before it is tried again: seconds by the number of attempts so far, then a person.
BACK_OFF_SECONDS = (30, 120, 600, 3600)


def back_off_seconds(attempts: int) -> int | None:
    """Return how long to wait after that many attempts, None where a person has to look first."""
    return BACK_OFF_SECONDS[attempts - 1] if 1 <= attempts <= len(BACK_OFF_SECONDS) else None
