"""Matching our ledger with a partner's statement: deterministic, one to one, every row exactly once.

The choice is greedy over all admissible pairs, strongest rule first, then the smallest difference, the nearest days,
and the keys: the answer does not depend on the order of the inputs, and no admissible pair is left apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from lode.reconciliation.core.alone import Context, alone
from lode.reconciliation.core.pairs import normal_reference, other_reference, same_reference
from lode.reconciliation.core.values import Elsewhere, Line, Matching, Period, Row, Rule, Tolerances, Total

MAX_GROUP_PAIRS = 40_000  # a file that repeats one reference thousands of times is paired by mass and day alone
_RANK = {rule: rank for rank, rule in enumerate(Rule)}


def match(
    ours: Sequence[Line],
    theirs: Sequence[Line],
    *,
    period: Period,
    tolerances: Tolerances,
    elsewhere: Sequence[Elsewhere] = (),
) -> Matching:
    """Put every row of both sides into one place, with the reason in both languages.

    Keys are unique on each side (ValueError else). `elsewhere` are movements of neighbouring periods, which explain
    rows in transit. Rows come by date, reference and element; totals by element, and ours − theirs is the sum of the
    differences of the rows.
    """
    _check_keys(ours)
    _check_keys(theirs)
    rows = _exact_pairs(ours, theirs)
    ours_left = _without(ours, (row.ours for row in rows))
    theirs_left = _without(theirs, (row.theirs for row in rows))
    candidates = _reference_pairs(ours_left, theirs_left, tolerances) + _mass_pairs(ours_left, theirs_left, tolerances)
    rows += _best_pairs(candidates)
    ours_left = _without(ours, (row.ours for row in rows))
    theirs_left = _without(theirs, (row.theirs for row in rows))
    context = Context(
        period=period, tolerances=tolerances, elsewhere=tuple(elsewhere), ours=tuple(ours), theirs=tuple(theirs)
    )
    rows += alone(ours_left, theirs_left, context)
    return Matching(tuple(sorted(rows, key=_page_order)), _totals(ours, theirs))


def _check_keys(lines: Sequence[Line]) -> None:
    if len({line.key for line in lines}) != len(lines):
        message = "two rows of one side carry the same key"
        raise ValueError(message)


def _without(lines: Sequence[Line], taken: Iterable[Line | None]) -> list[Line]:
    keys = {line.key for line in taken if line is not None}
    return [line for line in lines if line.key not in keys]


def _exact_pairs(ours: Sequence[Line], theirs: Sequence[Line]) -> list[Row]:
    """Pair what agrees in reference, element, day and mass, by an index: most rows of most files end here."""
    waiting: dict[tuple[str, str, str, int], list[Line]] = defaultdict(list)
    for line in sorted(theirs, key=lambda line: line.key, reverse=True):
        waiting[normal_reference(line.reference), line.element, line.date.isoformat(), line.mass_mg].append(line)
    rows: list[Row] = []
    for line in sorted(ours, key=lambda line: line.key):
        key = (normal_reference(line.reference), line.element, line.date.isoformat(), line.mass_mg)
        if key[0] and waiting[key]:
            rows.append(same_reference(line, waiting[key].pop(), Tolerances()))
    return rows


def _reference_pairs(ours: Sequence[Line], theirs: Sequence[Line], tolerances: Tolerances) -> list[Row]:
    groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in theirs:
        groups[normal_reference(line.reference), line.element].append(line)
    mine: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in ours:
        mine[normal_reference(line.reference), line.element].append(line)
    rows: list[Row] = []
    for key, lines in mine.items():
        if key[0] and len(lines) * len(groups[key]) <= MAX_GROUP_PAIRS:
            rows += [same_reference(line, other, tolerances) for line in lines for other in groups[key]]
    return rows


def _mass_pairs(ours: Sequence[Line], theirs: Sequence[Line], tolerances: Tolerances) -> list[Row]:
    by_mass: dict[tuple[str, int], list[Line]] = defaultdict(list)
    for line in theirs:
        by_mass[line.element, line.mass_mg].append(line)
    mine: dict[tuple[str, int], list[Line]] = defaultdict(list)
    for line in ours:
        mine[line.element, line.mass_mg].append(line)
    rows: list[Row] = []
    for key, lines in mine.items():
        if len(lines) * len(by_mass[key]) <= MAX_GROUP_PAIRS:
            found = (other_reference(line, other, tolerances) for line in lines for other in by_mass[key])
            rows += [row for row in found if row]
    return rows


def _best_pairs(candidates: list[Row]) -> list[Row]:
    taken: set[tuple[str, str]] = set()
    chosen: list[Row] = []
    for row in sorted(candidates, key=_strength):
        assert row.ours is not None
        assert row.theirs is not None
        mine, other = ("ours", row.ours.key), ("theirs", row.theirs.key)
        if mine not in taken and other not in taken:
            taken |= {mine, other}
            chosen.append(row)
    return chosen


def _strength(row: Row) -> tuple[int, int, int, str, str]:
    assert row.ours is not None
    assert row.theirs is not None
    days = abs((row.ours.date - row.theirs.date).days)
    return (_RANK[row.rule], abs(row.difference_mg), days, row.ours.key, row.theirs.key)


def _page_order(row: Row) -> tuple[str, str, str, str, str]:
    line = row.ours or row.theirs
    assert line is not None
    ours_key = row.ours.key if row.ours else ""
    theirs_key = row.theirs.key if row.theirs else ""
    return (line.date.isoformat(), normal_reference(line.reference), line.element, ours_key, theirs_key)


def _totals(ours: Sequence[Line], theirs: Sequence[Line]) -> dict[str, Total]:
    ours_mg: dict[str, int] = defaultdict(int)
    theirs_mg: dict[str, int] = defaultdict(int)
    for line in ours:
        ours_mg[line.element] += line.mass_mg
    for line in theirs:
        theirs_mg[line.element] += line.mass_mg
    return {element: Total(ours_mg[element], theirs_mg[element]) for element in sorted({*ours_mg, *theirs_mg})}
