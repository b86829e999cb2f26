"""The facts of a contract, every version of them, as its parties may see them."""

from __future__ import annotations

from collections.abc import Collection

from contracts.models import Fact
from contracts.selectors.list_contracts import visible_contract
from contracts.selectors.settlement_inputs import fact_value
from contracts.selectors.values import FactView

MAX_LIMIT = 500


def contract_facts(
    *, ref: str, party: str | None, kinds: Collection[str] | None = None, subject: str = "", limit: int = 100
) -> tuple[FactView, ...]:
    """Return the facts recorded on a contract, corrected ones too, the last recorded first; `limit` is 500 at most.

    Raises ContractError `unknown-contract`.
    """
    rows = Fact.objects.filter(contract=visible_contract(ref, party)).select_related("superseded_by")
    if kinds is not None:
        rows = rows.filter(kind__in=[str(kind) for kind in kinds])
    if subject:
        rows = rows.filter(subject=subject)
    page = rows.order_by("-recorded_at", "-id")[: max(1, min(limit, MAX_LIMIT))]
    return tuple(FactView(fact_value(row), row.recorded_by, _successor(row)) for row in page)


def _successor(row: Fact) -> int | None:
    later = getattr(row, "superseded_by", None)
    return later.version if later else None
