"""The working of a statement's lines, in the reader's words: every step with its inputs, and where each comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from contracts.core.facts import Fact
from contracts.core.trace import Input, Node
from lode.settlement.selectors import LineView, StatementDetail
from lode.web.charts import Chart, ChartError, Point, Series, Step, line, waterfall
from lode.web.formats import number, percent
from lode.web.statement_words import CLAUSES, FACTS, NAMES, formula_in_words, input_word, tidy_label, unit_word, word
from lode.web.templatetags.ui import data_html

NEAREST = 4
"""Steps nearest to the amount that stand open; the earlier ones are one click further."""
PLACES = 8
_ENTRY: Final = re.compile(r"fact:ledger:([0-9]+):")
_PRICE: Final = re.compile(r"price:([a-z0-9-]+):([0-9-]+)")
_VERSION: Final = re.compile(r"@v([0-9]+)")
_DAYS: Final = re.compile(r"[,，、]?\s*[0-9]{4}-[0-9]{2}-[0-9]{2}|[:：(（]")
_READING: Final = re.compile(r"(.+)\.(measured|guarantee)\.(?:.+\.)?([0-9]{4}-[0-9]{2}-[0-9]{2})")


@dataclass(frozen=True)
class ShownInput:
    """One figure that a step uses: its word, its value with its unit, and where it comes from."""

    name: str
    value: SafeString
    unit: str
    source: str
    href: str = ""
    note: str = ""


@dataclass(frozen=True)
class ShownStep:
    """One step: what it finds, by which formula, from which figures."""

    anchor: str
    label: str
    formula: str
    inputs: Sequence[ShownInput]
    result: SafeString
    unit: str
    rounded_from: str = ""
    places: int = 0


@dataclass(frozen=True)
class ShownLine:
    """One line of a statement: its description, and the steps that lead to its amount."""

    line: LineView
    description: str
    clause: str
    payer: str
    payee: str
    earlier: Sequence[ShownStep]
    steps: Sequence[ShownStep]


def shown_lines(
    found: StatementDetail,
    *,
    facts: Sequence[Fact],
    parties: Mapping[str, str],
    series: Mapping[str, str],
    language: str,
) -> list[ShownLine]:
    """Return the lines of a statement with their working in a language.

    `facts` are those that it used; `parties` and `series` give names by identifier and by code.
    """
    by_id = {f"{fact.id}@{fact.version}": fact for fact in facts}
    lines = []
    for item in found.lines:
        nodes = found.steps_to(item.trace_ref)
        teller = _Teller(found, item, {node.id: node for node in nodes}, by_id, series, language)
        steps = [teller.step(node) for node in nodes]
        cut = max(0, len(steps) - NEAREST) if len(steps) > NEAREST + 2 else 0
        lines.append(
            ShownLine(
                line=item,
                description=item.description(language),
                clause=word(CLAUSES, item.clause_ref),
                payer=parties[item.payer],
                payee=parties[item.payee],
                earlier=steps[:cut],
                steps=steps[cut:],
            )
        )
    return lines


@dataclass(frozen=True)
class _Teller:
    found: StatementDetail
    line: LineView
    nodes: Mapping[str, Node]
    facts: Mapping[str, Fact]
    series_names: Mapping[str, str]
    language: str

    def step(self, node: Node) -> ShownStep:
        names = {item.name: self._name(item) for item in node.inputs}
        rounded = node.rounding is not None and node.raw != node.result
        return ShownStep(
            anchor=self._anchor(node.id),
            label=self._label(node),
            formula=formula_in_words(node.formula, names),
            inputs=[self._input(item, names[item.name]) for item in node.inputs],
            result=figure(node.result),
            unit=unit_word(node.unit),
            rounded_from=_plain(node.raw) if rounded else "",
            places=node.rounding.dp if node.rounding is not None else 0,
        )

    def _anchor(self, node_id: str) -> str:
        return f"line-{self.line.position}-{node_id}"

    def _label(self, node: Node) -> str:
        return tidy_label(node.label_zh if self.language.startswith("zh") else node.label_en)

    def _name(self, item: Input) -> str:
        node = self.nodes.get(item.ref.removeprefix("node:")) if item.ref.startswith("node:") else None
        return self._label(node) if node and item.name not in NAMES and "." in item.name else input_word(item.name)

    def _input(self, item: Input, name: str) -> ShownInput:
        source, href, note = self._source(item.ref)
        return ShownInput(name, figure(item.value), unit_word(item.unit), source, href, note)

    def _source(self, ref: str) -> tuple[str, str, str]:
        """Return where a figure comes from: words, an address where it can be seen, and a note."""
        origin, _colon, rest = ref.partition(":")
        if origin == "node" and rest in self.nodes:
            return self._label(self.nodes[rest]), f"#{self._anchor(rest)}", ""
        if origin == "term":
            version = _VERSION.search(rest)
            path = _VERSION.sub("", rest)
            said = _("Term %(term)s, version %(version)s") if version else _("Term %(term)s")
            term = word(NAMES, path.rpartition(".")[2]) if path.rpartition(".")[2] in NAMES else _term(path)
            href = f"/contracts/{self.found.summary.contract_ref}/"
            return said % {"term": term, "version": version[1] if version else ""}, href, path
        if origin == "fact":
            return self._fact(ref, rest)
        return _("Constant"), "", ""

    def _fact(self, ref: str, name: str) -> tuple[str, str, str]:
        entry = _ENTRY.match(ref)
        if entry:
            return _("Ledger entry %(number)s") % {"number": entry[1]}, f"/ledger/{entry[1]}/", ""
        fact = self.facts.get(name)
        source = fact.source if fact else ""
        price = _PRICE.match(name)
        if price:
            said = _("%(series)s of %(month)s, edition %(edition)s") % {
                "series": self.series_names.get(price[1], price[1]),
                "month": price[2],
                "edition": name.rpartition("@")[2],
            }
            return said, f"{reverse('prices-series', args=[price[1]])}#p-{price[2]}", source
        if fact is None:
            return name, "", ""
        if fact.kind == "payment" and "statement" in fact.value:
            ref = str(fact.value["statement"])
            return ref, reverse("statement", args=[ref]), ""
        return f"{word(FACTS, fact.kind)} {fact.effective.isoformat()}", "", source


def _term(path: str) -> str:
    return word(NAMES, path.rpartition(".")[2].removesuffix("_pct").removesuffix("_kwh").removesuffix("_per_lot"))


def figure(value: Decimal) -> SafeString:
    """Return a figure at a length that can be read; its exact value stands in the markup, to be copied."""
    return data_html(f"{value:f}", _plain(value), "num")


def _plain(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -PLACES:
        return number(value, PLACES) + "…"
    return number(value)


def adding_up(found: StatementDetail, language: str) -> Chart | None:
    """Return the waterfall from the lines to the net payable, in the order of the lines; None where it is empty."""
    names: dict[str, str] = {}
    order: dict[str, int] = {}
    for item in found.lines:
        names.setdefault(item.component, short_description(item, language))
        order.setdefault(item.component, item.position)
    words = {"total": _("Total"), "already-issued": _("Issued before"), "amount-due": _("Net payable")}
    ranked = sorted(found.steps, key=lambda step: order.get(step.code, len(order) + 1))
    bars = [
        Step(
            words.get(step.code) or names.get(step.code) or step.code,
            step.amount,
            kind="total" if step.kind in {"total", "due"} else "change",
            href=f"#line-{order[step.code]}" if step.code in order else "",
        )
        for step in ranked
        # A total that nothing follows but the same amount due says nothing more.
        if not (step.kind == "total" and not any(other.kind == "issued" for other in found.steps))
    ]
    try:
        return waterfall(bars, title=_("From the lines to the net payable"), unit=found.summary.currency)
    except ChartError:
        return None


def short_description(item: LineView, language: str) -> str:
    """Leave the lot and the days out of a line's description: the chart is of one lot and one period."""
    text = item.description(language)
    for mark in (":", "："):
        text = text.removeprefix(f"{item.subject}{mark}").strip()
    return _DAYS.split(text, maxsplit=1)[0]


