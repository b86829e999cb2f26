"""Matching two sides: each rule with its sentence, and what holds whatever the rows."""

import datetime as dt
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lode.reconciliation.core.assay import assay_split
from lode.reconciliation.core.changes import changes_between
from lode.reconciliation.core.match import match
from lode.reconciliation.core.pairs import normal_reference, one_slip, within_tolerance
from lode.reconciliation.core.sentences import mass_text, percent_text, signed_mass_text
from lode.reconciliation.core.values import (
    Elsewhere,
    Line,
    Matching,
    Period,
    Reason,
    Row,
    Rule,
    Side,
    Tolerances,
    Total,
    Transit,
)

NOVEMBER = Period(dt.date(2025, 11, 1), dt.date(2025, 12, 1))
KG = 1_000_000


def line(reference: str, day: int | dt.date, mass_kg: float, *, element: str = "Ni", key: str = "", **more) -> Line:
    date = day if isinstance(day, dt.date) else dt.date(2025, 11, day)
    mass_mg = round(mass_kg * KG)
    return Line(
        key=key or f"{reference}/{date}/{element}/{mass_mg}",
        reference=reference,
        date=date,
        element=element,
        mass_mg=mass_mg,
        **more,
    )


def matching(
    ours: list[Line], theirs: list[Line], *elsewhere: Elsewhere, tolerances: Tolerances | None = None
) -> Matching:
    return match(ours, theirs, period=NOVEMBER, tolerances=tolerances or Tolerances(), elsewhere=elsewhere)


def only(ours: list[Line], theirs: list[Line], *elsewhere: Elsewhere) -> Row:
    (row,) = matching(ours, theirs, *elsewhere).rows
    assert row.why.en
    assert row.why.zh
    return row


