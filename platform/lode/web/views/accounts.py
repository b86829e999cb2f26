"""Accounts: title × custody by element, as of any day and as known at any tree size, and one account over time."""

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

from ledger.core.entry import Account, State
from ledger.core.rules import INSIDE
from ledger.selectors.accounts import account_lines, account_statement
from ledger.selectors.balances import balances, stream_balances
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.values import AccountStatement, BalanceRow, StatementLine
from lode.exports.core import ledger_tables as tables
from lode.exports.downloads import streamed
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.web.charts import Change, ChartError, steps
from lode.web.charts.base import Chart
from lode.web.ledger_words import account_path, kind_word, state_word
from lode.web.requests import as_actor, day_of, size_of
from lode.web.templatetags.ui import mass as mass_html
from lode.web.ui import Cell, Chip, Choice, Column, Row, Table

UNITS = ("kg", "t")
FILTERS = ("element", "owner", "holder", "state")


@dataclass(frozen=True)
class Asked:
    """What the address asks for: filters, the day, the tree size, and the unit to show."""

    filters: Mapping[str, Any]
    as_of: dt.date
    known_at: int
    unit: str

    def query(self, **changes: str | None) -> str:
        """Return the same question as a query string, with changes; None takes a part away."""
        parts: dict[str, str | None] = {
            **self.filters, "as_of": self.as_of.isoformat(), "known_at": str(self.known_at), "unit": self.unit,
        }  # fmt: skip
        parts.update(changes)
        return urlencode({name: value for name, value in parts.items() if value})


def _asked(request: HttpRequest) -> Asked:
    given = {name: "".join(filter(str.isprintable, request.GET.get(name, ""))) for name in FILTERS}
    size = ledger_size()
    known_at = size_of(request)
    unit = request.GET.get("unit", "kg")
    return Asked(
        {name: text for name, text in given.items() if text},
        day_of(request),
        size if known_at is None else min(known_at, size),
        unit if unit in UNITS else "kg",
    )


def _rows(actor: Actor, asked: Asked) -> tuple[BalanceRow, ...]:
    return balances(party=actor.reads_as, as_of=asked.as_of, known_at=asked.known_at, **asked.filters)


