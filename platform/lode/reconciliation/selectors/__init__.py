"""Reads of this app: each takes the actor, and shows a period to its two parties and the auditor alone."""

from lode.reconciliation.selectors.pages import period_page
from lode.reconciliation.selectors.periods import find_period, list_periods, list_statements, statement_file
from lode.reconciliation.selectors.previews import preview_statement

__all__ = ["find_period", "list_periods", "list_statements", "period_page", "preview_statement", "statement_file"]