class TestRules:
    def test_exact(self):
        row = only([line("DN-88213", 2, 48_200)], [line("DN-88213", 2, 48_200)])
        assert (row.rule, row.reason, row.difference_mg) == (Rule.EXACT, None, 0)
        assert row.why.en == "same reference, same day, same mass"
        assert row.why.zh == "编号、日期、质量都相同"

    def test_a_reference_written_another_way_is_the_same(self):
        assert only([line("DN-00042", 2, 5)], [line("dn 42", 2, 5)]).rule is Rule.EXACT

    def test_a_day_apart(self):
        row = only([line("DN-1", 2, 5)], [line("DN-1", 3, 5)])
        assert row.rule is Rule.DATE
        assert row.why.en == "same reference, 1 day apart, same mass"
        assert row.why.zh == "编号相同，日期相差 1 天，质量相同"

    def test_many_days_apart_are_shown_with_a_warning(self):
        row = only([line("DN-1", 2, 5)], [line("DN-1", 9, 5)])
        assert row.rule is Rule.DATE
        assert row.why.en == "same reference, 7 days apart, same mass, more than the 1 allowed: look at it"

    def test_the_sentence_of_the_screen(self):
        row = only([line("DN-88240", 5, 51_150)], [line("DN-88240", 6, 51_090)])
        assert (row.rule, row.reason) == (Rule.TOLERANCE, Reason.WEIGHING_TOLERANCE)
        assert row.difference_mg == 60 * KG
        assert row.why.en == "same reference, 1 day apart, +60\u00a0kg = 0.12\u00a0% inside 0.2\u00a0% tolerance"
        assert row.why.zh == "编号相同，日期相差 1 天，+60\u00a0kg = 0.12\u00a0%，在 0.2\u00a0% 允差之内"

    def test_exactly_the_tolerance_is_within_and_a_milligram_more_is_not(self):
        assert within_tolerance(1_000_000_000, 998_000_000, 2_000)
        assert not within_tolerance(1_000_000_000, 997_999_999, 2_000)
        assert within_tolerance(-1_000_000_000, -998_000_000, 2_000)
        assert not within_tolerance(0, 1, 2_000)

    @pytest.mark.parametrize(
        ("theirs_kg", "slip"),
        [
            (84_200, "two neighbours are swapped (48 for 84)"),
            (48_700, "one character differs (2 for 7)"),
            (4_820, "the decimal point has moved"),
        ],
    )
    def test_typing_errors(self, theirs_kg: int, slip: str):
        row = only([line("DN-1", 2, 48_200)], [line("DN-1", 2, theirs_kg)])
        assert (row.rule, row.reason) == (Rule.TYPING, Reason.TYPING)
        assert slip in row.why.en
        assert "录入错误" in row.why.zh

    @pytest.mark.parametrize("theirs_kg", [48_200_000, 48.2, 0.0482])
    def test_unit_slips(self, theirs_kg: float):
        row = only([line("DN-1", 2, 48_200)], [line("DN-1", 2, theirs_kg)])
        assert (row.rule, row.reason) == (Rule.UNIT, Reason.UNIT)
        assert ("larger" in row.why.en) == (theirs_kg > 48_200)

    @pytest.mark.parametrize("theirs_kg", [96_400_000, 24.1, 48_200_001])
    def test_about_a_thousand_times_is_no_unit_slip(self, theirs_kg: float):
        assert only([line("DN-1", 2, 48_200)], [line("DN-1", 2, theirs_kg)]).rule is Rule.DIFFERS

    def test_the_other_sign(self):
        row = only([line("RC-1", 2, -12)], [line("RC-1", 2, 12)])
        assert (row.rule, row.reason) == (Rule.SIGN, Reason.TYPING)
        assert row.difference_mg == -24 * KG

    def test_nothing_explains_it_and_the_sentence_says_what_was_tried(self):
        row = only([line("DN-1", 2, 48_200)], [line("DN-1", 2, 31_777)])
        assert (row.rule, row.reason) == (Rule.DIFFERS, None)
        assert "outside 0.2\u00a0% tolerance" in row.why.en
        assert "ask" in row.why.en

    def test_a_slip_in_the_reference(self):
        row = only([line("DN-88213", 2, 5)], [line("DN-88231", 3, 5)])
        assert row.rule is Rule.REFERENCE
        assert row.why.en == ("same mass, 1 day apart, two neighbours are swapped (13 for 31): DN-88213 and DN-88231")

    def test_a_reference_that_one_side_has_not(self):
        assert only([line("", 2, 5)], [line("DN-1", 2, 5)]).rule is Rule.REFERENCE

    def test_another_reference_altogether_is_not_suggested(self):
        rules = {row.rule for row in matching([line("DN-1", 2, 5)], [line("XX-77", 2, 5)]).rows}
        assert rules == {Rule.ONLY_OURS, Rule.ONLY_THEIRS}

    def test_another_element_is_never_paired(self):
        rows = matching([line("DN-1", 2, 5, element="Ni")], [line("DN-1", 2, 5, element="Co")]).rows
        assert {row.rule for row in rows} == {Rule.ONLY_OURS, Rule.ONLY_THEIRS}

    def test_a_row_missing_on_their_side_names_the_nearest(self):
        result = matching([line("DN-1", 2, 5), line("DN-2", 4, 46_900)], [line("DN-1", 2, 5)])
        row = result.rows[1]
        assert row.rule is Rule.ONLY_OURS
        assert row.why.en.startswith(
            "the partner lists no DN-2, the nearest is DN-1, 2 days apart, \u221246,895\u00a0kg"
        )
        assert result.totals == {"Ni": Total(46_905 * KG, 5 * KG)}

    def test_a_row_missing_on_our_side(self):
        row = only([], [line("moisture", 21, -310)])
        assert row.rule is Rule.ONLY_THEIRS
        assert row.difference_mg == 310 * KG
        assert row.why.en == "the ledger has no moisture, nor any row of Ni"

    def test_listed_twice(self):
        theirs = [line("DN-1", 2, 5, key="a"), line("DN-1", 2, 5, key="b")]
        rows = matching([line("DN-1", 2, 5)], theirs).rows
        assert [row.rule for row in rows] == [Rule.DUPLICATE, Rule.EXACT]
        assert rows[0].reason is Reason.TYPING


