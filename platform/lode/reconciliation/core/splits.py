"""Parting one row into several, so that a sum on one side meets its parts on the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.sentences import signed_mass_text
from lode.reconciliation.core.values import Line, Text

MAX_PARTS = 50
PART = "#"  # stands in the key of a part, and in no other key


def check_parts(mass_mg: int, parts_mg: Sequence[int]) -> None:
    """Raise ReconciliationError `split-does-not-fit` unless 2 to 50 parts, none of them zero, come to the mass."""
    if not 2 <= len(parts_mg) <= MAX_PARTS or not all(parts_mg):  # noqa: PLR2004 - one part is no split
        raise _unfit(
            f"A row is split into 2 to {MAX_PARTS} parts, none of them zero.",
            f"一行可拆分为 2 至 {MAX_PARTS} 部分，且均不为零。",
        )
    off_mg = sum(parts_mg) - mass_mg
    if off_mg:
        off = signed_mass_text(off_mg)
        raise _unfit(f"The parts are off the row's mass by {off}.", f"各部分之和与该行质量相差 {off}。")


def part_key(key: str, place: int) -> str:
    """Return the key of a part, `place` from 1: `9.Ni#01`. A long key gives way, it stays within 31 characters."""
    return f"{key[:28]}{PART}{place:02d}"


def parted(lines: Sequence[Line], splits: Mapping[str, Sequence[int]]) -> tuple[Line, ...]:
    """Put the parts in place of the rows that were split, by key.

    A split whose parts no longer come to its row's mass says nothing: the row stands whole again.
    """
    found: list[Line] = []
    for line in lines:
        parts_mg = splits.get(line.key, ())
        if not parts_mg or sum(parts_mg) != line.mass_mg:
            found.append(line)
            continue
        found += [
            replace(line, key=part_key(line.key, place), mass_mg=mass_mg) for place, mass_mg in enumerate(parts_mg, 1)
        ]
    return tuple(found)


def _unfit(en: str, zh: str) -> ReconciliationError:
    return ReconciliationError(Code.SPLIT_DOES_NOT_FIT, Text(en, zh))
