"""One contract, as one party may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.core.errors import Problem
from contracts.selectors.values import ContractRow, DraftView, TurnView, VersionView


@dataclass(frozen=True)
class Obligation:
    """A day on which something falls due under the contract."""

    due_date: date
    what_en: str
    what_zh: str


@dataclass(frozen=True)
class ContractDetail:
    """Everything that a page about a contract shows. `roles` maps each role of the kind to its party.

    `terms` are those the reader looks at: its own draft while it has the pen (`draft` is set then), else the latest
    version put forward. `moves` are what the reader's organisation may do now. `in_force` is the number of the version
    in force on the day asked for, None before the first.
    """

    row: ContractRow
    roles: Mapping[str, str]
    terms: Mapping[str, Any]
    draft: DraftView | None
    problems: tuple[Problem, ...]
    versions: tuple[VersionView, ...]
    in_force: int | None
    turns: tuple[TurnView, ...]
    moves: frozenset[str]
    clauses: tuple[Any, ...]
    obligations: tuple[Obligation, ...]


def contract_detail(*, ref: str, party: str | None, as_of: date) -> ContractDetail:
    """Return one contract; raises ContractError `unknown-contract` where there is none or the party may not see it."""
    raise NotImplementedError
