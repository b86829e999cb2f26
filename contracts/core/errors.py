"""Errors of the contracts' core: one base, closed sets of stable codes, sentences that say what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ContractsError(Exception):
    """Base of every error that the contracts' core raises; `code` is stable and never renamed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ProblemCode(StrEnum):
    """Why one term was refused."""

    REQUIRED = "required"
    UNKNOWN_FIELD = "unknown-field"
    WRONG_TYPE = "wrong-type"
    FLOAT = "float-refused"
    NOT_A_NUMBER = "not-a-number"
    TOO_PRECISE = "too-precise"
    TOO_SMALL = "too-small"
    TOO_LARGE = "too-large"
    NOT_A_DATE = "not-a-date"
    NOT_A_CHOICE = "not-a-choice"
    TOO_LONG = "too-long"
    TOO_FEW_ROWS = "too-few-rows"
    TOO_MANY_ROWS = "too-many-rows"
    DUPLICATE = "duplicate"
    INCONSISTENT = "inconsistent"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one term; `field` is a path such as `elements.0.price.series`."""

    field: str
    code: ProblemCode
    message_en: str
    message_zh: str


class TermsError(ContractsError):
    """The terms were refused; `problems` lists everything wrong with them at once, in both languages."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("bad-terms", "; ".join(f"{p.field}: {p.message_en}" for p in problems))
        self.problems = problems


class SettlementCode(StrEnum):
    """Why a settlement could not be computed."""

    MISSING_PRICE = "missing-price"
    MISSING_FX = "missing-fx"
    MISSING_FACT = "missing-fact"
    BAD_FACT = "bad-fact"
    BAD_PERIOD = "bad-period"
    BAD_DATE = "bad-date"
    BAD_DOCUMENT = "bad-document"
    NOT_FINAL = "not-final"
    NOT_SUPPORTED = "not-supported"
    NEGATIVE_BALANCE = "negative-balance"
    OVER_RECOVERY = "over-recovery"
    TRACE_BROKEN = "trace-broken"
    UNKNOWN_KIND = "unknown-kind"
    UNKNOWN_CONVENTION = "unknown-convention"
    UNKNOWN_CALENDAR = "unknown-calendar"
    UNKNOWN_CURRENCY = "unknown-currency"


class SettlementError(ContractsError):
    """A settlement was refused, nothing was computed; `subject` names the missing or wrong thing for a machine."""

    def __init__(self, code: SettlementCode, message: str, *, subject: str = "") -> None:
        super().__init__(code.value, message)
        self.subject = subject
