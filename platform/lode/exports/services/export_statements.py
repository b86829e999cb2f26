"""Give finance its statements as a file whose SHA-256 is recorded."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from lode.exports.core.statement_table import COLUMNS, quantity_cells
from lode.exports.core.table import Cell, csv_bytes, json_bytes
from lode.exports.errors import ExportsCode, ExportsError
from lode.exports.models import Export
from lode.exports.selectors.exports import ExportView, export_view
from lode.parties.actor import Actor
from lode.settlement.selectors import StatementDetail, list_statements, statement_detail

FORMATS = ("csv", "json")
MAX_STATEMENTS = 10_000
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class _Subject:
    """What a file is about, and how it is called."""

    what: str
    name: str
    start: date | None
    end: date | None


def export_statement(*, ref: str, format: str, actor: Actor, now: datetime) -> ExportView:  # noqa: A002 - its name
    """Export one statement as `csv` (a row a line) or `json` (with every trace); return what was written.

    Raises SettlementsError `unknown-statement` where there is none or it is a stranger's, ExportsError
    `unknown-format`.
    """
    detail = statement_detail(ref=ref, party=actor.reads_as)
    summary = detail.summary
    about = _Subject(f"statement {ref}", ref, summary.period_start, summary.period_end)
    return _export([detail], about, format, actor, now)


def export_statements(
    *,
    format: str,  # noqa: A002 - its name
    actor: Actor,
    now: datetime,
    contract: str | None = None,
    start: date | None = None,
    end: date | None = None,
    status: str | None = None,
) -> ExportView:
    """Export every statement that the filters leave and the actor may see, by contract and period.

    `start` and `end` keep periods that overlap [start, end). Raises ExportsError `unknown-format`, `nothing-to-export`,
    `too-large`.
    """
    details = _find(actor=actor, contract=contract, start=start, end=end, status=status)
    if not details:
        raise ExportsError(
            ExportsCode.NOTHING_TO_EXPORT, "No statement of yours answers these filters: widen them. No file was made."
        )
    chosen = [contract or "all contracts", f"{start or ''}..{end or ''}" if start or end else "", status or ""]
    name = "-".join(["statements", *(_UNSAFE.sub("-", part) for part in chosen if part)])
    about = _Subject("statements of " + ", ".join(part for part in chosen if part), name, start, end)
    return _export(details, about, format, actor, now)


def _find(
    *, actor: Actor, contract: str | None, start: date | None, end: date | None, status: str | None
) -> list[StatementDetail]:
    refs: list[str] = []
    cursor: str | None = None
    while True:
        page = list_statements(
            party=actor.reads_as, contract=contract, start=start, end=end, status=status, cursor=cursor, limit=200
        )
        refs += [row.ref for row in page.rows]
        if len(refs) > MAX_STATEMENTS:
            raise ExportsError(
                ExportsCode.TOO_LARGE, f"More than {MAX_STATEMENTS} statements in one file: export a shorter range."
            )
        cursor = page.next_cursor
        if cursor is None:
            break
    details = [statement_detail(ref=ref, party=actor.reads_as) for ref in refs]
    return sorted(details, key=lambda one: (one.summary.contract_ref, one.summary.period_start, one.summary.ref))


def _export(
    details: Sequence[StatementDetail], about: _Subject, file_format: str, actor: Actor, now: datetime
) -> ExportView:
    if file_format not in FORMATS:
        raise ExportsError(
            ExportsCode.UNKNOWN_FORMAT, f"There is no format {file_format}: choose {' or '.join(FORMATS)}."
        )
    rows = [row for detail in details for row in statement_rows(detail)]
    data = csv_bytes(COLUMNS, rows) if file_format == "csv" else json_bytes(COLUMNS, rows, _documents(details))
    digest = hashlib.sha256(data).hexdigest()
    path = f"{actor.organisation}/{digest[:12]}/{about.name}.{file_format}"
    _write(Path(settings.EXPORTS_DIR) / path, data, digest)
    export = Export.objects.create(
        organisation=actor.organisation,
        person_id=actor.person_id,
        path=path,
        format=file_format,
        what=about.what,
        range_start=about.start,
        range_end=about.end,
        columns=list(COLUMNS),
        rows=len(rows),
        size_bytes=len(data),
        sha256=digest,
        statements=[detail.summary.ref for detail in details],
        created_at=now,
    )
    return export_view(export)


def statement_rows(detail: StatementDetail) -> list[dict[str, Cell]]:
    """Return the rows of one statement, one a line, in the order of its lines."""
    head = detail.summary
    common: dict[str, Cell] = {
        "statement_ref": head.ref,
        "revision": head.revision,
        "status": head.status,
        "contract_ref": head.contract_ref,
        "contract_kind": head.contract_kind,
        "subject": head.subject,
        "purpose": head.purpose,
        "period_start": head.period_start,
        "period_end_exclusive": head.period_end,
        "due_date": head.due_date,
        "statement_total": head.total,
        "statement_already_issued": head.already_issued,
        "statement_amount_due": head.amount_due,
        "statement_currency": head.currency,
        "statement_payer": head.payer,
        "statement_payee": head.payee,
        "known_at_utc": head.known_at,
        "prepared_at_utc": head.prepared_at,
        "approved_at_utc": head.approved_at,
        "issued_at_utc": head.issued_at,
        "ledger_entry_id": head.entry_id,
        "statement_sha256": head.digest,
    }
    return [
        {
            **common,
            **quantity_cells(line.quantity, line.quantity_unit),
            "line": line.position,
            "line_code": line.code,
            "component": line.component,
            "line_subject": line.subject,
            "clause": line.clause_ref,
            "description_en": line.description_en,
            "description_zh": line.description_zh,
            "unit_price": line.unit_price,
            "unit_price_unit": line.unit_price_unit,
            "amount": line.amount,
            "amount_currency": line.currency,
            "payer": line.payer,
            "payee": line.payee,
            "line_status": line.status,
        }
        for line in detail.lines
    ]


def _documents(details: Sequence[StatementDetail]) -> list[Any]:
    return [{"sha256": detail.summary.digest, "statement": detail.content} for detail in details]


def _write(path: Path, data: bytes, digest: str) -> None:
    """Write the file and, beside it, its digest as `sha256sum -c` reads it; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, data)
    _replace(path.with_name(f"{path.name}.sha256"), f"{digest}  {path.name}\n".encode())


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
