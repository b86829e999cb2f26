"""Part a row into several, and put it together again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from lode.parties.actor import Actor
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.splits import check_parts, part_key
from lode.reconciliation.core.values import Side, Text
from lode.reconciliation.models import Split
from lode.reconciliation.services.writing import check_open, end, locked_period, row_of


def split_row(
    *, period_id: int, side: Side, line_key: str, parts_mg: Sequence[int], actor: Actor, now: datetime
) -> int:
    """Put parts in place of one side's row that nobody has settled; each is then matched by itself.

    The parts come to the row's mass, in mg. Returns the split's number. Raises ReconciliationError
    `split-does-not-fit`, `row-not-found`, `row-decided`, `not-found`, `forbidden`, `period-closed`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        ours = side is Side.OURS
        row = row_of(
            period, ours_key=line_key if ours else "", theirs_key="" if ours else line_key, actor=actor, now=now
        )
        check_open(row, actor)
        line = row.ours if ours else row.theirs
        assert line is not None
        check_parts(line.mass_mg, parts_mg)
        for stale in period.splits.filter(undone_at=None, side=side, line_key=line_key):
            end(stale, actor=actor, now=now)
        return Split.objects.create(
            period=period,
            side=side,
            line_key=line_key,
            parts_mg=list(parts_mg),
            decided_by=actor.organisation,
            decided_person=actor.person_id,
            decided_at=now,
        ).pk


def undo_split(*, period_id: int, split_id: int, actor: Actor, now: datetime) -> None:
    """Put a row together again; what was decided about its parts is undone first, by whoever may.

    Undoing what is undone changes nothing. Raises ReconciliationError `row-not-found`, `row-decided`, `not-found`,
    `forbidden`, `period-closed`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        item = period.splits.filter(pk=split_id).first()
        if item is None:
            raise ReconciliationError(
                Code.ROW_NOT_FOUND,
                Text("There is no such split in this period. Load the page again.", "本期没有该拆分，请重新载入。"),
            )
        if item.undone_at is not None:
            return
        keys = [part_key(item.line_key, place) for place in range(1, len(item.parts_mg) + 1)]
        if period.matches.filter(undone_at=None, **{f"{item.side}_key__in": keys}).exists():
            raise ReconciliationError(
                Code.ROW_DECIDED,
                Text("Parts of this row are decided already. Undo that first.", "该行的部分内容已处理，请先撤销。"),
            )
        end(item, actor=actor, now=now)
