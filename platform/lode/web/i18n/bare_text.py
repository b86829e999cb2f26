"""Find the words of a template that no translator would ever see."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from django.template.base import Lexer, TokenType

SPOKEN_ATTRIBUTES: Final = frozenset(
    {
        "title",
        "alt",
        "placeholder",
        "aria-label",
        "aria-description",
        "aria-roledescription",
        "data-done",
        "data-failed",
    }
)
SILENT_ELEMENTS: Final = frozenset({"code", "kbd", "samp", "pre", "script", "style"})
VOID_ELEMENTS: Final = frozenset({"meta", "link", "input", "img", "br", "hr", "col", "source", "wbr"})
SAME_IN_BOTH: Final = frozenset(
    {"Lode", "EN", "English", "中文", "CSV", "JSON", "PDF", "Δ", "SHA", "UTC", "USD", "API"}
)
"""Names and codes that read the same in both languages, and each language's own name."""
_WORD = re.compile(r"[^\W\d_]+")
_BLOCKS: Final = {"blocktranslate": "endblocktranslate", "blocktrans": "endblocktrans", "comment": "endcomment"}


class _Finder(HTMLParser):
    """Collects spoken text. `translate="no"` on an element says that what is in it is no sentence of ours."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        silenced = bool(self._silent) or tag in SILENT_ELEMENTS or ("translate", "no") in attrs
        if not silenced:
            spoken = (value for name, value in attrs if name in SPOKEN_ATTRIBUTES and value)
            for value in spoken:
                self._note(value)
        if silenced and tag not in VOID_ELEMENTS:
            self._silent.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self._silent and self._silent[-1] == tag and tag not in VOID_ELEMENTS:
            self._silent.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            while self._silent.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._note(data)

    def _note(self, text: str) -> None:
        if any(word not in SAME_IN_BOTH for word in _WORD.findall(text)):
            self.found.append((self.getpos()[0], " ".join(text.split())))


def bare_text(source: str) -> list[tuple[int, str]]:
    """Return (line, text) of every text of a template that stands outside `translate` and `blocktranslate`."""
    kept: list[str] = []
    closing = ""
    for token in Lexer(source).tokenize():
        lines = "\n" * token.contents.count("\n")
        if closing:
            closing = "" if token.token_type == TokenType.BLOCK and token.contents.split()[0] == closing else closing
            kept.append(lines)
        elif token.token_type == TokenType.TEXT:
            kept.append(token.contents)
        else:
            if token.token_type == TokenType.BLOCK:
                closing = _BLOCKS.get(token.contents.split()[0], "")
            kept.append(lines)
    finder = _Finder()
    finder.feed("".join(kept))
    finder.close()
    return finder.found
