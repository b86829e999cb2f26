"""What changed between two versions, clause by clause, in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.core.text import Clause
from contracts.errors import ContractCode, ContractError
from contracts.models import ContractVersion
from contracts.selectors.agreement import clauses_of, terms_of
from contracts.selectors.list_contracts import visible_contract


@dataclass(frozen=True)
class ChangedClause:
    """A clause whose text differs; `before` or `after` is None where one of the versions does not have it.

    `terms` are the names of the terms bound to it whose value differs. `out_of_step` says that only one language did
    change.
    """

    id: str
    before: Clause | None
    after: Clause | None
    terms: tuple[str, ...]

    @property
    def out_of_step(self) -> bool:
        """Say whether the text of one language changed and that of the other did not."""
        if self.before is None or self.after is None:
            return False
        return (self.before.body_en == self.after.body_en) != (self.before.body_zh == self.after.body_zh)


def changed_clauses(*, ref: str, party: str | None, a: int, b: int) -> tuple[ChangedClause, ...]:
    """Return the clauses that differ between versions `a` and `b`, in the order of `b`, then those that are gone.

    Raises ContractError `unknown-contract`, `unknown-version`.
    """
    row = visible_contract(ref, party)
    before, after = _version(row.pk, ref, a), _version(row.pk, ref, b)
    changed = frozenset(changed_terms(terms_of(before.terms), terms_of(after.terms)))
    return tuple(_compare(clauses_of(before.text), clauses_of(after.text), changed))


def changed_terms(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Return the names of the terms whose values differ, a whole table or block as one term."""
    return (name for name in sorted({*before, *after}) if before.get(name) != after.get(name))


def _version(contract_id: int, ref: str, number: int) -> ContractVersion:
    version = ContractVersion.objects.filter(contract_id=contract_id, number=number).first()
    if version is None:
        raise ContractError(ContractCode.UNKNOWN_VERSION, f"{ref} has no version {number}: choose another.")
    return version


def _compare(before: tuple[Clause, ...], after: tuple[Clause, ...], changed: frozenset[str]) -> Iterator[ChangedClause]:
    old = {clause.id: clause for clause in before}
    for clause in after:
        earlier = old.pop(clause.id, None)
        if earlier is None or _text(earlier) != _text(clause):
            yield ChangedClause(clause.id, earlier, clause, _bound(clause, changed))
    for clause in old.values():
        yield ChangedClause(clause.id, clause, None, _bound(clause, changed))


def _text(clause: Clause) -> tuple[str, ...]:
    return (clause.title_en, clause.title_zh, clause.body_en, clause.body_zh)


def _bound(clause: Clause, changed: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted({path.split(".")[0] for path in clause.terms} & changed))
