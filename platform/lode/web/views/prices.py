"""Prices: each published series as a curve and a table of every edition, with gaps marked; finance adds fixings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, re_path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lode.exports.core.table import Cell as CsvCell
from lode.market.errors import MarketCode, MarketError
from lode.market.selectors import Fixing, Series, editions, gaps, get_series, list_series
from lode.market.services import PriceRow, record_prices
from lode.market.services.publish_series import MAY_RECORD
from lode.parties.actor import Actor
from lode.parties.selectors import party_names
from lode.web.charts import Chart, ChartError, Point, line
from lode.web.charts import Series as Curve
from lode.web.formats import NumberTextError, number, parse_number
from lode.web.requests import as_actor, error_sentence, now
from lode.web.tables import download
from lode.web.templatetags.ui import data_html, utc
from lode.web.ui import Cell, Column, Row, Table

COLUMNS = (
    "series", "period_start", "period_end_exclusive", "price", "currency", "per_unit", "edition", "superseded",
    "recorded_at_utc", "recorded_by", "evidence", "source",
)  # fmt: skip
MONTH_LENGTH, YEAR_LENGTH = 7, 4


def unit_of(series: Series) -> str:
    """Return `USD/t`."""
    return f"{series.currency}/{series.unit}"


def label_of(day: date, frequency: str) -> str:
    """Return how a period of the series is called: 2025, 2025-09 or 2025-09-05."""
    return day.isoformat()[: {"month": MONTH_LENGTH, "year": YEAR_LENGTH}.get(frequency)]


@require_GET
@as_actor
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the published series with their newest price."""
    del actor
    language = get_language() or "en"
    rows = []
    for series in list_series():
        points = [fixing for fixing in editions(series=series.code) if not fixing.superseded]
        newest = points[-1] if points else None
        missing = _missing(series, points)
        rows.append(
            Row(
                (
                    Cell(series.name(language), href=reverse("prices-series", args=[series.code])),
                    Cell(data_html(newest.value, number(newest.value), "num") if newest else ""),
                    Cell(unit_of(series)),
                    Cell(label_of(newest.effective, series.frequency) if newest else ""),
                    Cell(str(len(points))),
                    Cell(str(len(missing)) if missing else _("none"), css="breach" if missing else "muted"),
                    Cell(_english(f"{series.source} ({series.licence})"), css="muted"),
                )
            )
        )
    table = Table(
        caption=_("Price series"),
        columns=(
            Column(_("Series")), Column(_("Newest price"), numeric=True), Column(_("Unit")), Column(_("Of")),
            Column(_("Fixings"), numeric=True), Column(_("Gaps"), numeric=True), Column(_("Source")),
        ),
        rows=rows,
        empty=_("No price series is published yet. Finance publishes one, and contracts name it in their terms."),
    )  # fmt: skip
    return render(request, "web/prices/index.html", {"table": table})


def _english(text: str) -> SafeString:
    """Mark the name of a publication as English, whatever the page's language is."""
    return format_html('<span lang="en">{}</span>', text)


def _missing(series: Series, points: Sequence[Fixing]) -> tuple[date, ...]:
    if not points:
        return ()
    return gaps(series=series.code, start=points[0].effective, end=points[-1].until, known_at=now())


@require_http_methods(["GET", "POST"])
@as_actor
def detail(request: HttpRequest, actor: Actor, code: str) -> HttpResponseBase:
    """Show one series: its curve and every edition of every fixing. A POST by finance adds a fixing or corrects one."""
    series = get_series(code)
    refusal = ""
    if request.method == "POST":
        try:
            return _add(request, actor, series)
        except NumberTextError as error:
            refusal = str(error)
        except MarketError as error:
            if error.code == MarketCode.NOT_ALLOWED:
                raise
            refusal = error_sentence(error)
    found = editions(series=code)
    points = [fixing for fixing in found if not fixing.superseded]
    missing = _missing(series, points)
    context = {
        "series": series,
        "name": series.name(get_language() or "en"),
        "unit": unit_of(series),
        "chart": _curve(series, points),
        "table": _table(series, found, missing),
        "missing": [label_of(day, series.frequency) for day in missing],
        "may_add": actor.role in MAY_RECORD and not actor.sees_all,
        "given": request.POST,
        "refusal": refusal,
        "page_errors": bool(refusal),
        "example": label_of(points[-1].until if points else now().date(), series.frequency),
    }
    return render(request, "web/prices/detail.html", context, status=422 if refusal else 200)


