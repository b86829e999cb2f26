"""What happened, for people and as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TextIO

from django.conf import settings

from ledger.selectors.balances import closing
from ledger.selectors.checkpoints import latest_checkpoint
from ledger.selectors.values import ElementClosing
from ledger.services.verify_ledger import verify_ledger
from lode.demo.cast import LOG_INS, PASSWORD
from lode.demo.facts import sources
from lode.demo.posting import MG_PER_KG
from lode.demo.settling import all_statements
from lode.demo.telling import loop_of, reconciled
from lode.exports.selectors import ExportView
from lode.parties.selectors import party_names


class UnsoundLedgerError(Exception):
    """The check of the ledger found something; the message is the first finding."""


def summarise(*, exports: Iterable[ExportView]) -> dict[str, Any]:
    """Check the whole ledger, return the state of the world; raises UnsoundLedgerError with the first finding."""
    report = verify_ledger(depth="full")
    if not report.sound:
        raise UnsoundLedgerError(f"The ledger does not hold: {report.problems[0]}")
    checkpoint = latest_checkpoint()
    return {
        "entries": report.entries,
        "tree_size": checkpoint.size,
        "checkpoint": checkpoint.note.decode(),
        "elements": {found.element: _element(found) for found in closing()},
        "loop": {element: loop_of(element) for element in ("Ni", "Co")},
        "reconciliations": reconciled(),
        "statements": [
            {
                "ref": row.ref,
                "kind": row.contract_kind,
                "contract": row.contract_ref,
                "period": f"{row.period_start}..{row.period_end}",
                "purpose": row.purpose,
                "currency": row.currency,
                "total": str(row.total),
                "amount_due": str(row.amount_due),
                "payer": row.payer,
                "payee": row.payee,
                "digest": row.digest,
                "entry_id": row.entry_id,
                "status": row.status,
            }
            for row in all_statements()
        ],
        "exports": [
            {"path": str(view.file), "rows": view.rows, "sha256": view.sha256, "format": view.format}
            for view in exports
        ],
        "logins": [
            {"role": login.role, "username": login.username, "password": PASSWORD, "organisation": login.organisation}
            for login in LOG_INS[:4]
        ],
        "sources": list(sources()),
    }


def _element(found: ElementClosing) -> dict[str, Any]:
    return {
        "owned_mg": found.owned_mg,
        "held_mg": found.held_mg,
        "by_owner": dict(found.owners),
        "by_holder": dict(found.holders),
        "by_state": dict(found.states),
        "outside": dict(found.outside),
        "closes": found.closes,
    }


def describe(summary: Mapping[str, Any], out: TextIO) -> None:
    """Print what happened, for people."""
    write = out.write
    write(f"\nLedger {settings.LEDGER_ORIGIN}: {summary['entries']} entries, each signed by whom its kind asks for.\n")
    write("Every element closes to the milligram: owned = held = sum of states = received − lost − unaccounted.\n\n")
    for element, found in summary["elements"].items():
        _describe_element(element, found, out)
    _describe_loop(summary["loop"], out)
    _describe_reconciliations(summary["reconciliations"], out)
    _describe_statements(summary["statements"], out)
    write("\nExports (SHA-256 in the summary):\n")
    for export in summary["exports"]:
        write(f"  {export['rows']:>4} rows  {export['sha256'][:8]}…  {export['path']}\n")
    write("\nSign in as (firms are invented, figures are not):\n")
    for login in summary["logins"]:
        write(f"  {login['role']:<11} {login['username']:<10} {login['password']}\n")


def _kg(mass_mg: int) -> str:
    return f"{Decimal(mass_mg) / MG_PER_KG:,.3f} kg"


def _describe_element(element: str, found: Mapping[str, Any], out: TextIO) -> None:
    names = party_names([*found["by_owner"], *found["by_holder"]], "en")
    out.write(f"  {element}: {_kg(found['owned_mg'])} {'closes' if found['closes'] else 'DOES NOT CLOSE'}\n")
    for word, column in (("owned by", "by_owner"), ("held by", "by_holder")):
        parts = (f"{names[party]} {_kg(mass)}" for party, mass in found[column].items() if mass)
        out.write(f"      {word} {', '.join(parts)}\n")
    outside = (f"{state} {_kg(mass)}" for state, mass in found["outside"].items() if mass and state != "source")
    out.write(f"      gone: {', '.join(outside) or 'nothing'}\n")


def _describe_statements(statements: list[Mapping[str, Any]], out: TextIO) -> None:
    contracts: dict[str, list[Mapping[str, Any]]] = {}
    for row in statements:
        contracts.setdefault(row["contract"], []).append(row)
    out.write("\nSettled, each statement with the working of every line:\n")
    for contract, rows in contracts.items():
        due = sum((Decimal(row["amount_due"]) for row in rows), Decimal(0))
        waiting = sum(1 for row in rows if row["status"] == "draft")
        note = f", {waiting} waiting for approval" if waiting else ""
        out.write(f"  {contract} {rows[0]['kind']}: {len(rows)} statements, {due:,.2f} {rows[0]['currency']}{note}\n")


def _describe_loop(loop: Mapping[str, Any], out: TextIO) -> None:
    out.write("\nThe loop in 24 months, the lessor's nickel and cobalt throughout:\n")
    words = {
        "receive": "received from refiners",
        "lease-out": "leased to the cell maker",
        "embody": "built into packs",
        "collect": "collected at the end of life",
        "recover": "recovered by assay",
        "return": "returned under the lease",
        "re-supply": "supplied again, second lease",
    }
    for kind, word in words.items():
        masses = ", ".join(f"{_kg(steps[kind]['mass_mg'])} {element}" for element, steps in loop.items())
        serials = f", {loop['Ni']['serials']['count']:,} serials" if kind == "embody" else ""
        out.write(f"  {word:<29} {masses} ({loop['Ni'][kind]['entries']} entries{serials})\n")


def _describe_reconciliations(found: list[Mapping[str, Any]], out: TextIO) -> None:
    for told in found:
        rows = ", ".join(f"{count} {state.replace('-', ' ')}" for state, count in sorted(told["rows"].items()))
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(told["reasons"].items()))
        out.write(f"\nReconciled {told['partner']} {told['period']} with {told['owner']}: {rows} ({reasons});\n")
        out.write(f"  {told['adjustments']} adjustment signed by both; balance {told['digest'][:8]}… signed by ")
        out.write(f"{' and '.join(told['signed_by'])}.\n")
