from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from lode.web.charts import (
    Band,
    Change,
    ChartCode,
    ChartError,
    Flow,
    Level,
    Loop,
    Node,
    Point,
    Series,
    Step,
    line,
    sankey,
    steps,
    waterfall,
)
from lode.web.charts.flow_balance import checked
from lode.web.charts.flow_layout import Layout, place
from lode.web.charts.scale import month_ticks, plain, ticks
from lode.web.charts.svg import text_width, wrapped
from tests.web.ui_samples import LOOPS, TONNE, WORDS, charts, loop_bands, loop_nodes

LANGUAGES = ("en", "zh-hans")
SETTLEMENT = [
    Step("Opening", Decimal("412.0"), "opening"),
    Step("Lease charge", Decimal("230.5")),
    Step("Index move", Decimal("-38.5")),
    Step("Net payable", Decimal("604.0"), "total"),
]


def drawings(svg: str) -> list[ET.Element]:
    return list(ET.fromstring(f"<all>{svg}</all>"))


class TestEveryChart:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("name", list(charts(WORDS["en"])))
    def test_is_well_formed_named_and_free_of_inline_styles(self, name: str, language: str) -> None:
        with translation.override(language):
            chart = charts(WORDS[language])[name]
        pictures = drawings(chart.svg)
        assert pictures
        for picture in pictures:
            assert picture.tag == "svg"
            assert picture.get("viewBox").startswith("0 0 ")
            assert picture.get("role") == ("group" if picture.findall(".//a") else "img")
            assert [child.tag for child in picture][:2] == ["title", "desc"]
            assert picture.findtext("title") == chart.title
            assert picture.findtext("desc")
            for node in picture.iter():
                assert "style" not in node.attrib
                assert not [key for key in node.attrib if key.startswith("on")]
                assert node.get("fill") is None, "colours are classes, so that both themes have their own"

    @pytest.mark.parametrize("name", list(charts(WORDS["en"])))
    def test_has_a_table_of_the_same_width_as_its_headings(self, name: str) -> None:
        chart = charts(WORDS["en"])[name]
        assert chart.rows
        assert {len(row) for row in chart.rows} == {len(chart.headings)}

    @pytest.mark.parametrize("name", list(charts(WORDS["en"])))
    def test_keeps_every_text_inside_its_picture(self, name: str) -> None:
        for picture in drawings(charts(WORDS["en"])[name].svg):
            _zero, _top, width, height = (float(part) for part in picture.get("viewBox").split())
            for text in picture.iter("text"):
                x, css = float(text.get("x")), text.get("class") or ""
                wide = text_width(text.text, bold="t-b" in css)
                left = x - wide if "t-end" in css else x - wide / 2 if "t-mid" in css else x
                assert left >= -2, (text.text, left)
                assert left + wide <= width + 2, (text.text, left + wide, width)
                assert 0 < float(text.get("y")) <= height

    def test_escapes_what_people_named(self) -> None:
        evil = '<script>alert("1")</script>'
        chart = waterfall([Step(evil, Decimal(1)), Step("Sum & total", Decimal(1), "total")], title=evil, unit="USD")
        assert "<script" not in chart.svg
        assert "Sum &amp; total" in chart.svg
        assert drawings(chart.svg)[0].findtext("title") == evil

    def test_speaks_the_language_of_the_page_in_its_own_words(self) -> None:
        with translation.override("zh-hans"):
            assert charts(WORDS["zh-hans"])["waterfall"].headings[0] == "步骤"
            assert "未解释差异" in charts(WORDS["zh-hans"])["unexplained"].svg


