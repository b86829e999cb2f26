"""What was learned of a day since the ledger had another size: balances that are known otherwise now, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import path, re_path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ledger.core.entry import Account
from ledger.selectors.accounts import learned, learned_lines
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.values import LearnedLine, LearnedRow
from lode.exports.core import ledger_tables as tables
from lode.exports.downloads import streamed
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.web.formats import utc_time
from lode.web.ledger_words import account_path, kind_word, state_word
from lode.web.requests import as_actor, day_of, size_of
from lode.web.templatetags.ui import mass as mass_html
from lode.web.ui import Cell, Choice, Column, Row, Table
from lode.web.views.accounts import UNITS, filters_of, unit_of

PAGE = 200


@dataclass(frozen=True)
class Asked:
    """What the address asks for: filters, the day, the two tree sizes, and the unit to show."""

    filters: Mapping[str, Any]
    as_of: dt.date
    since: int
    known_at: int
    unit: str

    @property
    def question(self) -> dict[str, Any]:
        """The question as the selectors take it."""
        return {**self.filters, "as_of": self.as_of, "since": self.since, "known_at": self.known_at}

    def query(self, **changes: str) -> str:
        """Return the same question as a query string, with changes."""
        return urlencode({**self.question, "unit": self.unit, **changes})


def _asked(request: HttpRequest) -> Asked:
    size, known_at = ledger_size(), size_of(request)
    at = size if known_at is None else min(known_at, size)
    return Asked(filters_of(request), day_of(request), min(size_of(request, "since") or 0, at), at, unit_of(request))


@require_GET
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the balances of one day that are known otherwise now, and the back-dated postings behind them."""
    asked = _asked(request)
    rows = list(learned(party=actor.reads_as, limit=PAGE, **asked.question))
    lines = list(learned_lines(party=actor.reads_as, limit=PAGE, **asked.question))
    parties = {party for row in rows for party in (row.owner, row.holder) if party}
    parties |= {party for line in lines for party in line.leg.account[:2]}
    names = party_names(parties, get_language() or "en")
    context = {
        "asked": asked,
        "keep": {**asked.filters, "unit": asked.unit},
        "choices": [Choice(unit, f"?{asked.query(unit=unit)}", current=unit == asked.unit) for unit in UNITS],
        "balances": _balances(rows, names, asked),
        "lines": _lines(lines, names, asked),
        "cut": len(rows) == PAGE or len(lines) == PAGE,
        "nothing": not lines,
    }
    return render(request, "web/accounts/learned.html", context)


def _balances(rows: Sequence[LearnedRow], names: Mapping[str, str], asked: Asked) -> Table:
    return Table(
        caption=_("Balances of the day that are known otherwise now"),
        columns=(
            Column(_("Lot")), Column(_("Element")), Column(_("Owner")), Column(_("Holder")), Column(_("State")),
            Column(_("Known at %(size)s entries, %(unit)s") % {"size": asked.since, "unit": asked.unit}, numeric=True),
            Column(_("Known at %(size)s entries, %(unit)s") % {"size": asked.known_at, "unit": asked.unit},
                   numeric=True),
            Column(_("Difference, %(unit)s") % {"unit": asked.unit}, numeric=True),
        ),
        rows=[_balance(row, names, asked) for row in rows],
        csv_href=f"/accounts/learned.csv?{asked.query()}",
        json_href=f"/accounts/learned.json?{asked.query()}",
        empty=_("What was recorded since leaves every balance of the day as it was known."),
    )  # fmt: skip


def _balance(row: LearnedRow, names: Mapping[str, str], asked: Asked) -> Row:
    account = Account(str(row.owner), str(row.holder), row.element, str(row.state), str(row.lot))
    when = urlencode({"end": asked.as_of.isoformat(), "known_at": asked.known_at, "unit": asked.unit})
    return Row(
        (
            Cell(account.lot, href=f"{account_path(account)}?{when}"),
            Cell(account.element),
            Cell(names[account.owner]),
            Cell(names[account.holder]),
            Cell(state_word(account.state)),
            Cell(mass_html(row.before_mg, unit=asked.unit, bare=True)),
            Cell(mass_html(row.after_mg, unit=asked.unit, bare=True)),
            Cell(mass_html(row.after_mg - row.before_mg, unit=asked.unit, signed=True, bare=True)),
        )
    )


def _lines(lines: Sequence[LearnedLine], names: Mapping[str, str], asked: Asked) -> Table:
    return Table(
        caption=_("Postings that were recorded since and had occurred by the day"),
        columns=(
            Column(_("Entry")), Column(_("Occurred")), Column(_("Recorded at, UTC")),
            Column(_("Days late"), numeric=True), Column(_("Kind")), Column(_("Lot")), Column(_("Owner")),
            Column(_("Holder")), Column(_("State")),
            Column(_("Posting, %(unit)s") % {"unit": asked.unit}, numeric=True),
        ),
        rows=[_line(line, names, asked.unit) for line in lines],
        csv_href=f"/accounts/learned-lines.csv?{asked.query()}",
        json_href=f"/accounts/learned-lines.json?{asked.query()}",
    )  # fmt: skip


def _line(line: LearnedLine, names: Mapping[str, str], unit: str) -> Row:
    account = line.leg.account
    return Row(
        (
            Cell(str(line.index), href=reverse("entry", args=[line.index])),
            Cell(line.occurred.isoformat(), css="nowrap"),
            Cell(utc_time(line.recorded, seconds=False).removesuffix(" UTC"), css="nowrap"),
            Cell(str(tables.days_late(line))),
            Cell(kind_word(line.kind)),
            Cell(account.lot, href=account_path(account)),
            Cell(names[account.owner]),
            Cell(names[account.holder]),
            Cell(state_word(account.state)),
            Cell(mass_html(line.leg.mass_mg, unit=unit, basis=account.element, signed=True)),
        )
    )


@require_GET
@as_actor
def balances_table(request: HttpRequest, actor: Actor, form: str) -> HttpResponseBase:
    """Answer all the balances that are known otherwise now as CSV or JSON."""
    asked = _asked(request)
    rows = learned(party=actor.reads_as, **asked.question)
    when = (asked.as_of, asked.since, asked.known_at)
    return streamed("learned", form, tables.LEARNED, tables.learned_rows(rows, *when))


@require_GET
@as_actor
def lines_table(request: HttpRequest, actor: Actor, form: str) -> HttpResponseBase:
    """Answer all the postings behind them as CSV or JSON."""
    asked = _asked(request)
    lines = learned_lines(party=actor.reads_as, **asked.question)
    when = (asked.as_of, asked.since, asked.known_at)
    return streamed("learned-lines", form, tables.LEARNED_LINES, tables.learned_line_rows(lines, *when))


urlpatterns = [
    path("accounts/learned/", index, name="learned"),
    re_path(r"^accounts/learned\.(?P<form>csv|json)$", balances_table, name="learned-table"),
    re_path(r"^accounts/learned-lines\.(?P<form>csv|json)$", lines_table, name="learned-lines-table"),
]
