"""Whether what became known since a run was settled is a reason to settle it again. Pure.

Settling again is safe: equal facts give the statement that stands. So this may say yes too often, never too seldom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from contracts.core.facts import Fact


@dataclass(frozen=True)
class Settled:
    """A run that was settled or blocked: what it is about, when it last looked, and the `ID@VERSION` that it used."""

    subject: str
    purpose: str
    period_end: date
    looked_at: datetime
    blocked: bool
    used: frozenset[str]


def wants_second_look(run: Settled, facts: Sequence[Fact]) -> bool:
    """Say whether a fact arrived that the run could have used.

    A blocked run wants any. A provisional settlement is not chased by what arrives later, only by a correction of what
    it used. A lot wants what is said of the lot; a period what was true before its end.
    """
    fresh = [fact for fact in facts if fact.recorded > run.looked_at]
    if run.blocked:
        return bool(fresh)
    if any(earlier in run.used for fact in fresh for earlier in _earlier_versions(fact)):
        return True
    if run.purpose == "provisional":
        return False
    if run.purpose == "final":
        return any(fact.subject == run.subject for fact in fresh)
    return any(fact.effective < run.period_end for fact in fresh)


def _earlier_versions(fact: Fact) -> Iterable[str]:
    return (f"{fact.id}@{version}" for version in range(1, fact.version))