class TestTransit:
    def test_shipped_and_not_arrived(self):
        shipped = line("RS-9", 29, -700, transit=Transit(shipped_date=dt.date(2025, 11, 29)))
        row = only([shipped], [])
        assert (row.rule, row.reason) == (Rule.IN_TRANSIT, Reason.IN_TRANSIT)
        assert row.why.en == "shipped 2025-11-29, not arrived by the end of the period"

    def test_arrived_in_the_next_period(self):
        transit = Transit(shipped_date=dt.date(2025, 11, 29), arrived_date=dt.date(2025, 12, 2))
        row = only([line("RS-9", 29, -700, transit=transit)], [])
        assert row.why.en == "shipped 2025-11-29, arrived 2025-12-02, after the period"

    def test_arrived_within_the_period_is_no_excuse(self):
        transit = Transit(shipped_date=dt.date(2025, 11, 20), arrived_date=dt.date(2025, 11, 30))
        assert only([line("RS-9", 20, -700, transit=transit)], []).rule is Rule.ONLY_OURS

    def test_the_partner_lists_what_our_ledger_has_in_the_next_period(self):
        later = Elsewhere(side=Side.OURS, line=line("DN-5", dt.date(2025, 12, 2), 700))
        row = only([], [line("DN-5", 30, 700)], later)
        assert (row.rule, row.reason) == (Rule.IN_TRANSIT, Reason.IN_TRANSIT)
        assert row.why.en == "in transit: the ledger has DN-5 on 2025-12-02, in the next period, with +700\u00a0kg"

    def test_the_partner_lists_what_is_on_its_way(self):
        transit = Transit(shipped_date=dt.date(2025, 11, 29))
        on_its_way = Elsewhere(side=Side.OURS, line=line("DN-5", 29, 700, transit=transit))
        row = only([], [line("DN-5", 30, 700)], on_its_way)
        assert (
            row.why.en == "in transit: DN-5 was shipped 2025-11-29 with +700\u00a0kg and has not arrived in the ledger"
        )

    def test_the_next_period_sees_what_the_partner_listed_before(self):
        before = Elsewhere(side=Side.THEIRS, line=line("DN-5", dt.date(2025, 10, 31), 700))
        row = only([line("DN-5", 2, 700)], [], before)
        assert row.why.en == "in transit: the partner has DN-5 on 2025-10-31, in an earlier period, with +700\u00a0kg"

    def test_another_mass_elsewhere_explains_nothing(self):
        later = Elsewhere(side=Side.OURS, line=line("DN-5", dt.date(2025, 12, 2), 690))
        assert only([], [line("DN-5", 30, 700)], later).rule is Rule.ONLY_THEIRS


class TestOneToOne:
    def test_the_strongest_rule_wins_not_the_first_row(self):
        ours = [line("DN-1", 2, 100, key="a"), line("DN-1", 2, 100.1, key="b")]
        theirs = [line("DN-1", 2, 100.1, key="x"), line("DN-1", 2, 100, key="y")]
        pairs = {
            (row.ours.key, row.theirs.key, row.rule) for row in matching(ours, theirs).rows if row.ours and row.theirs
        }
        assert pairs == {("a", "y", Rule.EXACT), ("b", "x", Rule.EXACT)}

    def test_the_smallest_difference_wins_among_equals(self):
        ours = [line("DN-1", 2, 100, key="a")]
        theirs = [line("DN-1", 2, 100.2, key="x"), line("DN-1", 2, 100.1, key="y")]
        pair = next(row for row in matching(ours, theirs).rows if row.ours and row.theirs)
        assert pair.theirs.key == "y"

    def test_equal_keys_on_a_side_are_refused(self):
        with pytest.raises(ValueError, match="same key"):
            matching([line("A", 2, 1, key="k"), line("B", 2, 1, key="k")], [])

    def test_a_file_that_repeats_one_reference_ends_soon_and_loses_nothing(self):
        ours = [line("R", 2, 1 + n, key=f"o{n}") for n in range(300)]
        theirs = [line("R", 2, 1000 + n * 7, key=f"t{n}") for n in range(5_000)]
        result = matching(ours, theirs)
        assert len([row for row in result.rows if row.theirs]) == 5_000


references = st.sampled_from(["DN-1", "DN-2", "DN-12", "DN-21", "", "dn 1", "RC-9"])
masses = st.sampled_from([0, 1, 48_200, 84_200, 48_200_000, 48_250, -48_200, 48_700]) | st.integers(-(10**12), 10**12)
dates = st.integers(1, 30).map(lambda day: dt.date(2025, 11, day))


@st.composite
def sides(draw, prefix: str) -> list[Line]:
    rows = draw(st.lists(st.tuples(references, dates, masses, st.sampled_from(["Ni", "Co"])), max_size=9))
    return [
        Line(key=f"{prefix}{n}", reference=reference, date=date, element=element, mass_mg=mass_mg)
        for n, (reference, date, mass_mg, element) in enumerate(rows)
    ]


