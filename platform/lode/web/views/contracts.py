"""Contracts: the list, its tables, and how one is started. The pages of one contract stand in modules beside this."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, re_path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from contracts import services
from contracts.core.lifecycle import State
from contracts.core.terms import KINDS
from contracts.selectors import ContractRow, contract_detail, kind_of, kinds, list_contracts
from lode.exports.core.table import Cell as CsvCell
from lode.parties.actor import Actor
from lode.parties.selectors import list_parties, party_names
from lode.web import error_pages
from lode.web.requests import as_actor, now
from lode.web.statuses import STATUSES
from lode.web.tables import download
from lode.web.templatetags.ui import icon_html
from lode.web.templatetags.ui import status as status_html
from lode.web.ui import Cell, Chip, Column, FieldError, Row, Table
from lode.web.views import contracts_draft, contracts_page, contracts_sign
from lode.web.views.contracts_access import reads_only
from lode.web.views.contracts_words import KIND_ICONS, kind_purpose, kind_word, role_word

PAGE, ALL_ROWS = 25, 200
STATES = tuple(state.value for state in State)
COLUMNS = (
    "contract", "kind", "party_a", "role_a", "party_b", "role_b", "author", "state", "amendment", "waits_for",
    "next_date", "prevailing_language", "created_at_utc", "changed_at_utc",
)  # fmt: skip


def _filters(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    given = request.GET
    return {
        "kind": given.get("kind") or None,
        "state": given.get("state") or None,
        "turn": actor.organisation if given.get("turn") == "mine" and actor.organisation else None,
        "counterparty": given.get("counterparty") or None,
        "search": given.get("q", "").strip(),
        "cursor": given.get("cursor") or None,
    }


@require_GET
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List contracts, the latest change first."""
    page = list_contracts(party=actor.reads_as, **_filters(request, actor), limit=PAGE)
    names = party_names({name for row in page.rows for name in row.parties}, get_language() or "en")
    asked = {name: text for name, text in request.GET.items() if text and name != "cursor"}
    query = urlencode(asked)
    table = Table(
        caption=_("Contracts, the latest change first"),
        columns=(
            Column(_("Contract")), Column(_("Kind")), Column(_("Parties") if actor.sees_all else _("Counterparty")),
            Column(_("State")), Column(_("Whose turn")), Column(_("Next date")),
        ),
        rows=[_row(row, names, actor) for row in page.rows],
        chips=_chips(request, actor),
        csv_href=f"/contracts.csv?{query}",
        json_href=f"/contracts.json?{query}",
        empty=_("No contract of yours fits these filters."),
        next_href=f"?{urlencode({**asked, 'cursor': page.next_cursor})}" if page.next_cursor else "",
    )  # fmt: skip
    nothing = not page.rows and not asked and not request.GET.get("cursor")
    starts = [{"kind": kind.code, "name": kind_word(kind.code), "icon": KIND_ICONS[kind.code],
               "purpose": kind_purpose(kind.code)} for kind in kinds()]  # fmt: skip
    context = {
        "table": table, "nothing": nothing, "starts": starts, "q": request.GET.get("q", ""),
        "kept": {name: text for name, text in asked.items() if name != "q"}, "why_not": reads_only(actor),
    }  # fmt: skip
    return render(request, "web/contracts/index.html", context)


def kind_html(kind: str) -> SafeString:
    """Return the icon and the word of a kind."""
    return format_html('<span class="nowrap">{} {}</span>', icon_html(KIND_ICONS[kind]), kind_word(kind))


def _row(row: ContractRow, names: Mapping[str, str], actor: Actor) -> Row:
    others = row.parties if actor.organisation not in row.parties else (row.counterparty_of(actor.organisation),)
    state = status_html(row.state)
    if row.amendment:
        stage = status_html(row.amendment, _("amendment: %(state)s") % {"state": STATUSES[row.amendment].label})
        state = format_html("{} {}", state, stage)
    turns = [_("Yours") if party == actor.organisation else names[party] for party in row.turns]
    return Row(
        (
            Cell(row.ref, href=reverse("contract", args=[row.ref]), css="nowrap"),
            Cell(kind_html(row.kind)),
            Cell(" – ".join(names[party] for party in others)),
            Cell(state),
            Cell(", ".join(turns)),
            Cell(_next_date(row, actor), css="nowrap"),
        )
    )


def _next_date(row: ContractRow, actor: Actor) -> str:
    """Return the next day on which something falls due; only a contract in force has one."""
    if row.state != State.ACTIVE:
        return ""
    detail = contract_detail(ref=row.ref, party=actor.reads_as, as_of=now().date())
    return detail.obligations[0].due_date.isoformat() if detail.obligations else ""


