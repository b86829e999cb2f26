"""Open a period between the owner of material and the partner that holds it."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from lode.parties.actor import Actor
from lode.parties.errors import PartiesError
from lode.parties.selectors import get_party
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.values import Period, Text, Tolerances
from lode.reconciliation.models import ReconciledPeriod
from lode.reconciliation.selectors.ledger_side import anything_between
from lode.reconciliation.services.writing import check_party


def open_period(
    *,
    our_party: str,
    partner: str,
    start_date: dt.date,
    end_date: dt.date,
    actor: Actor,
    now: dt.datetime,
    tolerances: Tolerances | None = None,
) -> int:
    """Open the period [start_date, end_date) and return its number; the same period again returns the same number.

    It follows the last one without a gap. The owner opens any, the partner one in which it held or moved material of
    the owner. `tolerances` are what the contract allows. Raises ReconciliationError `forbidden`, `same-party`,
    `unknown-party`, `period-overlaps`, `period-not-next`, `nothing-between`.
    """
    check_party(actor, our_party, partner)
    _check_parties(our_party, partner)
    allowed = tolerances or Tolerances()
    rows = ReconciledPeriod.objects.filter(our_party=our_party, partner=partner)
    same = rows.filter(start_date=start_date, end_date=end_date).first()
    if same is not None:
        return same.pk
    _check_days(rows.order_by("-end_date").first(), start_date, end_date)
    if actor.organisation == partner and not anything_between(our_party, partner, Period(start_date, end_date)):
        raise ReconciliationError(
            Code.NOTHING_BETWEEN,
            Text(
                f"The ledger knows no material of {our_party} with {partner} in this period. "
                f"Ask {our_party} to open it.",
                f"账本中本期没有 {our_party} 存放于 {partner} 的矿物，请由 {our_party} 建立该期。",
            ),
        )
    try:
        with transaction.atomic():
            return ReconciledPeriod.objects.create(
                our_party=our_party,
                partner=partner,
                start_date=start_date,
                end_date=end_date,
                created_at=now,
                tolerance_days=allowed.days,
                tolerance_ppm=allowed.mass_ppm,
                splitting_limit_ppm=allowed.splitting_limit_ppm,
            ).pk
    except IntegrityError:
        # Somebody opened it in the same moment.
        return rows.get(start_date=start_date, end_date=end_date).pk


def _check_parties(our_party: str, partner: str) -> None:
    if our_party == partner:
        raise ReconciliationError(
            Code.SAME_PARTY,
            Text("A party does not reconcile with itself. Name the partner.", "不能与自己对账，请选择对方。"),
        )
    try:
        for identifier in (our_party, partner):
            get_party(identifier)
    except PartiesError as error:
        raise ReconciliationError(Code.UNKNOWN_PARTY, Text(error.sentence, "没有这个组织，请检查标识。")) from error


def _check_days(last: ReconciledPeriod | None, start_date: dt.date, end_date: dt.date) -> None:
    try:
        Period(start_date, end_date)
    except ValueError:
        raise ReconciliationError(
            Code.PERIOD_OVERLAPS,
            Text(f"A period ends after it starts, not {start_date} to {end_date}.", "对账期的结束日必须晚于开始日。"),
        ) from None
    if last is None or start_date == last.end_date:
        return
    if start_date < last.end_date:
        raise ReconciliationError(
            Code.PERIOD_OVERLAPS,
            Text(
                f"The last period runs up to {last.end_date}; the next one starts on that day.",
                f"上一期截至 {last.end_date}，下一期应从该日开始。",
            ),
        )
    raise ReconciliationError(
        Code.PERIOD_NOT_NEXT,
        Text(
            f"Days from {last.end_date} on would never be reconciled. Open the period that starts on that day.",
            f"{last.end_date} 起的日期将无法对账，请先建立从该日开始的一期。",
        ),
    )
