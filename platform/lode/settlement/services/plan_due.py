"""Find what has to be settled, and keep it as rows: the work to do."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from contracts.selectors import contracts_to_settle
from lode.market.selectors import recorded_since
from lode.settlement.core.life import ISSUED_STATES, RunState
from lode.settlement.core.planning import PlannedRun, plan
from lode.settlement.core.prices import fact_refs
from lode.settlement.models import SettlementRun, Statement
from lode.settlement.selectors.inputs import Agreement, agreement_at, gather

# A lot or a period begins some time after the contract: nobody plans further than this behind or ahead of a day.
_EARLIEST = date(2000, 1, 1)
# How far back a restated price is looked for: planning runs daily, so one missed week changes nothing.
LOOK_BACK = timedelta(days=40)

_INSERT = """
INSERT INTO settlement_settlementrun (
    contract_ref, contract_kind, parties, subject, purpose, period_start, period_end, due_date, state, attempts,
    error_code, error_subject, error_sentence, created_at)
SELECT row.contract_ref, row.contract_kind, ARRAY(SELECT jsonb_array_elements_text(row.parties)), row.subject,
    row.purpose, row.period_start, row.period_end, row.due_date, 'due', 0, '', '', '', %s
FROM jsonb_to_recordset(%s::jsonb) AS row(
    contract_ref text, contract_kind text, parties jsonb, subject text, purpose text, period_start date,
    period_end date, due_date date)
ON CONFLICT (contract_ref, subject, period_start, period_end, purpose) DO NOTHING
RETURNING id
"""


@dataclass(frozen=True)
class Planned:
    """What planning found: ids of new runs, and of done runs to be looked at again because a price was restated."""

    created: tuple[int, ...]
    reopened: tuple[int, ...]

    @property
    def run_ids(self) -> tuple[int, ...]:
        """All runs that became due."""
        return (*self.created, *self.reopened)


def plan_due(*, as_of: date, now: datetime, contracts: Iterable[str] | None = None) -> Planned:
    """Create a run for every period that is over on `as_of` and has none, of every signed contract (or of those named).

    Planning twice creates nothing new, also when two do it at once. What is known is what was known at `now`.
    """
    refs = contracts_to_settle(as_of=as_of) if contracts is None else tuple(contracts)
    rows = [row for ref in refs for row in _rows_of(ref, as_of, now)]
    with transaction.atomic():
        created = add_runs(rows, now)
        reopened = _reopen_restated(now)
    return Planned(created, reopened)


def due_of(agreement: Agreement, *, as_of: date, known_at: datetime) -> tuple[PlannedRun, ...]:
    """Return every settlement of a contract whose period is over on a day, done or not."""
    kind = agreement.kind
    due = kind.schedule(
        agreement.terms_on(as_of),
        min(_EARLIEST, agreement.versions[0].effective_from),
        as_of,
        facts=gather(ref=agreement.ref, known_at=known_at).facts,
    )
    return plan(due, as_of=as_of, ended_on=agreement.ended_on)


def run_row(agreement: Agreement, planned: PlannedRun) -> dict[str, object]:
    """Return a planned run as `add_runs` takes it."""
    return {
        "contract_ref": agreement.ref,
        "contract_kind": agreement.kind.code,
        "parties": list(agreement.parties.values()),
        "subject": planned.subject,
        "purpose": planned.purpose,
        "period_start": planned.period_start.isoformat(),
        "period_end": planned.period_end.isoformat(),
        "due_date": planned.due_date.isoformat(),
    }


def add_runs(rows: list[dict[str, object]], now: datetime) -> tuple[int, ...]:
    """Insert the runs that are not there yet, in one statement; return the ids of those that were not."""
    if not rows:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [now, json.dumps(rows)])
        return tuple(row[0] for row in cursor.fetchall())


def _rows_of(ref: str, as_of: date, now: datetime) -> list[dict[str, object]]:
    agreement = agreement_at(ref=ref, known_at=now)
    return [run_row(agreement, planned) for planned in due_of(agreement, as_of=as_of, known_at=now)]


def _reopen_restated(now: datetime) -> tuple[int, ...]:
    """Make done runs due again whose issued statement used an edition of a price that is superseded by now."""
    superseded = [
        ref
        for fixing in recorded_since(since=now - LOOK_BACK, known_at=now)
        if fixing.edition > 1
        for ref in fact_refs(fixing.series, fixing.effective, fixing.until, fixing.edition - 1)
    ]
    if not superseded:
        return ()
    newest = Statement.objects.exclude(status="void").order_by("run_id", "-revision").distinct("run_id")
    used = Statement.objects.filter(
        pk__in=newest.values("pk"), facts__has_any_keys=superseded, run__state=RunState.DONE
    )
    ids = tuple(used.order_by("period_start", "run_id").values_list("run_id", flat=True))
    SettlementRun.objects.filter(pk__in=ids, state=RunState.DONE).update(
        state=RunState.DUE, attempts=0, nudged_at=None, retry_at=None
    )
    return ids


__all__ = ["ISSUED_STATES", "Planned", "add_runs", "due_of", "plan_due", "run_row"]
