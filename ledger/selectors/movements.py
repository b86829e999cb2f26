"""Movements, for settlement, reconciliation and the picture of flows."""

from __future__ import annotations

import datetime as dt

from ledger.selectors.values import FlowBand, Movement


def movements(
    *,
    party: str | None,
    contract: str | None = None,
    element: str | None = None,
    kind: str | None = None,
    start: dt.date | None = None,
    as_of: dt.date | None = None,
    known_at: int | None = None,
) -> tuple[Movement, ...]:
    """Return the entries with legs, by index, that occurred from `start` to `as_of` and are known at a tree size.

    `element` keeps only legs of it. A party sees the entries that it may read; None sees all.
    """
    raise NotImplementedError


def flow_legs(
    *,
    party: str | None,
    element: str,
    start: dt.date | None = None,
    end: dt.date | None = None,
    known_at: int | None = None,
) -> tuple[FlowBand, ...]:
    """Return what flowed from account to account (lots summed to `*`), by kind, between two days."""
    raise NotImplementedError
