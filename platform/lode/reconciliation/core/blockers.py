"""What stands in the way of signing a period, each with what to do about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lode.reconciliation.core.page import PageRow, RowState
from lode.reconciliation.core.sentences import signed_mass_text
from lode.reconciliation.core.values import Period, Text


class BlockerCode(StrEnum):
    """Why a period cannot be signed yet; never renamed."""

    NOT_OVER = "not-over"
    EARLIER_OPEN = "earlier-open"
    NO_STATEMENT = "no-statement"
    ROWS_OPEN = "rows-open"
    ROWS_ASKED = "rows-asked"
    ROWS_DISPUTED = "rows-disputed"
    ROWS_STALE = "rows-stale"
    ADJUSTMENT_DUE = "adjustment-due"
    ADJUSTMENT_WAITS = "adjustment-waits"
    LEDGER_DOES_NOT_TIE = "ledger-does-not-tie"


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why `Sign period` is not offered yet."""

    code: BlockerCode
    text: Text


def row_blockers(rows: Sequence[PageRow]) -> list[Blocker]:
    """Say which rows are not settled, by what is to be done with them."""
    groups = (
        (BlockerCode.ROWS_OPEN, [row for row in rows if row.state is RowState.OPEN], "not matched yet", "尚未匹配"),
        (BlockerCode.ROWS_ASKED, [row for row in rows if row.state is RowState.ASKED], "asked about", "等待答复"),
        (BlockerCode.ROWS_DISPUTED, [row for row in rows if row.state is RowState.DISPUTED], "disputed", "有异议"),
        (
            BlockerCode.ROWS_STALE,
            [row for row in rows if row.stale],
            "changed after being agreed",
            "达成一致后又有变化",
        ),
        (
            BlockerCode.ADJUSTMENT_DUE,
            [row for row in rows if row.adjustment_due_mg and not row.stale],
            "to be adjusted to the agreed mass",
            "需调整至商定质量",
        ),
    )
    return [Blocker(code, _rows_text(found, en, zh)) for code, found, en, zh in groups if found]


def _rows_text(rows: Sequence[PageRow], en: str, zh: str) -> Text:
    by_element: dict[str, int] = {}
    for row in rows:
        by_element[row.element] = by_element.get(row.element, 0) + row.difference_mg
    masses = ", ".join(f"{signed_mass_text(mass)} {element}" for element, mass in sorted(by_element.items()) if mass)
    count = len(rows)
    return Text(
        f"{count} row{'s are' if count > 1 else ' is'} {en}" + (f" (difference {masses})." if masses else "."),
        f"有 {count} 行{zh}" + (f"（差异 {masses}）。" if masses else "。"),
    )


def not_over(period: Period, today: dt.date) -> Blocker | None:
    """Say that the period is still running: entries may yet come."""
    if today >= period.end_date:
        return None
    return Blocker(
        BlockerCode.NOT_OVER,
        Text(
            f"The period runs until {period.last_date}; it can be signed from {period.end_date} on.",
            f"本期截至 {period.last_date}，{period.end_date} 起方可签署。",
        ),
    )


def earlier_open(label: str) -> Blocker:
    """Say that the period before has no agreed closing balance to open from."""
    return Blocker(
        BlockerCode.EARLIER_OPEN,
        Text(
            f"{label} is not closed: its closing balance is this period's opening balance. Sign it first.",
            f"{label} 尚未关账，其期末余额即本期期初余额，请先签署该期。",
        ),
    )


def no_statement(partner: str) -> Blocker:
    """Say that there is nothing to hold the ledger against."""
    return Blocker(
        BlockerCode.NO_STATEMENT,
        Text(f"{partner} has not submitted a statement for this period.", f"{partner} 尚未提交本期对账单。"),
    )


def adjustment_waits(count: int) -> Blocker:
    """Say that corrections are on their way to the ledger, or wait for the other side."""
    plural = "s wait" if count > 1 else " waits"
    return Blocker(
        BlockerCode.ADJUSTMENT_WAITS,
        Text(
            f"{count} adjustment{plural} for the other side or for the ledger.",
            f"有 {count} 笔调整等待对方同意或等待入账。",
        ),
    )


def does_not_tie(closing_mg: Mapping[str, int], ledger_mg: Mapping[str, int]) -> Blocker | None:
    """Say that opening and lines do not add up to the ledger's own balance: something is wrong on our side."""
    for element in sorted({*closing_mg, *ledger_mg}):
        off_mg = closing_mg.get(element, 0) - ledger_mg.get(element, 0)
        if off_mg:
            mass = f"{signed_mass_text(off_mg)} {element}"
            return Blocker(
                BlockerCode.LEDGER_DOES_NOT_TIE,
                Text(
                    f"Opening balance and entries are off the ledger's balance by {mass}. Ask the operator.",
                    f"期初余额加本期分录与账本余额相差 {mass}，请联系运营方。",
                ),
            )
    return None
