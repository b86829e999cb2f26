"""The small language of clause templates.

`{rate_pct}` writes a term in words; `{price.series}` one inside a block; `{elements:rates}` writes each row of a table
by the row template named `rates`; `{party.lessor}` writes a party. `[[min_fee: ...]]` stands only where the term is
given (and is not zero or no), `[[!min_fee: ...]]` only where it is not, `[[rate_type=FIXED|FLOATING: ...]]` only where
it has one of the values, `[[!factor=1: ...]]` only where it has not. A blank line begins a new paragraph; a single line
break is a space in English and nothing in Chinese. Conditions do not nest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contracts.core.schema import Field, FieldType, Schema
from contracts.core.text.wording import ZH, write_value

_CONDITION: Final = re.compile(r"\[\[(!?)([\w.]+)(?:=([\w.|-]+))?:\s*(.*?)\]\]", re.DOTALL)
_PLACEHOLDER: Final = re.compile(r"\{([\w.]+)(?::([\w-]+))?\}")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
Rows = Mapping[str, tuple[str, str]]


class TemplateError(Exception):
    """A template names a term, a party or a row template that there is not."""


@dataclass(frozen=True, slots=True)
class Use:
    """A term that a template reads: its dotted path without row numbers, and the row template where it is a table."""

    path: str
    rows: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Terms with their schema; `outer` is where a name is looked for next (the terms around a row)."""

    schema: Schema[Any]
    value: Any
    path: str = ""
    outer: Scope | None = None

    def find(self, name: str) -> tuple[Field, Any, str, Scope] | None:
        """Return the field, value, path and scope of a dotted name here or further out."""
        first, _, rest = name.partition(".")
        if first in self.schema.names():
            field, value = self.schema.field(first), getattr(self.value, first)
            path = f"{self.path}{first}"
            if not rest:
                return field, value, path, self
            if field.type is FieldType.BLOCK and field.rows is not None:
                return Scope(field.rows, value, f"{path}.", self).find_inside(rest)
        return self.outer.find(name) if self.outer else None

    def find_inside(self, name: str) -> tuple[Field, Any, str, Scope] | None:
        """Return a name of a block, None as its value where the block itself is not given."""
        if self.value is None:
            first = name.partition(".")[0]
            if first not in self.schema.names():
                return None
            return self.schema.field(first), None, f"{self.path}{name}", self
        return self.find(name)


def uses(template: str) -> Iterator[Use]:
    """Yield every term, party and row template that a template names, conditions included."""
    for found in _CONDITION.finditer(template):
        yield Use(found[2])
    for found in _PLACEHOLDER.finditer(template):
        yield Use(found[1], found[2] or "")


class Filler:
    """Fills templates in one language and remembers which terms it read."""

    def __init__(self, language: str, rows: Rows, parties: Mapping[str, str]) -> None:
        self.language, self.rows, self.parties = language, rows, parties
        self.read: dict[str, None] = {}

    def paragraphs(self, template: str, scope: Scope) -> list[str]:
        """Return the paragraphs of a filled template, without those whose condition left nothing."""
        parts = re.split(r"\n\s*\n", template.strip())
        kept = (_CONDITION.sub(lambda m: self._condition(m, scope), part) for part in parts)
        return [text for part in kept if (text := self._fill(part, scope))]

    def _condition(self, found: re.Match[str], scope: Scope) -> str:
        _, value, path, _ = self._found(found[2], scope)
        self.read[path] = None
        holds = str(value) in found[3].split("|") if found[3] else bool(value)
        return found[4] if holds is not bool(found[1]) else ""

    def _fill(self, template: str, scope: Scope) -> str:
        joined = re.sub(r"\s*\n\s*", "" if self.language == ZH else " ", template.strip())
        filled = _PLACEHOLDER.sub(lambda m: self._placeholder(m[1], m[2] or "", scope), joined).strip()
        # Conditions that left nothing leave their spaces behind.
        single = re.sub(r"(?<=[\u4e00-\u9fff])[ \t]+(?=[\u4e00-\u9fff])", "", re.sub(r"[ \t]{2,}", " ", filled))
        return re.sub(r"[ \t]+([;,.:)；，。：])", r"\1", single)

    def _placeholder(self, name: str, rows: str, scope: Scope) -> str:
        if name.startswith("party."):
            return self.parties[name.removeprefix("party.")]
        field, value, path, inner = self._found(name, scope)
        self.read[path] = None
        if field.type is FieldType.TABLE:
            return self._table(field, value, path, rows, scope)
        if value is None:
            raise TemplateError(f"{path} is not given, and the sentence that names it has no condition")
        return write_value(field, value, self.language, lambda key: self._lookup(key, inner))

    def _table(self, field: Field, value: Any, path: str, rows: str, scope: Scope) -> str:
        if rows not in self.rows or field.rows is None:
            raise TemplateError(f"{path} needs a row template, and {rows!r} is none")
        template = self.rows[rows][1 if self.language == ZH else 0]
        gap = "" if self.language == ZH else " "
        inner = (Scope(field.rows, row, f"{path}.", scope) for row in value)
        lines = [gap.join(self.paragraphs(template, each)) for each in inner]
        if rows.startswith("inline-"):
            return ("、" if self.language == ZH else ", ").join(lines)
        stop = "；" if self.language == ZH else ";"
        marked = [f"\n({_LETTERS[n % 26] * (n // 26 + 1)}) {line}" for n, line in enumerate(lines)]
        return stop.join(marked)

    def _found(self, name: str, scope: Scope) -> tuple[Field, Any, str, Scope]:
        found = scope.find(name)
        if found is None:
            raise TemplateError(f"{name} is not a term here")
        return found

    def _lookup(self, key: str, scope: Scope) -> Any:
        if key == "price_unit":
            # A price inside a block is per the block's unit, one beside it per that of the row's price.
            for name in ("unit", "price.unit"):
                found = scope.find(name)
                if found is not None:
                    self.read[found[2]] = None
                    return found[1]
        if key == "currency":
            return self._currency(scope)
        _, value, path, _ = self._found(key, scope)
        self.read[path] = None
        return value

    def _currency(self, scope: Scope | None) -> Any:
        while scope is not None:
            if "currency" in scope.schema.names() and getattr(scope.value, "currency", None):
                self.read[f"{scope.path}currency"] = None
                return scope.value.currency
            scope = scope.outer
        raise TemplateError("no currency is in reach")