def _add(request: HttpRequest, actor: Actor, series: Series) -> HttpResponseBase:
    day = _period(request.POST.get("period", ""))
    value = parse_number(request.POST.get("price", ""))
    evidence = request.POST.get("evidence", "").strip()[:200]
    done = record_prices(series=series.code, rows=[PriceRow(day, Decimal(value), evidence)], actor=actor, now=now())
    if done.corrected:
        messages.success(request, _("The correction stands as the next edition; the earlier one stays in the table."))
    elif done.added:
        messages.success(request, _("The fixing is kept. Settlements that waited for it run again."))
    else:
        messages.info(request, _("The same price stands already: nothing was added."))
    return redirect("prices-series", code=series.code)


def _period(text: str) -> date:
    padded = {YEAR_LENGTH: f"{text}-01-01", MONTH_LENGTH: f"{text}-01"}.get(len(text.strip()), text.strip())
    try:
        return date.fromisoformat(padded)
    except ValueError as error:
        raise MarketError(
            MarketCode.BAD_PERIOD, _("“%(text)s” is no period: write a month as 2025-03.") % {"text": text}
        ) from error


def _curve(series: Series, points: Sequence[Fixing]) -> Chart | None:
    if not points:
        return None
    name = series.name(get_language() or "en")
    newest = points[-1]
    low, high = (choose(points, key=lambda fixing: fixing.value) for choose in (min, max))
    try:
        return line(
            [Curve(name, [Point(fixing.effective, fixing.value) for fixing in points], stepped=True)],
            title=name,
            finding=_("%(name)s: %(value)s %(unit)s for %(period)s, between %(low)s and %(high)s so far")
            % {
                "name": name,
                "value": number(newest.value),
                "unit": unit_of(series),
                "period": label_of(newest.effective, series.frequency),
                "low": number(low.value),
                "high": number(high.value),
            },
            unit=unit_of(series),
            x_label=_("Period"),
        )
    except ChartError:
        return None


def _table(series: Series, found: Sequence[Fixing], missing: Sequence[date]) -> Table:
    names = party_names({fixing.recorded_by for fixing in found}, get_language() or "en")
    rows = [(fixing.effective, fixing.edition, _row(series, fixing, names)) for fixing in found]
    for day in missing:
        label = label_of(day, series.frequency)
        cells = (Cell(label), Cell(_("no fixing"), css="breach"), *(Cell() for _blank in range(4)))
        rows.append((day, 0, Row(cells, anchor=f"p-{label}")))
    return Table(
        caption=_("Fixings, the newest first; corrections append"),
        columns=(
            Column(_("Period")), Column(f"{_('Price')}, {unit_of(series)}", numeric=True),
            Column(_("Edition"), numeric=True), Column(_("Learned at")), Column(_("Entered by")), Column(_("Evidence")),
        ),
        rows=[row for _day, _edition, row in sorted(rows, key=lambda item: item[:2], reverse=True)],
        csv_href=f"/prices/{series.code}.csv",
        json_href=f"/prices/{series.code}.json",
        empty=_("No price is known yet."),
        tall=True,
    )  # fmt: skip


def _row(series: Series, fixing: Fixing, names: Mapping[str, str]) -> Row:
    label = label_of(fixing.effective, series.frequency)
    edition = _("%(number)s, superseded") % {"number": fixing.edition} if fixing.superseded else str(fixing.edition)
    return Row(
        (
            Cell(label, css="nowrap"),
            Cell(data_html(fixing.value, number(fixing.value), "num"), css="muted" if fixing.superseded else ""),
            Cell(edition, css="muted" if fixing.superseded else ""),
            Cell(utc(fixing.recorded_at)),
            Cell(names[fixing.recorded_by]),
            Cell(_english(fixing.evidence or fixing.source), css="muted"),
        ),
        anchor="" if fixing.superseded else f"p-{label}",
    )


@require_GET
@as_actor
def table(request: HttpRequest, actor: Actor, code: str, form: str) -> HttpResponse:
    """Answer every edition of a series as CSV or JSON."""
    del request, actor
    series = get_series(code)
    rows = [_plain(series, fixing) for fixing in editions(series=code)]
    return download(f"prices-{code}", form, COLUMNS, rows)


def _plain(series: Series, fixing: Fixing) -> dict[str, CsvCell]:
    return {
        "series": series.code, "period_start": fixing.effective, "period_end_exclusive": fixing.until,
        "price": fixing.value, "currency": fixing.currency, "per_unit": fixing.unit, "edition": fixing.edition,
        "superseded": "yes" if fixing.superseded else "no", "recorded_at_utc": fixing.recorded_at,
        "recorded_by": fixing.recorded_by, "evidence": fixing.evidence, "source": fixing.source,
    }  # fmt: skip


_CODE = r"(?P<code>[a-z0-9][a-z0-9.-]*)"
urlpatterns = [
    path("prices/", index, name="prices"),
    re_path(rf"^prices/{_CODE}\.(?P<form>csv|json)$", table, name="prices-table"),
    re_path(rf"^prices/{_CODE}/$", detail, name="prices-series"),
]
