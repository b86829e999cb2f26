"""Positions: title × custody by element, and balances by any axes, as of any day and as known at any tree size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import path, re_path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ledger.core.entry import Account, State
from ledger.core.rules import INSIDE
from ledger.selectors.balances import balances, stream_balances
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.values import BalanceRow
from lode.exports.core import ledger_tables as tables
from lode.exports.downloads import streamed
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.web.ledger_words import STATES, account_path, state_word
from lode.web.requests import as_actor, day_of, number_of, size_of, text_of
from lode.web.templatetags.ui import mass as mass_html
from lode.web.ui import Cell, Chip, Choice, Column, Row, Table

PAGE = 200
UNITS = ("kg", "t")
FILTERS = ("element", "owner", "holder", "state", "lot")
AXES = ("owner", "holder", "state", "lot")


@dataclass(frozen=True)
class Asked:
    """What the address asks for: filters, axes to keep, the day, the tree size, and the unit to show."""

    filters: Mapping[str, Any]
    group: tuple[str, ...]
    as_of: dt.date
    known_at: int
    unit: str

    def query(self, **changes: str | None) -> str:
        """Return the same question as a query string, with changes; None takes a part away."""
        group = None if self.group == AXES else ",".join(self.group) or "none"
        parts: dict[str, str | None] = {
            **self.filters, "group": group, "as_of": self.as_of.isoformat(), "known_at": str(self.known_at),
            "unit": self.unit,
        }  # fmt: skip
        parts.update(changes)
        return urlencode({name: value for name, value in parts.items() if value})


def unit_of(request: HttpRequest) -> str:
    """Return the unit to show masses in."""
    unit = request.GET.get("unit", "kg")
    return unit if unit in UNITS else "kg"


def filters_of(request: HttpRequest) -> dict[str, str]:
    """Return the filters on accounts that the address asks for."""
    given = {name: text_of(request, name) for name in FILTERS}
    return {name: text for name, text in given.items() if text}


def names_of(rows: Sequence[BalanceRow]) -> Mapping[str, str]:
    """Return the names of the parties in balances, in the reader's language."""
    parties = {party for row in rows for party in (row.owner, row.holder) if party}
    return party_names(parties, get_language() or "en")


def asked_of(request: HttpRequest) -> Asked:
    """Return what the address asks for; nonsense in it counts as not said."""
    size, known_at = ledger_size(), size_of(request)
    kept = request.GET.get("group")
    return Asked(
        filters_of(request),
        AXES if kept is None else tuple(axis for axis in AXES if axis in kept.split(",")),
        day_of(request),
        size if known_at is None else min(known_at, size),
        unit_of(request),
    )


