"""Write what a party (or an auditor) may see to a folder that `lode-verify` checks offline.

The folder is made beside its place under the name `.NAME.unfinished`, page by page, and takes its place when it is
whole: what stands under the name itself is always a whole export. An export that was interrupted goes on where it
stopped, under the tree head with which it began.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.core import audit
from ledger.core.audit_tree import CHECKPOINT
from ledger.core.continuation import AUDITED, CONTINUES, GROWTH
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.manifest import FOLDER as MANIFESTS
from ledger.selectors.checkpoints import checkpoint_at, latest_checkpoint
from ledger.selectors.trust import trust_root
from ledger.services.audited import audited_by, keep_audited, own_checkpoint
from ledger.services.export_files import Scope, entry_pages, other_files
from ledger.services.export_readme import README, TITLE, readme
from ledger.sql.snapshot import snapshot

PLAN = ".plan"
_OURS = {
    CHECKPOINT, CONTINUES, AUDITED, GROWTH, audit.POLICY, audit.REGISTRY_KEY, audit.BALANCES, audit.PARTY, README,
    MANIFESTS, "tile", "entries", "conservation",
}  # fmt: skip

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written: `size` is that of the checkpoint, `entries` how many the caller may read and has not yet.

    `first` is the index from which on entries are in it, 0 in a whole export.
    """

    directory: Path
    size: int
    entries: int
    files: int
    first: int = 0


def export_ledger(
    *,
    directory: Path,
    party: str | None,
    now: dt.datetime,
    auditor: str | None = None,
    since: bytes | None = None,
    receipts: bool = False,
    progress: Progress | None = None,
) -> ExportReport:
    """Export checkpoint, policy, tiles, entries with proofs, balances and a README. `party` None sees everything.

    `since` is a signed checkpoint that the reader has: only what is new after it is written. The last checkpoint that
    an `auditor` has audited, which `since` becomes, is put in with the proof that the log extends it. `progress` is
    told how many of how many entries are done. The same ledger gives the same bytes, whatever `now` is. `receipts`
    puts a COSE receipt beside each entry, for which the log's key is asked (so it may be `busy`).

    Raises LedgerError `bad-folder` for a folder that holds anything but an earlier export, `not-open` before the first
    checkpoint, `fork` where `since` is not of this ledger's past.
    """
    _check_place(directory)
    draft = directory.with_name(f".{directory.name}.unfinished")
    if since is not None and auditor is not None:
        keep_audited(auditor=auditor, checkpoint=since, now=now)
    with snapshot():
        scope, begin = _scope(draft, party, auditor, since, receipts=receipts)
        _write_pages(draft, scope, begin, progress)
        for path, data in other_files(scope):
            _write(draft, path, data)
    entries = sum(1 for _ in (draft / "entries").glob("*.note")) if (draft / "entries").is_dir() else 0
    _write(draft, README, readme(scope, entries).encode())
    (draft / PLAN).unlink()
    files = sum(1 for path in draft.rglob("*") if path.is_file())
    _put_in_place(draft, directory)
    return ExportReport(directory, scope.checkpoint.size, entries, files, scope.first)


def _scope(
    draft: Path, party: str | None, auditor: str | None, since: bytes | None, *, receipts: bool
) -> tuple[Scope, int]:
    """Return what to export and from which entry on: as an unfinished draft began it, else under the latest head."""
    audited = audited_by(auditor=auditor) if since is None else own_checkpoint(since)
    first = audited.size if since is not None and audited is not None else 0
    asked = {"party": party, "first": first, "receipts": receipts}
    asked["audited"] = None if audited is None else audited.size
    begun = _begun(draft)
    if begun is not None and {name: begun.get(name) for name in asked} == asked:
        checkpoint, begin = checkpoint_at(size=begun["size"]), begun["next"]
    else:
        checkpoint, begin = latest_checkpoint(), first
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(parents=True)
        _keep_plan(draft, {**asked, "size": checkpoint.size, "next": begin})
    return Scope(checkpoint, trust_root(), party, first, audited, receipts), begin


def _write_pages(draft: Path, scope: Scope, begin: int, progress: Progress | None) -> None:
    plan = _begun(draft)
    for done, files in entry_pages(scope, begin):
        for path, data in files:
            _write(draft, path, data)
        _keep_plan(draft, {**(plan or {}), "next": done})
        if progress is not None:
            progress(done - scope.first, scope.checkpoint.size - scope.first)


def _begun(draft: Path) -> dict[str, Any] | None:
    try:
        plan: dict[str, Any] = json.loads((draft / PLAN).read_bytes())
    except FileNotFoundError:
        if draft.exists():
            raise LedgerError(
                LedgerCode.BAD_FOLDER,
                f"{draft} is in the way and is no unfinished export: move it. Nothing was written.",
            ) from None
        return None
    return plan


def _keep_plan(draft: Path, plan: dict[str, Any]) -> None:
    # Replaced at once: whatever interrupts this, there is a plan, and what it says is done is done.
    fresh = draft / f"{PLAN}.new"
    fresh.write_text(json.dumps(plan), encoding="utf-8")
    fresh.replace(draft / PLAN)


def _write(draft: Path, path: str, data: bytes) -> None:
    target = draft / path
    try:
        target.write_bytes(data)
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _check_place(directory: Path) -> None:
    """Raise `bad-folder` unless the place is free, empty, or an earlier export's."""
    if not directory.exists():
        directory.parent.mkdir(parents=True, exist_ok=True)
        return
    if not directory.is_dir():
        raise LedgerError(LedgerCode.BAD_FOLDER, f"{directory} is a file: name a folder. Nothing was written.")
    found = {path.name for path in directory.iterdir()}
    if not found:
        return
    text = directory / README
    if found - _OURS or not text.exists() or not text.read_text("utf-8", "replace").startswith(TITLE):
        raise LedgerError(
            LedgerCode.BAD_FOLDER,
            f"The folder {directory} holds something else than an earlier export: name an empty or a new one. "
            "Nothing was written.",
        )


def _put_in_place(draft: Path, directory: Path) -> None:
    old = directory.with_name(f".{directory.name}.replaced")
    if old.exists():
        shutil.rmtree(old)
    if directory.exists():
        directory.rename(old)
    draft.rename(directory)
    if old.exists():
        shutil.rmtree(old)
