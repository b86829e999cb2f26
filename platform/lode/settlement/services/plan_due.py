"""Find what has to be settled, and keep it as rows: the work to do."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from contracts.core.errors import ContractsError as CoreError
from contracts.errors import ContractError
from contracts.selectors import contracts_to_settle
from lode.settlement.core.life import ISSUED_STATES, RunState
from lode.settlement.core.planning import PlannedRun, plan
from lode.settlement.core.second_look import Settled, wants_second_look
from lode.settlement.errors import SettlementsError
from lode.settlement.models import SettlementRun, Statement
from lode.settlement.selectors.inputs import Agreement, Inputs, gather

log = logging.getLogger(__name__)

# A lot or a period begins some time after the contract: nobody plans further back than this.
_EARLIEST = date(2000, 1, 1)

# Whatever makes a run the same as one that is there (its period, or the stage of its lot), it is not added.
_INSERT = """
INSERT INTO settlement_settlementrun (
    contract_ref, contract_kind, parties, subject, purpose, period_start, period_end, due_date, state, attempts,
    error_code, error_subject, error_sentence, created_at)
SELECT row.contract_ref, row.contract_kind, ARRAY(SELECT jsonb_array_elements_text(row.parties)), row.subject,
    row.purpose, row.period_start, row.period_end, row.due_date, 'due', 0, '', '', '', %s
FROM jsonb_to_recordset(%s::jsonb) AS row(
    contract_ref text, contract_kind text, parties jsonb, subject text, purpose text, period_start date,
    period_end date, due_date date)
ON CONFLICT DO NOTHING
RETURNING id
"""


@dataclass(frozen=True)
class Planned:
    """What planning found: ids of new runs, and of settled or blocked ones to look at again since a fact arrived.

    `refused` are contracts that could not be planned, with the sentence that says why: the others were.
    """

    created: tuple[int, ...]
    reopened: tuple[int, ...]
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def run_ids(self) -> tuple[int, ...]:
        """All runs that became due."""
        return (*self.created, *self.reopened)


def plan_due(*, as_of: date, now: datetime, contracts: Iterable[str] | None = None) -> Planned:
    """Create a run for every period that is over on `as_of` and has none, of every signed contract (or of those named).

    A run that was settled before a fact arrived which it could have used, or that is blocked, is due again. Planning
    twice creates nothing new, also when two do it at once. What is known is what was known at `now`.
    """
    rows: list[dict[str, object]] = []
    again: list[int] = []
    refused: list[tuple[str, str]] = []
    for ref in contracts_to_settle(as_of=as_of) if contracts is None else contracts:
        try:
            inputs = gather(ref=ref, known_at=now)
            rows += [run_row(inputs.agreement, planned) for planned in due_of(inputs, as_of=as_of)]
            again += _second_looks(inputs)
        except (CoreError, ContractError, SettlementsError) as error:
            # One contract that cannot be read must not keep all others from being settled.
            log.warning("%s was not planned: %s", ref, error)
            refused.append((ref, str(error)))
    with transaction.atomic():
        return Planned(created=add_runs(rows, now), reopened=_reopen(again), refused=tuple(refused))


def due_of(inputs: Inputs, *, as_of: date) -> tuple[PlannedRun, ...]:
    """Return every settlement of a contract whose period is over on a day, done or not."""
    agreement = inputs.agreement
    start = min(_EARLIEST, agreement.versions[0].effective_from)
    due = agreement.kind.schedule(agreement.terms_on(as_of), start, as_of, facts=inputs.facts)
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


def _second_looks(inputs: Inputs) -> Iterator[int]:
    """Yield the ids of runs at rest that something which arrived since could change."""
    finals = SettlementRun.objects.filter(
        contract_ref=OuterRef("contract_ref"),
        subject=OuterRef("subject"),
        purpose="final",
        statements__status__in=[state.value for state in ISSUED_STATES],
    )
    # Once a lot is finally settled, a revision of its provisional payment would only be taken off again.
    runs = SettlementRun.objects.filter(contract_ref=inputs.agreement.ref, looked_at__isnull=False).exclude(
        Exists(finals), purpose="provisional"
    )
    newest = Statement.objects.filter(contract_ref=inputs.agreement.ref).order_by("run_id", "-revision")
    used = dict(newest.distinct("run_id").values_list("run_id", "facts"))
    for run in runs.filter(state__in=(RunState.DONE, RunState.BLOCKED)).order_by("period_start", "pk"):
        assert run.looked_at is not None  # filtered above
        settled = Settled(
            subject=run.subject,
            purpose=run.purpose,
            period_end=run.period_end,
            looked_at=run.looked_at,
            blocked=run.state == RunState.BLOCKED,
            used=frozenset(used.get(run.pk, ())),
        )
        if wants_second_look(settled, inputs.facts):
            yield run.pk


def _reopen(run_ids: list[int]) -> tuple[int, ...]:
    at_rest = SettlementRun.objects.select_for_update().filter(
        pk__in=run_ids, state__in=(RunState.DONE, RunState.BLOCKED)
    )
    ids = tuple(at_rest.order_by("period_start", "pk").values_list("pk", flat=True))
    SettlementRun.objects.filter(pk__in=ids).update(state=RunState.DUE, attempts=0, nudged_at=None, retry_at=None)
    return ids
