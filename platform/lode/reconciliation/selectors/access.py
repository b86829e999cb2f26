"""Who may see a period: its two parties, and the auditor. To everybody else it does not exist."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from lode.parties.actor import Actor
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.values import Text
from lode.reconciliation.models import ReconciledPeriod

NOT_FOUND = ReconciliationError(
    Code.NOT_FOUND,
    Text(
        "There is no such reconciliation among those of your organisation. Look at the list of your periods.",
        "贵方没有这一期对账，请查看对账期列表。",
    ),
)


def visible_periods(actor: Actor) -> QuerySet[ReconciledPeriod]:
    """Return the periods that the actor may see."""
    if actor.sees_all:
        return ReconciledPeriod.objects.all()
    return ReconciledPeriod.objects.filter(Q(our_party=actor.organisation) | Q(partner=actor.organisation))


def visible_period(actor: Actor, period_id: int) -> ReconciledPeriod:
    """Return one period. Raises ReconciliationError `not-found` where there is none or it is somebody else's."""
    row = visible_periods(actor).filter(pk=period_id).first()
    if row is None:
        raise ReconciliationError(NOT_FOUND.code, NOT_FOUND.text)
    return row
