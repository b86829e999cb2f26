"""Rendering: a clause template and the terms give the clause in both languages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.core import canonical_json


@dataclass(frozen=True, slots=True)
class ClauseTemplate:
    """One clause before it is filled: `{placeholder}`s name terms, parties, or phrases made from terms."""

    id: str
    title_en: str
    title_zh: str
    body_en: str
    body_zh: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause as the parties read it; `terms` are the paths of the terms that it is bound to."""

    id: str
    number: str
    title_en: str
    title_zh: str
    body_en: str
    body_zh: str
    terms: tuple[str, ...]


def render(kind: str, terms: Any, parties: Mapping[str, Any]) -> tuple[Clause, ...]:
    """Return the clauses of a contract in order. `parties` maps a role to a name, or to `{"en": ..., "zh": ...}`."""
    return ()


def text_sha256(clauses: Iterable[Clause]) -> str:
    """Return the SHA-256 of the clauses' canonical JSON, in hexadecimal: what both parties sign beside the terms."""
    return hashlib.sha256(canonical_json.dumps([_clause_json(c) for c in clauses])).hexdigest()


def _clause_json(clause: Clause) -> dict[str, Any]:
    return {
        "id": clause.id,
        "number": clause.number,
        "title_en": clause.title_en,
        "title_zh": clause.title_zh,
        "body_en": clause.body_en,
        "body_zh": clause.body_zh,
        "terms": list(clause.terms),
    }
