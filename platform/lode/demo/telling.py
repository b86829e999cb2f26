"""The loop in figures: what each step moved of an element, read back from the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from ledger.selectors.movements import movements
from ledger.selectors.values import Movement
from lode.demo.cast import LESSOR, RECYCLER
from lode.parties.actor import Actor
from lode.reconciliation.selectors import list_periods, period_page

# The steps of the loop in their order, and the states into which each brings the lessor's material.
STEPS = (
    ("receive", ("stock",)),
    ("lease-out", ("stock",)),
    ("embody", ("product",)),
    ("collect", ("scrap",)),
    ("recover", ("stock",)),
    ("return", ("stock",)),
    ("re-supply", ("stock",)),
)


def loop_of(element: str) -> dict[str, dict[str, int]]:
    """Return for each step how many entries it took and how many milligrams of the lessor's element it brought on."""
    found = movements(party=LESSOR, element=element)
    reversed_ids = {movement.corrects for movement in found if movement.kind == "reversal"}
    standing = [movement for movement in found if movement.entry_id not in reversed_ids]
    told = {kind: _step(standing, kind, states) for kind, states in STEPS}
    told["serials"] = {"entries": told["embody"]["entries"], "count": _serials(standing)}
    return told


def _step(found: Iterable[Movement], kind: str, states: tuple[str, ...]) -> dict[str, int]:
    entries, mass_mg = 0, 0
    for movement in found:
        gained = [leg.mass_mg for leg in movement.legs if leg.mass_mg > 0 and leg.account.state in states]
        if movement.kind == kind and any(leg.account.owner == LESSOR for leg in movement.legs):
            entries += 1
            mass_mg += sum(gained)
    return {"entries": entries, "mass_mg": mass_mg}


def _serials(found: Iterable[Movement]) -> int:
    return sum(int(movement.details.get("serials", 0)) for movement in found if movement.kind == "embody")


def reconciled() -> list[dict[str, Any]]:
    """Return each period that two parties closed: rows by state, reasons of agreed differences, digest and entry."""
    actor = Actor(organisation=RECYCLER, role="partner")
    told = []
    for summary in list_periods(actor=actor, state="closed"):
        page = period_page(actor=actor, period_id=summary.number, today=summary.period.end_date)
        states: dict[str, int] = defaultdict(int)
        reasons: dict[str, int] = defaultdict(int)
        for row in page.rows:
            states[row.state.value] += 1
            if row.decision is not None and row.decision.reason is not None:
                reasons[row.decision.reason.value] += 1
        told.append(
            {
                "owner": summary.our_party,
                "partner": summary.partner,
                "period": summary.period.label,
                "rows": dict(states),
                "reasons": dict(reasons),
                "adjustments": sum(1 for item in page.adjustments if item.state == "posted"),
                "signed_by": list(summary.signed_by),
                "digest": summary.digest,
                "entry_id": summary.entry_id,
            }
        )
    return told
