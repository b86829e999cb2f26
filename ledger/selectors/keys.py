"""The key registry."""

from __future__ import annotations

from ledger.selectors.values import RegisteredKey
from ledger.sql import reads


def keys(*, party: str | None = None) -> tuple[RegisteredKey, ...]:
    """Return the registered keys, those of `party` or all (the registry is public), in the order of registration."""
    where = reads.Where()
    where.add("k.party = %(party)s", party=party)
    return tuple(RegisteredKey(*row) for row in reads.keys(where))
