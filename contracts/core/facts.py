"""Bitemporal facts: what was true on a day (`effective`), and when we learned it (`recorded`).

Values are texts, so that a fact is the same bytes wherever it is kept. By kind, `subject` and the names in `value`:

| kind | subject | value |
| --- | --- | --- |
| price | series | `value` (or `low`, `mid`, `high`, `bid`, `ask`, `settlement`), `unit` (t, kg, ozt, lb), `currency`;
  `period` is `2024-03` for the published value of a month, else the price is that of the day `effective` |
| fx | pair, such as EURUSD | `rate`: units of the second currency for one of the first |
| balance-change | contract | `element`, `delta_kg`, `entry_index`;
  optional `cause` (delivered, credited, bought-out, lost, adjusted) |
| milestone | lot | `event` (shipment, arrival, delivery, declaration) |
| weight | lot | `net_wet_kg` |
| moisture | lot | `moisture_pct`; optional `party` |
| assay | lot | `element`, `party` (seller, buyer, umpire), `value`, `unit` (%, ppm, g/t); optional `lab`, `method` |
| telemetry | asset | `metric` (SOH_C ...), `value` in %;
  optional `nominal_kwh`, `throughput_mwh`, `km`, `temperature_c`, `c_rate` |
| telemetry-nil | asset | none: no use in the period, said so on purpose |
| telemetry-gap | asset | `until`, `cause` (operator, supplier) |
| exclusion | asset | `until`, `cause` |
| remedy | asset | `remedy` (REPLACE, AUGMENT, REPAIR); `cause_id` |
| payment | lot, asset or contract | `amount`, `currency`; optional `statement`, `cause_id` |
| recovery | contract | `element`, `net_dry_kg`, `assay_pct`, `route`; or `contained_kg` |
| casualty | contract | `element`, `lost_kg` |
| calendar | calendar | `holidays`: dates separated by spaces |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.numbers import parse_decimal


class FactKind(StrEnum):
    """The closed set of facts that drive settlements."""

    PRICE = "price"
    FX = "fx"
    BALANCE_CHANGE = "balance-change"
    MILESTONE = "milestone"
    WEIGHT = "weight"
    MOISTURE = "moisture"
    ASSAY = "assay"
    TELEMETRY = "telemetry"
    TELEMETRY_NIL = "telemetry-nil"
    TELEMETRY_GAP = "telemetry-gap"
    EXCLUSION = "exclusion"
    REMEDY = "remedy"
    PAYMENT = "payment"
    RECOVERY = "recovery"
    CASUALTY = "casualty"
    CALENDAR = "calendar"


class FactStatus(StrEnum):
    """Whether a fact may still be expected to change."""

    PROVISIONAL = "provisional"
    FINAL = "final"


_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Fact:
    """One version of one fact. `id` names the fact for ever; a correction is the next `version` of the same `id`."""

    id: str
    version: int
    kind: FactKind
    subject: str
    effective: date
    recorded: datetime
    status: FactStatus
    source: str
    value: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.recorded.tzinfo is None:
            raise self.refuse("its time of recording has no zone; give it in UTC")
        object.__setattr__(self, "value", MappingProxyType(dict(self.value)))

    def __hash__(self) -> int:
        return hash((self.id, self.version))

    @property
    def ref(self) -> str:
        """The name by which a trace points at this version of the fact."""
        return f"fact:{self.id}@{self.version}"

    def number(self, name: str) -> Decimal:
        """Return a figure of the fact; raises `bad-fact` where it is absent or is no number."""
        found = self.value.get(name)
        number = parse_decimal(found) if found is not None else None
        if number is None:
            raise self.refuse(f"its {name} is {found!r}, which is not a number; record a corrected version")
        return number

    def text(self, name: str) -> str:
        """Return a text of the fact; raises `bad-fact` where it is absent."""
        found = self.value.get(name)
        if not found:
            raise self.refuse(f"it has no {name}; record a corrected version")
        return found

    def refuse(self, why: str) -> SettlementError:
        """Return the error that says why this fact cannot be used."""
        return SettlementError(
            SettlementCode.BAD_FACT,
            f"The {self.kind} fact {self.id} version {self.version} for {self.subject} cannot be used: {why}.",
            subject=self.id,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fact as JSON-able texts."""
        return {
            "id": self.id,
            "version": str(self.version),
            "kind": self.kind.value,
            "subject": self.subject,
            "effective": self.effective.isoformat(),
            "recorded": utc_text(self.recorded),
            "status": self.status.value,
            "source": self.source,
            "value": dict(sorted(self.value.items())),
        }


def fact_from_json(data: Mapping[str, Any]) -> Fact:
    """Read a fact from JSON; raises `bad-document` that names the fact and what is wrong with it."""
    try:
        return Fact(
            id=str(data["id"]),
            version=int(data.get("version", 1)),
            kind=FactKind(data["kind"]),
            subject=str(data["subject"]),
            effective=date.fromisoformat(data["effective"]),
            recorded=parse_utc(data["recorded"]),
            status=FactStatus(data.get("status", "final")),
            source=str(data.get("source", "")),
            value={str(k): _value_text(v) for k, v in dict(data.get("value", {})).items()},
        )
    except (KeyError, ValueError, TypeError) as error:
        name = data.get("id", "?") if isinstance(data, dict) else "?"
        raise SettlementError(
            SettlementCode.BAD_DOCUMENT,
            f"The fact {name} cannot be read: {error!r}. It needs id, kind, subject, effective, recorded and value.",
            subject=str(name),
        ) from None


def _value_text(value: object) -> str:
    # A JSON float has already lost what was measured: figures come as texts.
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise TypeError(f"{value!r} is not a text; write figures in quotes")


def utc_text(moment: datetime) -> str:
    """Write a moment as `2024-02-05T09:30:00Z`, with a fraction of a second only where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_utc(text: str) -> datetime:
    """Read a moment with a zone; raises ValueError without one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no zone; write it in UTC with a Z at the end")
    return moment.astimezone(UTC)


def resolve(facts: Iterable[Fact], known_at: datetime) -> tuple[Fact, ...]:
    """Return the newest version of each fact that had been recorded by `known_at`, in an order of their own.

    The order depends on what the facts say and never on how they were given. Twice the same version is one fact; two
    different contents under one id and version raise `bad-fact`.
    """
    newest: dict[str, Fact] = {}
    for fact in facts:
        if fact.recorded > known_at:
            continue
        held = newest.get(fact.id)
        if held is not None and held.version == fact.version and held != fact:
            raise fact.refuse("two different contents were given under the same id and version")
        if held is None or fact.version > held.version:
            newest[fact.id] = fact
    return tuple(sorted(newest.values(), key=lambda f: (f.kind, f.effective, f.subject, f.id)))


def of_kind(facts: Iterable[Fact], kind: FactKind, subject: str | None = None) -> tuple[Fact, ...]:
    """Return the facts of a kind, of one subject where it is given, in the order they came."""
    return tuple(f for f in facts if f.kind is kind and (subject is None or f.subject == subject))


def month_of(fact: Fact) -> str | None:
    """Return `2024-03` for the published value of a month, None for a daily one."""
    period = fact.value.get("period", "")
    return period if _MONTH.fullmatch(period) else None
