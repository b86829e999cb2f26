"""Several at once, and the same bytes wherever they are computed."""

import os
import subprocess
import sys
import threading
from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connections

from lode.settlement.models import SettlementRun, Statement
from lode.settlement.selectors import recompute_statement
from lode.settlement.services import (
    approve_statement,
    issue_statement,
    plan_due,
    settle_due,
    settle_period,
    settle_run,
    sweep,
)
from tests.settlement.world import APPROVER, PREPARER, at, publish_price
from tests.support import databases

JANUARY = {"start": date(2024, 1, 1), "end": date(2024, 2, 1)}


def at_once(count, call):
    """Call it in threads that start together, each with connections of its own; return what each came to."""
    gate = threading.Barrier(count)
    came_to = [None] * count

    def run(place):
        gate.wait()
        try:
            came_to[place] = call(place)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            came_to[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came_to


def test_four_workers_on_one_run_make_one_statement(world):
    run = plan_due(as_of=date(2024, 2, 2), now=at(2, 3)).created[0]
    outcomes = at_once(4, lambda _: settle_run(run_id=run, now=at(2, 3)))
    assert [outcome.created for outcome in outcomes].count(True) == 1
    assert {outcome.state for outcome in outcomes} <= {"done", "running", "due"}
    assert Statement.objects.count() == 1
    assert SettlementRun.objects.get().attempts == 1


def test_a_person_and_a_worker_on_one_period_make_one_statement(world):
    run = plan_due(as_of=date(2024, 2, 2), now=at(2, 3)).created[0]

    def both(place):
        if place:
            return settle_run(run_id=run, now=at(2, 3))
        return settle_period(contract_ref=world.ref, **JANUARY, actor=PREPARER, now=at(2, 3))[0]

    outcomes = at_once(2, both)
    assert [outcome.created for outcome in outcomes].count(True) == 1
    assert Statement.objects.count() == 1


def test_four_plans_at_once_create_each_run_once(world):
    planned = at_once(4, lambda _: plan_due(as_of=date(2024, 6, 1), now=at(6, 1)))
    assert sum(len(one.created) for one in planned) == SettlementRun.objects.count() == 5


def test_four_sweeps_at_once_nudge_each_run_once(world):
    plan_due(as_of=date(2024, 6, 1), now=at(6, 1))
    swept = at_once(4, lambda _: sweep(now=at(6, 1)))
    nudged = [run_id for one in swept for run_id in one.run_ids]
    assert sorted(nudged) == sorted(SettlementRun.objects.values_list("pk", flat=True))


def test_two_who_issue_at_once_post_one_entry(world):
    (outcome,) = settle_period(contract_ref=world.ref, **JANUARY, actor=PREPARER, now=at(2, 3))
    approve_statement(ref=outcome.statement, actor=APPROVER, now=at(2, 4))
    ids = at_once(3, lambda _: issue_statement(ref=outcome.statement, actor=APPROVER, now=at(2, 4)))
    assert len(set(ids)) == 1
    assert Statement.objects.get().entry_id == ids[0]


def test_a_price_recorded_while_a_run_settles_is_known_to_all_of_it_or_to_none(world):
    run = plan_due(as_of=date(2024, 2, 2), now=at(2, 3)).created[0]

    def both(place):
        if place:
            return publish_price(1, Decimal("18500.00"), at(2, 3))
        return settle_run(run_id=run, now=at(2, 3))

    outcome = at_once(2, both)[0]
    total = Statement.objects.get(ref=outcome.statement).total
    assert total in (Decimal("3348.00"), Decimal("3441.00"))
    # Whichever it was: what was known at that moment is what is known of that moment for ever.
    assert recompute_statement(ref=outcome.statement, party=None).same


def test_a_stored_statement_is_computed_again_from_what_was_known(world):
    settle_due(as_of=date(2024, 3, 2), now=at(3, 3))
    refs = list(Statement.objects.values_list("ref", flat=True))
    publish_price(1, Decimal("18500.00"), at(3, 20))
    publish_price(2, Decimal("18500.00"), at(3, 20))
    assert len(refs) == 2
    assert all(recompute_statement(ref=ref, party="voltaic").same for ref in refs)


def test_a_statement_that_was_changed_is_not_computed_again(world):
    (outcome,) = settle_period(contract_ref=world.ref, **JANUARY, actor=PREPARER, now=at(2, 3))
    with connections["owner"].cursor() as cursor:  # as a superuser behind everybody's back would
        cursor.execute("ALTER TABLE settlement_statement DISABLE TRIGGER settlement_statement_moves")
        cursor.execute(
            "UPDATE settlement_statement SET body = forged, digest = encode(sha256(forged), 'hex') FROM"
            " (SELECT convert_to(replace(convert_from(body, 'UTF8'), '3348.00', '3349.00'), 'UTF8') AS forged"
            " FROM settlement_statement) AS other"
        )
    assert not recompute_statement(ref=outcome.statement, party=None).same


SCRIPT = """
import datetime as dt, django
django.setup()
from lode.settlement.models import SettlementRun
from lode.settlement.selectors.inputs import gather
from lode.settlement.selectors.recompute import settled
known_at = dt.datetime(2024, 2, 3, 6, tzinfo=dt.UTC)
run = SettlementRun.objects.get()
print(settled(run=run, inputs=gather(ref=run.contract_ref, known_at=known_at), carried=(), known_at=known_at).sha256())
"""


@pytest.mark.worker
def test_the_same_known_at_gives_the_same_bytes_in_any_process(world):
    run = plan_due(as_of=date(2024, 2, 2), now=at(2, 3)).created[0]
    outcome = settle_run(run_id=run, now=at(2, 3))
    expected = recompute_statement(ref=outcome.statement, party=None).stored_sha256
    for seed in ("0", "1", "4242"):
        environment = databases.environment(world.database, world.var) | {
            "PYTHONHASHSEED": seed,
            "DJANGO_SETTINGS_MODULE": "lode.config.settings",
            "PYTHONPATH": os.pathsep.join([str(settings.BASE_DIR), str(settings.BASE_DIR / "platform")]),
        }
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == [expected]
