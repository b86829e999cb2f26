"""What can go wrong with runs and statements: a closed set of codes, each with a sentence."""

from __future__ import annotations

from enum import StrEnum


class SettlementsCode(StrEnum):
    """Stable codes; never renamed. What the calculation itself misses has the codes of `contracts.core.errors`."""

    UNKNOWN_RUN = "unknown-run"
    UNKNOWN_STATEMENT = "unknown-statement"
    NOT_ALLOWED = "not-allowed"
    SECOND_PERSON = "second-person"
    WRONG_STATE = "wrong-state"
    EARLIER_PERIOD_OPEN = "earlier-period-open"
    STATEMENT_UNDER_WAY = "statement-under-way"
    PERIOD_NOT_OVER = "period-not-over"
    NOT_A_PERIOD = "not-a-period"
    REASON_MISSING = "reason-missing"
    BAD_CURSOR = "bad-cursor"
    LEASE_LOST = "lease-lost"


class SettlementsError(Exception):
    """Says what is wrong, where, why, and what to do. `subject` names the missing or wrong thing for a machine."""

    def __init__(self, code: str, sentence: str, *, subject: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.subject = subject


class UnknownStatementError(SettlementsError):
    """The statement does not exist, or the asker is no party to it: both get the same sentence."""

    def __init__(self, ref: str) -> None:
        super().__init__(
            SettlementsCode.UNKNOWN_STATEMENT, f"There is no statement {ref} among yours: check the reference."
        )
