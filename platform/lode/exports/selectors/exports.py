"""Exports as an organisation may see them: its own. `party` None is the auditor."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from lode.exports.errors import ExportsCode, ExportsError
from lode.exports.models import Export


@dataclass(frozen=True)
class ExportView:
    """One export. `path` is below the exports' folder, `file` the whole path on this machine."""

    id: int
    organisation: str
    person_id: int | None
    path: str
    file: Path
    format: str
    what: str
    range_start: date | None
    range_end: date | None
    columns: tuple[str, ...]
    rows: int
    size_bytes: int
    sha256: str
    statements: tuple[str, ...]
    created_at: datetime

    @property
    def name(self) -> str:
        """The file's name for a download."""
        return self.file.name


def list_exports(*, party: str | None, limit: int = 100) -> tuple[ExportView, ...]:
    """Return exports, the latest first."""
    return tuple(export_view(row) for row in _visible(party)[:limit])


def export_file(*, export_id: int, party: str | None) -> tuple[ExportView, bytes]:
    """Return an export and its bytes, checked against the digest that was recorded.

    Raises ExportsError `unknown-export` where there is none or it is a stranger's, `file-damaged`.
    """
    row = _visible(party).filter(pk=export_id).first()
    if row is None:
        raise ExportsError(ExportsCode.UNKNOWN_EXPORT, f"There is no export {export_id} among yours.")
    view = export_view(row)
    try:
        data = view.file.read_bytes()
    except OSError:
        data = b""
    if hashlib.sha256(data).hexdigest() != view.sha256:
        raise ExportsError(
            ExportsCode.FILE_DAMAGED,
            f"The file {view.path} is missing or is not what was exported (SHA-256 {view.sha256}): export it again.",
        )
    return view, data


def export_view(row: Export) -> ExportView:
    """Return an export as a value."""
    return ExportView(
        id=row.pk,
        organisation=row.organisation,
        person_id=row.person_id,
        path=row.path,
        file=Path(settings.EXPORTS_DIR) / row.path,
        format=row.format,
        what=row.what,
        range_start=row.range_start,
        range_end=row.range_end,
        columns=tuple(row.columns),
        rows=row.rows,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        statements=tuple(row.statements),
        created_at=row.created_at,
    )


def _visible(party: str | None) -> QuerySet[Export]:
    return Export.objects.all() if party is None else Export.objects.filter(organisation=party)
