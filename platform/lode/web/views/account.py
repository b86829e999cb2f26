"""One account over time: its statement by days, and its history as it was recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import re_path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ledger.core.entry import Account, State
from ledger.selectors.accounts import account_history, account_lines, account_statement
from ledger.selectors.balances import balances
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.values import AccountStatement, LinePlace, Order, StatementLine
from lode.exports.core import ledger_tables as tables
from lode.exports.downloads import streamed
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.web.charts import Change, ChartError, steps
from lode.web.charts.base import Chart
from lode.web.formats import utc_time
from lode.web.ledger_words import account_path, kind_word, state_word
from lode.web.requests import as_actor, day_of, size_of
from lode.web.templatetags.ui import mass as mass_html
from lode.web.templatetags.ui import status
from lode.web.ui import Cell, Choice, Column, Row, Table
from lode.web.views.accounts import UNITS, account_of, unit_of

PAGE = 200
HISTORY = "history"


def _found(request: HttpRequest, actor: Actor, parts: Mapping[str, str]) -> AccountStatement:
    """Return the account as the address asks for it: between two days, or the whole of it as it was recorded."""
    account, size, known_at = Account(**parts), ledger_size(), size_of(request)
    at = size if known_at is None else min(known_at, size)
    if request.GET.get("view") == HISTORY:
        return account_history(account=account, party=actor.reads_as, order=Order.RECORDED, known_at=at)
    start = day_of(request, "start") if request.GET.get("start") else None
    end = day_of(request, "end") if request.GET.get("end") else None
    return account_statement(account=account, party=actor.reads_as, start=start, end=end, known_at=at)


@require_GET
@as_actor
def detail(request: HttpRequest, actor: Actor, /, **parts: str) -> HttpResponse:
    """Show one account: opening, its lines page by page, closing, and the balance over time."""
    found, after, unit = _found(request, actor, parts), _place(request), unit_of(request)
    lines = list(account_lines(found, after=after, limit=PAGE + 1))
    account = found.account
    names = party_names({account.owner, account.holder}, get_language() or "en")
    whole = after is None and len(lines) <= PAGE
    context = {
        "account": account,
        "owner": names[account.owner],
        "holder": names[account.holder],
        "state": state_word(account.state),
        "found": found,
        "history": found.order is Order.RECORDED,
        "unit": unit,
        "choices": [Choice(one, f"?{_with(request, unit=one)}", current=one == unit) for one in UNITS],
        "views": _views(request, found),
        "lines": _lines(request, found, lines, unit, first=after is None),
        "chart": _chart(found, lines, unit) if whole else None,
        "ledger_query": urlencode({"account": "/".join(account), "known_at": found.known_at}),
        **_now(actor, found),
    }
    return render(request, "web/accounts/detail.html", context)


def _now(actor: Actor, found: AccountStatement) -> dict[str, Any]:
    """Return what stands in the account, and where else the same owner has the same lot."""
    account = found.account
    same_lot = balances(
        party=actor.reads_as, owner=account.owner, element=account.element, lot=account.lot,
        as_of=found.end, known_at=found.known_at,
    )  # fmt: skip
    here = {row.state: row.mass_mg for row in same_lot if row.holder == account.holder}
    return {
        "transit_mg": here.get(State.TRANSIT, 0),
        "available_mg": here.get(State.STOCK, 0),
        "elsewhere": [
            {"account": account_of(row), "href": account_path(account_of(row)), "mass_mg": row.mass_mg,
             "state": state_word(str(row.state)), "holder": row.holder}
            for row in same_lot if account_of(row) != account
        ],
    }  # fmt: skip


def _place(request: HttpRequest) -> LinePlace | None:
    """Return where the page before ended, as the address says it: a day and an entry."""
    day, _dot, index = request.GET.get("after", "").partition(".")
    try:
        return LinePlace(dt.date.fromisoformat(day), int(index))
    except ValueError:
        return None


def _with(request: HttpRequest, **changes: str | None) -> str:
    params = request.GET.copy()
    for name, value in changes.items():
        params.pop(name, None)
        if value is not None:
            params[name] = value
    return str(params.urlencode())


def _views(request: HttpRequest, found: AccountStatement) -> list[Choice]:
    recorded = found.order is Order.RECORDED
    by_day = _with(request, view=None, after=None)
    history = _with(request, view=HISTORY, after=None, start=None, end=None)
    return [
        Choice(_("Statement, by day"), f"?{by_day}#lines", current=not recorded),
        Choice(_("History, as recorded"), f"?{history}#lines", current=recorded),
    ]


def _lines(
    request: HttpRequest, found: AccountStatement, lines: Sequence[StatementLine], unit: str, *, first: bool
) -> Table:
    rows = [_line(line, unit) for line in lines[:PAGE]]
    if first:
        rows.insert(0, _edge(_("Opening"), found.opening_mg, unit))
    further = ""
    if len(lines) > PAGE:
        last = lines[PAGE - 1]
        at = {"after": f"{last.occurred.isoformat()}.{last.index}", "known_at": str(found.known_at)}
        further = f"?{_with(request, **at)}#lines"
    files = _with(request, after=None, unit=None, known_at=str(found.known_at))
    return Table(
        caption=_("Lines in the order of recording: before and after are the sealed balances")
        if found.order is Order.RECORDED
        else _("Lines by day: before and after are the balances of the day, as is now known"),
        columns=(
            Column(_("Entry")), Column(_("Occurred")), Column(_("Recorded at, UTC")), Column(_("Kind")),
            Column(_("Reference")), Column(_("Contract")),
            Column(_("Before, %(unit)s") % {"unit": unit}, numeric=True),
            Column(_("Posting, %(unit)s") % {"unit": unit}, numeric=True),
            Column(_("After, %(unit)s") % {"unit": unit}, numeric=True),
        ),
        rows=rows,
        foot=[] if further else [_edge(_("Closing"), found.closing_mg, unit)],
        csv_href=f"{request.path[:-1]}.csv?{files}",
        json_href=f"{request.path[:-1]}.json?{files}",
        next_href=further,
        previous_href="" if first else f"?{_with(request, after=None)}#lines",
    )  # fmt: skip


def _line(line: StatementLine, unit: str) -> Row:
    day = line.occurred.isoformat()
    marks = format_html_join(" ", "{}", ((status(code),) for code in _marks(line)))
    return Row(
        (
            Cell(str(line.index), href=reverse("entry", args=[line.index])),
            Cell(format_html("{} {}", day, marks) if marks else day, css="nowrap"),
            Cell(utc_time(line.recorded, seconds=False).removesuffix(" UTC"), css="nowrap"),
            Cell(kind_word(line.kind)),
            Cell(line.reference or ""),
            Cell(line.contract or "", href=f"/contracts/{line.contract}/" if line.contract else ""),
            Cell(mass_html(line.balance_before_mg, unit=unit, bare=True)),
            Cell(mass_html(line.leg.mass_mg, unit=unit, signed=True, bare=True)),
            Cell(mass_html(line.balance_after_mg, unit=unit, bare=True)),
        )
    )


def _marks(line: StatementLine) -> list[str]:
    return [code for code, on in (("back_dated", line.late), ("disputed", line.disputed_by)) if on]


def _edge(word: str, mass_mg: int, unit: str) -> Row:
    return Row((Cell(word, span=8), Cell(mass_html(mass_mg, unit=unit, bare=True))))


def _chart(found: AccountStatement, lines: Sequence[StatementLine], unit: str) -> Chart | None:
    if not lines:
        return None
    days = [line.occurred for line in lines]
    changes = [
        Change(line.occurred, line.leg.mass_mg, str(line.index), reverse("entry", args=[line.index])) for line in lines
    ]
    first, last = found.start or min(days), found.end or max(days)
    if first == last:
        first -= dt.timedelta(days=1)
    try:
        return steps(
            changes, opening_mg=found.opening_mg, closing_mg=found.closing_mg, first=first, last=last,
            title=_("Balance over time"), basis=found.account.element, unit=unit,
        )  # fmt: skip
    except ChartError:
        return None


@require_GET
@as_actor
def lines_table(request: HttpRequest, actor: Actor, /, form: str, **parts: str) -> HttpResponseBase:
    """Answer the account's opening, lines and closing as CSV or JSON: all of them, in the order of the page."""
    found = _found(request, actor, parts)
    rows = tables.line_rows(found, account_lines(found))
    return streamed(f"account-{'-'.join(found.account)}", form, tables.LINES, rows)


_PARTS = (
    r"(?P<owner>[a-z0-9-]{1,40})/(?P<holder>[a-z0-9-]{1,40})/(?P<element>[A-Z][a-z]?(?:-[a-z]{1,12})?)"
    r"/(?P<state>[a-z]{1,12})/(?P<lot>[a-z0-9-]{1,40})"
)
urlpatterns = [
    re_path(rf"^accounts/{_PARTS}/$", detail, name="account"),
    re_path(rf"^accounts/{_PARTS}\.(?P<form>csv|json)$", lines_table, name="account-table"),
]
