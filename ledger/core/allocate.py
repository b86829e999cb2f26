"""Splitting an integer mass over weights without losing a milligram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledger.core.errors import LedgerCode, LedgerError


def allocate(total_mg: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Split `total_mg` over `weights` by the largest remainder (Hamilton's method); the parts sum to the total.

    Each part is floor(total × weight / Σ weights); the milligrams left over go one each to the largest remainders,
    equal remainders in the order given. A weight of 0 gets nothing. A negative total is split as its mirror image.
    Raises `bad-field` where a weight is negative or none is above zero.
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise LedgerError(LedgerCode.BAD_FIELD, "The weights of a split are not all at least 0 and one above it.")
    if total_mg < 0:
        return tuple(-part for part in allocate(-total_mg, weights))
    shares = [divmod(total_mg * weight, whole) for weight in weights]
    parts = [share for share, _ in shares]
    left = total_mg - sum(parts)
    largest_first = sorted(range(len(weights)), key=lambda at: (-shares[at][1], at))
    for at in largest_first[:left]:
        parts[at] += 1
    return tuple(parts)


def allocate_by_name(total_mg: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split like `allocate` over named weights, names in alphabetical order, so that no order of insertion matters."""
    names = sorted(weights)
    return dict(zip(names, allocate(total_mg, [weights[name] for name in names]), strict=True))
