"""Rendering: clause templates and terms give the clauses in both languages, bound to the terms that they read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.text.markup import Filler, Rows, Scope
from contracts.core.text.wording import EN, ZH
from ledger.core import canonical_json


@dataclass(frozen=True, slots=True)
class ClauseTemplate:
    """One clause before it is filled, in the language of `markup`."""

    id: str
    title_en: str
    title_zh: str
    body_en: str
    body_zh: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause as the parties read it; `terms` are the paths of the terms that it is bound to.

    A body is paragraphs separated by a blank line, each beginning with its number (`3.2`). The path of a term in a
    table has no row number: `elements.price.series`.
    """

    id: str
    number: str
    title_en: str
    title_zh: str
    body_en: str
    body_zh: str
    terms: tuple[str, ...]


def render_templates(
    templates: Iterable[ClauseTemplate], rows: Rows, scope: Scope, parties: Mapping[str, Any]
) -> tuple[Clause, ...]:
    """Return the filled clauses, numbered from 1. `parties` maps a role to a name, or to `{"en": ..., "zh": ...}`."""
    names = {
        EN: {role: _party_name(party, EN) for role, party in parties.items()},
        ZH: {role: _party_name(party, ZH) for role, party in parties.items()},
    }
    clauses = []
    for n, template in enumerate(templates, start=1):
        english, chinese = Filler(EN, rows, names[EN]), Filler(ZH, rows, names[ZH])
        body_en = _numbered(n, english.paragraphs(template.body_en, scope))
        body_zh = _numbered(n, chinese.paragraphs(template.body_zh, scope))
        bound = tuple(sorted({*english.read, *chinese.read}))
        clauses.append(Clause(template.id, str(n), template.title_en, template.title_zh, body_en, body_zh, bound))
    return tuple(clauses)


def _party_name(party: Any, language: str) -> str:
    if isinstance(party, Mapping):
        name = party.get(language) or party.get(f"name_{language}") or next(iter(party.values()), "")
        return str(name)
    return str(party)


def _numbered(n: int, paragraphs: list[str]) -> str:
    return "\n\n".join(f"{n}.{m} {text}" for m, text in enumerate(paragraphs, start=1))


def require_parties(roles: Iterable[str], parties: Mapping[str, Any]) -> None:
    """Refuse to write a contract that lacks a party; raises `bad-document`."""
    missing = [role for role in roles if not parties.get(role)]
    if missing:
        raise SettlementError(
            SettlementCode.BAD_DOCUMENT, f"The contract has no {' and no '.join(missing)}; name the party first."
        )


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
