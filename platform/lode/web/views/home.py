"""Home: what waits for the reader, what falls due, what does not tie. And help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from contracts.selectors import contract_detail, list_contracts
from ledger.selectors.balances import closing
from ledger.selectors.checkpoints import latest_checkpoint
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.reconciliation.selectors import list_periods
from lode.settlement.selectors import due
from lode.web.formats import money
from lode.web.requests import as_actor, now
from lode.web.statement_words import BLOCKED, word

DUE_WITHIN = timedelta(days=30)
AT_MOST = 8


@dataclass(frozen=True)
class Item:
    """One thing that waits: what, where to go, and a word about it."""

    label: str
    href: str
    note: str = ""


@require_GET
@as_actor
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer three questions, each with a next action."""
    today = now().date()
    context = {
        "your_turn": list(_your_turn(actor))[:AT_MOST],
        "due_soon": list(_due_soon(actor, today))[:AT_MOST],
        "does_not_tie": list(_does_not_tie(actor))[:AT_MOST],
        "checkpoint": latest_checkpoint(),
        "actions": _commonest(actor.role),
    }
    return render(request, "web/home/index.html", context)


def _commonest(role: str) -> list[tuple[str, str]]:
    """Return the two things that a role does most often: where, and in words."""
    contracts = ("/contracts/", _("Open contracts"))
    actions = {
        "commercial": [("/contracts/new/", _("Draft a contract")), contracts],
        "partner": [(reverse("submit-statement"), _("Submit a statement")), contracts],
        "finance": [(reverse("settlements"), _("Open settlements")), (reverse("prices"), _("Open prices"))],
        "auditor": [("/verify/", _("Verify the ledger")), ("/ledger/", _("Open the ledger"))],
    }
    return actions.get(role, [contracts, ("/ledger/", _("Open the ledger"))])


def _your_turn(actor: Actor) -> Iterator[Item]:
    if not actor.sees_all:
        for row in list_contracts(party=actor.reads_as, turn=actor.organisation, limit=AT_MOST).rows:
            yield Item(row.ref, f"/contracts/{row.ref}/", _("Answer, agree or sign"))
    if actor.role == "finance":
        waiting = due(party=actor.reads_as, limit=AT_MOST)
        for statement in waiting.to_approve:
            yield Item(statement.ref, reverse("statement", args=[statement.ref]), _("Settlement to approve"))
        for statement in waiting.to_issue:
            yield Item(statement.ref, reverse("statement", args=[statement.ref]), _("Settlement to issue"))
    if not actor.sees_all:
        yield from _months(actor)


def _months(actor: Actor) -> Iterator[Item]:
    """Yield the open months that the reader's side has not signed."""
    periods = [found for found in list_periods(actor=actor, state="open") if actor.organisation not in found.signed_by]
    names = party_names({found.counterparty(actor.organisation) for found in periods}, get_language() or "en")
    for found in periods:
        label = f"{names[found.counterparty(actor.organisation)]}, {found.period.label}"
        yield Item(label, _period_href(found.our_party, found.partner, found.period.label), _("Month to reconcile"))


def _due_soon(actor: Actor, today: date) -> Iterator[Item]:
    to_pay = () if actor.sees_all else due(party=actor.reads_as, limit=AT_MOST).to_pay
    for statement in to_pay:
        if statement.payable and statement.due_date <= today + DUE_WITHIN:
            note = _("%(amount)s to be paid by %(day)s") % {
                "amount": money(statement.payable, statement.currency),
                "day": statement.due_date.isoformat(),
            }
            yield Item(statement.ref, reverse("statement", args=[statement.ref]), note)
    chinese = (get_language() or "").startswith("zh")
    for row in list_contracts(party=actor.reads_as, state="active", limit=AT_MOST).rows:
        detail = contract_detail(ref=row.ref, party=actor.reads_as, as_of=today)
        for obligation in detail.obligations:
            if obligation.due_date <= today + DUE_WITHIN:
                what = obligation.what_zh if chinese else obligation.what_en
                yield Item(f"{row.ref}: {obligation.due_date.isoformat()}", f"/contracts/{row.ref}/", what)


def _does_not_tie(actor: Actor) -> Iterator[Item]:
    if actor.sees_all:
        for found in closing():
            if not found.closes:
                yield Item(found.element, f"/flows/?element={found.element}", _("This element does not close"))
    waiting = due(party=actor.reads_as, limit=AT_MOST)
    for statement in waiting.disputed:
        yield Item(statement.ref, reverse("statement", args=[statement.ref]), _("Disputed"))
    for run in waiting.blocked:
        said = word(BLOCKED, run.error_code) if run.error_code in BLOCKED else run.error_sentence
        yield Item(f"{run.contract_ref} {run.period_start}", reverse("settlements"), said)


def _period_href(our_party: str, partner: str, label: str) -> str:
    return f"/reconcile/{our_party}/{partner}/{label}/"


@require_GET
def help_page(request: HttpRequest) -> HttpResponse:
    """Say what each part of Lode is for, and where the words come from."""
    return render(request, "web/home/help.html")


urlpatterns = [path("", home, name="home"), path("help/", help_page, name="help")]
