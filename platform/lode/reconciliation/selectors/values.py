"""What the reads of this app answer with: frozen values, no rows. Masses are integer milligrams."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lode.reconciliation.core.blockers import Blocker
from lode.reconciliation.core.changes import Changes
from lode.reconciliation.core.page import PageRow, TieLine
from lode.reconciliation.core.parse import ParsedStatement
from lode.reconciliation.core.values import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSummary:
    """One line of the list of periods. `statement_revision` is 0 while the partner has submitted nothing."""

    number: int
    our_party: str
    partner: str
    period: Period
    state: str
    statement_revision: int
    signed_by: tuple[str, ...]
    closed_at: dt.datetime | None
    digest: str
    entry_id: str

    def counterparty(self, organisation: str) -> str:
        """Return the other side, seen from an organisation."""
        return self.partner if organisation == self.our_party else self.our_party


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """A partner's statement. `rejected` and `columns` are as they were understood when it was submitted."""

    number: int
    period_number: int
    revision: int
    file_name: str
    file_sha256: str
    submitted_by: str
    submitted_at: dt.datetime
    state: str
    row_count: int
    totals_mg: Mapping[str, int]
    columns: tuple[Mapping[str, Any], ...]
    rejected: tuple[Mapping[str, Any], ...]
    ignored: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionView:
    """One message of a row's thread."""

    asked_by: str
    asked_at: dt.datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentView:
    """A correction of the ledger. `state`: proposed, posted, withdrawn; `ledger_state`: pending, posted, refused.

    `entry_text` is what both sign. `proposer_signed`: it waits for the other side alone; one that keeps its key itself
    signs what it has proposed.
    """

    number: int
    row_key: str
    element: str
    mass_mg: int
    contra: str
    reason: str
    state: str
    ledger_state: str
    ledger_message: str
    entry_id: str
    entry_text: bytes
    proposed_by: str
    proposer_signed: bool
    agreed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitView:
    """A row that stands on the page in parts. `side`: ours or theirs."""

    number: int
    side: str
    line_key: str
    parts_mg: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureView:
    """One side's signature. `current` says that it covers the balance as it stands, by a key that is still valid."""

    party: str
    signed_at: dt.datetime
    digest: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodPage:
    """Everything that the page of a period shows.

    `digest` is that of the balance as it stands, empty while something blocks; signing names it. `threads` and
    `adjustments` go by the row's key. `exact_count` rows can be accepted at once. `signing_text` is the ledger entry
    that both sign, empty while something blocks and once the period is closed.
    """

    summary: PeriodSummary
    statement: StatementView | None
    rows: tuple[PageRow, ...]
    tie_lines: tuple[TieLine, ...]
    threads: Mapping[str, tuple[QuestionView, ...]]
    adjustments: tuple[AdjustmentView, ...]
    splits: tuple[SplitView, ...]
    blockers: tuple[Blocker, ...]
    signatures: tuple[SignatureView, ...]
    exact_count: int
    digest: str
    document: bytes
    known_at: int
    signing_text: bytes


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would say if it were submitted, and what changes against the statement that is there."""

    parsed: ParsedStatement
    changes: Changes
