"""Write what a party (or the auditor) may see to a folder that `lode-verify` checks offline."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written: `size` is that of the checkpoint, `entries` how many the caller may read."""

    directory: Path
    size: int
    entries: int
    files: int


def export_ledger(*, directory: Path, party: str | None, now: dt.datetime) -> ExportReport:
    """Export checkpoint, policy, tiles, entries with proofs, balances and a README. `party` None sees everything.

    Raises LedgerError `bad-folder` for a folder that holds anything but an earlier export.
    """
    raise NotImplementedError
