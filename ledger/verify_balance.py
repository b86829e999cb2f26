"""`lode-verify FILE`: check the proof of one account's balance offline, and say what it shows and what it does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from ledger.core.balance_proof import BalanceReport, decode, verify
from ledger.core.note import VerifierKey
from ledger.core.policy import Policy


def verify_balance(data: bytes, policy: Policy, registry: VerifierKey) -> BalanceReport:
    """Return what the proof in a file shows; raises LedgerError for the first thing that does not hold."""
    return verify(decode(data), policy, registry)


def as_json(report: BalanceReport) -> dict[str, Any]:
    """Return the report as a JSON object: masses as text."""
    return {
        **dataclasses.asdict(report),
        "account": report.account._asdict(),
        "balance_mg": str(report.balance_mg),
    }


def sentences(report: BalanceReport, origin: str) -> Iterator[str]:
    """Return what held, in words; `origin` is where the trusted keys came from."""
    yield (
        f"OK. After entry {report.last_index}, {report.balance_mg} mg stood in the account {report.account}, "
        f"in the book {report.origin}."
    )
    yield (
        f"Trusted: {origin}. Under the tree head of {report.size} entries and the root {report.root}, cosigned by "
        f"{', '.join(report.witnesses) or 'no witness'}."
    )
    if report.first_seq == 0:
        yield (
            f"All of its first {report.entries} entries are here, each signed by its parties, without a gap: the "
            "balance is the sum of what they brought."
        )
    else:
        yield (
            f"Its entries from number {report.first_seq} on are here, {report.entries} of them, each signed by its "
            "parties, without a gap: what stood there before them is the operator's word."
        )
    if report.disputed:
        yield (
            f"Entries {', '.join(map(str, report.disputed))} were signed with a key that somebody else may have had by "
            "then. Whether their parties stand by them is shown by an export, not by this file."
        )
    if report.conserved_at is None:
        yield "That no entry touched it after that is not shown: no notice of conservation counts this balance."
    else:
        yield (
            f"At the tree of {report.conserved_at} entries the operator committed to everybody (entry "
            f"{report.conserved_index}) that the account stood as these entries left it. Of what came after that tree, "
            "this proof says only what it holds."
        )
    yield "That no key was revoked meanwhile is shown by an export with every leaf, not by this file."
