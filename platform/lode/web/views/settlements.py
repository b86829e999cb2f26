"""Settlements: what waits, what is blocked and why, and the list of statements with its filters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypedDict
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, re_path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from lode.exports.core.table import Cell as CsvCell
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.settlement.selectors import DueView, RunView, StatementRow, due, list_statements
from lode.web.formats import money
from lode.web.requests import as_actor
from lode.web.statement_words import BLOCKED, KINDS, PURPOSES, STATES, word
from lode.web.tables import download
from lode.web.templatetags.ui import status as status_html
from lode.web.ui import Cell, Chip, Column, Row, Table

COLUMNS = (
    "statement", "contract", "kind", "subject", "purpose", "period_start", "period_end", "revision", "currency",
    "total", "already_issued", "amount_due", "payer", "payee", "due_date", "status", "digest_sha256", "entry_id",
    "issued_at_utc",
)  # fmt: skip
ALL_ROWS = 200
AT_MOST = 6


class Filters(TypedDict):
    """What the address asks for, as the selector takes it."""

    contract: str | None
    kind: str | None
    status: str | None
    start: date | None
    end: date | None
    cursor: str | None


@dataclass(frozen=True)
class Waiting:
    """Statements that wait for the same thing: its word, some of them, and where all of them are."""

    label: str
    rows: tuple[StatementRow, ...]
    href: str

    @property
    def first(self) -> tuple[StatementRow, ...]:
        """Those that the panel names."""
        return self.rows[:AT_MOST]

    @property
    def more(self) -> int:
        """How many it does not name."""
        return len(self.rows) - len(self.first)


@dataclass(frozen=True)
class Blocked:
    """A run that cannot be computed yet, and what it waits for."""

    run: RunView
    last_day: date
    why: str
    prices: bool


def _filters(request: HttpRequest) -> Filters:
    asked = request.GET
    return Filters(
        contract=asked.get("contract", "").strip() or None,
        kind=asked.get("kind") or None,
        status=asked.get("status") or None,
        start=_day(asked.get("start", "")),
        end=_after(_day(asked.get("end", ""))),
        cursor=asked.get("cursor") or None,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _after(last_day: date | None) -> date | None:
    return None if last_day is None or last_day == date.max else last_day + timedelta(days=1)


@require_GET
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List statements, the latest period first, under what waits for the reader."""
    page = list_statements(party=actor.reads_as, **_filters(request))
    names = party_names({name for row in page.rows for name in row.parties}, get_language() or "en")
    kept = {name: value for name, value in request.GET.items() if name != "cursor"}
    table = Table(
        caption=_("Statements, the latest period first"),
        columns=(
            Column(_("Settlement")), Column(_("Contract")), Column(_("Period")), Column(_("Payer → payee")),
            Column(_("Net payable"), numeric=True), Column(_("Due")), Column(_("State")),
        ),
        rows=[_row(row, names) for row in page.rows],
        chips=_chips(request),
        csv_href=f"/settlements.csv?{_query(kept)}",
        json_href=f"/settlements.json?{_query(kept)}",
        empty=_("Nothing is settled under these filters. A statement appears when a period is over."),
        next_href=f"?{_query({**kept, 'cursor': page.next_cursor})}" if page.next_cursor else "",
    )  # fmt: skip
    waiting = due(party=actor.reads_as)
    context = {
        "table": table,
        "waiting": [found for found in _waiting(waiting, actor) if found.rows],
        "blocked": [_blocked(run) for run in waiting.blocked],
        "asked": request.GET,
        "kept": [(name, request.GET[name]) for name in ("kind", "status") if request.GET.get(name)],
    }
    return render(request, "web/settlements/index.html", context)


def _waiting(found: DueView, actor: Actor) -> Iterator[Waiting]:
    yield Waiting(_("To approve"), found.to_approve, "?status=draft")
    yield Waiting(_("To issue"), found.to_issue, "?status=approved")
    if not actor.sees_all:
        yield Waiting(_("To pay"), tuple(row for row in found.to_pay if row.payable), "?status=issued")
    yield Waiting(_("Disputed"), found.disputed, "?status=disputed")


