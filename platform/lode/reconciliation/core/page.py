"""The page of a period: decisions put over suggestions, the tie line, and what still stands in the way of signing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lode.reconciliation.core.match import match
from lode.reconciliation.core.reasons import EFFECTS, Effect
from lode.reconciliation.core.sentences import signed_mass_text
from lode.reconciliation.core.values import Elsewhere, Line, Matching, Period, Reason, Row, Rule, Text, Tolerances


class RowState(StrEnum):
    """The one vocabulary of row states."""

    OPEN = "open"
    MATCHED = "matched"
    WITH_DIFFERENCE = "matched-with-difference"
    ASKED = "asked"
    DISPUTED = "disputed"


SETTLED = frozenset({RowState.MATCHED, RowState.WITH_DIFFERENCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided about a row, and the masses that stood there then. `number` is its identity."""

    number: int
    ours_key: str
    theirs_key: str
    state: RowState
    reason: Reason | None
    note: str
    ours_mg: int | None
    theirs_mg: int | None
    agreed_mg: int | None
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """A row as shown. `stale` says that a mass changed after the decision, so that it counts as open."""

    ours: Line | None
    theirs: Line | None
    state: RowState
    rule: Rule | None
    suggested_reason: Reason | None
    why: Text
    decision: Decision | None
    stale: bool = False
    adjustment_due_mg: int = 0

    @property
    def key(self) -> str:
        """The row's name on the page: our key and theirs, `-` for a side that has none."""
        return f"{self.ours.key if self.ours else '-'}~{self.theirs.key if self.theirs else '-'}"

    @property
    def element(self) -> str:
        """The element of the movement."""
        line = self.ours or self.theirs
        assert line is not None
        return line.element

    @property
    def difference_mg(self) -> int:
        """Ours − theirs."""
        return (self.ours.mass_mg if self.ours else 0) - (self.theirs.mass_mg if self.theirs else 0)

    @property
    def settled(self) -> bool:
        """Say whether the row stands in the way of nothing."""
        return self.state in SETTLED and not self.stale and not self.adjustment_due_mg

    @property
    def effect(self) -> Effect | None:
        """What the agreed difference does."""
        reason = self.decision.reason if self.decision else None
        return EFFECTS[reason] if reason else None


@dataclass(frozen=True, slots=True)
class TieLine:
    """One element: opening, ours − theirs = difference, the part of it that is not agreed, and closing, in mg."""

    element: str
    opening_mg: int
    ours_mg: int
    theirs_mg: int
    open_difference_mg: int
    open_count: int

    @property
    def difference_mg(self) -> int:
        """Ours − theirs."""
        return self.ours_mg - self.theirs_mg

    @property
    def closing_mg(self) -> int:
        """What the ledger says lies with the partner at the end."""
        return self.opening_mg + self.ours_mg


def page_rows(
    ours: Sequence[Line],
    theirs: Sequence[Line],
    decisions: Sequence[Decision],
    *,
    period: Period,
    tolerances: Tolerances,
    elsewhere: Sequence[Elsewhere] = (),
) -> tuple[PageRow, ...]:
    """Put decided rows as decided and match the rest; every line of both sides stands in exactly one row.

    A decision whose line is no longer there says nothing and is passed over.
    """
    ours_by_key = {line.key: line for line in ours}
    theirs_by_key = {line.key: line for line in theirs}
    rows: list[PageRow] = []
    for decision in decisions:
        mine, other = ours_by_key.get(decision.ours_key), theirs_by_key.get(decision.theirs_key)
        if bool(mine) != bool(decision.ours_key) or bool(other) != bool(decision.theirs_key):
            continue
        rows.append(_decided(decision, mine, other, period, tolerances, elsewhere))
        ours_by_key.pop(decision.ours_key, None)
        theirs_by_key.pop(decision.theirs_key, None)
    left: Matching = match(
        tuple(ours_by_key.values()),
        tuple(theirs_by_key.values()),
        period=period,
        tolerances=tolerances,
        elsewhere=elsewhere,
    )
    rows += [_suggested(row) for row in left.rows]
    return tuple(sorted(rows, key=_order))


def tie_lines(rows: Sequence[PageRow], opening_mg: Mapping[str, int]) -> tuple[TieLine, ...]:
    """Return the tie line of every element that moved or lay there, sorted."""
    ours: dict[str, int] = defaultdict(int)
    theirs: dict[str, int] = defaultdict(int)
    open_mg: dict[str, int] = defaultdict(int)
    count: dict[str, int] = defaultdict(int)
    for row in rows:
        ours[row.element] += row.ours.mass_mg if row.ours else 0
        theirs[row.element] += row.theirs.mass_mg if row.theirs else 0
        if not row.settled:
            open_mg[row.element] += row.difference_mg
            count[row.element] += 1
    elements = sorted({row.element for row in rows} | {element for element, mass in opening_mg.items() if mass})
    return tuple(
        TieLine(element, opening_mg.get(element, 0), ours[element], theirs[element], open_mg[element], count[element])
        for element in elements
    )


def _decided(
    decision: Decision,
    ours: Line | None,
    theirs: Line | None,
    period: Period,
    tolerances: Tolerances,
    elsewhere: Sequence[Elsewhere],
) -> PageRow:
    """Show a decision beside what the rules say of the same row, so that a reader sees both."""
    neighbours = () if ours and theirs else elsewhere
    found = match(
        [ours] if ours else [], [theirs] if theirs else [], period=period, tolerances=tolerances, elsewhere=neighbours
    ).rows
    rule, reason, why = (found[0].rule, found[0].reason, found[0].why) if len(found) == 1 else (None, None, _BY_HAND)
    ours_mg, theirs_mg = ours.mass_mg if ours else None, theirs.mass_mg if theirs else None
    due_mg = 0
    if decision.agreed_mg is not None and ours_mg is not None:
        due_mg = decision.agreed_mg - ours_mg
    changed = theirs_mg != decision.theirs_mg or ours_mg not in {decision.ours_mg, decision.agreed_mg}
    stale = decision.state in SETTLED and changed and ours_mg != theirs_mg
    return PageRow(
        ours=ours,
        theirs=theirs,
        state=decision.state,
        rule=rule,
        suggested_reason=reason,
        why=_stale_text(decision, ours_mg) if stale else why,
        decision=decision,
        stale=stale,
        adjustment_due_mg=due_mg,
    )


_BY_HAND = Text("paired by hand", "人工匹配")


def _stale_text(decision: Decision, ours_mg: int | None) -> Text:
    before, after = signed_mass_text(decision.ours_mg or 0), signed_mass_text(ours_mg or 0)
    return Text(
        f"the ledger's mass was {before} when this was agreed and is {after} now: undo and decide again",
        f"达成一致时账本质量为 {before}，现在为 {after}，请撤销后重新处理",
    )


def _suggested(row: Row) -> PageRow:
    return PageRow(
        ours=row.ours,
        theirs=row.theirs,
        state=RowState.OPEN,
        rule=row.rule,
        suggested_reason=row.reason,
        why=row.why,
        decision=None,
    )


def _order(row: PageRow) -> tuple[str, str, str]:
    line = row.ours or row.theirs
    assert line is not None
    return (line.date.isoformat(), line.reference, row.key)
