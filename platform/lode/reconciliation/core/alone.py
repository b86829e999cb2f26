"""Rows that found no partner: in transit, in a neighbouring period, listed twice, or missing; and why nothing fits."""

from __future__ import annotations

import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lode.reconciliation.core.pairs import normal_reference, within_tolerance
from lode.reconciliation.core.sentences import days_text, joined, mass_text, signed_mass_text
from lode.reconciliation.core.values import Elsewhere, Line, Period, Reason, Row, Rule, Side, Text, Tolerances

_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a row standing alone is looked at against."""

    period: Period
    tolerances: Tolerances
    elsewhere: tuple[Elsewhere, ...]
    ours: tuple[Line, ...]
    theirs: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Index:
    """Movements by normal reference and element."""

    lines: dict[_Place, list[Line]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[tuple[_Place, int]] = field(default_factory=Counter)

    @classmethod
    def of(cls, lines: Iterable[Line]) -> _Index:
        index = cls()
        for line in sorted(lines, key=lambda line: (line.date, line.key)):
            index.lines[_place(line)].append(line)
            index.counts[_place(line), line.mass_mg] += 1
        return index

    def twins(self, line: Line) -> bool:
        """Say whether another movement carries the same reference, element and mass."""
        return self.counts[_place(line), line.mass_mg] > 1

    def same(self, line: Line) -> list[Line]:
        place = _place(line)
        return self.lines.get(place, []) if place[0] else []


def alone(ours: Sequence[Line], theirs: Sequence[Line], context: Context) -> list[Row]:
    """Explain each row that stands alone; each comes back once."""
    neighbours = {side: _Index.of(item.line for item in context.elsewhere if item.side is side) for side in Side}
    listed_ours, listed_theirs = _Index.of(context.ours), _Index.of(context.theirs)
    near_theirs, near_ours = _Nearest(context.theirs), _Nearest(context.ours)
    rows = [_alone_ours(line, context, neighbours[Side.THEIRS], listed_theirs, near_theirs) for line in ours]
    rows += [
        _alone_theirs(line, context, neighbours[Side.OURS], listed_ours, listed_theirs, near_ours) for line in theirs
    ]
    return rows


def _alone_ours(line: Line, context: Context, neighbours: _Index, listed: _Index, nearest: _Nearest) -> Row:
    transit = line.transit
    if transit and (transit.arrived_date is None or transit.arrived_date >= context.period.end_date):
        arrival = (
            Text(f"arrived {transit.arrived_date}, after the period", f"{transit.arrived_date} 到达，已在本期之后")
            if transit.arrived_date
            else Text("not arrived by the end of the period", "期末尚未到达")
        )
        why = joined(Text(f"shipped {transit.shipped_date}", f"{transit.shipped_date} 发出"), arrival)
        return _ours(line, Rule.IN_TRANSIT, why, Reason.IN_TRANSIT)
    if other := _fitting(line, neighbours, context.tolerances):
        return _ours(
            line, Rule.IN_TRANSIT, _in_other_period(line, other, context.period, Side.THEIRS), Reason.IN_TRANSIT
        )
    if listed.same(line):
        why = Text(
            "the partner lists this reference fewer times than the ledger has it",
            "对方列出该编号的次数少于账本",
        )
        return _ours(line, Rule.DUPLICATE, why, None)
    why = joined(
        Text(f"the partner lists no {line.reference or 'such row'}", f"对方没有列出 {line.reference or '该业务'}"),
        nearest.of(line),
    )
    return _ours(line, Rule.ONLY_OURS, why, None)


def _alone_theirs(
    line: Line, context: Context, neighbours: _Index, ours: _Index, theirs: _Index, nearest: _Nearest
) -> Row:
    if other := _fitting(line, neighbours, context.tolerances):
        return _theirs(
            line, Rule.IN_TRANSIT, _in_other_period(line, other, context.period, Side.OURS), Reason.IN_TRANSIT
        )
    if ours.same(line) and theirs.twins(line):
        why = Text(
            f"the partner lists {line.reference} with {mass_text(line.mass_mg)} more often than the ledger has it",
            f"对方多次列出 {line.reference}（{mass_text(line.mass_mg)}），次数多于账本",
        )
        return _theirs(line, Rule.DUPLICATE, why, Reason.TYPING)
    why = joined(
        Text(f"the ledger has no {line.reference or 'such entry'}", f"账本中没有 {line.reference or '该业务'}"),
        nearest.of(line),
    )
    return _theirs(line, Rule.ONLY_THEIRS, why, None)


def _ours(line: Line, rule: Rule, why: Text, reason: Reason | None) -> Row:
    return Row(ours=line, theirs=None, rule=rule, reason=reason, why=why)


def _theirs(line: Line, rule: Rule, why: Text, reason: Reason | None) -> Row:
    return Row(ours=None, theirs=line, rule=rule, reason=reason, why=why)


def _place(line: Line) -> _Place:
    return normal_reference(line.reference), line.element


def _fitting(line: Line, index: _Index, tolerances: Tolerances) -> Line | None:
    """Return the other side's movement of a neighbouring period with that reference and about that mass."""
    fitting = [
        other for other in index.same(line) if within_tolerance(line.mass_mg, other.mass_mg, tolerances.mass_ppm)
    ]
    return min(fitting, key=lambda other: (abs((other.date - line.date).days), other.key), default=None)


def _in_other_period(line: Line, other: Line, period: Period, side: Side) -> Text:
    if other.transit and other.transit.arrived_date is None:
        shipped, mass = other.transit.shipped_date, signed_mass_text(other.mass_mg)
        return Text(
            f"in transit: {line.reference} was shipped {shipped} with {mass} and has not arrived in the ledger",
            f"在途：{line.reference} 于 {shipped} 发出（{mass}），账本尚未记录到达",
        )
    later = other.date >= period.end_date
    who_en, who_zh = ("the ledger", "账本") if side is Side.OURS else ("the partner", "对方")
    when = Text("the next period", "下一期") if later else Text("an earlier period", "前期")
    return Text(
        f"in transit: {who_en} has {line.reference} on {other.date}, in {when.en}, "
        f"with {signed_mass_text(other.mass_mg)}",
        f"在途：{who_zh}在{when.zh}（{other.date}）记录了 {line.reference}，{signed_mass_text(other.mass_mg)}",
    )


class _Nearest:
    """Finds the row that comes nearest in mass, so that a reader sees what was looked at."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines: dict[str, list[Line]] = defaultdict(list)
        for line in sorted(lines, key=lambda line: (line.mass_mg, line.date, line.key)):
            self._lines[line.element].append(line)

    def of(self, line: Line) -> Text:
        """Name the nearest row of the element, and how far it is."""
        lines = self._lines.get(line.element)
        if not lines:
            return Text(f"nor any row of {line.element}", f"也没有 {line.element} 的任何业务")
        place = bisect.bisect_left(lines, line.mass_mg, key=lambda other: other.mass_mg)
        around = lines[max(0, place - 1) : place + 1]
        best = min(around, key=lambda other: (abs(other.mass_mg - line.mass_mg), other.date, other.key))
        apart = days_text(line.date, best.date)
        difference = signed_mass_text(best.mass_mg - line.mass_mg)
        return Text(
            f"the nearest is {best.reference or '–'}, {apart.en}, {difference}: too far apart to suggest",
            f"最接近的是 {best.reference or '–'}，{apart.zh}，相差 {difference}，不足以建议匹配",
        )
