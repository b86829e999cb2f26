"""Checking a trace against its sources: every figure that it takes from a fact or a term is really there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from contracts.core.errors import SettlementCode, SettlementError
from contracts.core.facts import Fact
from contracts.core.numbers import parse_decimal
from contracts.core.trace import Input, Node

_VERSION: Final = re.compile(r"@v(\d+)")


def check_sources(trace: Sequence[Node], facts: Iterable[Fact], terms: Mapping[int, Any]) -> None:
    """Compare each `fact:` and `term:` input with the fact version and the terms (by version number) it names.

    A term without a version in its path is looked for in the highest. Raises `trace-broken` that names the step and the
    source that does not hold what the step says.
    """
    known = {fact.ref: fact for fact in facts}
    for node in trace:
        for given in node.inputs:
            if given.ref.startswith("fact:") and not _in_fact(given, known.get(given.ref)):
                raise _broken(node, given)
            if given.ref.startswith("term:") and _term(given.ref, terms) != given.value:
                raise _broken(node, given)


def _in_fact(given: Input, fact: Fact | None) -> bool:
    return fact is not None and any(parse_decimal(text) == given.value for text in fact.value.values())


def _term(ref: str, terms: Mapping[int, Any]) -> Decimal | None:
    path = ref.removeprefix("term:")
    found = _VERSION.search(path)
    value: Any = terms.get(int(found[1]) if found else max(terms, default=0))
    for name in _VERSION.sub("", path).split("."):
        if value is None:
            return None
        if isinstance(value, tuple):
            value = value[int(name)] if name.isdigit() and int(name) < len(value) else None
        else:
            value = getattr(value, name, None)
    return Decimal(value) if isinstance(value, Decimal | int) and not isinstance(value, bool) else None


def _broken(node: Node, given: Input) -> SettlementError:
    return SettlementError(
        SettlementCode.TRACE_BROKEN,
        f"The step {node.id} takes {given.name} = {given.value} from {given.ref}, which does not say so; do not rely on"
        " this statement, settle the period again.",
        subject=node.id,
    )
