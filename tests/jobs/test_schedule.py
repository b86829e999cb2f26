"""What beat sends, and how a job reads its clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from lode.config.celery import app
from lode.jobs.beat import SCHEDULE, DailyAndAtStart
from lode.jobs.tasks import last_day, moment


def test_every_task_that_beat_sends_is_one_that_a_worker_knows():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in SCHEDULE.values()} <= set(app.tasks)
    assert app.conf.beat_schedule == SCHEDULE


def test_how_often():
    often = {name: entry["schedule"] for name, entry in SCHEDULE.items() if name not in ("plan", "close")}
    seconds = {name: schedule.run_every.total_seconds() for name, schedule in often.items()}
    assert seconds == {"sweep": 30, "sequence": 5, "gather": 10}


def test_balances_are_committed_to_once_a_month():
    close = SCHEDULE["close"]["schedule"]
    assert (close.day_of_month, close.hour, close.minute) == ({1}, {0}, {30})


def test_planning_is_due_as_soon_as_beat_starts_and_then_daily():
    daily = DailyAndAtStart(hour="0", minute="5", nowfun=lambda: datetime(2024, 2, 3, 12, tzinfo=UTC), app=app)
    last = datetime(2024, 2, 3, 11, 59, tzinfo=UTC)
    assert daily.is_due(last).is_due
    assert daily.is_due(last).is_due, "asked while the heap is filled, and again before it is sent"
    again = daily.is_due(datetime(2024, 2, 3, 12, tzinfo=UTC))
    assert not again.is_due
    assert timedelta(seconds=again.next) == timedelta(hours=12, minutes=5)
    assert daily.is_due(datetime(2024, 2, 2, 0, 5, tzinfo=UTC)).is_due, "a day was missed"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-03", datetime(2024, 2, 3, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2024-12-31", datetime(2024, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2024-02-03T06:00:00+00:00", datetime(2024, 2, 3, 6, tzinfo=UTC)),
        ("2024-02-03T08:00:00+02:00", datetime(2024, 2, 3, 6, tzinfo=UTC)),
        ("2024-02-03T06:00:00Z", datetime(2024, 2, 3, 6, tzinfo=UTC)),
        ("2024-02-03T06:00:00", datetime(2024, 2, 3, 6, tzinfo=UTC)),
    ],
)
def test_a_clock_that_is_an_argument(text, expected):
    assert moment(text) == expected


def test_nothing_is_planned_beyond_the_end_of_a_world(settings):
    settings.SETTLE_UNTIL = None
    assert last_day() == date.max
    settings.SETTLE_UNTIL = "2025-11-01"
    assert last_day() == date(2025, 11, 1)


def test_a_clock_that_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="yesterday"):
        moment("yesterday")
