"""What earlier statements of the same contract mean for a run."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from contracts.core.facts import Fact, FactKind, FactStatus
from contracts.core.numbers import text_of
from lode.settlement.core.life import ISSUED_STATES, OPEN_STATES, RunState
from lode.settlement.errors import SettlementsCode, SettlementsError
from lode.settlement.models import SettlementRun, Statement

# Kinds in which a period builds on what earlier ones billed: damages so far, provisional payments of a lot.
CARRIES_FORWARD = frozenset({"performance-warranty", "offtake"})


def refuse_while_earlier_open(run: SettlementRun) -> None:
    """Raise SettlementsError `earlier-period-open` while what the run builds on has not been issued."""
    if run.contract_kind not in CARRIES_FORWARD:
        return
    for earlier in earlier_runs(run):
        under_way = earlier.statements.filter(status__in=[state.value for state in OPEN_STATES])
        if earlier.state != RunState.DONE or not _issued(earlier).exists() or under_way.exists():
            raise SettlementsError(
                SettlementsCode.EARLIER_PERIOD_OPEN,
                f"{run} builds on {earlier}, whose statement is not issued: settle, approve and issue that first.",
                subject=str(earlier.pk),
            )


def earlier_runs(run: SettlementRun) -> QuerySet[SettlementRun]:
    """Return the runs that the run builds on: earlier periods of the subject, and a lot's provisional one."""
    same = SettlementRun.objects.filter(contract_ref=run.contract_ref, subject=run.subject).exclude(pk=run.pk)
    before = Q(period_end__lte=run.period_start)
    if run.purpose == "final":
        before |= Q(purpose="provisional")
    return same.filter(before).order_by("period_start", "period_end", "-purpose")


def later_runs(run: SettlementRun) -> QuerySet[SettlementRun]:
    """Return the runs of the same contract and subject that build on this one."""
    same = SettlementRun.objects.filter(contract_ref=run.contract_ref, subject=run.subject).exclude(pk=run.pk)
    after = Q(period_start__gte=run.period_end)
    if run.purpose == "provisional":
        after |= Q(purpose="final")
    return same.filter(after)


def carried_facts(run: SettlementRun, *, known_at: datetime, as_used: frozenset[str] | None = None) -> tuple[Fact, ...]:
    """Return what earlier statements billed, as `payment` facts: one a statement and subject.

    A revision of an earlier statement is the next version of the fact, so it gives the run another key. `as_used` are
    names and versions of facts: with them the revisions are those, else the last issued ones.
    """
    if run.contract_kind not in CARRIES_FORWARD:
        return ()
    facts: list[Fact] = []
    for earlier in earlier_runs(run):
        for statement in _issued(earlier):
            payments = _payments(earlier, statement, known_at)
            if as_used is None or any(f"{fact.id}@{fact.version}" in as_used for fact in payments):
                facts += payments
                break
    return tuple(facts)


def _issued(run: SettlementRun) -> QuerySet[Statement]:
    return run.statements.filter(status__in=[state.value for state in ISSUED_STATES]).order_by("-revision")


def _payments(run: SettlementRun, statement: Statement, known_at: datetime) -> list[Fact]:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for line in statement.lines.all():
        amounts[run.subject or line.subject or run.contract_ref] += line.amount
    return [
        Fact(
            id=f"statement:{run.contract_ref}:{run.subject}:{run.period_start}:{run.period_end}:{run.purpose}:{subject}",
            version=statement.revision,
            kind=FactKind.PAYMENT,
            subject=subject,
            effective=run.period_end,
            # What was billed is taken off whatever moment is asked for, or it would be paid twice.
            recorded=min(statement.known_at, known_at),
            status=FactStatus.FINAL,
            source=f"statement {statement.ref}",
            value={"amount": text_of(amount), "currency": statement.currency, "statement": statement.ref},
        )
        for subject, amount in sorted(amounts.items())
    ]
