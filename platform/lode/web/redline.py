"""What changed between two texts, word by word in English and character by character in Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

# A number keeps its grouping, decimals and per cent sign; a word its letters; a han character stands alone.
_TOKEN = re.compile(
    r"[+\-\u2212]?\d[\d,]*(?:\.\d+)?(?:\s?[%％‰])?"
    r"|[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|[^\W\d_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+(?:['’\-][^\W\d_\u3400-\u9fff]+)*"
    r"|\s+"
    r"|."
)


@dataclass(frozen=True)
class Span:
    """A run of text that both have, that only the later has (inserted), or only the earlier (deleted)."""

    kind: Literal["same", "inserted", "deleted"]
    text: str


def tokens(text: str) -> list[str]:
    """Split into words, numbers with their per cent sign, single han characters, spaces and other marks."""
    return _TOKEN.findall(text)


def redline(before: str, after: str) -> tuple[Span, ...]:
    """Return the spans of a redline: without the inserted they spell `before`, without the deleted `after`."""
    old, new = tokens(before), tokens(after)
    spans: list[Span] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            spans.append(Span("same", "".join(old[i1:i2])))
            continue
        if i2 > i1:
            spans.append(Span("deleted", "".join(old[i1:i2])))
        if j2 > j1:
            spans.append(Span("inserted", "".join(new[j1:j2])))
    return tuple(spans)