class TestWaterfall:
    def test_shows_changes_with_their_sign_and_totals_without(self) -> None:
        chart = waterfall(SETTLEMENT, title="September", unit="USD")
        assert chart.rows == (
            ("Opening", "412.0", "412.0"),
            ("Lease charge", "+230.5", "642.5"),
            ("Index move", "−38.5", "604.0"),
            ("Net payable", "604.0", "604.0"),
        )
        assert chart.headings == ("Step", "Amount, USD", "Running total, USD")

    def test_draws_blue_for_in_and_ochre_for_out(self) -> None:
        wide = drawings(waterfall(SETTLEMENT, title="September", unit="USD").svg)[0]
        assert [rect.get("class") for rect in wide.iter("rect")] == ["f-total", "f-in", "f-out", "f-total"]

    def test_bars_are_as_long_as_their_amounts(self) -> None:
        wide = drawings(waterfall(SETTLEMENT, title="September", unit="USD").svg)[0]
        lengths = [float(rect.get("width")) for rect in wide.iter("rect")]
        assert lengths[1] / lengths[0] == pytest.approx(230.5 / 412.0, rel=0.01)
        assert lengths[2] / lengths[0] == pytest.approx(38.5 / 412.0, rel=0.01)

    def test_refuses_a_total_that_is_off_by_a_cent(self) -> None:
        wrong = [*SETTLEMENT[:-1], Step("Net payable", Decimal("604.01"), "total")]
        with pytest.raises(ChartError, match=r"off by 0\.01") as refused:
            waterfall(wrong, title="September", unit="USD")
        assert refused.value.code is ChartCode.DOES_NOT_CLOSE
        assert refused.value.difference == Decimal("0.01")

    def test_refuses_to_end_without_a_total(self) -> None:
        with pytest.raises(ChartError):
            waterfall(SETTLEMENT[:-1], title="September", unit="USD")

    def test_refuses_an_opening_in_the_middle(self) -> None:
        with pytest.raises(ChartError) as refused:
            waterfall([SETTLEMENT[1], SETTLEMENT[0], SETTLEMENT[-1]], title="September", unit="USD")
        assert refused.value.code is ChartCode.WRONG_STAGE

    def test_goes_below_zero_and_back(self) -> None:
        amounts = [Step("In", Decimal(10)), Step("Out", Decimal(-30)), Step("Owed", Decimal(-20), "total")]
        chart = waterfall(amounts, title="Owed to us", unit="USD")
        assert chart.rows[-1] == ("Owed", "−20", "−20")
        for rect in drawings(chart.svg)[0].iter("rect"):
            assert float(rect.get("x")) >= 0
            assert float(rect.get("width")) > 0

    def test_links_a_step_to_its_line(self) -> None:
        first, total = Step("Charge", Decimal(5), href="/settlements/7/#2"), Step("Net", Decimal(5), "total")
        picture = drawings(waterfall([first, total], title="T", unit="USD").svg)[0]
        assert picture.get("role") == "group"
        assert [(a.get("href"), a.get("aria-label")) for a in picture.iter("a")] == [("/settlements/7/#2", "Charge +5")]

    @given(st.lists(st.decimals(min_value=-(10**9), max_value=10**9, places=2), min_size=1, max_size=12))
    def test_closes_for_whatever_adds_up_and_refuses_a_cent_more(self, amounts: list[Decimal]) -> None:
        changes = [Step(f"Line {i}", amount) for i, amount in enumerate(amounts)]
        total = sum(amounts, Decimal(0))
        chart = waterfall([*changes, Step("Net", total, "total")], title="Any", unit="USD")
        assert len(chart.rows) == len(amounts) + 1
        with pytest.raises(ChartError):
            waterfall([*changes, Step("Net", total + Decimal("0.01"), "total")], title="Any", unit="USD")