@require_GET
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show who owns and who holds how much of each element."""
    asked, first = asked_of(request), number_of(request, "from") or 0
    at: dict[str, Any] = {"party": actor.reads_as, "as_of": asked.as_of, "known_at": asked.known_at}
    cells = balances(**at, **asked.filters, group_by=("owner", "holder", "state"))
    rows = balances(**at, **asked.filters, group_by=asked.group, offset=first, limit=PAGE + 1)
    every = balances(party=actor.reads_as, group_by=("owner", "holder", "state"))
    names = names_of((*every, *cells))
    context = {
        "asked": asked,
        "as_of": asked.as_of,
        "tree_size": asked.known_at,
        "keep": {**asked.filters, "unit": asked.unit, "group": request.GET.get("group", "")},
        "choices": [Choice(unit, f"?{asked.query(unit=unit)}", current=unit == asked.unit) for unit in UNITS],
        "chips": _chips(asked, sorted({row.element for row in every}), names),
        "axes": _axes(asked),
        "pickers": _pickers(asked, every, names),
        "matrices": [
            _matrix(element, cells, names, asked) for element in sorted({row.element for row in cells})
        ],
        "positions": _positions(rows, names, asked, first),
        "nothing": not cells,
        "learned_query": asked.query(group=None, since="0"),
    }  # fmt: skip
    return render(request, "web/accounts/index.html", context)


def _chips(asked: Asked, elements: Sequence[str], names: Mapping[str, str]) -> list[Chip]:
    chips = []
    for element in elements:
        on = asked.filters.get("element") == element
        chips.append(Chip(element, f"?{asked.query(element=None if on else element)}", current=on))
    for name, word in axis_words().items():
        if value := asked.filters.get(name):
            shown = state_word(value) if name == "state" else names.get(value, value)
            chips.append(Chip(f"{word}: {shown}", f"?{asked.query(**{name: None})}", current=True))
    return chips


def axis_words() -> dict[str, str]:
    """Return the word for each axis beside the element."""
    return {"owner": _("Owner"), "holder": _("Holder"), "state": _("State"), "lot": _("Lot")}


def _axes(asked: Asked) -> list[Choice]:
    """Return a switch for each axis: kept apart, or summed over."""
    choices = []
    for axis, word in axis_words().items():
        on = axis in asked.group
        kept = [name for name in AXES if (name in asked.group) != (name == axis)]
        choices.append(Choice(word, f"?{asked.query(group=','.join(kept) or 'none')}#positions", current=on))
    return choices


def _pickers(asked: Asked, rows: Sequence[BalanceRow], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a list to choose from for each axis that has few values, and a field for the lot."""
    words = axis_words()
    parties = {axis: sorted({str(getattr(row, axis)) for row in rows}) for axis in ("owner", "holder")}
    values = {axis: [(party, names.get(party, party)) for party in found] for axis, found in parties.items()}
    values["state"] = [(str(state), str(STATES[state])) for state in State]
    return [{"name": axis, "word": words[axis], "value": asked.filters.get(axis), "values": values.get(axis)}
            for axis in AXES]  # fmt: skip


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


def _positions(rows: Sequence[BalanceRow], names: Mapping[str, str], asked: Asked, first: int) -> Table:
    words = axis_words()
    further = f"?{asked.query()}&from={first + PAGE}#positions" if len(rows) > PAGE else ""
    earlier = f"?{asked.query()}&from={max(0, first - PAGE)}#positions" if first else ""
    return Table(
        caption=_("Positions: one account a row") if asked.group == AXES else _("Positions: one sum a row"),
        columns=(
            Column(_("Element")), *(Column(words[axis]) for axis in asked.group),
            Column(_("Balance, %(unit)s contained") % {"unit": asked.unit}, numeric=True),
        ),
        rows=[_position(row, names, asked) for row in rows[:PAGE]],
        csv_href=f"/accounts.csv?{asked.query()}",
        json_href=f"/accounts.json?{asked.query()}",
        empty=_("No account that you may see stands other than at zero on that day."),
        previous_href=earlier,
        next_href=further,
    )  # fmt: skip


def _position(row: BalanceRow, names: Mapping[str, str], asked: Asked) -> Row:
    shown = {"owner": names.get(str(row.owner)), "holder": names.get(str(row.holder)), "lot": row.lot}
    shown["state"] = state_word(str(row.state))
    href = ""
    if asked.group == AXES:
        when = urlencode({"end": asked.as_of.isoformat(), "known_at": asked.known_at, "unit": asked.unit})
        href = f"{account_path(account_of(row))}?{when}"
    axes = [Cell(str(shown[axis]), href=href if axis == "lot" else "") for axis in asked.group]
    return Row((Cell(row.element), *axes, Cell(mass_html(row.mass_mg, unit=asked.unit, bare=True))))


def account_of(row: BalanceRow) -> Account:
    """Return the account of a balance by all axes."""
    return Account(str(row.owner), str(row.holder), row.element, str(row.state), str(row.lot))


@require_GET
@as_actor
def table(request: HttpRequest, actor: Actor, form: str) -> HttpResponseBase:
    """Answer the positions with the same filters as CSV or JSON: all of them."""
    asked = asked_of(request)
    at: dict[str, Any] = {"as_of": asked.as_of, "known_at": asked.known_at, "group_by": asked.group}
    rows = stream_balances(party=actor.reads_as, **at, **asked.filters)
    return streamed("accounts", form, tables.POSITIONS, tables.position_rows(rows, asked.as_of, asked.known_at))


urlpatterns = [
    path("accounts/", index, name="accounts"),
    re_path(r"^accounts\.(?P<form>csv|json)$", table, name="accounts-table"),
]
