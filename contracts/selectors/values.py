"""What the reads of contracts give: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from contracts.core.facts import Fact


@dataclass(frozen=True)
class ContractRow:
    """One line of the list of contracts. `turns` names the parties that it waits for: none, one, or both to sign."""

    ref: str
    kind: str
    party_a: str
    party_b: str
    author: str
    prevailing_language: str
    state: str
    amendment: str
    turns: tuple[str, ...]
    created_at: datetime
    changed_at: datetime

    @property
    def parties(self) -> tuple[str, str]:
        """Both parties, the first role of the kind first."""
        return self.party_a, self.party_b

    def counterparty_of(self, party: str) -> str:
        """Return the other party."""
        return self.party_b if party == self.party_a else self.party_a


@dataclass(frozen=True)
class ContractPage:
    """A page of contracts, newest change first; `next_cursor` asks for the following one, None at the end."""

    rows: tuple[ContractRow, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class SignatureView:
    """A party's signature line over the signing text of a version."""

    party: str
    key_name: str
    line: str
    signed_at: datetime


@dataclass(frozen=True)
class VersionView:
    """A version as it was put forward. `entry_id` (hex) is set once both have signed, `entry_index` once sequenced.

    `signing_text` and `entry_text` are what both sign: the contract, and the ledger entry with its digest (empty before
    both have agreed).
    """

    number: int
    terms: Mapping[str, Any]
    terms_sha256: str
    text_sha256: str
    digest: str
    effective_from: date
    supersedes: int | None
    proposed_by: str
    recorded_at: datetime
    signatures: tuple[SignatureView, ...]
    signing_text: bytes
    entry_text: bytes
    entry_id: str | None
    entry_index: int | None

    @property
    def signed_by_both(self) -> bool:
        """Whether both parties have signed."""
        return len(self.signatures) == 2  # noqa: PLR2004 - a contract has two parties


@dataclass(frozen=True)
class DraftView:
    """The terms that the reader's organisation is working on; `revision` is to be given back when saving.

    `effective_from` is None where the contract is to begin on the first day that its terms name.
    """

    holder: str
    terms: Mapping[str, Any]
    effective_from: date | None
    revision: int
    saved_at: datetime


@dataclass(frozen=True)
class TurnView:
    """One step: who did what, when, and where it led."""

    number: int
    move: str
    party: str
    version_number: int | None
    state_after: str
    amendment_after: str
    reason: str
    effective_on: date | None
    recorded_at: datetime


@dataclass(frozen=True)
class FactView:
    """One version of a fact, the organisation that recorded it, and the version that took its place, if one did."""

    fact: Fact
    recorded_by: str
    superseded_by: int | None


@dataclass(frozen=True)
class SettlementVersion:
    """A version that both had signed at the moment asked for; `known_since` is the later signature."""

    number: int
    terms: Mapping[str, Any]
    terms_sha256: str
    digest: str
    effective_from: date
    known_since: datetime


@dataclass(frozen=True)
class SettlementInputs:
    """What a settlement is computed from, as known at a moment: versions by effective date, later number last.

    `ended_on` is the first day on which the contract no longer runs, where it was ended or terminated.
    """

    ref: str
    kind: str
    party_a: str
    party_b: str
    versions: tuple[SettlementVersion, ...]
    ended_on: date | None
