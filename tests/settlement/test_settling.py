"""Settling a lease: from facts to a stored statement, once."""

from datetime import date
from decimal import Decimal

from lode.settlement.models import Statement
from lode.settlement.services import plan_due, settle_run
from tests.settlement.world import at

JANUARY = (date(2024, 1, 1), date(2024, 2, 1))


def test_the_world(world):
    planned = plan_due(as_of=date(2024, 3, 5), now=at(3, 5))
    assert len(planned.created) == 2
    outcome = settle_run(run_id=planned.created[0], now=at(3, 5))
    print(outcome)
    assert Statement.objects.get().total == Decimal("3348.00")
