"""The text and a worked example of terms that nobody has agreed to yet, from the engine that will settle them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.core.errors import Problem
from contracts.core.facts import Fact
from contracts.core.statement import Settlement


@dataclass(frozen=True)
class Preview:
    """`problems` pause it: with any, `clauses` and `examples` are empty and `text_sha256` is None.

    `examples` are the first settlements that the engine can compute from the facts given; `not_computed` says, in a
    sentence, why there are none or fewer.
    """

    problems: tuple[Problem, ...]
    clauses: tuple[Any, ...]
    text_sha256: str | None
    examples: tuple[Settlement, ...]
    not_computed: str


def preview(
    *, kind: str, terms: Mapping[str, Any], parties: tuple[str, str], facts: Iterable[Fact] = (), examples: int = 3
) -> Preview:
    """Render the terms for two parties (identifiers in the order of the kind's roles) and settle their first periods.

    `facts` are prices and readings to work the example with; without them, the example says what is missing. Posts and
    keeps nothing.
    """
    raise NotImplementedError
