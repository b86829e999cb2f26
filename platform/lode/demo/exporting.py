"""Finance takes its statements away: one CSV and one JSON file for each contract."""

from __future__ import annotations

from datetime import datetime

from lode.demo.settling import all_statements
from lode.exports.selectors import ExportView
from lode.exports.services import export_statements
from lode.parties.actor import Actor


def export_everything(*, now: datetime) -> tuple[ExportView, ...]:
    """Export the statements of each contract as the party that issues them."""
    issuers = {row.contract_ref: row.issuer for row in all_statements()}
    return tuple(
        export_statements(format=form, actor=Actor(organisation=issuer, role="finance"), now=now, contract=contract)
        for contract, issuer in sorted(issuers.items())
        for form in ("csv", "json")
    )
