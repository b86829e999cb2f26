"""The jobs: each translates its message and makes one call. Rows carry the truth, so any of them may run twice.

`as_of` is a day or a moment as ISO text, for a clock that is an argument (the demo's): without it, the machine's.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from contracts.services import activate_due
from ledger.services.conservation import publish_conservation_if_moved
from ledger.services.gather_cosignatures import gather_cosignatures
from ledger.services.sequence_pending import sequence_pending
from lode.jobs.nudge import nudge_runs
from lode.settlement import services


@shared_task(name="lode.settle_run")
def settle_run(run_id: int, as_of: str | None = None) -> None:
    """Settle one run if it is due: leased on the machine's clock, known on the clock that was asked for."""
    services.settle_run(run_id=run_id, now=timezone.now(), known_at=moment(as_of))


@shared_task(name="lode.plan_and_nudge")
def plan_and_nudge(as_of: str | None = None) -> None:
    """Put contracts in force whose day has come, find what is due, and tell the workers."""
    now = moment(as_of)
    activate_due(now=now)
    planned = services.plan_due(as_of=min(now.date(), last_day()), now=now)
    nudge_runs(planned.run_ids, as_of=as_of)


@shared_task(name="lode.sweep")
def sweep() -> None:
    """Give back runs whose worker died, wake those whose fact arrived, and nudge whatever is due and was not nudged."""
    nudge_runs(services.sweep(now=timezone.now()).run_ids)


@shared_task(name="lode.sequence_ledger")
def sequence_ledger() -> None:
    """Put on the ledger what was handed in."""
    sequence_pending()


@shared_task(name="lode.gather_cosignatures")
def gather() -> None:
    """Ask the witnesses to cosign the newest checkpoint, where one of them has not."""
    gather_cosignatures(now=timezone.now())


@shared_task(name="lode.publish_conservation")
def publish_conservation() -> None:
    """Commit to all balances by a public notice, where anything moved since the last one."""
    publish_conservation_if_moved(now=timezone.now())


def last_day() -> date:
    """Return the day beyond which nothing is planned: where a world ends (the demo's), and no prices come any more."""
    until: str | None = getattr(settings, "SETTLE_UNTIL", None)
    return date.fromisoformat(until) if until else date.max


def moment(as_of: str | None) -> datetime:
    """Return the moment that the text names: a bare day means its end; None means now. Raises ValueError."""
    if as_of is None:
        return timezone.now()
    if "T" not in as_of:
        day = date.fromisoformat(as_of) + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(microseconds=1)
    found = datetime.fromisoformat(as_of)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
