"""What stands open beside balances: shipments on their way, what is pledged, and up to when accounts are closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ledger.core.entry import Account
from ledger.selectors import standing
from ledger.selectors.standing import PeriodRow, PledgeRow, ShipmentRow
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.web.ledger_words import account_path, state_word
from lode.web.requests import as_actor, day_of
from lode.web.templatetags.ui import mass as mass_html
from lode.web.templatetags.ui import status
from lode.web.ui import Cell, Choice, Column, Row, Table


@require_GET
@as_actor
def shipments(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show what is on its way, and what of it is overdue on a day."""
    day = day_of(request)
    rows = standing.shipments(party=actor.reads_as)
    names = _names(name for row in rows for name in (*row.account[:2], row.receiver))
    late = sum(row.overdue(day) for row in rows)
    context = {
        "page": _("On the way"),
        "lead": _("What was shipped and has not arrived yet: who waits for it until when, and how much of it is left."),
        "table": Table(
            caption=_("Shipments, the first expected first"),
            columns=(
                Column(_("Entry")), Column(_("Reference")), Column(_("Lot")), Column(_("Element")),
                Column(_("Owner")), Column(_("Holder")), Column(_("Receiver")),
                Column(_("Expected by")), Column(_("Shipped, kg"), numeric=True), Column(_("Left, kg"), numeric=True),
            ),
            rows=[_shipment(row, names, overdue=row.overdue(day)) for row in rows],
            empty=_("Nothing that you may see is on its way."),
        ),
        "as_of": day,
        "overdue": late,
        "cut": len(rows) == standing.MOST,
        "tabs": _tabs("shipments"),
    }  # fmt: skip
    return render(request, "web/ledger/standing.html", context)


def _shipment(row: ShipmentRow, names: Mapping[str, str], *, overdue: bool) -> Row:
    expected = row.expected_by.isoformat() if row.expected_by else ""
    return Row(
        (
            _entry(row.index),
            Cell(row.reference or ""),
            *_account(row.account, names),
            Cell(names.get(row.receiver or "", row.receiver or "")),
            Cell(format_html("{} {}", expected, status("overdue")) if overdue else expected),
            Cell(mass_html(row.shipped_mg, unit="kg", bare=True)),
            Cell(mass_html(row.left_mg, unit="kg", bare=True)),
        )
    )


@require_GET
@as_actor
def pledges(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show what is given as security: who has to agree before it leaves its account."""
    rows = standing.pledges(party=actor.reads_as)
    names = _names(name for row in rows for name in (*row.account[:2], row.pledgee))
    context = {
        "page": _("Pledged"),
        "lead": _("What is given as security: it leaves its account only if the pledgee signs too."),
        "table": Table(
            caption=_("Pledges, the newest first"),
            columns=(
                Column(_("Entry")), Column(_("Occurred")), Column(_("Lot")), Column(_("Element")), Column(_("Owner")),
                Column(_("Holder")), Column(_("State")), Column(_("Pledgee")),
                Column(_("Pledged, kg"), numeric=True), Column(_("Left, kg"), numeric=True),
            ),
            rows=[_pledge(row, names) for row in rows],
            empty=_("Nothing that you may see is pledged."),
        ),
        "cut": len(rows) == standing.MOST,
        "tabs": _tabs("pledges"),
    }  # fmt: skip
    return render(request, "web/ledger/standing.html", context)


def _pledge(row: PledgeRow, names: Mapping[str, str]) -> Row:
    return Row(
        (
            _entry(row.index),
            Cell(row.occurred.isoformat(), css="nowrap"),
            *_account(row.account, names),
            Cell(state_word(row.account.state)),
            Cell(names.get(row.pledgee, row.pledgee)),
            Cell(mass_html(row.pledged_mg, unit="kg", bare=True)),
            Cell(mass_html(row.left_mg, unit="kg", bare=True)),
        )
    )


@require_GET
@as_actor
def periods(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show up to when two parties have closed the accounts between them."""
    rows = standing.closed_periods(party=actor.reads_as)
    names = _names(name for row in rows for name in (row.party, row.other))
    context = {
        "page": _("Closed periods"),
        "lead": _("Up to and with these days two parties have agreed their balance: later finds are adjusted after."),
        "table": Table(
            caption=_("Accounts where one of the two is owner and the other is holder"),
            columns=(
                Column(_("Closed until")), Column(_("Party")), Column(pgettext("party", "Other")),
                Column(_("Agreed by entry")),
            ),
            rows=[_period(row, names) for row in rows],
            empty=_("No accounts of yours are closed: nothing was agreed yet."),
        ),
        "tabs": _tabs("periods"),
    }  # fmt: skip
    return render(request, "web/ledger/standing.html", context)


def _period(row: PeriodRow, names: Mapping[str, str]) -> Row:
    parties = (Cell(names[row.party]), Cell(names[row.other]))
    return Row((Cell(row.closed_until.isoformat(), css="nowrap"), *parties, _entry(row.index)))


def _tabs(current: str) -> list[Choice]:
    words = {"shipments": _("On the way"), "pledges": _("Pledged"), "periods": _("Closed periods")}
    return [Choice(word, reverse(name), current=name == current) for name, word in words.items()]


def _names(parties: Iterable[str | None]) -> Mapping[str, str]:
    return party_names({party for party in parties if party}, get_language() or "en")


def _entry(index: int) -> Cell:
    return Cell(str(index), href=reverse("entry", args=[index]))


def _account(account: Account, names: Mapping[str, str]) -> tuple[Cell, ...]:
    lot = Cell(account.lot, href=account_path(account))
    return lot, Cell(account.element), Cell(names[account.owner]), Cell(names[account.holder])


urlpatterns = [
    path("ledger/on-the-way/", shipments, name="shipments"),
    path("ledger/pledged/", pledges, name="pledges"),
    path("ledger/closed-periods/", periods, name="periods"),
]
