"""The statement as a document: the settlement, who it is between, and what is still to be paid. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from contracts.core.numbers import CONTEXT, ZERO, text_of
from contracts.core.rounding import money_rounding
from contracts.core.statement import Settlement, revision
from ledger.core import canonical_json

FORMAT = "lode/statement/v1"


@dataclass(frozen=True)
class VersionUsed:
    """A version of the terms that the settlement could draw on."""

    number: int
    terms_sha256: str
    effective_from: date


@dataclass(frozen=True)
class Issued:
    """A statement of the same run that was issued before: its reference, and what it billed, in all and by component.

    Components may be paid in metal, which is no part of the amount.
    """

    ref: str
    amount_due: Decimal
    due: Mapping[str, Decimal]


@dataclass(frozen=True)
class Document:
    """The bytes of a statement, their SHA-256 in hex, and the figures that its row repeats."""

    body: bytes
    digest: str
    total: Decimal
    already_issued: Decimal
    amount_due: Decimal
    payer: str
    payee: str


def compose(
    *,
    ref: str,
    number: int,
    parties: Mapping[str, str],
    versions: Sequence[VersionUsed],
    settlement: Settlement,
    issued: Sequence[Issued],
    due_date: date,
) -> Document:
    """Compose revision `number`: the whole period as now computed, less what was issued (terms, statement life).

    `parties` maps each role to the organisation. A positive amount due is payable to the statement's issuer, a negative
    one is a credit note: then the issuer pays.
    """
    due = revision(settlement.components(), [earlier.due for earlier in issued])
    money = money_rounding(settlement.currency)  # writes nought as 0.00; nothing here is off its minor unit
    with localcontext(CONTEXT):
        total = money.apply(settlement.total)
        already = money.apply(sum((earlier.amount_due for earlier in issued), ZERO))
        amount_due = total - already
    payee = parties[settlement.issuer_role]
    payer = next(party for role, party in parties.items() if role != settlement.issuer_role)
    if amount_due < 0:
        payer, payee = payee, payer
    body = canonical_json.dumps(
        {
            "format": FORMAT,
            "ref": ref,
            "revision": str(number),
            "parties": dict(parties),
            "versions": [
                {
                    "number": str(v.number),
                    "terms_sha256": v.terms_sha256,
                    "effective_from": v.effective_from.isoformat(),
                }
                for v in versions
            ],
            "settlement": settlement.to_json(),
            "issued_before": [{"ref": earlier.ref, "due": _texts(earlier.due)} for earlier in issued],
            "already_issued": text_of(already),
            "due": _texts(due),
            "amount_due": text_of(amount_due),
            "payer": payer,
            "payee": payee,
            "due_date": due_date.isoformat(),
        }
    )
    digest = hashlib.sha256(body).hexdigest()
    return Document(body, digest, total, already, amount_due, payer, payee)


def _texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: text_of(amounts[name]) for name in sorted(amounts)}
