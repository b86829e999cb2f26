"""Sign the agreed balance of a period; with both signatures it goes onto the ledger and the period closes."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from ledger.core.entry import Entry
from ledger.core.errors import LedgerError
from lode.parties.actor import Actor
from lode.parties.errors import PartiesError
from lode.parties.services import post_entry
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.values import Text
from lode.reconciliation.models import PeriodSignature, ReconciledPeriod
from lode.reconciliation.selectors.ledger_side import period_of
from lode.reconciliation.selectors.pages import page_of
from lode.reconciliation.selectors.values import PeriodPage
from lode.reconciliation.services.writing import locked_period


def sign_period(*, period_id: int, digest: str, actor: Actor, now: datetime) -> str:
    """Sign the balance with that digest for the actor's organisation; return the entry's hex id once both have signed.

    Until then the empty text is returned. A signature counts while the balance is the one that was signed. Raises
    ReconciliationError `cannot-sign` with every reason, `balance-changed` when the page was another one,
    `ledger-refused`, `not-found`, `forbidden`, `period-closed`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        page = page_of(period, today=now.date())
        if page.blockers:
            raise ReconciliationError(
                Code.CANNOT_SIGN,
                Text(
                    " ".join(blocker.text.en for blocker in page.blockers),
                    "".join(blocker.text.zh for blocker in page.blockers),
                ),
            )
        if page.digest != digest:
            raise ReconciliationError(
                Code.BALANCE_CHANGED,
                Text(
                    "The balance has changed since you looked at it; nothing was signed. Load the page and look again.",
                    "余额在您查看后已有变化，未签署。请重新载入并核对。",
                ),
            )
        PeriodSignature.objects.get_or_create(
            period=period,
            party=actor.organisation,
            digest=digest,
            defaults={"person": actor.person_id, "signed_at": now},
        )
        signed = set(period.signatures.filter(digest=digest).values_list("party", flat=True))
        if signed != {period.our_party, period.partner}:
            return ""
        return _close(period, page, actor=actor, now=now)


def _close(period: ReconciledPeriod, page: PeriodPage, *, actor: Actor, now: datetime) -> str:
    parties = tuple(sorted({period.our_party, period.partner}))
    try:
        submission = post_entry(
            entry=_entry(period, page, parties),
            signers=parties,
            actor=actor,
            now=now,
            idempotency_key=f"reconciliation/{period.pk}/{page.digest}",
        )
    except (LedgerError, PartiesError) as error:
        raise ReconciliationError(
            Code.LEDGER_REFUSED,
            Text(
                f"The ledger does not take the agreed balance: {error.sentence} Nothing was signed.",
                f"账本未接受商定余额：{error.sentence} 未签署。",
            ),
        ) from error
    period.state = ReconciledPeriod.State.CLOSED
    period.closed_at = now
    period.document = page.document
    period.digest = page.digest
    period.entry_id = submission.entry_id
    period.known_at = page.known_at
    period.closing_mg = {line.element: str(line.closing_mg) for line in page.tie_lines}
    period.save(update_fields=["state", "closed_at", "document", "digest", "entry_id", "known_at", "closing_mg"])
    return submission.entry_id


def _entry(period: ReconciledPeriod, page: PeriodPage, parties: tuple[str, ...]) -> Entry:
    days = period_of(period)
    return Entry(
        kind="statement",
        book=settings.LEDGER_ORIGIN,
        nonce=f"balance/{period.our_party}/{period.partner}/{days.start_date}",
        occurred=days.last_date.isoformat(),
        parties=parties,
        reference=f"balance/{period.our_party}/{period.partner}/{days.label}",
        documents={"agreed-balance.json": page.digest},
        details={
            "closing_mg": {line.element: str(line.closing_mg) for line in page.tie_lines},
            "first_date": days.start_date.isoformat(),
            "last_date": days.last_date.isoformat(),
            "owner": period.our_party,
            "holder": period.partner,
        },
    )
