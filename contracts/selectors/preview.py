"""The text and a worked example of terms that nobody has agreed to yet, from the engine that will settle them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.core.compute import kind_of
from contracts.core.errors import ContractsError, Problem
from contracts.core.kind import DuePeriod, Kind
from contracts.core.schema import check_terms, dump
from contracts.core.statement import Settlement
from contracts.core.text import Clause, text_sha256
from contracts.selectors.agreement import first_day, last_day, plain, rendered
from contracts.selectors.example_facts import Scenario, example_facts, example_known_at


@dataclass(frozen=True)
class Preview:
    """What terms mean. `problems` pause it: with any, there is no text, no hash and no example.

    `examples` are the first settlements on the scenario's assumptions; `not_computed` says, in a sentence, why there
    are none or fewer. Nothing is posted or kept.
    """

    problems: tuple[Problem, ...]
    clauses: tuple[Clause, ...]
    text_sha256: str | None
    examples: tuple[Settlement, ...]
    not_computed: str


def preview(
    *,
    kind: str,
    terms: Mapping[str, Any],
    parties: tuple[str, str],
    scenario: Scenario | None = None,
    examples: int = 3,
) -> Preview:
    """Render the terms for two parties (identifiers in the order of the kind's roles) and settle their first periods.

    Raises SettlementError `unknown-kind`, ContractError `unknown-party`.
    """
    found = kind_of(kind)
    parsed, problems = check_terms(found.schema, plain(terms))
    if parsed is None:
        return Preview(problems, (), None, (), "")
    clauses = rendered(kind=kind, terms=parsed, parties=parties)
    settlements, why_not = _settle(found, parsed, scenario or Scenario(), examples)
    return Preview((), clauses, text_sha256(clauses), settlements, why_not)


def _settle(kind: Kind, parsed: Any, scenario: Scenario, wanted: int) -> tuple[tuple[Settlement, ...], str]:
    facts = example_facts(parsed, scenario)
    known_at = example_known_at(parsed)
    settlements: list[Settlement] = []
    kept = dump(parsed)
    try:
        due: tuple[DuePeriod, ...] = kind.schedule(parsed, first_day(kept), last_day(kept), facts=facts)
        for item in sorted(due)[:wanted]:
            settled = kind.settle(parsed, facts, item.period, known_at, subject=item.subject, stage=item.stage)
            settlements.append(settled)
    except ContractsError as error:
        return tuple(settlements), error.message
    return tuple(settlements), ""
