"""Invented figures that show every part of the interface at once; they are used by the tests of the parts only."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django import forms
from django.utils.safestring import mark_safe

from lode.web.charts import Band, Change, Level, Loop, Node, Point, Series, Step, line, sankey, steps, waterfall
from lode.web.formats import money
from lode.web.templatetags import ui as tags
from lode.web.ui import Action, Cell, Chip, Choice, Clause, Column, Event, FieldError, Row, Table, Tie, TieTerm

TONNE = 1_000_000_000
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

WORDS = {
    "en": {
        "supply": "Refined supply",
        "again": "Re-supplied (recovered)",
        "pool": "Lease pool",
        "makers": "Cell makers",
        "scrap": "Process scrap",
        "fleet": "Vehicle fleet",
        "recyclers": "Recyclers",
        "use": "Still in use",
        "loss": "Loss",
        "metal": "Recovered metal",
        "opening": "Opening",
        "charge": "Lease charge",
        "index": "Index move",
        "shortfall": "Recovery shortfall",
        "credit": "State-of-health credit",
        "net": "Net payable",
        "soh": "last reading",
        "readings": "Readings",
        "projected": "Projected",
        "guarantee": "Guarantee",
        "months": "Months in service",
    },
    "zh-hans": {
        "supply": "精炼供应",
        "again": "再供应（回收）",
        "pool": "租赁池",
        "makers": "电芯制造商",
        "scrap": "工艺废料",
        "fleet": "车队",
        "recyclers": "回收商",
        "use": "仍在使用",
        "loss": "损耗",
        "metal": "回收金属",
        "opening": "期初",
        "charge": "租赁费",
        "index": "指数变动",
        "shortfall": "回收缺口",
        "credit": "健康度抵扣",
        "net": "应付净额",
        "soh": "最近实测",
        "readings": "实测值",
        "projected": "预测",
        "guarantee": "保证值",
        "months": "服役月数",
    },
}


def loop_nodes(w: dict[str, str]) -> list[Node]:
    return [
        Node("supply", w["supply"], 0),
        Node("again", w["again"], 0, "recovered"),
        Node("pool", w["pool"], 1, "co", href="/accounts/pool/"),
        Node("makers", w["makers"], 2, "co"),
        Node("scrap", w["scrap"], 3, "scrap"),
        Node("fleet", w["fleet"], 3, "co"),
        Node("recyclers", w["recyclers"], 4, "co"),
        Node("use", w["use"], 4),
        Node("loss", w["loss"], 5, "out"),
        Node("metal", w["metal"], 5, "recovered"),
    ]


def loop_bands() -> list[Band]:
    return [
        Band("supply", "pool", 9_200 * TONNE, "co", "/ledger/?band=supply"),
        Band("again", "pool", 2_140 * TONNE, "recovered"),
        Band("pool", "makers", 11_340 * TONNE, "co"),
        Band("makers", "scrap", 950 * TONNE, "scrap"),
        Band("makers", "fleet", 10_390 * TONNE, "co"),
        Band("scrap", "recyclers", 950 * TONNE, "scrap"),
        Band("fleet", "recyclers", 2_870 * TONNE, "co"),
        Band("fleet", "use", 7_520 * TONNE, "co"),
        Band("recyclers", "loss", 190 * TONNE, "out"),
        Band("recyclers", "metal", 3_630 * TONNE, "recovered"),
    ]


LOOPS = [Loop("metal", "again", 2_140 * TONNE)]


def charts(w: dict[str, str]) -> dict[str, object]:
    soh = ["99.4", "98.1", "97.3", "96.5", "95.0", "94.3", "93.2", "91.8", "91.0", "90.2"]
    readings = [Point(Decimal(4 * i + (i > 0)), Decimal(y)) for i, y in enumerate(soh)]
    projected = [readings[-1], Point(Decimal(66), Decimal("85.1")), Point(Decimal(96), Decimal("79.8"))]
    prices = [
        Point(dt.date(2023 + m // 12, m % 12 + 1, 1), Decimal(28000 - 620 * m + 90 * (m % 5) ** 2)) for m in range(24)
    ]
    changes = [
        Change(dt.date(2026, 1, 20), 400 * TONNE, "L-1041", "/ledger/1041/"),
        Change(dt.date(2026, 3, 3), 350 * TONNE, "L-1077"),
        Change(dt.date(2026, 5, 14), -120 * TONNE, "L-1102"),
        Change(dt.date(2026, 8, 30), -45 * TONNE, "L-1151"),
    ]
    return {
        "sankey": sankey(loop_nodes(w), loop_bands(), loops=LOOPS, title="Lease loop", basis="Li"),
        "unexplained": sankey(
            loop_nodes(w),
            [*loop_bands()[:-1], Band("recyclers", "metal", 3_540 * TONNE, "recovered")],
            loops=LOOPS,
            title="Lease loop with a gap",
            basis="Li",
            draw_unexplained=True,
        ),
        "waterfall": waterfall(
            [
                Step(w["opening"], Decimal("412.0"), "opening"),
                Step(w["charge"], Decimal("230.5"), href="/settlements/1/#charge"),
                Step(w["index"], Decimal("-38.5")),
                Step(w["shortfall"], Decimal("21.4")),
                Step(w["credit"], Decimal("-26.0")),
                Step(w["net"], Decimal("599.4"), "total"),
            ],
            title="First settlement, worked",
            unit="thousand USD",
        ),
        "soh": line(
            [
                Series(w["readings"], readings, mark_last=w["soh"]),
                Series(w["projected"], projected, dashed=True, tone=0),
            ],
            levels=[Level(w["guarantee"], Decimal("80.0"))],
            breach=projected[-1],
            title="State of health against guarantee",
            finding="Projected 79.8 % at month 96; guarantee 80.0 %",
            unit="%",
            x_label=w["months"],
            show=lambda value: f"{value}%",
        ),
        "price": line(
            [Series("", prices, mark_last="2024-12")],
            title="Nickel, monthly",
            finding="From 28,000 to about 15,000 USD/t in 24 months",
            unit="USD/t",
            x_label="Month",
        ),
        "steps": steps(
            changes,
            opening_mg=60 * TONNE,
            closing_mg=645 * TONNE,
            first=dt.date(2026, 1, 1),
            last=dt.date(2026, 9, 30),
            title="Balance of the lease pool",
            basis="Li",
        ),
    }


class TermsForm(forms.Form):
    lessee = forms.CharField(label="Lessee")
    mass = forms.CharField(
        label="Contained mass, t",
        help_text="Contained metal, not gross weight. 1 t = 1,000 kg.",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    recovery = forms.DecimalField(label="Minimum recovery, %", max_value=100)
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    basis = forms.ChoiceField(label="Price basis", choices=[("a", "Index A"), ("b", "Index B")])
    language = forms.ChoiceField(
        label="Prevailing language", choices=[("en", "English"), ("zh", "Chinese")], widget=forms.RadioSelect
    )
    agreed = forms.BooleanField(label="I read the text in both languages", help_text="Both are binding.")


def _signed(mass_mg: int | None) -> Cell:
    return (
        Cell(tags.mass(mass_mg, "kg", signed=True, bare=True, places=0, tint=False)) if mass_mg is not None else Cell()
    )


def table() -> Table:
    kg = TONNE // 1000
    columns = [
        Column("Reference"),
        Column("Kind"),
        Column("Date"),
        Column("Ours, kg Li", numeric=True),
        Column("Date", side=True),
        Column("Theirs, kg Li", numeric=True),
        Column("Difference, kg Li", numeric=True, side=True),
        Column("State"),
    ]
    data = [
        ("DN-88213", "Delivery", 48_200, "2026-09-02", 48_200, "matched"),
        ("DN-88240", "Delivery", 51_150, "2026-09-06", 51_090, "match"),
        ("RC-0197", "Return", -12_480, "2026-09-11", -12_480, "matched"),
        ("DN-88311", "Delivery", 46_900, "", None, "ask"),
    ]
    rows = []
    for reference, kind, ours, day, theirs, state in data:
        difference = (ours - (theirs or 0)) * kg
        action = mark_safe('<button class="button" type="button">Match with difference</button>')
        ask = mark_safe('<button class="button" type="button">Ask partner</button>')
        rows.append(
            Row(
                (
                    Cell(mark_safe(f'<span class="ref">{reference}</span>')),
                    Cell(kind),
                    Cell("2026-09-05"),
                    _signed(ours * kg),
                    Cell(day) if day else Cell("No line", css="muted"),
                    _signed(theirs * kg if theirs is not None else None),
                    Cell(
                        tags.mass(difference, "kg", places=0, signed=True, bare=True),
                        css="breach" if difference else "",
                    ),
                    Cell(tags.status("matched")) if state == "matched" else Cell(action if state == "match" else ask),
                ),
                anchor=reference,
            )
        )
    foot = Row(
        (
            Cell("Total"),
            Cell("", span=2),
            _signed(133_770 * kg),
            Cell(),
            _signed(86_500 * kg),
            _signed(47_270 * kg),
            Cell(),
        )
    )
    return Table(
        caption="Signed mass: + to the partner, − back to us.",
        columns=columns,
        rows=rows,
        foot=[foot],
        chips=[Chip("All", "?"), Chip("Open", "?state=open", current=True)],
        csv_href="/reconcile/1.csv",
        json_href="/reconcile/1.json",
        next_href="?page=2",
    )


def clauses() -> list[Clause]:
    return [
        Clause(
            "2.1",
            "Leased Material",
            "租赁矿物",
            "The Lessor leases to Hefei Voltaic Cell Co. 1,250.000 t of contained lithium.",
            "出租方向 Hefei Voltaic Cell Co. 出租所含锂 1,250.000 t。租赁矿物的所有权在租期内始终归出租方所有。",
            "The Lessor leases to Hefei Voltaic Cell Co. 1,200.000 t of contained lithium.",
            "出租方向 Hefei Voltaic Cell Co. 出租所含锂 1,200.000 t。租赁矿物的所有权在租期内始终归出租方所有。",
            anchor="clause-2-1",
        ),
        Clause(
            "4.2",
            "Recovery obligation",
            "回收义务",
            "The Lessee shall return no less than 94.5% of the contained lithium within 96 months.",
            "承租方应自起租日起 96 个月内归还不少于 92.0% 的所含锂。",
            "The Lessee shall return no less than 92.0% of the contained lithium within 96 months.",
            "承租方应自起租日起 96 个月内归还不少于 92.0% 的所含锂。",
        ),
        Clause(
            "5.1", "Guarantee", "健康度保证", "State of health shall be no less than 80.0%.", "健康度不低于 80.0%。"
        ),
    ]


def context(language: str) -> dict[str, object]:
    bad = TermsForm({"lessee": "Hefei Voltaic Cell Co.", "mass": "1250.000", "recovery": "130", "basis": "a"})
    bad.is_valid()
    return {
        **charts(WORDS[language]),
        "actions": [
            Action("Changes since v3", "/contracts/1/turns/", "git-compare"),
            Action("Propose to lessee", "/contracts/1/propose/", primary=True),
            Action("Sign period", why_not="Sign stays closed until the difference is zero: 3 items are open."),
        ],
        "tie": Tie(
            (TieTerm("Our ledger", "133.770 t Li"), TieTerm("Partner statement", "86.500 t Li", "−")),
            TieTerm("Difference, 3 items open", "+47,270 kg Li"),
            ties=False,
        ),
        "tied": Tie((TieTerm("Owned", "1 t"), TieTerm("Held", "1 t", "−")), TieTerm("Difference", "0 t"), ties=True),
        "table": table(),
        "form": bad,
        "errors": [FieldError("Ensure this value is less than or equal to 100.", "Minimum recovery, %", "id_recovery")],
        "clauses": clauses(),
        "digest": DIGEST,
        "amount": Decimal("1234567.5"),
        "mass_mg": 1250 * TONNE + 125_000_000,
        "negative_mg": -60_000_000,
        "day": dt.date(2026, 9, 5),
        "moment": dt.datetime(2026, 9, 5, 14, 3, tzinfo=dt.UTC),
        "choices": [Choice("t Li", "?basis=li", current=True), Choice("t LCE", "?basis=lce")],
        "as_of": dt.date(2026, 9, 30),
        "tree_size": 4213,
        "keep": {"element": "Li"},
        "events": [
            Event("2026-01-20", "Delivered", "2026-01-20", "/ledger/1041/", money(Decimal(10), "USD"), state="done"),
            Event("2026-09-30", "Period closes", state="now"),
            Event("2026-06-30", "Return due", state="late"),
            Event("2027-01-31", "Next fixing"),
        ],
        "statuses": list(tags.STATUSES),
    }
