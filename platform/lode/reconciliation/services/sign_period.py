"""Sign the agreed balance of a period; with both signatures it goes onto the ledger and the period closes."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ledger.core.entry import encode
from ledger.core.errors import LedgerError
from lode.parties.actor import Actor
from lode.parties.errors import PartiesError
from lode.parties.selectors import signature_stands
from lode.parties.services import keep_signature, post_entry
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.values import Text
from lode.reconciliation.models import PeriodSignature, ReconciledPeriod
from lode.reconciliation.selectors.agreed_entry import agreed_entry
from lode.reconciliation.selectors.pages import page_of
from lode.reconciliation.selectors.values import PeriodPage
from lode.reconciliation.services.writing import locked_period


def sign_period(*, period_id: int, digest: str, actor: Actor, now: datetime, given: str = "") -> str:
    """Sign the balance with that digest for the actor's organisation; return the entry's hex id once both have signed.

    Until then the empty text is returned. A signature counts while the balance is the one that was signed and the key
    is valid. An organisation that keeps its key itself gives its line over the page's `signing_text`. Raises
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
        try:
            return _signed(period, page, actor=actor, now=now, given=given)
        except (LedgerError, PartiesError) as error:
            raise ReconciliationError(
                Code.LEDGER_REFUSED,
                Text(
                    f"The ledger does not take the agreed balance: {error.sentence} Nothing was signed.",
                    f"账本未接受商定余额：{error.sentence} 未签署。",
                ),
            ) from error


def _signed(period: ReconciledPeriod, page: PeriodPage, *, actor: Actor, now: datetime, given: str) -> str:
    text = encode(agreed_entry(period, page.digest, page.tie_lines))
    keep_signature(text=text, actor=actor, now=now, given=given)
    signed = set(period.signatures.filter(digest=page.digest).values_list("party", flat=True))
    if any(party not in signed or not signature_stands(party, text) for party in (period.our_party, period.partner)):
        return ""
    return _close(period, page, actor=actor, now=now)


def _close(period: ReconciledPeriod, page: PeriodPage, *, actor: Actor, now: datetime) -> str:
    submission = post_entry(
        entry=agreed_entry(period, page.digest, page.tie_lines),
        signers=sorted((period.our_party, period.partner)),
        actor=actor,
        now=now,
        idempotency_key=f"reconciliation/{period.pk}/{page.digest}",
    )
    period.state = ReconciledPeriod.State.CLOSED
    period.closed_at = now
    period.document = page.document
    period.digest = page.digest
    period.entry_id = submission.entry_id
    period.known_at = page.known_at
    period.closing_mg = {line.element: str(line.closing_mg) for line in page.tie_lines}
    period.save(update_fields=["state", "closed_at", "document", "digest", "entry_id", "known_at", "closing_mg"])
    return submission.entry_id
