"""Material flows: the lease loop of one element over a period, drawn so that each stage closes to the milligram."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, re_path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ledger.core.entry import Account
from ledger.selectors.balances import balances
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.movements import movements, pair
from lode.exports.core.table import Cell as CsvCell
from lode.parties.actor import Actor
from lode.parties.selectors import list_parties, party_names
from lode.web.charts import Band, ChartError, Loop, Node, sankey
from lode.web.charts.base import Chart
from lode.web.flow_stages import COLUMN, Link, LoopSums, Move, Stage, StageSum, loop_sums, recovered_lots
from lode.web.ledger_words import kind_word
from lode.web.requests import as_actor, size_of
from lode.web.tables import download
from lode.web.templatetags.ui import mass as mass_html
from lode.web.ui import Cell, Choice, Column, Row, Table

UNITS = ("t", "kg")
NAMED_ENTRIES = 100  # an address stays below what servers take
COLUMNS = ("element", "from_stage", "to_stage", "mass_mg", "kinds", "entries", "period_start", "period_end")
STAGE_STATE = {
    Stage.SUPPLY: "source", Stage.FEED: "source", Stage.LOSS: "loss", Stage.UNEXPLAINED: "unaccounted",
    Stage.EXPORTED: "exported",
}  # fmt: skip
TONES = {
    Stage.SUPPLY: "neutral", Stage.FEED: "neutral", Stage.RECOVERED: "recovered", Stage.SCRAP: "scrap",
    Stage.LOSS: "out", Stage.UNEXPLAINED: "bad", Stage.OUTSIDE_IN: "neutral", Stage.OUTSIDE_OUT: "neutral",
    Stage.EXPORTED: "neutral",
}  # fmt: skip
ELEMENT_TONES = frozenset({"li", "ni", "co", "cu", "mn"})


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    element: str
    start: dt.date | None
    end: dt.date | None
    owner: str | None
    known_at: int
    unit: str

    def query(self, **changes: str | None) -> str:
        """Return the same question as a query string, with changes."""
        parts: dict[str, str | None] = {
            "element": self.element, "from": _iso(self.start),
            "to": _iso(self.end), "owner": self.owner, "known_at": str(self.known_at),
            "unit": self.unit,
        }  # fmt: skip
        parts.update(changes)
        return urlencode({name: value for name, value in parts.items() if value})


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _asked(request: HttpRequest, elements: list[str]) -> Asked:
    element = request.GET.get("element", "")
    owner = "".join(filter(str.isprintable, request.GET.get("owner", "")))
    size, known_at = ledger_size(), size_of(request)
    unit = request.GET.get("unit", "t")
    return Asked(
        element if element in elements else (elements[-1] if elements else ""),
        _day(request.GET.get("from", "")),
        _day(request.GET.get("to", "")),
        owner or None,
        size if known_at is None else min(known_at, size),
        unit if unit in UNITS else "t",
    )


def _elements(actor: Actor) -> list[str]:
    return sorted({row.element for row in balances(party=actor.reads_as, group_by=("state",))})


def _loop(actor: Actor, asked: Asked) -> LoopSums:
    found = movements(party=actor.reads_as, element=asked.element, as_of=asked.end, known_at=asked.known_at)
    moves = [
        (movement.occurred, Move(movement.index, movement.kind, source, target, mass_mg))
        for movement in found
        for source, target, mass_mg in pair(movement.legs)
    ]
    inside = [move for occurred, move in moves if asked.start is None or occurred >= asked.start]
    return loop_sums(
        inside,
        opening=_balances(actor, asked, asked.start - dt.timedelta(days=1)) if asked.start else {},
        closing=_balances(actor, asked, asked.end),
        kinds={party.identifier: party.kind for party in list_parties()},
        recovered=recovered_lots(move for _occurred, move in moves),
        owner=asked.owner,
        reads_as=actor.reads_as,
    )


def _balances(actor: Actor, asked: Asked, as_of: dt.date | None) -> dict[Account, int]:
    rows = balances(party=actor.reads_as, element=asked.element, as_of=as_of, known_at=asked.known_at)
    return {
        Account(str(row.owner), str(row.holder), row.element, str(row.state), str(row.lot)): row.mass_mg for row in rows
    }


def stage_word(stage: Stage) -> str:
    """Return the name of a stage."""
    words = {
        Stage.OUTSIDE_IN: _("From other owners"),
        Stage.SUPPLY: _("Refined supply"),
        Stage.FEED: _("Recyclers' own feed"),
        Stage.POOL: _("Lessors' stock"),
        Stage.MAKERS: _("Cell makers"),
        Stage.FLEET: _("Fleet, in use"),
        Stage.SCRAP: _("Collected scrap"),
        Stage.PROCESS: _("Recyclers' process"),
        Stage.RECOVERED: _("Recovered"),
        Stage.UNEXPLAINED: _("Unexplained (booked)"),
        Stage.LOSS: _("Loss"),
        Stage.EXPORTED: _("Exported"),
        Stage.OUTSIDE_OUT: _("To other owners"),
    }
    return words[stage]


@require_GET
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Draw the loop of one element, and say whether it closes."""
    elements = _elements(actor)
    asked = _asked(request, elements)
    sums = _loop(actor, asked)
    language = get_language() or "en"
    owners = sorted({str(row.owner) for row in balances(party=actor.reads_as, group_by=("owner", "state"))})
    names = party_names([*owners, *([asked.owner] if asked.owner else [])], language)
    context = {
        "asked": asked,
        "choices": [
            Choice(element, f"?{asked.query(element=element)}", current=element == asked.element)
            for element in elements
        ],
        "units": [Choice(unit, f"?{asked.query(unit=unit)}", current=unit == asked.unit) for unit in UNITS],
        "owners": [(owner, names[owner]) for owner in owners],
        "owner_name": names.get(asked.owner or "", ""),
        "chart": _chart(sums, asked),
        "off_mg": sums.off_mg,
        "worst": max(sums.stages, key=lambda stage: abs(stage.difference_mg), default=None),
        "worst_word": stage_word(max(sums.stages, key=lambda s: abs(s.difference_mg)).stage) if sums.stages else "",
        "stages": _stages(sums, asked),
        "links": _links(sums, asked),
        "partly": actor.reads_as is not None,
    }  # fmt: skip
    return render(request, "web/flows/index.html", context)


