"""The ledger's one error: a stable code from a closed set, and a sentence for people."""

from __future__ import annotations

from enum import StrEnum


class LedgerCode(StrEnum):
    """Every reason the ledger gives for a refusal. Codes are never renamed or reused."""

    MALFORMED = "malformed"
    NOT_CANONICAL = "not-canonical"
    TOO_LARGE = "too-large"
    UNKNOWN_KIND = "unknown-kind"
    WRONG_BOOK = "wrong-book"
    BAD_LEG = "bad-leg"
    BAD_FIELD = "bad-field"
    BAD_CORRECTION = "bad-correction"
    PLEDGED = "pledged"
    CLOSED_PERIOD = "closed-period"
    UNBALANCED = "unbalanced"
    INSUFFICIENT = "insufficient"
    DUPLICATE = "duplicate"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad-signature"
    UNKNOWN_KEY = "unknown-key"
    KEY_NOT_VALID = "key-not-valid"
    MISSING_SIGNATURE = "missing-signature"
    BAD_KEY = "bad-key"
    BAD_SEAL = "bad-seal"
    BAD_LEAF = "bad-leaf"
    BAD_TILE = "bad-tile"
    BAD_PROOF = "bad-proof"
    BAD_CHECKPOINT = "bad-checkpoint"
    BAD_POLICY = "bad-policy"
    BAD_MANIFEST = "bad-manifest"
    BAD_BALANCE = "bad-balance"
    BROKEN_CHAIN = "broken-chain"
    MISSING_FILE = "missing-file"
    UNKNOWN_ENTRY = "unknown-entry"
    UNKNOWN_ACCOUNT = "unknown-account"
    UNKNOWN_CHECKPOINT = "unknown-checkpoint"
    NOT_OPEN = "not-open"
    BAD_FOLDER = "bad-folder"
    BUSY = "busy"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    FORK = "fork"


class LedgerError(Exception):
    """A refusal: `code` for machines, the sentence for people, `index` of the leaf where one is at fault."""

    def __init__(self, code: LedgerCode, sentence: str, *, index: int | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.index = index