class TestLine:
    READINGS = [Point(Decimal(0), Decimal("99.4")), Point(Decimal(42), Decimal("90.2"))]

    def test_draws_the_guarantee_and_says_it_in_the_table(self) -> None:
        chart = line(
            [Series("SOH", self.READINGS)],
            levels=[Level("Guarantee", Decimal("80.0"))],
            title="SOH",
            finding="Above",
            unit="%",
            x_label="Month",
            show=lambda value: f"{value}%",
        )
        assert chart.headings == ("Month", "SOH, %", "Guarantee, %")
        assert chart.rows == (("0", "99.4%", "80.0%"), ("42", "90.2%", "80.0%"))
        wide = drawings(chart.svg)[0]
        assert "Guarantee 80.0%" in [text.text for text in wide.iter("text")]
        guarantee = next(node for node in wide.iter("line") if node.get("class") == "l-bad")
        assert guarantee.get("y1") == guarantee.get("y2")

    def test_does_not_invent_a_line_without_a_reading(self) -> None:
        with pytest.raises(ChartError) as refused:
            line([Series("SOH", [])], title="SOH", finding="", unit="%", x_label="Month")
        assert refused.value.code is ChartCode.NOTHING_TO_DRAW

    def test_one_reading_is_a_point(self) -> None:
        chart = line([Series("SOH", self.READINGS[:1])], title="SOH", finding="One", unit="%", x_label="Month")
        assert len(list(drawings(chart.svg)[0].iter("circle"))) == 1

    def test_higher_values_stand_higher(self) -> None:
        chart = line([Series("", self.READINGS)], title="SOH", finding="Falls", unit="%", x_label="Month")
        path = next(drawings(chart.svg)[0].iter("path")).get("d")
        (x0, y0), (x1, y1) = ((float(a), float(b)) for a, b in re.findall(r"[ML]([\d.]+) ([\d.]+)", path))
        assert x0 < x1
        assert y0 < y1

    def test_a_day_is_a_place_on_the_axis(self) -> None:
        days = [Point(dt.date(2024, month, 1), Decimal(month)) for month in (1, 2, 3)]
        chart = line([Series("Ni", days)], title="Ni", finding="Up", unit="USD/t", x_label="Month")
        assert [row[0] for row in chart.rows] == ["2024-01-01", "2024-02-01", "2024-03-01"]


class TestSteps:
    CHANGES = [Change(dt.date(2026, 3, 1), -2 * TONNE, "Ship"), Change(dt.date(2026, 2, 1), 5 * TONNE, "Receive")]

    def chart(self, closing_mg: int) -> object:
        return steps(
            self.CHANGES,
            opening_mg=TONNE,
            closing_mg=closing_mg,
            first=dt.date(2026, 1, 1),
            last=dt.date(2026, 3, 31),
            title="Pool",
            basis="Ni",
        )

    def test_runs_by_day_from_opening_to_closing(self) -> None:
        assert self.chart(4 * TONNE).rows == (
            ("2026-01-01", "Opening", "", "1.000"),
            ("2026-02-01", "Receive", "+5.000", "6.000"),
            ("2026-03-01", "Ship", "−2.000", "4.000"),
        )

    def test_refuses_a_closing_balance_that_is_off_by_a_milligram(self) -> None:
        with pytest.raises(ChartError) as refused:
            self.chart(4 * TONNE + 1)
        assert refused.value.code is ChartCode.DOES_NOT_CLOSE
        assert refused.value.difference == 1

    def test_refuses_a_change_outside_its_days(self) -> None:
        with pytest.raises(ChartError):
            steps(
                self.CHANGES,
                opening_mg=0,
                closing_mg=3 * TONNE,
                first=dt.date(2026, 2, 15),
                last=dt.date(2026, 3, 31),
                title="Pool",
                basis="Ni",
            )


def layout_of(nodes: list[Node], bands: list[Band], loops: list[Loop]) -> Layout:
    flow = checked(Flow(tuple(nodes), tuple(bands), tuple(loops)), draw_unexplained=True)
    return place(flow, lambda mass_mg: f"{mass_mg / TONNE:,.3f} t Li")


def assert_labels_keep_clear(layout: Layout) -> None:
    placed = layout.nodes
    for i, one in enumerate(placed):
        for other in placed[i + 1 :]:
            assert not one.label_box.overlaps(other.label_box), (one.node.label, other.node.label)
            assert not one.box.overlaps(other.box), (one.node.label, other.node.label)
        for other in placed:
            assert not one.label_box.overlaps(other.box), (one.node.label, other.node.label)


