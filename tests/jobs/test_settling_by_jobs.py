"""Jobs carry no truth: lost, doubled, late, killed half-way, the row is settled and paid once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import transaction

from lode.config.celery import app
from lode.jobs import tasks
from lode.jobs.nudge import nudge_runs
from lode.settlement.models import SettlementRun, Statement
from lode.settlement.services import plan_due, sweep
from tests.settlement.world import at
from tests.support.workers import broker, queued, wait_until, worker

pytestmark = pytest.mark.worker
KNOWN = "2024-02-03"


@pytest.fixture
def run(world):
    return plan_due(as_of=date(2024, 2, 2), now=at(2, 3)).created[0]


def settled():
    return SettlementRun.objects.filter(state="done").exists()


def paid():
    """Every statement that is not void, by run and revision, and what it bills."""
    return [row.amount_due for row in Statement.objects.exclude(status="void")]


def sent(database):
    """How many messages wait; a queue is made with its first message."""
    try:
        return queued(database)
    except psycopg.errors.UndefinedTable:
        return 0


def test_what_is_planned_is_settled_by_a_worker(world):
    with broker(world.database), worker(world.database, world.var):
        tasks.plan_and_nudge(as_of=KNOWN)
        wait_until(settled, what="the settlement")
        wait_until(lambda: queued(world.database) == 0, what="the acknowledgement")
    assert paid() == [Decimal("3348.00")]
    assert Statement.objects.get().known_at == datetime(2024, 2, 3, 23, 59, 59, 999999, tzinfo=UTC)


def test_a_doubled_message_for_two_workers_pays_once(world, run):
    with broker(world.database):
        for _ in range(5):
            nudge_runs([run], as_of=KNOWN)
        with worker(world.database, world.var), worker(world.database, world.var):
            wait_until(lambda: queued(world.database) == 0, what="all five messages")
            wait_until(settled, what="the settlement")
    assert paid() == [Decimal("3348.00")]
    assert SettlementRun.objects.get().attempts == 1


def test_a_lost_message_is_swept_up(world, run):
    """Nobody was ever told of the run: the broker was away, or lost the message."""
    with broker(world.database), worker(world.database, world.var):
        assert queued(world.database) == 0
        tasks.sweep()
        wait_until(settled, what="the settlement")
    assert paid() == [Decimal("3348.00")]


@pytest.mark.parametrize("place", ["settlement.claimed", "settlement.before-commit", "settlement.after-commit"])
def test_a_worker_killed_half_way_pays_once(world, run, place):
    stopped = world.var / f"failpoint-{place}"
    with broker(world.database):
        with worker(world.database, world.var, LODE_FAILPOINT=place) as doomed:
            nudge_runs([run], as_of=KNOWN)
            wait_until(stopped.exists, what=f"the worker's coming to {place}")
            doomed.kill()
        row = SettlementRun.objects.get()
        committed = place == "settlement.after-commit"
        assert (row.state, Statement.objects.count()) == (("done", 1) if committed else ("running", 0))

        now = datetime.now(tz=UTC)
        assert sweep(now=now).requeued == 0, "the lease has not run out: somebody may still be at work"
        later = sweep(now=now + timedelta(minutes=6))
        assert later.requeued == (0 if committed else 1)
        with worker(world.database, world.var):
            nudge_runs(later.run_ids, as_of=KNOWN)
            wait_until(settled, what="the settlement")
            wait_until(lambda: queued(world.database) == 0, what="the killed worker's message, delivered again")
    assert paid() == [Decimal("3348.00")]
    assert Statement.objects.get().lines.count() == 1


def test_a_nudge_is_sent_on_commit_and_not_before(world, run):
    with broker(world.database):
        with transaction.atomic():
            nudge_runs([run])
            assert sent(world.database) == 0
        assert sent(world.database) == 1
        assert SettlementRun.objects.get().nudged_at is not None


def test_a_nudge_of_what_was_rolled_back_is_not_sent(world, run):
    with broker(world.database):
        with transaction.atomic():
            nudge_runs([run])
            transaction.set_rollback(True)
        assert sent(world.database) == 0


def test_a_broker_that_is_away_fails_nothing_and_loses_nothing(world, run, caplog):
    with broker("no_such_database"):
        app.conf.broker_transport_options = {**app.conf.broker_transport_options, "pool_timeout": 0.5}
        with transaction.atomic():
            SettlementRun.objects.update(due_date=date(2024, 3, 9))
            nudge_runs([run])
    row = SettlementRun.objects.get()
    assert (row.due_date, row.state, row.nudged_at) == (date(2024, 3, 9), "due", None)
    assert "stays due for the sweep" in caplog.text
    assert sweep(now=at(2, 3)).run_ids == (run,)
