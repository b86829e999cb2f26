"""The only writers of this app. Each takes the actor and the time, locks the period once, and decides in the core."""

from lode.reconciliation.services.accept_match import accept_exact, accept_match
from lode.reconciliation.services.ask import ask, dispute
from lode.reconciliation.services.match_with_difference import match_with_difference
from lode.reconciliation.services.open_period import open_period
from lode.reconciliation.services.post_adjustment import post_adjustment, withdraw_adjustment
from lode.reconciliation.services.sign_period import sign_period
from lode.reconciliation.services.split_row import split_row, undo_split
from lode.reconciliation.services.submit_statement import submit_statement
from lode.reconciliation.services.undo_match import undo_match
from lode.reconciliation.services.withdraw_statement import withdraw_statement

__all__ = [
    "accept_exact",
    "accept_match",
    "ask",
    "dispute",
    "match_with_difference",
    "open_period",
    "post_adjustment",
    "sign_period",
    "split_row",
    "submit_statement",
    "undo_match",
    "undo_split",
    "withdraw_adjustment",
    "withdraw_statement",
]
