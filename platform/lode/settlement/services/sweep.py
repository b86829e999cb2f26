"""Give back what died, wake what waits, and say which runs need a nudge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from lode.market.selectors import recorded_since
from lode.settlement.core.life import RunState
from lode.settlement.models import SettlementRun

# A nudge that was sent may lie in the queue for a while; after this it counts as lost.
NUDGE_LOST = timedelta(seconds=60)
BATCH = 1000
_WAIT_FOR_PRICES = ("missing-price", "missing-fx", "not-final")


@dataclass(frozen=True)
class Swept:
    """What a sweep did: how many runs it gave back and woke up, and the ids that a worker should be told of."""

    requeued: int
    woken: int
    run_ids: tuple[int, ...]


def sweep(*, now: datetime) -> Swept:
    """Sweep all runs; set-based, so it may run as often as one likes and in several places at once.

    A run whose lease ran out is due again, a failed or blocked one when its time has come, and one that is blocked for
    a price as soon as a price was recorded. Every due run without a nudge in the last minute is returned, oldest first.
    """
    with transaction.atomic():
        requeued = SettlementRun.objects.filter(state=RunState.RUNNING, lease_until__lt=now).update(
            state=RunState.DUE, lease_until=None, nudged_at=None
        )
        woken = _wake(now)
        # Two sweeps at once share the rows out instead of sending every nudge twice.
        lost = Q(nudged_at=None) | Q(nudged_at__lt=now - NUDGE_LOST)
        due = SettlementRun.objects.select_for_update(skip_locked=True).filter(lost, state=RunState.DUE)
        ids = tuple(due.order_by("period_start", "id").values_list("pk", flat=True)[:BATCH])
        SettlementRun.objects.filter(pk__in=ids).update(nudged_at=now)
    return Swept(requeued, woken, ids)


def _wake(now: datetime) -> int:
    at_rest = SettlementRun.objects.filter(state__in=(RunState.BLOCKED, RunState.FAILED))
    its_time_has_come = Q(retry_at__lte=now)
    woken = at_rest.filter(its_time_has_come).update(state=RunState.DUE, nudged_at=None)
    oldest = (
        SettlementRun.objects.filter(state=RunState.BLOCKED, error_code__in=_WAIT_FOR_PRICES)
        .order_by("looked_at")
        .values_list("looked_at", flat=True)
        .first()
    )
    if oldest is None:
        return woken
    fixings = recorded_since(since=oldest, known_at=now)
    if not fixings:
        return woken
    newest = max(fixing.recorded_at for fixing in fixings)
    waits = SettlementRun.objects.filter(state=RunState.BLOCKED, error_code__in=_WAIT_FOR_PRICES, looked_at__lt=newest)
    return woken + waits.update(state=RunState.DUE, nudged_at=None, attempts=F("attempts"))


def mark_nudged(*, run_ids: tuple[int, ...], now: datetime) -> None:
    """Remember that a worker was told of these runs, so that the sweep leaves them alone for a while."""
    SettlementRun.objects.filter(pk__in=run_ids, state=RunState.DUE).update(nudged_at=now)