@given(sides("o"), sides("t"))
def test_every_row_appears_exactly_once_and_the_totals_tie(ours: list[Line], theirs: list[Line]):
    result = matching(ours, theirs)
    assert sorted(row.ours.key for row in result.rows if row.ours) == sorted(line.key for line in ours)
    assert sorted(row.theirs.key for row in result.rows if row.theirs) == sorted(line.key for line in theirs)
    for element, total in result.totals.items():
        assert total.difference_mg == sum(row.difference_mg for row in result.rows if row.element == element)
        assert total.ours_mg == sum(line.mass_mg for line in ours if line.element == element)
        assert total.theirs_mg == sum(line.mass_mg for line in theirs if line.element == element)
    assert {row.element for row in result.rows} == set(result.totals)


@given(sides("o"), sides("t"), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(ours: list[Line], theirs: list[Line], shuffler: random.Random):
    mixed_ours, mixed_theirs = ours[:], theirs[:]
    shuffler.shuffle(mixed_ours)
    shuffler.shuffle(mixed_theirs)
    assert matching(mixed_ours, mixed_theirs) == matching(ours, theirs)


@given(sides("o"), sides("t"))
def test_no_two_rows_are_left_apart_that_a_rule_would_pair(ours: list[Line], theirs: list[Line]):
    rows = matching(ours, theirs).rows
    single_ours = [row.ours for row in rows if row.ours and not row.theirs]
    single_theirs = [row.theirs for row in rows if row.theirs and not row.ours]
    for mine in single_ours:
        for other in single_theirs:
            same = normal_reference(mine.reference) == normal_reference(other.reference)
            assert not (mine.reference and same and mine.element == other.element)


@given(sides("o"))
def test_a_statement_that_copies_the_ledger_matches_exactly(ours: list[Line]):
    named = [line for line in ours if line.reference]
    result = matching(named, [Line(**{**_fields(line), "key": "t" + line.key}) for line in named])
    assert {row.rule for row in result.rows} <= {Rule.EXACT}


def _fields(line: Line) -> dict:
    return {name: getattr(line, name) for name in Line.__slots__}


class TestWords:
    @pytest.mark.parametrize(
        ("mass_mg", "text"),
        [
            (0, "0\u00a0kg"),
            (1, "0.000001\u00a0kg"),
            (-1_250_125_000_000, "\u22121,250,125\u00a0kg"),
            (1_500_000, "1.5\u00a0kg"),
        ],
    )
    def test_masses(self, mass_mg: int, text: str):
        assert mass_text(mass_mg) == text

    def test_signs(self):
        assert [signed_mass_text(n * KG) for n in (1, 0, -1)] == ["+1\u00a0kg", "0\u00a0kg", "\u22121\u00a0kg"]

    def test_percent_rounds_half_up(self):
        assert percent_text(5, 100_000) == "0.01\u00a0%"
        assert percent_text(4, 100_000) == "0.00\u00a0%"
        assert percent_text(-60, 51_150) == "0.12\u00a0%"

    def test_slips(self):
        assert one_slip("1234", "1324") is not None
        assert one_slip("1234", "1274") is not None
        assert one_slip("1234", "1432") is None
        assert one_slip("1234", "123") is None
        assert one_slip("1234", "1234") is None


class TestAssays:
    def test_inside_the_limit_the_mean_counts(self):
        split = assay_split(1_000_000, 1_004_001, limit_ppm=5_000)
        assert split.agreed_mg == 1_002_001  # 1,002,000.5 rounds away from zero
        assert "inside the splitting limit of 0.5\u00a0%" in split.why.en

    def test_exactly_the_limit_is_within(self):
        assert assay_split(997_500, 1_002_500, limit_ppm=5_000).agreed_mg == 1_000_000

    def test_outside_the_umpire_decides(self):
        split = assay_split(997_499, 1_002_500, limit_ppm=5_000)
        assert split.agreed_mg is None
        assert "umpire" in split.why.en
        assert "仲裁化验" in split.why.zh

    def test_both_signs_round_alike(self):
        assert assay_split(-1_000_000, -1_004_001, limit_ppm=5_000).agreed_mg == -1_002_001

    def test_opposite_signs_never_split(self):
        assert assay_split(5, -5, limit_ppm=5_000).agreed_mg is None


class TestChanges:
    def test_only_what_changed_is_shown(self):
        older = [line("A", 2, 1), line("B", 3, 2), line("C", 4, 3)]
        newer = [line("D", 5, 4), line("B", 3, 2.5), line("A", 2, 1)]
        changes = changes_between(older, newer)
        assert [item.reference for item in changes.added] == ["D"]
        assert [item.reference for item in changes.removed] == ["C"]
        assert [(a.mass_mg, b.mass_mg) for a, b in changes.changed] == [(2 * KG, 2_500_000)]
        assert changes.unchanged_count == 1
