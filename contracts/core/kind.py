"""What a kind of contract is to the rest: a schema of terms, a schedule, and a pure settlement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from contracts.core.facts import Fact
from contracts.core.period import Period
from contracts.core.schema import Schema
from contracts.core.statement import Settlement


@dataclass(frozen=True, slots=True)
class TermsVersion:
    """One signed version of the terms: valid from a day, known from a moment."""

    number: int
    effective_from: date
    recorded: datetime
    terms: Any


@dataclass(frozen=True, slots=True, order=True)
class DuePeriod:
    """One settlement that falls due.

    `due_date` is the first day on which it may be computed, `payment_date` the business day on which it is paid;
    `subject` names a lot and `stage` says provisional or final, where the kind has them.
    """

    due_date: date
    period: Period
    payment_date: date
    subject: str = ""
    stage: str = ""


class SettleFunction(Protocol):
    """Pure: same arguments, same bytes. `versions` replaces `terms` where a contract has been amended."""

    def __call__(
        self,
        terms: Any,
        facts: Iterable[Fact],
        period: Period,
        known_at: datetime,
        *,
        contract_ref: str = "",
        subject: str = "",
        stage: str = "",
        versions: tuple[TermsVersion, ...] = (),
    ) -> Settlement: ...


class ScheduleFunction(Protocol):
    """Return what falls due for periods that begin in `[start, end)`; lots come from the facts."""

    def __call__(self, terms: Any, start: date, end: date, *, facts: Iterable[Fact] = ()) -> tuple[DuePeriod, ...]: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of contract. `issuer_role` is the party to which a positive amount is payable."""

    code: str
    name_en: str
    name_zh: str
    party_roles: tuple[str, str]
    role_names: dict[str, tuple[str, str]]
    issuer_role: str
    schema: Schema[Any]
    settle: SettleFunction
    schedule: ScheduleFunction

    def __hash__(self) -> int:
        return hash(self.code)