def _chart(sums: LoopSums, asked: Asked) -> Chart | None:
    element_tone = asked.element.lower() if asked.element.lower() in ELEMENT_TONES else "graphite"
    # Stages that nothing passed leave no gap.
    columns = sorted({COLUMN[stage.stage] for stage in sums.stages})
    nodes = [
        Node(
            stage.stage, stage_word(stage.stage), columns.index(COLUMN[stage.stage]),
            TONES.get(stage.stage, element_tone), opening_mg=stage.opening_mg, kept_mg=stage.closing_mg,
            href=_stage_href(stage, asked),
        )
        for stage in sums.stages
    ]  # fmt: skip
    bands = [
        Band(link.source, link.target, link.mass_mg, _tone(link, element_tone), _link_href(link, asked))
        for link in sums.links
        if not link.backwards
    ]
    loops = [
        Loop(link.source, link.target, link.mass_mg, _link_href(link, asked)) for link in sums.links if link.backwards
    ]
    title = _("Lease loop, %(element)s") % {"element": asked.element}
    try:
        return sankey(
            nodes, bands, loops=loops, title=title, basis=asked.element, unit=asked.unit, draw_unexplained=True
        )
    except ChartError:
        return None


def _tone(link: Link, element_tone: str) -> str:
    if link.target in (Stage.LOSS, Stage.UNEXPLAINED, Stage.RECOVERED, Stage.SCRAP):
        return TONES[link.target]
    return "neutral" if link.source is Stage.OUTSIDE_IN else element_tone


