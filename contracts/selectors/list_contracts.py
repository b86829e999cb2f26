"""The list of contracts, as one party may see it."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from contracts.errors import ContractCode, ContractError, UnknownContractError
from contracts.models import Contract, ContractVersion
from contracts.selectors.values import ContractPage, ContractRow

MAX_LIMIT = 200


def visible(party: str | None) -> QuerySet[Contract]:
    """Return the contracts that a party may see: its own, and of those drafted by others only what was put forward.

    None sees all: that is the auditor.
    """
    if party is None:
        return Contract.objects.all()
    put_forward = Exists(ContractVersion.objects.filter(contract=OuterRef("pk")))
    mine = Q(party_a=party) | Q(party_b=party)
    return Contract.objects.filter(mine, Q(author=party) | Q(put_forward))


def visible_contract(ref: str, party: str | None) -> Contract:
    """Return one contract; raises ContractError `unknown-contract` where there is none or the party may not see it."""
    row = visible(party).filter(ref=ref).first()
    if row is None:
        raise UnknownContractError(ref)
    return row


def list_contracts(
    *,
    party: str | None,
    kind: str | None = None,
    state: str | None = None,
    counterparty: str | None = None,
    turn: str | None = None,
    search: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> ContractPage:
    """Return a page of the contracts that `party` (None: the auditor) may see, the latest change first.

    `turn` keeps those that wait for that organisation; `state` also finds the stage of an open amendment; `search`
    looks for every word of it in the reference, the parties' identifiers and the text of both languages. `limit` is 200
    at most. Raises ContractError `bad-cursor` for a cursor that this function did not give.
    """
    rows = visible(party)
    if kind:
        rows = rows.filter(kind=kind)
    if state:
        rows = rows.filter(Q(state=state) | Q(amendment=state))
    if counterparty:
        rows = rows.filter(Q(party_a=counterparty) | Q(party_b=counterparty))
    if turn:
        rows = rows.filter(Q(party_a=turn, waits_for_a=True) | Q(party_b=turn, waits_for_b=True))
    for word in search.split():
        rows = rows.filter(_has_word(word))
    if cursor:
        changed_at, row_id = _read_cursor(cursor)
        rows = rows.filter(Q(changed_at__lt=changed_at) | Q(changed_at=changed_at, id__lt=row_id))
    wanted = max(1, min(limit, MAX_LIMIT))
    page = list(rows.order_by("-changed_at", "-id")[: wanted + 1])
    more = len(page) > wanted
    page = page[:wanted]
    return ContractPage(tuple(row_of(row) for row in page), _cursor(page[-1]) if more else None)


def row_of(row: Contract) -> ContractRow:
    """Return a contract as a line of the list."""
    waits = ((row.party_a, row.waits_for_a), (row.party_b, row.waits_for_b))
    return ContractRow(
        ref=row.ref,
        kind=row.kind,
        party_a=row.party_a,
        party_b=row.party_b,
        author=row.author,
        prevailing_language=row.prevailing_language,
        state=row.state,
        amendment=row.amendment,
        turns=tuple(party for party, waiting in waits if waiting),
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def _has_word(word: str) -> Q:
    in_text = ContractVersion.objects.filter(contract=OuterRef("pk"), text__icontains=word)
    return Q(ref__icontains=word) | Q(party_a__icontains=word) | Q(party_b__icontains=word) | Q(Exists(in_text))


def _cursor(row: Contract) -> str:
    return base64.urlsafe_b64encode(f"{row.changed_at.isoformat()}|{row.pk}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        moment, _, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return datetime.fromisoformat(moment).astimezone(UTC), int(row_id)
    except (ValueError, binascii.Error) as error:
        raise ContractError(
            ContractCode.BAD_CURSOR, "This page of the list cannot be found: start again from the first page."
        ) from error
