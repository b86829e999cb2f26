"""Tell a worker that a row waits. The row is the truth: a nudge that is lost is sent again by the sweep."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from django.db import transaction
from django.utils import timezone

from lode.settlement.services import mark_nudged

log = logging.getLogger(__name__)


def nudge_runs(run_ids: Iterable[int], *, as_of: str | None = None) -> None:
    """Send one message a run once the caller's transaction has committed; never before, and not if it is rolled back.

    A broker that is away fails nothing: the runs stay due, and the sweep sends the nudges when it is back.
    """
    ids = tuple(run_ids)
    if ids:
        transaction.on_commit(partial(_send, ids, as_of), robust=True)


def _send(run_ids: tuple[int, ...], as_of: str | None) -> None:
    from lode.jobs.tasks import settle_run  # noqa: PLC0415 - tasks nudge, too

    sent = []
    for run_id in run_ids:
        try:
            settle_run.apply_async(args=[run_id], kwargs={"as_of": as_of}, retry=False)
        except Exception:
            log.warning("No worker could be told of run %s: it stays due for the sweep.", run_id, exc_info=True)
            break
        sent.append(run_id)
    mark_nudged(run_ids=tuple(sent), now=timezone.now())