def _chips(request: HttpRequest, actor: Actor) -> list[Chip]:
    wanted: list[tuple[str, str, str]] = [] if actor.sees_all else [("turn", "mine", _("My turn"))]
    wanted += [("kind", kind.code, kind_word(kind.code)) for kind in kinds()]
    wanted += [("state", state, str(STATUSES[state].label)) for state in STATES]
    chips = []
    for name, value, label in wanted:
        on = request.GET.get(name) == value
        kept = {key: text for key, text in request.GET.items() if text and key not in {name, "cursor"}}
        chips.append(Chip(label, f"?{urlencode(kept if on else {**kept, name: value})}", current=on))
    return chips


@require_GET
@as_actor
def table(request: HttpRequest, actor: Actor, form: str) -> HttpResponse:
    """Answer the same list with the same filters as CSV or JSON, all of its pages."""
    return download("contracts", form, COLUMNS, [_plain(row, actor) for row in _every(request, actor)])


def _every(request: HttpRequest, actor: Actor) -> Iterator[ContractRow]:
    filters = {**_filters(request, actor), "cursor": None}
    while True:
        page = list_contracts(party=actor.reads_as, **filters, limit=ALL_ROWS)
        yield from page.rows
        filters["cursor"] = page.next_cursor
        if page.next_cursor is None:
            return


def _plain(row: ContractRow, actor: Actor) -> dict[str, CsvCell]:
    first, second = kind_of(row.kind).party_roles
    return {
        "contract": row.ref, "kind": row.kind, "party_a": row.party_a, "role_a": first, "party_b": row.party_b,
        "role_b": second, "author": row.author, "state": row.state, "amendment": row.amendment,
        "waits_for": " ".join(row.turns), "next_date": _next_date(row, actor),
        "prevailing_language": row.prevailing_language, "created_at_utc": row.created_at,
        "changed_at_utc": row.changed_at,
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@as_actor
def new(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Start a contract: its kind, the counterparty, our role, and the terms that it starts from."""
    if reason := reads_only(actor):
        return error_pages.permission_denied(request, reason=reason, roles=_("Commercial, Partner"))
    if request.method != "POST":
        return _new_page(request, actor, request.GET, ())
    given = request.POST
    errors = list(_missing(given, actor))
    if errors:
        return _new_page(request, actor, given, errors)
    kind, other = given["kind"], given["counterparty"]
    ref = services.create_draft(
        actor=actor,
        kind=kind,
        counterparty=other,
        terms=_last_terms(actor, kind, other) if given.get("start") != "demo" else None,
        role=KINDS[kind].party_roles[1 if given.get("side") == "second" else 0],
        now=now(),
        idempotency_key=f"web:{given.get('key') or secrets.token_hex(8)}",
    )
    return redirect("contract-draft", ref=ref)


def _missing(given: QueryDict, actor: Actor) -> Iterator[FieldError]:
    if given.get("kind") not in KINDS:
        yield FieldError(_("Choose the kind of contract."), _("Kind"), "kind")
    known = {party.identifier for party in list_parties()} - {actor.organisation}
    if given.get("counterparty") not in known:
        yield FieldError(_("Choose the counterparty."), _("Counterparty"), "counterparty")


def _last_terms(actor: Actor, kind: str, other: str) -> Mapping[str, Any] | None:
    """Return the terms of the newest contract of this kind with that party, None where there is none."""
    rows = list_contracts(party=actor.organisation, kind=kind, counterparty=other, limit=1).rows
    if not rows:
        return None
    return contract_detail(ref=rows[0].ref, party=actor.organisation, as_of=now().date()).terms


def _new_page(request: HttpRequest, actor: Actor, given: QueryDict, errors: Any) -> HttpResponse:
    parties = [
        (party.identifier, party.name(get_language() or "en"))
        for party in list_parties()
        if party.identifier != actor.organisation and party.kind != "auditor"
    ]
    roles = [(kind_word(kind.code), *(role_word(kind.code, role) for role in kind.party_roles)) for kind in kinds()]
    context = {
        "kinds": [(kind.code, kind_word(kind.code), kind_purpose(kind.code)) for kind in kinds()],
        "parties": parties,
        "firsts": " / ".join(first for _kind, first, _second in roles),
        "seconds": " / ".join(second for _kind, _first, second in roles),
        "given": given,
        "kind": given.get("kind", ""),
        "key": given.get("key") or secrets.token_hex(8),
        "errors": errors,
        "page_errors": bool(errors),
    }
    return render(request, "web/contracts/new.html", context, status=422 if errors else 200)


urlpatterns = [
    path("contracts/", index, name="contracts"),
    re_path(r"^contracts\.(?P<form>csv|json)$", table, name="contracts-table"),
    path("contracts/new/", new, name="contract-new"),
    *contracts_draft.urlpatterns,
    *contracts_sign.urlpatterns,
    *contracts_page.urlpatterns,
]