def _stage_href(stage: StageSum, asked: Asked) -> str:
    parts: dict[str, str | None] = {"element": asked.element, "owner": asked.owner, "unit": "kg"}
    if state := STAGE_STATE.get(stage.stage):
        parts["state"] = state
    elif stage.stage in (Stage.OUTSIDE_IN, Stage.OUTSIDE_OUT):
        parts["owner"] = None
    elif len(stage.holders) == 1:
        parts["holder"] = stage.holders[0]
    if asked.end:
        parts["as_of"] = asked.end.isoformat()
    parts["known_at"] = str(asked.known_at)
    return "/accounts/?" + urlencode({name: value for name, value in parts.items() if value})


def _link_href(link: Link, asked: Asked) -> str:
    parts: dict[str, str | None] = {"element": asked.element}
    if len(link.entries) <= NAMED_ENTRIES:
        parts["entries"] = ",".join(map(str, link.entries))
    else:
        kind = link.kinds[0] if len(link.kinds) == 1 else None
        parts.update({"from": _iso(asked.start), "to": _iso(asked.end), "kind": kind})
    return "/ledger/?" + urlencode({name: value for name, value in parts.items() if value})


def _stages(sums: LoopSums, asked: Asked) -> Table:
    def figure(mass_mg: int, *, signed: bool = False) -> str:
        return mass_html(mass_mg, unit=asked.unit, bare=True, signed=signed)

    unit = f"{asked.unit} {asked.element}"
    return Table(
        caption=_("Each stage: opening + in − out = closing; in %(unit)s") % {"unit": unit},
        columns=(
            Column(_("Stage")), Column(_("Opening"), numeric=True), Column(_("In"), numeric=True),
            Column(_("Out"), numeric=True), Column(_("Closing"), numeric=True), Column(_("Off by"), numeric=True),
        ),
        rows=[
            Row(
                (
                    Cell(stage_word(stage.stage), href=_stage_href(stage, asked)),
                    Cell(figure(stage.opening_mg)), Cell(figure(stage.in_mg)), Cell(figure(stage.out_mg)),
                    Cell(figure(stage.closing_mg)),
                    Cell(figure(stage.difference_mg, signed=True), css="breach" if stage.difference_mg else ""),
                ),
                anchor=f"stage-{stage.stage}",
            )
            for stage in sums.stages
        ],
        empty=_("Nothing moved in this period."),
    )  # fmt: skip


def _links(sums: LoopSums, asked: Asked) -> Table:
    return Table(
        caption=_("What went from stage to stage"),
        columns=(
            Column(_("From")), Column(_("To")), Column(_("Kinds of entry")), Column(_("Entries")),
            Column(_("Mass, %(unit)s") % {"unit": f"{asked.unit} {asked.element}"}, numeric=True),
        ),
        rows=[
            Row(
                (
                    Cell(stage_word(link.source)),
                    Cell(stage_word(link.target) + (f" ({_('back in the loop')})" if link.backwards else "")),
                    Cell(", ".join(kind_word(kind) for kind in link.kinds)),
                    Cell(str(len(link.entries)), href=_link_href(link, asked)),
                    Cell(mass_html(link.mass_mg, unit=asked.unit, bare=True)),
                )
            )
            for link in sums.links
        ],
        csv_href=f"/flows.csv?{asked.query()}",
        json_href=f"/flows.json?{asked.query()}",
        empty=_("Nothing moved in this period."),
    )  # fmt: skip


@require_GET
@as_actor
def table(request: HttpRequest, actor: Actor, form: str) -> HttpResponse:
    """Answer what went from stage to stage as CSV or JSON."""
    asked = _asked(request, _elements(actor))
    rows: list[Mapping[str, CsvCell]] = [
        {
            "element": asked.element, "from_stage": str(link.source), "to_stage": str(link.target),
            "mass_mg": link.mass_mg, "kinds": " ".join(link.kinds), "entries": " ".join(map(str, link.entries)),
            "period_start": asked.start, "period_end": asked.end,
        }
        for link in _loop(actor, asked).links
    ]  # fmt: skip
    return download("flows", form, COLUMNS, rows)


urlpatterns = [
    path("flows/", index, name="flows"),
    re_path(r"^flows\.(?P<form>csv|json)$", table, name="flows-table"),
]
