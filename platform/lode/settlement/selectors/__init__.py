"""Reads of settlements: frozen values, never rows. `party` is the organisation that reads; None is the auditor."""

from lode.settlement.selectors.recompute import Recomputed, facts_used, recompute_statement
from lode.settlement.selectors.statements import due, list_statements, run_detail, runs, statement_detail, waterfall
from lode.settlement.selectors.values import (
    DueView,
    EventView,
    LineView,
    RunView,
    StatementDetail,
    StatementPage,
    StatementRow,
    Step,
)

__all__ = [
    "DueView",
    "EventView",
    "LineView",
    "Recomputed",
    "RunView",
    "StatementDetail",
    "StatementPage",
    "StatementRow",
    "Step",
    "due",
    "facts_used",
    "list_statements",
    "recompute_statement",
    "run_detail",
    "runs",
    "statement_detail",
    "waterfall",
]
