"""A settlement as a frozen value and as canonical bytes; what a revision of an issued one still has to bill."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any, Final

from contracts.core.facts import utc_text
from contracts.core.numbers import CONTEXT, ZERO, text_of
from contracts.core.period import Period
from contracts.core.trace import Node, check, node_to_json
from ledger.core import canonical_json

ENGINE_VERSION: Final = "1"  # recorded in every statement; raised whenever the same inputs would give other bytes


class LineStatus(StrEnum):
    """How settled a line is."""

    PROVISIONAL = "provisional"
    ESTIMATED = "estimated"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Line:
    """One amount. `amount` is positive when it is payable to the statement's issuer (R9); payer and payee are roles."""

    code: str
    clause_ref: str
    description_en: str
    description_zh: str
    quantity: Decimal
    quantity_unit: str
    unit_price: Decimal | None
    unit_price_unit: str
    amount: Decimal
    currency: str
    payer: str
    payee: str
    status: LineStatus
    trace_ref: str
    component: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """The roll-forward of one quantity over the period: opening + movements = closing."""

    name: str
    unit: str
    opening: Decimal
    movements: tuple[tuple[str, Decimal], ...]
    closing: Decimal


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that a reader of the statement must know: estimated, unverified, capped, over-recovered ..."""

    code: str
    subject: str
    message_en: str
    message_zh: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one period (and one lot or asset, where `subject` names it) settles to, as known at one moment."""

    kind: str
    contract_ref: str
    period: Period
    known_at: datetime
    currency: str
    opening: Mapping[str, Decimal]
    closing: Mapping[str, Decimal]
    lines: tuple[Line, ...]
    trace: tuple[Node, ...]
    total: Decimal
    status: LineStatus
    balances: tuple[Balance, ...] = ()
    flags: tuple[Flag, ...] = ()
    facts_used: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()
    subject: str = ""
    stage: str = ""
    issuer_role: str = ""
    metal_total: Mapping[str, Decimal] = field(default_factory=dict)

    def components(self) -> dict[str, Decimal]:
        """Return the total of each component (the line's component, else its code), in order of name."""
        totals: dict[str, Decimal] = {}
        with localcontext(CONTEXT):
            for line in self.lines:
                key = line.component or line.code
                totals[key] = totals.get(key, ZERO) + line.amount
        return dict(sorted(totals.items()))

    def to_json(self) -> dict[str, Any]:
        """Return the statement as JSON-able values in which every number is a text."""
        return {
            "engine": ENGINE_VERSION,
            "kind": self.kind,
            "contract": self.contract_ref,
            "subject": self.subject,
            "stage": self.stage,
            "period": {"start": self.period.start.isoformat(), "end": self.period.end.isoformat()},
            "known_at": utc_text(self.known_at),
            "currency": self.currency,
            "issuer_role": self.issuer_role,
            "status": self.status.value,
            "versions": [str(v) for v in self.versions],
            "opening": _numbers(self.opening),
            "closing": _numbers(self.closing),
            "balances": [_balance_json(b) for b in self.balances],
            "lines": [_line_json(line) for line in self.lines],
            "components": _numbers(self.components()),
            "total": text_of(self.total),
            "metal_total": _numbers(self.metal_total),
            "flags": [
                {"code": f.code, "subject": f.subject, "message_en": f.message_en, "message_zh": f.message_zh}
                for f in self.flags
            ],
            "facts": list(self.facts_used),
            "trace": [node_to_json(n) for n in self.trace],
        }

    def canonical_bytes(self) -> bytes:
        """Return the RFC 8785 bytes of the statement: the same contract, period, facts and known-at give the same."""
        return canonical_json.dumps(self.to_json())

    def sha256(self) -> str:
        """Return the digest of the canonical bytes, in hexadecimal."""
        return hashlib.sha256(self.canonical_bytes()).hexdigest()

    def verify(self) -> None:
        """Recompute the trace, the lines and the total; raises `trace-broken` where one does not follow."""
        check(self.trace, {line.trace_ref: line.amount for line in self.lines})


def _numbers(values: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: text_of(values[name]) for name in sorted(values)}


def _balance_json(balance: Balance) -> dict[str, Any]:
    return {
        "name": balance.name,
        "unit": balance.unit,
        "opening": text_of(balance.opening),
        "movements": [{"cause": cause, "quantity": text_of(q)} for cause, q in balance.movements],
        "closing": text_of(balance.closing),
    }


def _line_json(line: Line) -> dict[str, Any]:
    return {
        "code": line.code,
        "component": line.component or line.code,
        "subject": line.subject,
        "clause_ref": line.clause_ref,
        "description_en": line.description_en,
        "description_zh": line.description_zh,
        "quantity": text_of(line.quantity),
        "quantity_unit": line.quantity_unit,
        "unit_price": None if line.unit_price is None else text_of(line.unit_price),
        "unit_price_unit": line.unit_price_unit,
        "amount": text_of(line.amount),
        "currency": line.currency,
        "payer": line.payer,
        "payee": line.payee,
        "status": line.status.value,
        "trace_ref": line.trace_ref,
    }


def total_of(lines: Iterable[Line]) -> Decimal:
    """Return the sum of the rounded line amounts: a total is never rounded itself (R4)."""
    with localcontext(CONTEXT):
        return sum((line.amount for line in lines), ZERO)


def revision(total_n: Mapping[str, Decimal], issued: Sequence[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    """Return what revision n still bills, by component: its total less everything issued before it.

    `total_n` maps each component to its total as now recomputed for the whole period, `issued` holds the amounts due
    that were issued for the same period (original first). A component that has gone appears with what must be given
    back. A positive amount is a further invoice, a negative one a credit note. Components that come to zero stay, so
    that the page shows them as unchanged.
    """
    due = dict(total_n)
    with localcontext(CONTEXT):
        for earlier in issued:
            for component, amount in earlier.items():
                due[component] = due.get(component, ZERO) - amount
    return dict(sorted(due.items()))
