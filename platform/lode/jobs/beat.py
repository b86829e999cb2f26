"""What beat sends, and how often. A beat that stops, or runs twice, delays or repeats a nudge, no more."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab, schedstate, schedule


class DailyAndAtStart(crontab):  # type: ignore[misc]  # Celery has no types
    """A time of day, and once as soon as beat starts: what fell due while nobody was there is found at once."""

    seen_first: Any = None

    def is_due(self, last_run_at: Any) -> schedstate:
        # Celery asks more than once before it sends: due at the start means until the last run has moved on.
        found: schedstate = super().is_due(last_run_at)
        if self.seen_first is None:
            self.seen_first = last_run_at
        return found if last_run_at != self.seen_first else schedstate(is_due=True, next=found.next)


SCHEDULE: dict[str, dict[str, Any]] = {
    "plan": {"task": "lode.plan_and_nudge", "schedule": DailyAndAtStart(hour="0", minute="5")},
    "sweep": {"task": "lode.sweep", "schedule": schedule(30), "options": {"expires": 60}},
    "sequence": {"task": "lode.sequence_ledger", "schedule": schedule(5), "options": {"expires": 15}},
    "close": {"task": "lode.publish_conservation", "schedule": crontab(day_of_month="1", hour="0", minute="30")},
    "gather": {"task": "lode.gather_cosignatures", "schedule": schedule(10), "options": {"expires": 10}},
}
