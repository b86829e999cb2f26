"""The only writers of runs and statements."""

from lode.settlement.services.approve_statement import approve_statement
from lode.settlement.services.dispute_statement import dispute_statement, finalise_statement, resolve_dispute
from lode.settlement.services.issue_statement import issue_statement
from lode.settlement.services.plan_due import Planned, plan_due
from lode.settlement.services.settle_period import retry_run, settle_due, settle_period
from lode.settlement.services.settle_run import Outcome, settle_run
from lode.settlement.services.sweep import Swept, mark_nudged, sweep

__all__ = [
    "Outcome",
    "Planned",
    "Swept",
    "approve_statement",
    "dispute_statement",
    "finalise_statement",
    "issue_statement",
    "mark_nudged",
    "plan_due",
    "resolve_dispute",
    "retry_run",
    "settle_due",
    "settle_period",
    "settle_run",
    "sweep",
]
