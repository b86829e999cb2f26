"""The bilingual text of a contract: clause templates bound to typed terms, and their rendering."""

from collections.abc import Mapping
from typing import Any

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.terms import KINDS
from contracts.core.text.markup import Scope
from contracts.core.text.render import Clause, ClauseTemplate, render_templates, require_parties, text_sha256
from contracts.core.text.templates import ROWS, TEMPLATES

__all__ = ["ROWS", "TEMPLATES", "Clause", "ClauseTemplate", "render", "text_sha256"]


def render(kind: str, terms: Any, parties: Mapping[str, Any]) -> tuple[Clause, ...]:
    """Return the clauses of a contract in order, in both languages.

    `parties` maps each role of the kind to a name, or to `{"en": ..., "zh": ...}`. Raises `unknown-kind`, and
    `bad-document` where a party is missing.
    """
    if kind not in KINDS:
        raise SettlementError(SettlementCode.UNKNOWN_KIND, f"{kind!r} is not a kind of contract.", subject=kind)
    require_parties(KINDS[kind].party_roles, parties)
    return render_templates(TEMPLATES[kind], ROWS[kind], Scope(KINDS[kind].schema, terms), parties)