def guarantee_charts(found: StatementDetail) -> list[Chart]:
    """Return, for each battery of a warranty statement, what was measured against what was guaranteed on that day."""
    readings: dict[str, dict[str, list[Point]]] = {}
    for node in found.trace:
        match = _READING.fullmatch(node.id)
        if match and node.unit == "%":
            lines = readings.setdefault(match[1], {"measured": [], "guarantee": []})
            lines[match[2]].append(Point(date.fromisoformat(match[3]), node.result))
    return [chart for subject, lines in sorted(readings.items()) if (chart := _guarantee_chart(subject, lines))]


def _guarantee_chart(subject: str, lines: Mapping[str, list[Point]]) -> Chart | None:
    measured, guaranteed = (sorted(lines[name], key=lambda point: str(point.x)) for name in ("measured", "guarantee"))
    if not measured or not guaranteed:
        return None
    try:
        return line(
            [
                Series(_("Measured, with its uncertainty"), measured, mark_last=_("last reading")),
                Series(_("Guaranteed"), guaranteed, limit=True),
            ],
            title=_("State of health of %(what)s") % {"what": subject},
            finding=_("%(what)s: %(measured)s measured, %(guaranteed)s guaranteed at the last reading")
            % {
                "what": subject,
                "measured": percent(measured[-1].y / 100),
                "guaranteed": percent(guaranteed[-1].y / 100),
            },
            unit="%",
            x_label=_("Date"),
            show=lambda value: percent(value / 100),
        )
    except ChartError:
        return None