class TestSankey:
    def test_the_loop_closes_and_is_drawn_as_a_way_back(self) -> None:
        chart = sankey(loop_nodes(WORDS["en"]), loop_bands(), loops=LOOPS, title="Loop", basis="Li")
        picture = drawings(chart.svg)[0]
        assert len([p for p in picture.iter("path") if p.get("class") == "loop"]) == 1
        assert ("Recovered metal", "Re-supplied (recovered) (back in the loop)", "2,140.000") in chart.rows
        assert picture.findtext("desc") == "In equals out at every stage."
        assert chart.scrolls

    def test_refuses_a_stage_that_is_off_by_a_milligram(self) -> None:
        bands = loop_bands()
        bands[4] = Band("makers", "fleet", 10_390 * TONNE - 1, "co")
        with pytest.raises(ChartError) as refused:
            sankey(loop_nodes(WORDS["en"]), bands, loops=LOOPS, title="Loop", basis="Li")
        assert refused.value.code is ChartCode.DOES_NOT_CLOSE
        assert abs(refused.value.difference) == 1

    def test_draws_the_difference_in_red_when_told_to(self) -> None:
        bands = loop_bands()
        bands[-1] = Band("recyclers", "metal", 3_540 * TONNE, "recovered")
        chart = sankey(loop_nodes(WORDS["en"]), bands, loops=LOOPS, title="Loop", basis="Li", draw_unexplained=True)
        assert ("Recyclers", "Unexplained", "90.000") in chart.rows
        assert "Unexplained: 90.000\u00a0t\u00a0Li" in drawings(chart.svg)[0].findtext("desc")
        assert 'class="flow f-bad"' in chart.svg

    def test_what_appears_from_nowhere_comes_out_of_unexplained(self) -> None:
        nodes = [Node("a", "A", 0, opening_mg=5), Node("b", "B", 1)]
        chart = sankey(nodes, [Band("a", "b", 7)], title="T", basis="Li", unit="mg", draw_unexplained=True)
        assert chart.rows == (("A", "B", "7"), ("Unexplained", "A", "2"))

    def test_opening_and_kept_stocks_count(self) -> None:
        nodes = [Node("a", "A", 0), Node("b", "B", 1, opening_mg=10, kept_mg=3), Node("c", "C", 2)]
        sankey(nodes, [Band("a", "b", 5), Band("b", "c", 12)], title="T", basis="Li")
        with pytest.raises(ChartError):
            sankey(nodes, [Band("a", "b", 5), Band("b", "c", 11)], title="T", basis="Li")

    def test_a_loop_cannot_bring_back_more_than_was_recovered(self) -> None:
        with pytest.raises(ChartError):
            sankey(
                loop_nodes(WORDS["en"]),
                loop_bands(),
                loops=[Loop("metal", "again", 3_631 * TONNE)],
                title="Loop",
                basis="Li",
            )

    @pytest.mark.parametrize(
        ("bands", "code"),
        [
            ([], ChartCode.NOTHING_TO_DRAW),
            ([Band("a", "x", 1)], ChartCode.UNKNOWN_NODE),
            ([Band("a", "b", 0)], ChartCode.NEGATIVE),
            ([Band("b", "a", 1)], ChartCode.WRONG_STAGE),
        ],
    )
    def test_refuses_what_is_no_flow(self, bands: list[Band], code: ChartCode) -> None:
        with pytest.raises(ChartError) as refused:
            sankey([Node("a", "A", 0), Node("b", "B", 1)], bands, title="T", basis="Li")
        assert refused.value.code is code

    def test_stages_and_bands_are_links_that_say_where_they_lead(self) -> None:
        chart = sankey(loop_nodes(WORDS["en"]), loop_bands(), loops=LOOPS, title="Loop", basis="Li")
        links = {a.get("href"): a.get("aria-label") for a in drawings(chart.svg)[0].iter("a")}
        assert links == {
            "/ledger/?band=supply": "Refined supply → Lease pool: 9,200.000\u00a0t\u00a0Li",
            "/accounts/pool/": "Lease pool: 11,340.000\u00a0t\u00a0Li",
        }

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_labels_keep_clear_of_each_other_and_of_other_stages(self, language: str) -> None:
        assert_labels_keep_clear(layout_of(loop_nodes(WORDS[language]), loop_bands(), LOOPS))

    def test_labels_keep_clear_where_a_dozen_crumbs_stand_under_one_great_stage(self) -> None:
        crumbs = [Node(f"c{i}", f"Crumb number {i} with a rather long name 碎屑与粉尘回收", 1) for i in range(12)]
        nodes = [Node("a", "Everything", 0), *crumbs, Node("z", "The rest", 2)]
        bands = [*(Band("a", crumb.key, 1000) for crumb in crumbs), Band("a", "z", 90_000 * TONNE)]
        assert_labels_keep_clear(layout_of(nodes, bands, []))

    @given(st.data())
    def test_labels_keep_clear_in_any_flow(self, data: st.DataObject) -> None:
        columns = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
        label = st.text(alphabet="abc 租赁矿物WM,", min_size=1, max_size=24)
        nodes = [
            Node(f"{c}-{i}", data.draw(label), c, opening_mg=0, kept_mg=0)
            for c, n in enumerate(columns)
            for i in range(n)
        ]
        pairs = [(a.key, b.key) for a in nodes for b in nodes if a.column < b.column]
        chosen = data.draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=8, unique=True))
        bands = [Band(a, b, data.draw(st.integers(1, 10**13))) for a, b in chosen]
        touched = {key for pair in chosen for key in pair}
        layout = layout_of([node for node in nodes if node.key in touched], bands, [])
        assert_labels_keep_clear(layout)
        for placed in layout.nodes:
            for box in (placed.box, placed.label_box):
                assert box.x >= 0
                assert box.y >= 0
                assert box.x + box.width <= layout.width
                assert box.y + box.height <= layout.height

    def test_the_way_back_runs_below_everything_else(self) -> None:
        nodes = [Node("a", "A", 0), Node("b", "B", 1), Node("c", "C", 2)]
        bands = [Band("a", "b", 10**9), *(Band("a", "c", 10**6) for _ in range(6)), Band("b", "c", 10**9)]
        layout = layout_of(nodes, bands, [Loop("c", "b", 1)])
        assert layout.loop_bottom >= max(y + band.thickness for band in layout.bands for _x, y in band.spots)
        assert layout.height > layout.loop_bottom + 22

    def test_bands_are_as_thick_as_their_mass_and_fill_their_stage(self) -> None:
        layout = layout_of(loop_nodes(WORDS["en"]), loop_bands(), LOOPS)
        thick = {(b.band.source, b.band.target): b.thickness for b in layout.bands}
        assert thick["fleet", "use"] / thick["fleet", "recyclers"] == pytest.approx(7520 / 2870)
        pool = next(n for n in layout.nodes if n.node.key == "pool")
        assert thick["supply", "pool"] + thick["again", "pool"] == pytest.approx(pool.box.height)


