"""What can go wrong with exports: a closed set of codes, each with a sentence."""

from __future__ import annotations

from enum import StrEnum


class ExportsCode(StrEnum):
    """Stable codes; never renamed."""

    UNKNOWN_EXPORT = "unknown-export"
    UNKNOWN_FORMAT = "unknown-format"
    NOTHING_TO_EXPORT = "nothing-to-export"
    TOO_LARGE = "too-large"
    FILE_DAMAGED = "file-damaged"


class ExportsError(Exception):
    """Says what is wrong, where, why, and what to do."""

    def __init__(self, code: ExportsCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
