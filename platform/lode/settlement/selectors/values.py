"""What the reads of settlements give: frozen values, no rows. Periods are half-open: the last day is out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from contracts.core.trace import Node
from lode.settlement.core.issuing import issuer_of


@dataclass(frozen=True)
class StatementRow:
    """One line of the list of statements. `amount_due` is not negative where `payer` pays `payee`."""

    ref: str
    contract_ref: str
    contract_kind: str
    parties: tuple[str, ...]
    subject: str
    purpose: str
    period_start: date
    period_end: date
    revision: int
    currency: str
    total: Decimal
    already_issued: Decimal
    amount_due: Decimal
    payer: str
    payee: str
    due_date: date
    status: str
    known_at: datetime
    digest: str
    prepared_by: str
    prepared_at: datetime
    approved_at: datetime | None
    issued_at: datetime | None
    entry_id: str

    @property
    def issuer(self) -> str:
        """The party whose statement it is: it approves and issues it."""
        return issuer_of(self.contract_kind, self.parties)

    @property
    def payable(self) -> Decimal:
        """What the payer pays: the amount due without its sign."""
        return abs(self.amount_due)


@dataclass(frozen=True)
class StatementPage:
    """A page of statements, latest period first; `next_cursor` asks for the following one, None at the end."""

    rows: tuple[StatementRow, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class LineView:
    """One line of a statement; `trace_ref` names the step of the trace that its amount is the result of."""

    position: int
    code: str
    component: str
    subject: str
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
    status: str
    trace_ref: str

    def description(self, language: str) -> str:
        """Return the description in the language asked for."""
        return self.description_zh if language.startswith("zh") else self.description_en


@dataclass(frozen=True)
class Step:
    """A bar of the waterfall: `amount` takes the sum from `before` to `after`. Kinds: component, total, issued, due."""

    code: str
    kind: str
    amount: Decimal
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class EventView:
    """One step in the statement's life."""

    at: datetime
    organisation: str
    person_id: int | None
    event: str
    line_position: int | None
    note: str


@dataclass(frozen=True)
class StatementDetail:
    """One statement, all of it. `body` is its canonical bytes, `content` the same, parsed.

    `signing_text` is what its issuer signs to issue it, while it is approved and not issued yet.
    """

    summary: StatementRow
    lines: tuple[LineView, ...]
    trace: tuple[Node, ...]
    steps: tuple[Step, ...]
    revisions: tuple[StatementRow, ...]
    events: tuple[EventView, ...]
    facts: tuple[str, ...]
    ledger_size: int
    engine_version: str
    terms_sha256: str
    body: bytes
    content: Mapping[str, Any]
    run_id: int
    signing_text: bytes

    def steps_to(self, trace_ref: str) -> tuple[Node, ...]:
        """Return the steps of the trace that lead to one of them, in the order of computing, that one last."""
        by_id = {node.id: node for node in self.trace}
        wanted: set[str] = set()
        waiting = [trace_ref]
        while waiting:
            node_id = waiting.pop()
            if node_id in by_id and node_id not in wanted:
                wanted.add(node_id)
                waiting += [i.ref.removeprefix("node:") for i in by_id[node_id].inputs if i.ref.startswith("node:")]
        return tuple(node for node in self.trace if node.id in wanted)


@dataclass(frozen=True)
class RunView:
    """One run: what it is about, where it stands, and the exact thing it waits for."""

    id: int
    contract_ref: str
    contract_kind: str
    subject: str
    purpose: str
    period_start: date
    period_end: date
    due_date: date
    state: str
    attempts: int
    error_code: str
    error_subject: str
    error_sentence: str
    retry_at: datetime | None
    lease_until: datetime | None
    created_at: datetime
    finished_at: datetime | None
    statement_ref: str | None


@dataclass(frozen=True)
class DueView:
    """What waits for a party: drafts to approve, approved ones to issue, payments to make, runs that are blocked."""

    to_approve: tuple[StatementRow, ...]
    to_issue: tuple[StatementRow, ...]
    to_pay: tuple[StatementRow, ...]
    disputed: tuple[StatementRow, ...]
    blocked: tuple[RunView, ...]