@require_GET
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show who owns and who holds how much of each element."""
    asked = _asked(request)
    rows = _rows(actor, asked)
    elements = sorted({row.element for row in balances(party=actor.reads_as, group_by=("state",))})
    names = party_names({str(party) for row in rows for party in (row.owner, row.holder)}, get_language() or "en")
    context = {
        "asked": asked,
        "as_of": asked.as_of,
        "tree_size": asked.known_at,
        "keep": {**asked.filters, "unit": asked.unit},
        "choices": [Choice(unit, f"?{asked.query(unit=unit)}", current=unit == asked.unit) for unit in UNITS],
        "chips": _chips(asked, elements, names),
        "matrices": [
            _matrix(element, rows, names, asked) for element in sorted({row.element for row in rows})
        ],
        "positions": _positions(rows, names, asked),
        "nothing": not rows,
    }  # fmt: skip
    return render(request, "web/accounts/index.html", context)


def _chips(asked: Asked, elements: Sequence[str], names: Mapping[str, str]) -> list[Chip]:
    chips = []
    for element in elements:
        on = asked.filters.get("element") == element
        chips.append(Chip(element, f"?{asked.query(element=None if on else element)}", current=on))
    words = {"owner": _("Owner"), "holder": _("Holder"), "state": _("State")}
    for name, word in words.items():
        if value := asked.filters.get(name):
            shown = state_word(value) if name == "state" else names.get(value, value)
            chips.append(Chip(f"{word}: {shown}", f"?{asked.query(**{name: None})}", current=True))
    return chips


def _matrix(element: str, rows: Sequence[BalanceRow], names: Mapping[str, str], asked: Asked) -> Table:
    """Return title × custody of what is inside the ledger: each sum of owners is the sum of holders."""
    inside = [row for row in rows if row.element == element and row.state in INSIDE]
    owners, holders = sorted({str(row.owner) for row in inside}), sorted({str(row.holder) for row in inside})
    cells: dict[tuple[str, str], int] = {}
    for row in inside:
        key = (str(row.owner), str(row.holder))
        cells[key] = cells.get(key, 0) + row.mass_mg
    unit = asked.unit

    def figure(mass_mg: int) -> Any:
        return mass_html(mass_mg, unit=unit, bare=True)

    def line(owner: str) -> Row:
        found = [Cell(names[owner], href=f"?{asked.query(element=element, owner=owner)}")]
        for holder in holders:
            mass_mg = cells.get((owner, holder))
            href = f"?{asked.query(element=element, owner=owner, holder=holder)}#positions"
            found.append(Cell() if mass_mg is None else Cell(figure(mass_mg), href=href))
        return Row((*found, Cell(figure(sum(cells.get((owner, holder), 0) for holder in holders)))))

    held = [Cell(figure(sum(cells.get((owner, holder), 0) for owner in owners))) for holder in holders]
    return Table(
        caption=_("%(measure)s by owner (down) and holder (across)") % {"measure": f"{unit} {element}"},
        columns=(
            Column(_("Title: owner")),
            *(Column(names[holder], numeric=True) for holder in holders),
            Column(_("Owned"), numeric=True, side=True),
        ),
        rows=[line(owner) for owner in owners],
        foot=[Row((Cell(_("Custody: held")), *held, Cell(figure(sum(cells.values())))))] if cells else (),
        empty=_("Nothing of this element is inside the ledger on that day."),
    )


def _positions(rows: Sequence[BalanceRow], names: Mapping[str, str], asked: Asked) -> Table:
    lines = []
    for row in rows:
        account = _account(row)
        when = urlencode({"end": asked.as_of.isoformat(), "known_at": asked.known_at, "unit": asked.unit})
        lines.append(
            Row(
                (
                    Cell(account.lot, href=f"{account_path(account)}?{when}"),
                    Cell(account.element),
                    Cell(names[account.owner]),
                    Cell(names[account.holder]),
                    Cell(state_word(account.state)),
                    Cell(mass_html(row.mass_mg, unit=asked.unit, bare=True)),
                )
            )
        )
    return Table(
        caption=_("Positions: one account a row"),
        columns=(
            Column(_("Lot")), Column(_("Element")), Column(_("Owner")), Column(_("Holder")), Column(_("State")),
            Column(_("Balance, %(unit)s contained") % {"unit": asked.unit}, numeric=True),
        ),
        rows=lines,
        csv_href=f"/accounts.csv?{asked.query()}",
        json_href=f"/accounts.json?{asked.query()}",
        empty=_("No account that you may see stands other than at zero on that day."),
    )  # fmt: skip


def _account(row: BalanceRow) -> Account:
    return Account(str(row.owner), str(row.holder), row.element, str(row.state), str(row.lot))


@require_GET
@as_actor
def table(request: HttpRequest, actor: Actor, form: str) -> HttpResponseBase:
    """Answer the positions with the same filters as CSV or JSON."""
    asked = _asked(request)
    rows = stream_balances(party=actor.reads_as, as_of=asked.as_of, known_at=asked.known_at, **asked.filters)
    return streamed("accounts", form, tables.POSITIONS, tables.position_rows(rows, asked.as_of, asked.known_at))


def _statement(request: HttpRequest, actor: Actor, parts: Mapping[str, str]) -> AccountStatement:
    account = Account(**parts)
    start = day_of(request, "start") if request.GET.get("start") else None
    end = day_of(request, "end") if request.GET.get("end") else None
    return account_statement(
        account=account, party=actor.reads_as, start=start, end=end, known_at=size_of(request)
    )  # fmt: skip


@require_GET
@as_actor
def detail(request: HttpRequest, actor: Actor, /, **parts: str) -> HttpResponse:
    """Show one account: opening, every line, closing, and the balance over time."""
    found = _statement(request, actor, parts)
    unit = request.GET.get("unit", "kg")
    unit = unit if unit in UNITS else "kg"
    account = found.account
    lines = list(account_lines(found))
    names = party_names({account.owner, account.holder}, get_language() or "en")
    same_lot = balances(
        party=actor.reads_as, owner=account.owner, element=account.element, lot=account.lot,
        as_of=found.end, known_at=found.known_at,
    )  # fmt: skip
    context = {
        "account": account,
        "owner": names[account.owner],
        "holder": names[account.holder],
        "state": state_word(account.state),
        "found": found,
        "unit": unit,
        "choices": [Choice(one, f"?{_with(request, unit=one)}", current=one == unit) for one in UNITS],
        "lines": _lines(request, found, lines, unit),
        "chart": _chart(found, lines, unit),
        "posted_mg": found.closing_mg,
        "transit_mg": sum(row.mass_mg for row in same_lot if row.state == State.TRANSIT and _same(row, account)),
        "available_mg": sum(row.mass_mg for row in same_lot if row.state == State.STOCK and _same(row, account)),
        "elsewhere": [
            {"account": _account(row), "href": account_path(_account(row)), "mass_mg": row.mass_mg,
             "state": state_word(str(row.state)), "holder": row.holder}
            for row in same_lot if _account(row) != account
        ],
        "ledger_query": urlencode({"account": "/".join(account)}),
    }  # fmt: skip
    return render(request, "web/accounts/detail.html", context)


def _same(row: BalanceRow, account: Account) -> bool:
    return row.holder == account.holder


def _with(request: HttpRequest, **changes: str) -> str:
    params = request.GET.copy()
    for name, value in changes.items():
        params[name] = value
    return str(params.urlencode())


def _lines(request: HttpRequest, found: AccountStatement, lines: Sequence[StatementLine], unit: str) -> Table:
    rows = [_edge_row(_("Opening"), found.opening_mg, unit), *(_line_row(line, unit) for line in lines)]
    return Table(
        caption=_("Lines in the order of recording"),
        columns=(
            Column(_("Entry")), Column(_("Occurred")), Column(_("Kind")), Column(_("Reference")),
            Column(_("Contract")), Column(_("Posting, %(unit)s") % {"unit": unit}, numeric=True),
            Column(_("Balance, %(unit)s") % {"unit": unit}, numeric=True),
        ),
        rows=rows,
        foot=[_edge_row(_("Closing"), found.closing_mg, unit)],
        csv_href=f"{request.path[:-1]}.csv?{request.GET.urlencode()}",
        json_href=f"{request.path[:-1]}.json?{request.GET.urlencode()}",
    )  # fmt: skip


def _line_row(line: StatementLine, unit: str) -> Row:
    return Row(
        (
            Cell(str(line.index), href=reverse("entry", args=[line.index])),
            Cell(line.occurred.isoformat(), css="nowrap"),
            Cell(kind_word(line.kind)),
            Cell(line.reference or ""),
            Cell(line.contract or "", href=f"/contracts/{line.contract}/" if line.contract else ""),
            Cell(mass_html(line.leg.mass_mg, unit=unit, signed=True, bare=True)),
            Cell(mass_html(line.balance_after_mg, unit=unit, bare=True)),
        )
    )


def _edge_row(word: str, mass_mg: int, unit: str) -> Row:
    return Row((Cell(word, span=6), Cell(mass_html(mass_mg, unit=unit, bare=True))))


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
    """Answer one account's opening, lines and closing as CSV or JSON."""
    found = _statement(request, actor, parts)
    rows = tables.line_rows(found, account_lines(found))
    return streamed(f"account-{'-'.join(found.account)}", form, tables.LINES, rows)


_PARTS = (
    r"(?P<owner>[a-z0-9-]{1,40})/(?P<holder>[a-z0-9-]{1,40})/(?P<element>[A-Z][a-z]?(?:-[a-z]{1,12})?)"
    r"/(?P<state>[a-z]{1,12})/(?P<lot>[a-z0-9-]{1,40})"
)
urlpatterns = [
    path("accounts/", index, name="accounts"),
    re_path(r"^accounts\.(?P<form>csv|json)$", table, name="accounts-table"),
    re_path(rf"^accounts/{_PARTS}/$", detail, name="account"),
    re_path(rf"^accounts/{_PARTS}\.(?P<form>csv|json)$", lines_table, name="account-table"),
]
