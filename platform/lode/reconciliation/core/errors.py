"""The errors of this app: a closed set of stable codes, each with a sentence that says what to do."""

from __future__ import annotations

from enum import StrEnum

from lode.reconciliation.core.values import Text


class Code(StrEnum):
    """Never renamed: the API gives them to programs."""

    NOT_FOUND = "reconciliation.not-found"
    FORBIDDEN = "reconciliation.forbidden"
    PERIOD_CLOSED = "reconciliation.period-closed"
    PERIOD_OVERLAPS = "reconciliation.period-overlaps"
    PERIOD_NOT_NEXT = "reconciliation.period-not-next"
    SAME_PARTY = "reconciliation.same-party"
    NOTHING_BETWEEN = "reconciliation.nothing-between"
    UNKNOWN_PARTY = "reconciliation.unknown-party"
    NO_STATEMENT = "reconciliation.no-statement"
    NOTHING_ACCEPTED = "reconciliation.nothing-accepted"
    ROWS_REJECTED = "reconciliation.rows-rejected"
    ROW_NOT_FOUND = "reconciliation.row-not-found"
    ROW_DECIDED = "reconciliation.row-decided"
    NOT_EXACT = "reconciliation.not-exact"
    REASON_DOES_NOT_FIT = "reconciliation.reason-does-not-fit"
    UMPIRE_NEEDED = "reconciliation.umpire-needed"
    SPLIT_DOES_NOT_FIT = "reconciliation.split-does-not-fit"
    ADJUSTMENT_DOES_NOT_FIT = "reconciliation.adjustment-does-not-fit"
    TEXT_EMPTY = "reconciliation.text-empty"
    TEXT_TOO_LONG = "reconciliation.text-too-long"
    CANNOT_SIGN = "reconciliation.cannot-sign"
    BALANCE_CHANGED = "reconciliation.balance-changed"
    LEDGER_REFUSED = "reconciliation.ledger-refused"
    FILE_EMPTY = "reconciliation.file-empty"
    FILE_TOO_LARGE = "reconciliation.file-too-large"
    FILE_NOT_CSV = "reconciliation.file-not-csv"
    FILE_ENCODING = "reconciliation.file-encoding"
    FILE_BROKEN = "reconciliation.file-broken"
    FILE_NO_HEADINGS = "reconciliation.file-no-headings"
    FILE_COLUMN_MISSING = "reconciliation.file-column-missing"
    FILE_COLUMN_TWICE = "reconciliation.file-column-twice"
    FILE_GROSS_MASS = "reconciliation.file-gross-mass"
    FILE_TOO_MANY_ROWS = "reconciliation.file-too-many-rows"


class ReconciliationError(Exception):
    """The one error of this app: a stable `code` and a sentence in both languages (`text`)."""

    def __init__(self, code: Code, text: Text) -> None:
        super().__init__(text.en)
        self.code = code
        self.text = text