def _blocked(run: RunView) -> Blocked:
    chinese = (get_language() or "").startswith("zh")
    why = word(BLOCKED, run.error_code) if chinese and run.error_code in BLOCKED else run.error_sentence
    return Blocked(run, run.period_end - timedelta(days=1), why, run.error_code == "missing-price")


def _query(values: Mapping[str, object]) -> str:
    return urlencode({name: value for name, value in values.items() if value})


def _parted(row: StatementRow) -> tuple[str, str]:
    """Part a reference after its contract, where a narrow column may break it."""
    head, found, tail = row.ref.partition(f"{row.contract_ref}-")
    return f"{head}{found}", tail


def _days(first: date, last: date) -> SafeString:
    return _in_two(f"{first.isoformat()} –", f" {last.isoformat()}")


def _in_two(first: str, second: str) -> SafeString:
    """Return a text that may break between its two halves and nowhere else."""
    gap = " " if second.startswith(" ") else ""
    return format_html(
        '<span class="nowrap">{}</span>{}<wbr><span class="nowrap">{}</span>', first, gap, second.strip()
    )


def _row(row: StatementRow, names: Mapping[str, str]) -> Row:
    kind = word(KINDS, row.contract_kind)
    if row.purpose != "regular":
        kind = f"{kind}, {word(PURPOSES, row.purpose)}"
    last_day = row.period_end - timedelta(days=1)
    one_day = row.period_start == last_day
    return Row(
        (
            Cell(_in_two(*_parted(row)), href=reverse("statement", args=[row.ref])),
            Cell(kind),
            Cell(row.period_start.isoformat(), css="nowrap") if one_day else Cell(_days(row.period_start, last_day)),
            Cell(_in_two(f"{names[row.payer]} →", f" {names[row.payee]}")),
            Cell(money(row.amount_due, row.currency)),
            Cell(row.due_date.isoformat(), css="nowrap"),
            Cell(status_html(row.status)),
        )
    )


def _chips(request: HttpRequest) -> list[Chip]:
    chips = []
    for name, words in (("kind", KINDS), ("status", STATES)):
        for value, label in words.items():
            on = request.GET.get(name) == value
            kept = {key: text for key, text in request.GET.items() if key not in {name, "cursor"}}
            chips.append(Chip(label, f"?{_query(kept if on else {**kept, name: value})}", current=on))
    return chips


@require_GET
@as_actor
def table(request: HttpRequest, actor: Actor, form: str) -> HttpResponse:
    """Answer the same list with the same filters as CSV or JSON, all of its pages."""
    rows = [_plain(row) for row in _every(actor, _filters(request))]
    return download("settlements", form, COLUMNS, rows)


def _every(actor: Actor, filters: Filters) -> Iterator[StatementRow]:
    while True:
        page = list_statements(party=actor.reads_as, limit=ALL_ROWS, **filters)
        yield from page.rows
        if page.next_cursor is None:
            return
        filters = {**filters, "cursor": page.next_cursor}


def _plain(row: StatementRow) -> dict[str, CsvCell]:
    return {
        "statement": row.ref, "contract": row.contract_ref, "kind": row.contract_kind, "subject": row.subject,
        "purpose": row.purpose, "period_start": row.period_start, "period_end": row.period_end,
        "revision": row.revision, "currency": row.currency, "total": row.total, "already_issued": row.already_issued,
        "amount_due": row.amount_due, "payer": row.payer, "payee": row.payee, "due_date": row.due_date,
        "status": row.status, "digest_sha256": row.digest, "entry_id": row.entry_id, "issued_at_utc": row.issued_at,
    }  # fmt: skip


urlpatterns = [
    path("settlements/", index, name="settlements"),
    re_path(r"^settlements\.(?P<form>csv|json)$", table, name="settlements-table"),
]