class TestScales:
    def test_ticks_are_round_and_hold_the_figures(self) -> None:
        assert [str(plain(tick)) for tick in ticks(Decimal("79.8"), Decimal("99.4"))] == [
            "75",
            "80",
            "85",
            "90",
            "95",
            "100",
        ]

    @given(st.decimals(-(10**12), 10**12, places=3), st.decimals(0, 10**12, places=3))
    def test_ticks_hold_any_range_and_stay_few(self, low: Decimal, span: Decimal) -> None:
        marks = ticks(low, low + span)
        assert marks[0] <= low
        assert marks[-1] >= low + span
        assert 2 <= len(marks) <= 8

    def test_month_ticks_fall_on_first_days_evenly(self) -> None:
        assert month_ticks(dt.date(2023, 1, 1), dt.date(2024, 12, 31)) == [
            dt.date(2023, 1, 1),
            dt.date(2023, 7, 1),
            dt.date(2024, 1, 1),
            dt.date(2024, 7, 1),
        ]

    def test_wrapping_breaks_between_words_and_han_characters_only(self) -> None:
        assert wrapped("Recovery shortfall", 70) == ["Recovery", "shortfall"]
        assert "".join(wrapped("租赁矿物所有权", 40)) == "租赁矿物所有权"
        assert all(text_width(part) <= 40 for part in wrapped("租赁矿物所有权", 40))
