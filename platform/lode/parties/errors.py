"""What can go wrong with parties, keys and tokens: a closed set of codes, each with a sentence."""

from __future__ import annotations

from enum import StrEnum


class PartiesCode(StrEnum):
    """Stable codes; never renamed."""

    UNKNOWN_ORGANISATION = "unknown-organisation"
    ORGANISATION_EXISTS = "organisation-exists"
    NO_HOSTED_KEY = "no-hosted-key"
    UNSEALING_FAILED = "unsealing-failed"
    NOT_ALLOWED = "not-allowed"
    BAD_KEY_NAME = "bad-key-name"
    BAD_SIGNATURE = "bad-signature"
    SIGNATURE_NEEDED = "signature-needed"
    UNKNOWN_KEY = "unknown-key"
    UNKNOWN_KEY_CHANGE = "unknown-key-change"
    KEY_CHANGE_EXPIRED = "key-change-expired"
    UNKNOWN_TOKEN = "unknown-token"  # noqa: S105 - a code, not a secret


class PartiesError(Exception):
    """Says what is wrong, where, why, and what to do."""

    def __init__(self, code: PartiesCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
