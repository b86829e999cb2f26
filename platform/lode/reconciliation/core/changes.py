"""What changed between two files of the same partner and period: a second upload shows that, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from lode.reconciliation.core.pairs import normal_reference
from lode.reconciliation.core.values import Line


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows of the newer file against the older one. A changed row keeps its reference and element."""

    added: tuple[Line, ...]
    removed: tuple[Line, ...]
    changed: tuple[tuple[Line, Line], ...]
    unchanged_count: int


def changes_between(older: Sequence[Line], newer: Sequence[Line]) -> Changes:
    """Compare by the rows' keys, which name their content; then pair what is left by reference and element."""
    old_keys = {line.key for line in older}
    new_keys = {line.key for line in newer}
    gone: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in older:
        if line.key not in new_keys:
            gone[normal_reference(line.reference), line.element].append(line)
    added: list[Line] = []
    changed: list[tuple[Line, Line]] = []
    for line in newer:
        if line.key in old_keys:
            continue
        before = gone[normal_reference(line.reference), line.element]
        if before:
            changed.append((before.pop(0), line))
        else:
            added.append(line)
    removed = [line for lines in gone.values() for line in lines]
    return Changes(tuple(added), tuple(removed), tuple(changed), len(old_keys & new_keys))
