"""Which periods are over."""

from datetime import date

from contracts.core.kind import DuePeriod
from contracts.core.period import Period
from lode.settlement.core.planning import PlannedRun, plan


def month(number):
    period = Period(date(2024, number, 1), date(2024, number + 1, 1))
    return DuePeriod(period.end, period, date(2024, number + 2, 1))


def planned(as_of, ended_on=None):
    due = [month(number) for number in (3, 1, 2)]
    return [(run.period_start, run.period_end) for run in plan(due, as_of=as_of, ended_on=ended_on)]


def test_a_period_is_due_on_the_day_after_its_last():
    assert planned(date(2024, 2, 29)) == [(date(2024, 1, 1), date(2024, 2, 1))]
    assert planned(date(2024, 3, 1))[-1] == (date(2024, 2, 1), date(2024, 3, 1))


def test_a_contract_that_ended_is_settled_to_its_last_day_and_no_further():
    assert planned(date(2025, 1, 1), ended_on=date(2024, 2, 11)) == [
        (date(2024, 1, 1), date(2024, 2, 1)),
        (date(2024, 2, 1), date(2024, 2, 11)),
    ]


def test_no_statement_for_no_day():
    assert planned(date(2025, 1, 1), ended_on=date(2024, 2, 1)) == [(date(2024, 1, 1), date(2024, 2, 1))]


def test_a_lot_is_planned_at_its_stage():
    period = Period(date(2024, 5, 1), date(2024, 5, 2))
    lot = DuePeriod(date(2024, 5, 9), period, date(2024, 6, 1), subject="LOT-3", stage="provisional")
    assert plan([lot], as_of=date(2024, 5, 8), ended_on=None) == ()
    assert plan([lot], as_of=date(2024, 5, 9), ended_on=None) == (
        PlannedRun(period.start, period.end, "LOT-3", "provisional", date(2024, 6, 1)),
    )
