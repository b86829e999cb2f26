"""The worked example under a draft: what it assumes, the first settlements, and their charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from contracts.core.numbers import parse_decimal
from contracts.core.prices import Anchor, PriceBlock
from contracts.core.schema import check_terms
from contracts.core.statement import Settlement
from contracts.core.terms.material_lease_terms import MaterialLeaseTerms
from contracts.core.terms.offtake_terms import OfftakeTerms
from contracts.core.terms.performance_warranty_terms import Axis, Interpolation, PerformanceWarrantyTerms
from contracts.selectors import Preview, Scenario, kind_of
from lode.market.selectors import prices
from lode.web.charts import Chart, ChartError, Point, Series, Step, line, waterfall
from lode.web.formats import money, number, period
from lode.web.templatetags.ui import data_html
from lode.web.ui import Cell, Column, Row, Table
from lode.web.views.contracts_words import chinese

EXAMPLES = {"performance-warranty": 6}
HUNDRED, MONTHS = Decimal(100), 12


@dataclass(frozen=True)
class Assumption:
    """A figure that the example assumes: the name and id of its input, its label with the unit, its value."""

    name: str
    label: str
    value: str

    @property
    def id(self) -> str:
        """The id of the input."""
        return "a-" + self.name.lstrip("_").replace(".", "-")


@dataclass(frozen=True)
class Assumed:
    """What the example assumes, as inputs and as the scenario that they make."""

    inputs: tuple[Assumption, ...]
    scenario: Scenario

    @property
    def names(self) -> str:
        """The names of the inputs in one text: another text means other inputs."""
        return " ".join(each.name for each in self.inputs)


@dataclass(frozen=True)
class Worked:
    """What is drawn of an example."""

    settlements: Table | None
    chart: Chart | None
    guarantee: Chart | None
    finding: str
    short: bool
    not_computed: str


def wanted(kind: str) -> int:
    """Return how many settlements an example of the kind works out."""
    return EXAMPLES.get(kind, 3)


def assumed(kind: str, terms: Mapping[str, Any], sent: QueryDict | None, now: datetime) -> Assumed:
    """Return the assumptions of a draft: as sent, else the newest published price and plain figures."""
    parsed, _problems = check_terms(kind_of(kind).schema, terms)
    given: dict[str, Decimal] = {}
    inputs: list[Assumption] = []

    def ask(name: str, label: str, usual: Decimal | None) -> Decimal | None:
        text = None if sent is None else sent.get(name)
        value = usual if text is None else parse_decimal(text.strip())
        inputs.append(Assumption(name, label, text if text is not None else "" if usual is None else f"{usual:f}"))
        if value is not None and value >= 0:
            given[name] = value
        return given.get(name)

    if parsed is None:
        return Assumed((), Scenario())
    usual = Scenario()
    if isinstance(parsed, PerformanceWarrantyTerms):
        loss = ask("_loss", _("Loss of health a year, %"), usual.health_loss_pct_per_year)
        return Assumed(tuple(inputs), Scenario(health_loss_pct_per_year=min(loss or Decimal(0), HUNDRED)))
    quoted, fx = _prices(parsed, ask, now)
    if isinstance(parsed, MaterialLeaseTerms):
        mass = ask("_mass", _("Contained mass of each element, kg"), usual.mass_kg)
        return Assumed(tuple(inputs), Scenario(prices=quoted, fx=fx, mass_kg=mass or Decimal(0)))
    wet = ask("_wet", _("Wet weight of the lot, kg"), usual.net_wet_kg)
    moisture = ask("_moisture", _("Moisture, %"), usual.moisture_pct)
    elements = dict.fromkeys(
        [*(row.element.value for row in parsed.elements), *(row.element for row in parsed.penalties)]
    )
    assays = {
        element: ask(f"_assay.{element}", _("%(element)s, %% of dry mass") % {"element": element}, content)
        or Decimal(0)
        for element, content in ((each, usual.assays_pct.get(each, Decimal(0))) for each in elements)
    }
    scenario = Scenario(
        prices=quoted,
        fx=fx,
        net_wet_kg=wet or Decimal(0),
        moisture_pct=min(moisture or Decimal(0), HUNDRED),
        assays_pct=assays,
    )
    return Assumed(tuple(inputs), scenario)


def _prices(
    terms: MaterialLeaseTerms | OfftakeTerms, ask: Any, now: datetime
) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    quoted: dict[str, Decimal] = {}
    fx: dict[str, Decimal] = {}
    blocks = {row.price.series: row.price for row in terms.elements if row.price.anchor is not Anchor.FIXED}
    for series, block in blocks.items():
        currency = block.currency or terms.currency
        label = _("Price of %(series)s, %(unit)s") % {"series": series, "unit": f"{currency}/{block.unit}"}
        price = ask(f"_price.{series}", label, _newest(block, currency, now))
        if price is not None:
            quoted[series] = price
        if currency != terms.currency and block.fx_series:
            label = _("Exchange rate %(pair)s") % {"pair": block.fx_series}
            rate = ask(f"_fx.{block.fx_series}", label, None)
            if rate:
                fx[block.fx_series] = rate
    return quoted, fx


def _newest(block: PriceBlock, currency: str, now: datetime) -> Decimal | None:
    """Return the newest published price of a series, where it is quoted as the terms say."""
    found = prices(series=block.series, known_at=now)
    if found and (found[-1].unit, found[-1].currency) == (block.unit, currency):
        return found[-1].value
    return None


def worked(kind: str, terms: Mapping[str, Any], shown: Preview, scenario: Scenario) -> Worked:
    """Return the tables and charts of a preview."""
    parsed, _problems = check_terms(kind_of(kind).schema, terms)
    guarantee, finding, short = None, "", None
    if isinstance(parsed, PerformanceWarrantyTerms):
        short = _first_short(parsed, scenario.health_loss_pct_per_year)
        finding = _finding(short)
        guarantee = _guarantee(parsed, scenario.health_loss_pct_per_year, short, finding)
    drawn = _most_telling(shown.examples)
    return Worked(
        settlements=_settlements(shown.examples) if shown.examples else None,
        chart=_steps(drawn) if drawn and drawn.lines else None,
        guarantee=guarantee,
        finding=finding if guarantee else "",
        short=short is not None,
        not_computed=shown.not_computed,
    )


def _most_telling(examples: Sequence[Settlement]) -> Settlement | None:
    """Return the first settlement that comes to something, else the first."""
    return next((each for each in examples if each.total), examples[0] if examples else None)


def _title(settlement: Settlement) -> str:
    days = period(settlement.period.start, settlement.period.end - timedelta(days=1))
    stages = {"provisional": _("provisional"), "final": _("final")}
    return " · ".join(filter(None, (days, settlement.subject, stages.get(settlement.stage, settlement.stage))))


def _settlements(examples: Sequence[Settlement]) -> Table:
    rows = []
    for settlement in examples:
        when = Cell(_title(settlement))
        for entry in settlement.lines:
            what = entry.description_zh if chinese() else entry.description_en
            quantity = f"{number(entry.quantity)}\u00a0{entry.quantity_unit}"
            amount = data_html(entry.amount, money(entry.amount, entry.currency, signed=True), "num")
            rows.append(Row((Cell(what), when, Cell(quantity), Cell(amount))))
        total = data_html(settlement.total, money(settlement.total, settlement.currency), "num")
        rows.append(Row((Cell(_("Total of the settlement")), when, Cell(""), Cell(total)), css="total"))
    return Table(
        caption=_("First settlements on these assumptions; nothing is posted"),
        columns=(
            Column(_("Line")), Column(_("Period")), Column(_("Quantity"), numeric=True),
            Column(_("Amount"), numeric=True),
        ),
        rows=rows,
    )  # fmt: skip


def _steps(settlement: Settlement) -> Chart | None:
    labels: dict[str, Decimal] = {}
    for entry in settlement.lines:
        what = entry.description_zh if chinese() else entry.description_en
        label = what.partition(",")[0].partition("，")[0]
        labels[label] = labels.get(label, Decimal(0)) + entry.amount
    steps = [Step(label, amount) for label, amount in labels.items()]
    try:
        return waterfall(
            [*steps, Step(_("Total"), settlement.total, "total")], title=_title(settlement), unit=settlement.currency
        )
    except ChartError:
        return None


def _first_short(terms: PerformanceWarrantyTerms, loss_a_year: Decimal) -> Decimal | None:
    """Return the first month in which the assumed health lies below the guarantee by more than the deadband."""
    if not any(point.axis is Axis.AGE_MONTHS for point in terms.curve):
        return None
    months = (Decimal(month) for month in range(terms.end_age_months + 1))
    return next((month for month in months if _short(terms, loss_a_year, month)), None)


def _finding(short: Decimal | None) -> str:
    if short is None:
        return _("Stays above the guarantee to the end of cover.")
    return _("Falls below the guarantee at month %(month)s.") % {"month": short}


def _guarantee(
    terms: PerformanceWarrantyTerms, loss_a_year: Decimal, short: Decimal | None, finding: str
) -> Chart | None:
    """Draw the guarantee against a health that falls by the same figure every year, to the end of cover."""
    points = [point for point in terms.curve if point.axis is Axis.AGE_MONTHS]
    if not points:
        return None
    end = Decimal(terms.end_age_months)
    limit = [Point(point.at, point.pct) for point in points if point.at < end]
    limit.append(Point(end, guaranteed(terms, end)))
    health = [Point(Decimal(month), _health(loss_a_year, Decimal(month))) for month in range(0, int(end), MONTHS)]
    health.append(Point(end, _health(loss_a_year, end)))
    breach = None if short is None else Point(short, _health(loss_a_year, short))
    series = (
        Series(_("Assumed health"), health, dashed=True),
        Series(_("Guarantee"), limit, limit=True, stepped=terms.interpolation is Interpolation.STEP),
    )
    return line(
        series,
        title=_("State of health against the guarantee"),
        finding=finding,
        unit="%",
        x_label=_("Month"),
        breach=breach,
        show=lambda value: f"{number(value.quantize(Decimal('0.1')).normalize())}%",
    )


def _health(loss_a_year: Decimal, month: Decimal) -> Decimal:
    return max(Decimal(0), HUNDRED - loss_a_year * month / MONTHS)


def _short(terms: PerformanceWarrantyTerms, loss_a_year: Decimal, month: Decimal) -> bool:
    return _health(loss_a_year, month) < guaranteed(terms, month) - terms.deadband_pct


def guaranteed(terms: PerformanceWarrantyTerms, month: Decimal) -> Decimal:
    """Return the guarantee by age at a month, in per cent: held (STEP) or on the line to the next point (LINEAR)."""
    points = [point for point in terms.curve if point.axis is Axis.AGE_MONTHS]
    before = [point for point in points if point.at <= month] or points[:1]
    after = next((point for point in points if point.at > month), None)
    last = before[-1]
    if after is None or terms.interpolation is Interpolation.STEP:
        return last.pct
    return last.pct + (after.pct - last.pct) * (month - last.at) / (after.at - last.at)
