"""K6: one battery, from its tests to the energy that it is short of what was guaranteed (terms B.6).

A test stands from its day until the next one, and for no longer than the terms let a test count. On each day the
battery owes what its newest test showed, against the guarantee of that day (STEP) or of the test's day (LINEAR).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from contracts.core import daycount
from contracts.core.assembly import Assembly
from contracts.core.facts import Fact, FactKind, FactStatus, of_kind
from contracts.core.numbers import ONE, ZERO
from contracts.core.period import Period, add_months, whole_months
from contracts.core.terms.performance_warranty_terms import (
    Axis,
    Benefit,
    Combine,
    CurvePoint,
    Interpolation,
    MisuseEffect,
    PerformanceWarrantyTerms,
    WarrantedAsset,
)
from contracts.core.trace import Input, Node, Op, const, term, use

_AXIS_UNIT = {Axis.AGE_MONTHS: "month", Axis.THROUGHPUT_MWH: "MWh", Axis.KM: "km", Axis.EFC: "cycle"}
_AXIS_FACT = {Axis.THROUGHPUT_MWH: "throughput_mwh", Axis.KM: "km", Axis.EFC: "efc"}


@dataclass(frozen=True, slots=True)
class Damages:
    """What a battery owes over a period: one node for each run of days, and the days that could not be judged."""

    parts: tuple[Node, ...]
    first_day: date | None
    short_days: int
    unverified_days: int
    excluded_days: int
    short_kwh: Decimal
    provisional: bool


class AssetRun:
    """Judges one battery over periods under one version of the terms."""

    def __init__(
        self,
        assembly: Assembly,
        terms: PerformanceWarrantyTerms,
        version: int,
        place: int,
        facts: Iterable[Fact],
    ) -> None:
        self.assembly, self.terms, self.version, self.place = assembly, terms, version, place
        self.asset: WarrantedAsset = terms.assets[place]
        own = tuple(facts)
        self.start = self.asset.started_on or terms.start
        self.remedies = of_kind(own, FactKind.REMEDY)
        self.gaps = of_kind(own, FactKind.TELEMETRY_GAP)
        self.exclusions = of_kind(own, FactKind.EXCLUSION)
        readings = [f for f in of_kind(own, FactKind.TELEMETRY) if f.text("metric") == terms.metric]
        self.readings = sorted({f.effective: f for f in readings}.values(), key=lambda f: f.effective)
        self.end = self._end()
        self.cuts = sorted(self._all_cuts())
        self._short: dict[tuple[str, date], Node] = {}

    def _end(self) -> date:
        """Cover ends at an age, or with the first reading that shows a limit of use reached, or misuse that voids."""
        end = add_months(self.start, self.terms.end_age_months)
        for fact in self.readings:
            reached = [
                name
                for name, limit in (("km", self.terms.end_km), ("throughput_mwh", self.terms.end_throughput_mwh))
                if limit is not None and name in fact.value and fact.number(name) >= limit
            ]
            void = self.terms.misuse_effect is MisuseEffect.VOID and self._misused(fact)
            if reached or void:
                end = min(end, fact.effective)
        return end

    def _misused(self, fact: Fact) -> bool:
        limits = (
            ("temperature_c", self.terms.envelope_max_temperature_c),
            ("c_rate", self.terms.envelope_max_c_rate),
        )
        return any(limit is not None and name in fact.value and fact.number(name) > limit for name, limit in limits)

    def judge(self, period: Period) -> Damages:
        """Return the damages of the days of `period` that are covered."""
        covered = period.intersect(Period(self.start, max(self.start, self.end)))
        parts: list[Node] = []
        short_days = unverified = excluded = 0
        first, kwh, provisional = None, ZERO, False
        for span in covered.split(self.cuts) if covered else ():
            reading = self._standing(span.start)
            if self._is_excluded(span.start) or (reading is not None and self._misused(reading)):
                excluded += span.days
            elif reading is None:
                unverified += span.days
            else:
                short = self._shortfall(reading, span.start)
                provisional = provisional or reading.status is FactStatus.PROVISIONAL
                if short.result > 0:
                    parts.append(self._damages(short, span))
                    short_days += span.days
                    first = first or span.start
                    kwh = short.result
        return Damages(tuple(parts), first, short_days, unverified, excluded, kwh, provisional)

    def _all_cuts(self) -> set[date]:
        cuts = {f.effective for f in (*self.readings, *self.remedies)}
        cuts |= {self._expires(f) for f in self.readings}
        for fact in (*self.exclusions, *self.gaps):
            cuts |= {fact.effective, _until(fact)}
        if self.terms.interpolation is Interpolation.STEP:
            points = [p for p in self.terms.curve if p.axis is Axis.AGE_MONTHS]
            bases = [self.start, *(f.effective for f in self.remedies if f.text("remedy") == "REPLACE")]
            cuts |= {add_months(base, int(p.at)) for p in points for base in bases}
        return cuts

    def _expires(self, reading: Fact) -> date:
        """A test counts for so many days; days on which the warrantor's own telemetry failed do not use them up."""
        last = reading.effective + timedelta(days=self.terms.max_test_age_days)
        for gap in self.gaps:
            if gap.text("cause") == "supplier" and reading.effective <= gap.effective < last:
                last += _until(gap) - gap.effective
        return last

    def _standing(self, day: date) -> Fact | None:
        """Return the newest test that still counts on a day, none from before a repair or a replacement."""
        since = max((f.effective for f in self.remedies if f.effective <= day), default=date.min)
        found = [f for f in self.readings if since <= f.effective <= day]
        if not found or day >= self._expires(found[-1]):
            return None
        return found[-1]

    def _is_excluded(self, day: date) -> bool:
        withheld = [g for g in self.gaps if g.text("cause") == "operator"]
        return any(f.effective <= day < _until(f) for f in (*self.exclusions, *withheld))

    def _add(self, name: str, text: tuple[str, str], op: Op, inputs: Iterable[Input], unit: str, clause: str) -> Node:
        asset = self.asset.asset
        label = (f"{asset}: {text[0]}", f"{asset}：{text[1]}")
        return self.assembly.tracer.add(f"{asset}.{name}", *label, op, inputs, unit, clause=clause)

    def _term(self, name: str, value: Decimal, unit: str, role: str = "") -> Input:
        return term(name, value, unit, f"{name}@v{self.version}", role)

    def _shortfall(self, reading: Fact, day: date) -> Node:
        """Return the energy in kWh below the guarantee; computed once for each test and step."""
        judged_on = day if self.terms.interpolation is Interpolation.STEP else reading.effective
        key = (reading.ref, self._step_of(judged_on))
        if key not in self._short:
            self._short[key] = self._new_shortfall(reading, judged_on)
        return self._short[key]

    def _step_of(self, day: date) -> date:
        """Return the last day on which the guarantee stepped: between two such days a test means the same."""
        return max((cut for cut in self.cuts if cut <= day), default=self.start)

    def _new_shortfall(self, reading: Fact, day: date) -> Node:
        guarantee = self._guarantee(reading, day)
        measured = self._measured(reading)
        inputs = (
            use(guarantee, "guaranteed", "plus"),
            self._term("deadband_pct", self.terms.deadband_pct, "%", "minus"),
            use(measured, "measured", "minus"),
        )
        text = (f"below guarantee from {day}", f"{day} 起低于保证值")
        short = self._add(f"short.{day}", text, Op.EXCESS, inputs, "%", "guarantee")
        path = f"assets.{self.place}.nominal_kwh@v{self.version}"
        nominal = term("nominal", self.asset.nominal_kwh, "kWh", path, "times")
        inputs = (use(short, "short", "times"), nominal, const("hundred", 100, "%", "over"))
        text = (f"energy short from {day}", f"{day} 起缺少能量")
        return self._add(f"short-kwh.{day}", text, Op.PRODUCT, inputs, "kWh", "remedy")

    def _measured(self, reading: Fact) -> Node:
        value = Input("measured", reading.number("value"), "%", reading.ref, "plus")
        benefit, u = self.terms.uncertainty_benefit, self.terms.uncertainty_pct
        inputs = [value]
        if benefit is not Benefit.NONE and u != 0:
            role = "plus" if benefit is Benefit.SUPPLIER else "minus"
            inputs.append(self._term("uncertainty_pct", u, "%", role))
        text = (f"measured on {reading.effective}", f"{reading.effective} 测得值")
        return self._add(f"measured.{reading.effective}", text, Op.SUM, inputs, "%", "test")

    def _guarantee(self, reading: Fact, day: date) -> Node:
        by_axis = [self._on_axis(axis, reading, day) for axis in Axis if any(p.axis is axis for p in self.terms.curve)]
        if len(by_axis) == 1:
            return by_axis[0]
        op = Op.MIN if self.terms.combine is Combine.MIN_OF_CURVES else Op.MAX
        inputs = [use(node, node.id) for node in by_axis]
        text = (f"guaranteed on {day}", f"{day} 保证值")
        return self._add(f"guarantee.{day}", text, op, inputs, "%", "guarantee")

    def _on_axis(self, axis: Axis, reading: Fact, day: date) -> Node:
        points = [(n, p) for n, p in enumerate(self.terms.curve) if p.axis is axis]
        x = self._age(day) if axis is Axis.AGE_MONTHS else self._reached(axis, reading)
        below = [(n, p) for n, p in points if p.at <= x.value]
        above = [(n, p) for n, p in points if p.at > x.value]
        text = (f"guaranteed on {day} by {axis.value.lower()}", f"{day} 保证值（{axis.value}）")
        name = f"guarantee.{axis.value.lower()}.{day}"
        n, point = below[-1]
        if self.terms.interpolation is Interpolation.STEP or not above:
            return self._add(name, text, Op.CHOSEN, (self._pct(n, point),), "%", "guarantee")
        m, later = above[0]
        unit = _AXIS_UNIT[axis]
        inputs = (x, self._at(n, point, unit), self._pct(n, point), self._at(m, later, unit), self._pct(m, later))
        return self._add(name, text, Op.INTERPOLATE, inputs, "%", "guarantee")

    def _at(self, n: int, point: CurvePoint, unit: str) -> Input:
        return term("at", point.at, unit, f"curve.{n}.at@v{self.version}")

    def _pct(self, n: int, point: CurvePoint) -> Input:
        return term("guaranteed", point.pct, "%", f"curve.{n}.pct@v{self.version}")

    def _age(self, day: date) -> Input:
        """Return the age in months: whole ones, and the days of the one that has begun over its length.

        A replaced battery's curve starts again on the day of its replacement; the end of cover does not move.
        """
        replaced = [f.effective for f in self.remedies if f.text("remedy") == "REPLACE" and f.effective <= day]
        base = max(replaced, default=self.start)
        whole = whole_months(base, day)
        began = add_months(base, whole)
        rest, length = (day - began).days, (add_months(base, whole + 1) - began).days
        inputs = (const("days", rest, "d", "times"), const("days_of_month", length, "d/month", "over"))
        part = self._add(f"age-part.{day}", ("part of a month", "不足整月"), Op.PRODUCT, inputs, "month", "guarantee")
        both = (const("whole_months", whole, "month", "plus"), use(part, "part", "plus"))
        text = (f"age on {day}", f"{day} 使用月数")
        return use(self._add(f"age.{day}", text, Op.SUM, both, "month", "guarantee"), "age")

    def _reached(self, axis: Axis, reading: Fact) -> Input:
        name = _AXIS_FACT[axis]
        if axis is Axis.EFC and name not in reading.value:
            # Equivalent full cycles: energy delivered over nominal energy.
            delivered = Input("throughput", reading.number("throughput_mwh"), "MWh", reading.ref, "times")
            nominal = f"assets.{self.place}.nominal_kwh@v{self.version}"
            inputs = (
                delivered,
                const("kwh_per_mwh", 1000, "kWh/MWh", "times"),
                const("one_cycle", ONE, "cycle", "times"),
                term("nominal", self.asset.nominal_kwh, "kWh", nominal, "over"),
            )
            text = ("equivalent full cycles", "等效满循环")
            return use(self._add(f"efc.{reading.effective}", text, Op.PRODUCT, inputs, "cycle", "guarantee"), "efc")
        return Input(name, reading.number(name), _AXIS_UNIT[axis], reading.ref)

    def _damages(self, short: Node, span: Period) -> Node:
        counted = daycount.count(self.terms.day_count, span.start, span.end)
        inputs = (
            use(short, "short", "times"),
            self._term("ld_rate", self.terms.ld_rate, f"{self.terms.currency}/kWh/a", "times"),
            const("days", counted.days, "d", "times"),
            const("basis", counted.basis, "d/a", "over"),
        )
        text = (f"damages of {span}", f"{span} 违约金")
        return self._add(f"damages.{span.start}", text, Op.PRODUCT, inputs, self.terms.currency, "remedy")


def _until(fact: Fact) -> date:
    try:
        return max(fact.effective, date.fromisoformat(fact.text("until")))
    except ValueError:
        raise fact.refuse(f"its until {fact.value['until']!r} is not a day such as 2024-01-31") from None
