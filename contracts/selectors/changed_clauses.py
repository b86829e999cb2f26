"""What changed between two versions, clause by clause, in both languages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChangedClause:
    """A clause whose text differs: empty texts stand for a clause that one of the versions does not have.

    `terms` are the names of the terms bound to it whose value differs.
    """

    clause: str
    before_en: str
    after_en: str
    before_zh: str
    after_zh: str
    terms: tuple[str, ...]


def changed_clauses(*, ref: str, party: str | None, a: int, b: int) -> tuple[ChangedClause, ...]:
    """Return the clauses that differ between versions `a` and `b`, in the order of `b`, those that went last.

    Raises ContractError `unknown-contract`, `unknown-version`.
    """
    raise NotImplementedError
