"""What the ledger's reads and writes answer with: frozen values, no rows.

`entry_id` is hex everywhere; masses are integer milligrams of the contained element; `known_at` is a tree size: what
stood in the ledger when it had that many entries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ledger.core.entry import Account


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of an entry that was handed in. `state`: `pending`, `posted` or `refused`.

    `existed` says that the same entry was there already and nothing was added; `code` and `message` say why it was
    refused.
    """

    entry_id: str
    state: str
    received_at: dt.datetime
    submitted_by: str
    index: int | None = None
    code: str | None = None
    message: str | None = None
    existed: bool = False


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """What an entry would do to one account."""

    account: Account
    mass_mg: int
    balance_before_mg: int
    balance_after_mg: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be posted: at leaf `index` if nothing else comes first, `lines` by account as its seal has them.

    `signed` are the parties whose signatures hold, `missing` those that have to sign yet. `existed`: the entry was
    handed in before, and nothing more would be posted; `index` is None while it waits.
    """

    entry_id: str
    kind: str
    index: int | None
    lines: tuple[PreviewLine, ...] = ()
    signed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    existed: bool = False


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """An entry that stands in the ledger; `checkpoint_size` is the size of a signed tree that covers it."""

    entry_id: str
    index: int
    recorded: dt.datetime
    checkpoint_size: int
    existed: bool = False


@dataclass(frozen=True, slots=True)
class PostedLeg:
    """One movement as posted: `seq` is its place in the account's chain, from 0."""

    entry_index: int
    account: Account
    mass_mg: int
    occurred: dt.date
    seq: int
    balance_before_mg: int
    balance_after_mg: int


@dataclass(frozen=True, slots=True)
class EntrySignature:
    """A signature under an entry. `party`, `vkey` and `custody` are None where the key is not registered.

    `custody`: `hosted` (kept by the operator, sealed) or `held` (made and kept by the party).
    """

    key_name: str
    key_id: str
    party: str | None
    vkey: str | None
    custody: str | None


@dataclass(frozen=True, slots=True)
class EntrySummary:
    """One line of the list of entries.

    `disputed_by` are the parties whose key was compromised when it signed, and who do not stand by the entry (yet).
    """

    index: int
    entry_id: str
    kind: str
    occurred: dt.date
    recorded: dt.datetime
    contract: str | None
    reference: str | None
    corrects: str | None
    public: bool
    legs: tuple[PostedLeg, ...]
    signatures: tuple[EntrySignature, ...]
    disputed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntryDetail:
    """One entry with everything that its reader may hold.

    `body` is the parsed JSON of the signed text; `corrected_by` are the indexes of the adjustments that name it, and
    `reversed_by` that of the reversal; `checkpoint_size` is the latest signed size that covers it, None while there is
    none yet.
    """

    summary: EntrySummary
    body: Mapping[str, Any]
    readers: tuple[str, ...]
    note: bytes
    seal: bytes
    leaf: bytes
    leaf_hash: bytes
    nonce: bytes
    corrects_index: int | None
    reversed_by: int | None
    corrected_by: tuple[int, ...]
    checkpoint_size: int | None


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A signed tree head as published: `note` is the C2SP checkpoint, `cosigned_by` names the keys of witnesses."""

    origin: str
    size: int
    root: bytes
    note: bytes
    created_at: dt.datetime
    cosigned_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryProof:
    """Inclusion of one entry under a signed checkpoint; `text` is the C2SP tlog-proof file."""

    index: int
    size: int
    root: bytes
    leaf: bytes
    leaf_hash: bytes
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A key of the registry: valid for leaves from `valid_from_index` up to `revoked_at_index`, that one excluded.

    What it signed from `compromised_since_index` on is disputed until its party affirms it again.

    `custody`: `hosted` (kept by the operator, sealed) or `held` (made and kept by the party).
    """

    vkey: str
    name: str
    party: str
    purpose: str
    custody: str
    valid_from_index: int
    revoked_at_index: int | None
    compromised_since_index: int | None


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """A sum of balances of one element; the axes that were not grouped by are None."""

    element: str
    owner: str | None
    holder: str | None
    state: str | None
    lot: str | None
    mass_mg: int


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry in an account, with what stood there before and after it in the order of the statement.

    In the order of days that is the balance of the day as is now known; in the order of recording it is the balance
    that was sealed, which `leg` carries in either order. `late`: later days had been recorded in the account before.
    `disputed_by`, whatever the tree size: the parties whose key was compromised when it signed, as it stands now.
    """

    index: int
    entry_id: str
    kind: str
    occurred: dt.date
    recorded: dt.datetime
    contract: str | None
    reference: str | None
    late: bool
    disputed_by: tuple[str, ...]
    leg: PostedLeg
    balance_before_mg: int
    balance_after_mg: int


class Order(StrEnum):
    """In which order an account's lines stand: by the day in the world, or as the ledger learned of them."""

    OCCURRED = "occurred"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """An account between two days, both included, as known at a tree size: opening + its lines = closing.

    `late_days` is the most days by which one of its legs ever came late. The lines themselves are read apart, page by
    page or as a stream, however many they are.
    """

    account: Account
    number: int
    start: dt.date | None
    end: dt.date | None
    known_at: int
    order: Order
    opening_mg: int
    closing_mg: int
    late_days: int


@dataclass(frozen=True, slots=True)
class LinePlace:
    """Where a page of lines ended: the next one begins after it."""

    occurred: dt.date
    index: int


@dataclass(frozen=True, slots=True)
class LearnedRow:
    """A sum of balances of one day that is known otherwise now than before; axes not grouped by are None."""

    element: str
    owner: str | None
    holder: str | None
    state: str | None
    lot: str | None
    before_mg: int
    after_mg: int


@dataclass(frozen=True, slots=True)
class LearnedLine:
    """A leg that was recorded after a tree size and occurred by a day; `leg_no` is its place in its entry, from 0."""

    index: int
    leg_no: int
    entry_id: str
    kind: str
    occurred: dt.date
    recorded: dt.datetime
    contract: str | None
    reference: str | None
    leg: PostedLeg


@dataclass(frozen=True, slots=True)
class ElementClosing:
    """Whether an element closes to the milligram: owned = held = Σ of states = −(what stands outside).

    `outside` holds `source` (negative: what came in), `loss`, `unaccounted` and `exported`.
    """

    element: str
    owners: Mapping[str, int]
    holders: Mapping[str, int]
    states: Mapping[str, int]
    outside: Mapping[str, int]
    owned_mg: int
    held_mg: int
    states_mg: int
    outside_mg: int

    @property
    def closes(self) -> bool:
        """Say whether the four figures agree."""
        return self.owned_mg == self.held_mg == self.states_mg == -self.outside_mg


@dataclass(frozen=True, slots=True)
class Movement:
    """An entry as settlement and reconciliation use it: its facts and the legs that the filters left."""

    index: int
    entry_id: str
    kind: str
    occurred: dt.date
    recorded: dt.datetime
    contract: str | None
    reference: str | None
    corrects: str | None
    details: Mapping[str, Any]
    documents: Mapping[str, str]
    legs: tuple[PostedLeg, ...]


@dataclass(frozen=True, slots=True)
class FlowBand:
    """What flowed between two accounts (lots summed) by entries of one kind; `entries` are their indexes."""

    kind: str
    element: str
    source: Account
    target: Account
    mass_mg: int
    entries: tuple[int, ...]
