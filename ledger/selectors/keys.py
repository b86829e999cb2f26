"""The key registry."""

from __future__ import annotations

from ledger.selectors.values import RegisteredKey


def keys(*, party: str | None = None) -> tuple[RegisteredKey, ...]:
    """Return the registered keys, those of `party` or all (the registry is public), in the order of registration."""
    raise NotImplementedError
