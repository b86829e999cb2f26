"""The one vocabulary of states: a code of a service, its icon, its tone and its word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Status:
    """How a state is shown: an icon of the vendored set, a tone of the stylesheet, and its word."""

    icon: str
    tone: str
    label: StrPromise | str


STATUSES: Final[dict[str, Status]] = {
    # A contract.
    "draft": Status("pen-line", "plain", _("Draft")),
    "proposed": Status("send", "accent", _("Proposed")),
    "countered": Status("git-compare", "accent", _("Countered")),
    "agreed": Status("handshake", "accent", _("Agreed")),
    "signed": Status("signature", "accent", _("Signed")),
    "active": Status("circle-check", "ok", _("Active")),
    "ended": Status("circle", "plain", _("Ended")),
    "terminated": Status("ban", "bad", _("Terminated")),
    # An entry.
    "pending": Status("hourglass", "warn", _("Pending")),
    "posted": Status("check", "plain", _("Posted")),
    "back_dated": Status("file-clock", "warn", _("Back-dated")),
    "overdue": Status("clock", "bad", _("Overdue")),
    "reversed": Status("undo-2", "warn", _("Reversed")),
    "revoked": Status("ban", "plain", _("Revoked")),
    # A row, a period and a statement of a reconciliation.
    "open": Status("circle-dashed", "warn", pgettext_lazy("state", "Open")),
    "matched": Status("circle-check", "ok", _("Matched")),
    "matched_with_difference": Status("circle-check", "warn", _("Matched with difference")),
    "asked": Status("message-square", "accent", _("Asked")),
    "disputed": Status("triangle-alert", "bad", _("Disputed")),
    "in_transit": Status("truck", "plain", _("In transit")),
    "closed": Status("lock", "ok", _("Closed")),
    "accepted": Status("check", "ok", _("Accepted")),
    "rejected": Status("circle-x", "bad", _("Rejected")),
    # A settlement and its exports.
    "due": Status("clock", "warn", _("Due")),
    "provisional": Status("circle-dashed", "warn", _("Provisional")),
    "final": Status("check", "plain", _("Final")),
    "computed": Status("receipt-text", "accent", _("Computed")),
    "approved": Status("check", "ok", _("Approved")),
    "issued": Status("send", "ok", _("Issued")),
    "estimated": Status("circle-dashed", "warn", _("Estimated")),
    "blocked": Status("hourglass", "warn", _("Waiting for a fact")),
    "exported": Status("file-down", "ok", _("Exported")),
    "paid": Status("circle-check", "ok", _("Paid")),
    # What a check found.
    "balanced": Status("circle-check", "ok", _("balanced")),
    "off": Status("triangle-alert", "bad", _("does not balance")),
    "not_checked": Status("circle-dashed", "plain", _("Not checked")),
    "checking": Status("hourglass", "plain", _("Checking")),
    "checked": Status("shield-check", "ok", _("Checked")),
    "failed": Status("circle-x", "bad", _("Failed")),
    "breach": Status("triangle-alert", "bad", _("Breach")),
    "stale": Status("clock", "warn", _("Being updated")),
    "paused": Status("pause", "bad", _("Paused")),
    "simulation": Status("flask-conical", "warn", _("Simulation")),
}
