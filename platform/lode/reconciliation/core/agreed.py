"""The agreed balance: the document that both sides sign, as canonical bytes, and its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.core.canonical_json import dumps
from lode.reconciliation.core.reasons import Effect
from lode.reconciliation.core.values import Line, Period, Reason

FORMAT = "lode/agreed-balance/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedRow:
    """One row as agreed. `reason` and `effect` are None where both sides have the same mass."""

    ours: Line | None
    theirs: Line | None
    reason: Reason | None
    effect: Effect | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedBalance:
    """What both sides agree on for a period: by element opening + movements = closing, in integer milligrams.

    `opening_mg` and `closing_mg` are the ledger's, of our material in the partner's custody. The statement is the file
    that was reconciled.
    """

    our_party: str
    partner: str
    period: Period
    opening_mg: Mapping[str, int]
    closing_mg: Mapping[str, int]
    statement_sha256: str
    rows: Sequence[AgreedRow]


def document(balance: AgreedBalance) -> bytes:
    """Return the RFC 8785 bytes of the agreed balance; the same agreement gives the same bytes, whatever the order."""
    elements = sorted({*balance.opening_mg, *balance.closing_mg})
    value = {
        "format": FORMAT,
        "our_party": balance.our_party,
        "partner": balance.partner,
        "first_date": balance.period.start_date.isoformat(),
        "last_date": balance.period.last_date.isoformat(),
        "statement_sha256": balance.statement_sha256,
        "elements": [
            {
                "element": element,
                "opening_mg": str(balance.opening_mg.get(element, 0)),
                "movements_mg": str(balance.closing_mg.get(element, 0) - balance.opening_mg.get(element, 0)),
                "closing_mg": str(balance.closing_mg.get(element, 0)),
            }
            for element in elements
        ],
        "rows": sorted((_row(row) for row in balance.rows), key=dumps),
    }
    return dumps(value) + b"\n"


def digest_of(data: bytes) -> str:
    """Return the hex SHA-256 of the document: what is signed and what the ledger carries."""
    return hashlib.sha256(data).hexdigest()


def _row(row: AgreedRow) -> dict[str, object]:
    said: dict[str, object] = {
        "ours": _line(row.ours) if row.ours else None,
        "theirs": _line(row.theirs) if row.theirs else None,
        "difference_mg": str((row.ours.mass_mg if row.ours else 0) - (row.theirs.mass_mg if row.theirs else 0)),
        "reason": row.reason.value if row.reason else None,
        "effect": row.effect.value if row.effect else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _line(line: Line) -> dict[str, object]:
    return {
        "reference": line.reference,
        "date": line.date.isoformat(),
        "element": line.element,
        "mass_mg": str(line.mass_mg),
        "origin": line.origin,
    }
