"""One contract: what was agreed, by whom, what falls due, and what may be done about it now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, re_path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contracts import services
from contracts.core.errors import TermsError
from contracts.core.schema import Field, FieldType
from contracts.errors import ContractCode, ContractError
from contracts.selectors import ChangedClause, ContractDetail, TurnView, changed_clauses, kind_of
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.web.formats import iso_date, utc_stamp
from lode.web.requests import as_actor, now
from lode.web.ui import Cell, Clause, Column, Event, Row, Table
from lode.web.views.contracts_access import detail_for, may, reads_only, shown_clauses
from lode.web.views.contracts_words import (
    chinese,
    day_given,
    group_word,
    kind_word,
    label_of,
    listed,
    move_word,
    named,
    refusal,
    role_word,
    value_words,
)

SAID_HERE = frozenset(
    {
        ContractCode.REASON_MISSING,
        ContractCode.BAD_DATE,
        ContractCode.WRONG_STATE,
        ContractCode.NOT_YOUR_TURN,
        ContractCode.UNKNOWN_VERSION,
        ContractCode.NOTHING_CHANGED,
    }
)


@require_GET
@as_actor
def detail(request: HttpRequest, actor: Actor, ref: str) -> HttpResponse:
    """Show one contract with everything that was agreed and done."""
    found = detail_for(actor, ref)
    row = found.row
    names = party_names({*row.parties, row.author}, get_language() or "en")
    latest = found.versions[-1] if found.versions else None
    context = {
        "contract": row,
        "detail": found,
        "kind": kind_word(row.kind),
        "names": names,
        "parties": [named(role_word(row.kind, role), names[party]) for role, party in found.roles.items()],
        "turns": [_turn(turn, names) for turn in reversed(found.turns)],
        "waits": listed(_("you") if party == actor.organisation else names[party] for party in row.turns),
        "obligations": [_obligation(found, number) for number in range(len(found.obligations))],
        "versions": [
            {"version": version, "by": names.get(version.proposed_by, version.proposed_by),
             "signatures": [(names[line.party], line) for line in version.signatures]}
            for version in reversed(found.versions)
        ],
        "groups": list(_terms(found)),
        "clauses": shown_clauses(found.clauses),
        "changes": _changes(request, actor, found),
        "latest": latest,
        "moves": {move for move in found.moves if may(actor, found, move)},
        "why_not": reads_only(actor),
        "today": now().date(),
        "tomorrow": now().date() + timedelta(days=1),
    }  # fmt: skip
    return render(request, "web/contracts/detail.html", context)


def _turn(turn: TurnView, names: Mapping[str, str]) -> Event:
    who = names.get(turn.party, turn.party)
    version = f" {_('version')} {turn.version_number}" if turn.version_number else ""
    on = f" ({turn.effective_on.isoformat()})" if turn.effective_on else ""
    return Event(
        when=turn.recorded_at.date().isoformat(),
        label=f"{who}{'：' if chinese() else ' '}{move_word(turn.move)}{version}{on}",
        stamp=utc_stamp(turn.recorded_at),
        note=turn.reason,
        state="late" if turn.move in {"decline", "terminate"} else "done",
    )


def _obligation(found: ContractDetail, number: int) -> Event:
    due = found.obligations[number]
    return Event(
        when=iso_date(due.due_date),
        label=due.what_zh if chinese() else due.what_en,
        stamp=iso_date(due.due_date),
        state="now" if number == 0 else "next",
    )


def _terms(found: ContractDetail) -> Iterator[dict[str, Any]]:
    """Give the terms in groups: scalars as facts, tables and blocks as tables."""
    schema = kind_of(found.row.kind).schema
    currency = str(found.terms.get("currency") or "USD")
    groups: dict[str, list[Field]] = {}
    for term in schema.fields:
        groups.setdefault(term.group, []).append(term)
    for key in sorted(groups, key=lambda key: (key in {"payment", "law"}, key == "law")):
        facts = [
            (label_of(term), words)
            for term in groups[key]
            if (words := value_words(term, found.terms.get(term.name), found.terms, currency))
        ]
        tables = [
            table
            for term in groups[key]
            if (table := _inner_table(term, found.terms.get(term.name), currency)) is not None
        ]
        if facts or tables:
            yield {"key": key, "label": group_word(key), "facts": facts, "tables": tables}


def _inner_table(term: Field, value: Any, currency: str) -> Table | None:
    """Return a table term with a row each, or a block as one row; a column that nobody has filled is left out."""
    rows = value if isinstance(value, list) else [value] if isinstance(value, Mapping) else []
    if term.rows is None or not rows:
        return None
    columns: list[Column] = []
    cells: list[list[Cell]] = [[] for _row in rows]
    for label, written in _columns(term, rows, currency):
        columns.append(Column(label))
        for line, text in zip(cells, written, strict=True):
            line.append(Cell(text))
    return Table(caption=label_of(term), columns=columns, rows=[Row(line) for line in cells]) if columns else None


def _columns(term: Field, rows: list[Any], currency: str, before: str = "") -> Iterator[tuple[str, list[str]]]:
    assert term.rows is not None
    for inner in term.rows.fields:
        values = [row.get(inner.name) for row in rows]
        if inner.type is FieldType.BLOCK:
            yield from _columns(inner, [value or {} for value in values], currency, f"{label_of(inner)} › ")
            continue
        usual = {None, "", inner.default, False if inner.default == "no" else True if inner.default == "yes" else None}
        if inner.type is FieldType.TABLE or all(isinstance(v, str | bool | None) and v in usual for v in values):
            continue
        written = [value_words(inner, value, row, currency) for value, row in zip(values, rows, strict=True)]
        yield f"{before}{label_of(inner)}", written


def _changes(request: HttpRequest, actor: Actor, found: ContractDetail) -> dict[str, Any] | None:
    """Return what changed between two versions, the last two where the address names none."""
    numbers = [version.number for version in found.versions]
    if len(numbers) < 2:  # noqa: PLR2004 - one version has nothing to be compared with
        return None
    a, b = (_known(request.GET.get(name, ""), numbers) for name in ("a", "b"))
    b = b or numbers[-1]
    a = a or max((number for number in numbers if number < b), default=numbers[0])
    changed = changed_clauses(ref=found.row.ref, party=actor.reads_as, a=a, b=b)
    return {"a": a, "b": b, "numbers": numbers, "clauses": [_changed(each) for each in changed]}


def _known(text: str, numbers: list[int]) -> int | None:
    return next((number for number in numbers if str(number) == text), None)


def _changed(change: ChangedClause) -> Clause:
    shown = change.after or change.before
    assert shown is not None  # a clause stands in one of the two at least
    gone = change.after is None
    return Clause(
        number=shown.number,
        title_en=shown.title_en,
        title_zh=shown.title_zh,
        text_en="" if gone else shown.body_en,
        text_zh="" if gone else shown.body_zh,
        before_en=change.before.body_en if change.before else "",
        before_zh=change.before.body_zh if change.before else "",
    )


@require_POST
@as_actor
def act(request: HttpRequest, actor: Actor, ref: str, verb: str) -> HttpResponseBase:
    """Agree, decline, amend or end, and go back to the contract; a refusal is said there."""
    try:
        return redirect(_do(request, actor, ref, verb))
    except TermsError as error:
        messages.error(request, refusal(error))
    except ContractError as error:
        if error.code not in SAID_HERE:
            raise
        messages.error(request, refusal(error))
    return redirect("contract", ref=ref)


def _do(request: HttpRequest, actor: Actor, ref: str, verb: str) -> str:
    given = request.POST
    here = reverse("contract", args=[ref])
    if verb == "agree":
        number = given.get("number", "")
        services.agree(actor=actor, ref=ref, number=int(number) if number.isdigit() else 0, now=now())
        messages.success(request, _("Agreed. Both parties may now sign it, and nobody may change it."))
        return reverse("contract-sign", args=[ref])
    if verb == "decline":
        services.decline(actor=actor, ref=ref, reason=given.get("reason", ""), now=now())
        messages.success(request, _("Declined. The counterparty reads your reason."))
        return here
    day = day_given(given.get("day", ""))
    if day is None:
        messages.error(request, _("Give a day as 2025-01-31. Nothing was changed."))
        detail_for(actor, ref)
        return here
    if verb == "amend":
        services.amend(actor=actor, ref=ref, changes={}, effective_from=day, now=now())
        messages.success(request, _("The amendment is open as a draft; the contract stays in force."))
        return reverse("contract-draft", args=[ref])
    services.end_contract(actor=actor, ref=ref, on=day, now=now(), reason=given.get("reason", ""))
    messages.success(request, _("The contract no longer runs from that day on. What is due until then is settled."))
    return here


urlpatterns = [
    path("contracts/<str:ref>/", detail, name="contract"),
    re_path(r"^contracts/(?P<ref>[^/]+)/(?P<verb>agree|decline|amend|end)/$", act, name="contract-act"),
]
