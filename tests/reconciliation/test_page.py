"""What the page of a period shows: both sides, why, the tie line, and what stands in the way of signing."""

import datetime as dt

import pytest

from lode.reconciliation.core.blockers import BlockerCode
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.values import Reason, Rule
from lode.reconciliation.selectors import find_period, list_periods, list_statements, preview_statement, statement_file
from lode.reconciliation.services import open_period, submit_statement, withdraw_statement
from tests.reconciliation import world
from tests.reconciliation.world import AUDITOR, END, FIXTURE, KG, NOW, RINGCYCLE, START, TERRA, VOLTAIC


def rows_by_reference(period: int) -> dict[str, tuple[Rule, Reason | None, int]]:
    return {
        (row.ours or row.theirs).reference: (row.rule, row.suggested_reason, row.difference_mg)
        for row in world.page(period).rows
    }


def test_every_fault_of_the_file_is_named(period):
    assert rows_by_reference(period) == {
        "DN-88213": (Rule.EXACT, None, 0),
        "DN-88240": (Rule.TOLERANCE, Reason.WEIGHING_TOLERANCE, 60 * KG),
        "DN-88260": (Rule.TYPING, Reason.TYPING, -360 * KG),
        "DN-88275": (Rule.UNIT, Reason.UNIT, 7_292_700_000),
        "DN-88311": (Rule.ONLY_OURS, None, 46_900 * KG),
        "RC-0197": (Rule.EXACT, None, 0),
        "RS-0042": (Rule.IN_TRANSIT, Reason.IN_TRANSIT, -5_000 * KG),
    }


def test_the_tie_line(period):
    (line,) = world.page(period).tie_lines
    assert line.element == "Ni"
    assert line.opening_mg == 20_000 * KG
    assert line.ours_mg == (48_200 + 51_150 + 12_480 + 7_300 + 46_900 - 12_480 - 5_000) * KG
    assert line.theirs_mg == (48_200 + 51_090 + 12_840 - 12_480) * KG + 7_300_000
    assert line.difference_mg == line.ours_mg - line.theirs_mg == line.open_difference_mg
    assert line.closing_mg == 168_550 * KG
    assert line.open_count == 7


def test_two_can_be_accepted_at_once_and_seven_block(period):
    page = world.page(period)
    assert page.exact_count == 2
    assert [blocker.code for blocker in page.blockers] == [BlockerCode.ROWS_OPEN]
    assert page.blockers[0].text.en == "7 rows are not matched yet (difference +48,892.7\u00a0kg Ni)."
    assert page.digest == ""


def test_both_parties_and_the_auditor_see_the_same_page(period):
    assert world.page(period, TERRA) == world.page(period, RINGCYCLE) == world.page(period, AUDITOR)


def test_outsiders_see_nothing_and_do_not_learn_that_there_is_something(period):
    for outsider in world.OUTSIDERS:
        for number in (period, 999_999):
            with pytest.raises(ReconciliationError) as caught:
                world.page(number, outsider)
            assert caught.value.code is Code.NOT_FOUND
            assert str(number) not in caught.value.text.en
        assert list_periods(actor=outsider) == ()
        for read in (list_statements, lambda **names: statement_file(**names, revision=1)):
            with pytest.raises(ReconciliationError) as caught:
                read(actor=outsider, period_id=period)
            assert caught.value.code is Code.NOT_FOUND
        with pytest.raises(ReconciliationError):
            find_period(actor=outsider, our_party="terra", partner="ringcycle", label="2025-11")


def test_the_list_and_the_file(period):
    for actor in (TERRA, RINGCYCLE, AUDITOR):
        (summary,) = list_periods(actor=actor)
        assert (summary.number, summary.period.label, summary.statement_revision) == (period, "2025-11", 1)
        assert find_period(actor=actor, our_party="terra", partner="ringcycle", label="2025-11") == summary
        assert statement_file(actor=actor, period_id=period, revision=1) == (FIXTURE.name, FIXTURE.read_bytes())
    assert list_periods(actor=TERRA, state="closed") == ()
    assert list_periods(actor=TERRA)[0].counterparty("terra") == "ringcycle"
    assert list_periods(actor=RINGCYCLE)[0].counterparty("ringcycle") == "terra"


def test_an_unfinished_period_cannot_be_signed(period):
    page = world.page(period, today=dt.date(2025, 11, 30))
    assert page.blockers[0].code is BlockerCode.NOT_OVER
    assert BlockerCode.NOT_OVER not in {blocker.code for blocker in world.page(period, today=END).blockers}


class TestSubmitting:
    def test_a_preview_keeps_nothing(self, november):
        preview = preview_statement(
            actor=RINGCYCLE, our_party="terra", start_date=START, end_date=END, file_bytes=FIXTURE.read_bytes()
        )
        assert len(preview.parsed.rows) == 5
        assert len(preview.changes.added) == 5
        assert preview.parsed.totals_mg == {"Ni": 99_650 * KG + 7_300_000}
        assert list_periods(actor=RINGCYCLE) == ()

    def test_the_same_bytes_are_the_same_statement(self, period):
        assert world.submit() == period
        assert [view.revision for view in list_statements(actor=TERRA, period_id=period)] == [1]

    def test_another_file_supersedes_and_shows_only_what_changed(self, period):
        data = FIXTURE.read_bytes().replace(b"7.3,kg", b"7.3,t") + b"DN-88311,2025-11-18,receipt,Ni,46900,kg,lot-1\n"
        preview = preview_statement(actor=RINGCYCLE, our_party="terra", start_date=START, end_date=END, file_bytes=data)
        assert [line.reference for line in preview.changes.added] == ["DN-88311"]
        assert [(a.mass_mg, b.mass_mg) for a, b in preview.changes.changed] == [(7_300_000, 7_300 * KG)]
        assert preview.changes.unchanged_count == 4
        assert world.submit(data) == period
        views = list_statements(actor=RINGCYCLE, period_id=period)
        assert [(view.revision, view.state) for view in views] == [(1, "superseded"), (2, "submitted")]
        assert world.page(period).exact_count == 4

    def test_rejected_rows_are_refused_until_they_are_left_out_on_purpose(self, november):
        data = FIXTURE.read_bytes() + b"DN-1,yesterday,receipt,Ni,5,kg,lot-1\n"
        with pytest.raises(ReconciliationError) as caught:
            world.submit(data)
        assert caught.value.code is Code.ROWS_REJECTED
        assert "row 9, Date: “yesterday” is not a day" in caught.value.text.en
        assert list_periods(actor=RINGCYCLE) == ()
        period = world.submit(data, leave_out_rejected=True)
        (view,) = list_statements(actor=RINGCYCLE, period_id=period)
        assert view.rejected[0]["problems"][0]["code"] == "not-a-date"
        assert view.row_count == 5

    def test_a_file_of_nothing_but_faults_is_refused(self, november):
        with pytest.raises(ReconciliationError) as caught:
            world.submit(b"reference,date,element,mass,unit\nA,x,Ni,5,kg\n", leave_out_rejected=True)
        assert caught.value.code is Code.NOTHING_ACCEPTED

    def test_a_nil_statement_is_a_statement(self, november):
        period = world.submit(b"reference,date,element,mass,unit\n")
        assert world.page(period).statement.row_count == 0

    def test_a_bad_file_leaves_no_trace(self, november):
        with pytest.raises(ReconciliationError) as caught:
            world.submit(b"PK\x03\x04 not a statement")
        assert caught.value.code is Code.FILE_NOT_CSV
        assert list_periods(actor=RINGCYCLE) == ()

    def test_only_a_party_submits_and_only_for_itself(self, november):
        for actor, code in ((AUDITOR, Code.FORBIDDEN), (VOLTAIC, Code.NOTHING_BETWEEN)):
            with pytest.raises(ReconciliationError) as caught:
                world.submit(actor=actor)
            assert caught.value.code is code
        world.open_for(VOLTAIC)
        period = world.submit(actor=VOLTAIC)
        assert {row.ours for row in world.page(period).rows} == {None}
        with pytest.raises(ReconciliationError) as caught:
            world.submit(actor=TERRA)
        assert caught.value.code is Code.SAME_PARTY
        with pytest.raises(ReconciliationError) as caught:
            world.submit(our_party="nowhere")
        assert caught.value.code is Code.UNKNOWN_PARTY

    def test_withdrawing(self, period):
        for actor, code in ((TERRA, Code.FORBIDDEN), (AUDITOR, Code.FORBIDDEN), (VOLTAIC, Code.NOT_FOUND)):
            with pytest.raises(ReconciliationError) as caught:
                withdraw_statement(period_id=period, actor=actor, now=NOW)
            assert caught.value.code is code
        withdraw_statement(period_id=period, actor=RINGCYCLE, now=NOW)
        assert BlockerCode.NO_STATEMENT in {blocker.code for blocker in world.page(period).blockers}
        with pytest.raises(ReconciliationError) as caught:
            withdraw_statement(period_id=period, actor=RINGCYCLE, now=NOW)
        assert caught.value.code is Code.NO_STATEMENT
        world.submit()
        assert [view.state for view in list_statements(actor=TERRA, period_id=period)] == ["withdrawn", "submitted"]

    def test_a_file_name_is_shown_and_never_used(self, november):
        period = world.submit(file_name="../../etc/\u202epasswd\x00" + "x" * 300)
        name = world.page(period).statement.file_name
        assert len(name) <= 120
        assert "\u202e" not in name
        assert "\x00" not in name


class TestPeriods:
    @pytest.mark.parametrize(
        ("start", "end", "code"),
        [
            (dt.date(2025, 11, 15), dt.date(2025, 12, 15), Code.PERIOD_OVERLAPS),
            (START, dt.date(2025, 11, 15), Code.PERIOD_OVERLAPS),
            (dt.date(2025, 10, 1), START, Code.PERIOD_OVERLAPS),
            (dt.date(2025, 12, 2), dt.date(2026, 1, 1), Code.PERIOD_NOT_NEXT),
            (END, END, Code.PERIOD_OVERLAPS),
        ],
    )
    def test_they_follow_each_other(self, period, start, end, code):
        with pytest.raises(ReconciliationError) as caught:
            open_period(our_party="terra", partner="ringcycle", start_date=start, end_date=end, actor=TERRA, now=NOW)
        assert caught.value.code is code

    def test_a_second_one_waits_for_the_first(self, period):
        following = open_period(
            our_party="terra",
            partner="ringcycle",
            start_date=END,
            end_date=dt.date(2026, 1, 1),
            actor=TERRA,
            now=NOW,
        )
        page = world.page(following, today=dt.date(2026, 1, 5))
        assert BlockerCode.EARLIER_OPEN in {blocker.code for blocker in page.blockers}

    def test_outsiders_open_nothing(self, november):
        for outsider in (*world.OUTSIDERS, AUDITOR):
            with pytest.raises(ReconciliationError) as caught:
                open_period(
                    our_party="terra", partner="ringcycle", start_date=START, end_date=END, actor=outsider, now=NOW
                )
            assert caught.value.code is Code.FORBIDDEN


class TestTransitTowardsThePartner:
    def test_listed_before_it_arrived(self, november):
        world.deliver("DN-90001", dt.date(2025, 12, 2), 700, shipped=dt.date(2025, 11, 29))
        period = world.submit(FIXTURE.read_bytes() + b"DN-90001,2025-11-30,receipt,Ni,700,kg,\n")
        assert rows_by_reference(period)["DN-90001"] == (Rule.IN_TRANSIT, Reason.IN_TRANSIT, -700 * KG)

    def test_listed_while_it_is_still_on_its_way(self, november):
        world.ship("DN-90002", dt.date(2025, 11, 29), 800)
        period = world.submit(FIXTURE.read_bytes() + b"DN-90002,2025-11-30,receipt,Ni,800,kg,\n")
        row = next(row for row in world.page(period).rows if row.theirs and row.theirs.reference == "DN-90002")
        assert row.rule is Rule.IN_TRANSIT
        assert "was shipped 2025-11-29 with +800\u00a0kg and has not arrived" in row.why.en

    def test_in_december_the_november_row_explains_it(self, november):
        world.deliver("DN-90001", dt.date(2025, 12, 2), 700, shipped=dt.date(2025, 11, 29))
        world.submit(FIXTURE.read_bytes() + b"DN-90001,2025-11-30,receipt,Ni,700,kg,\n")
        december = world.submit(
            b"reference,date,element,mass,unit\nRS-0042,2025-12-02,Ni,-5000,kg\n",
            start_date=END,
            end_date=dt.date(2026, 1, 1),
        )
        rows = rows_by_reference(december)
        assert rows["DN-90001"] == (Rule.IN_TRANSIT, Reason.IN_TRANSIT, 700 * KG)
        assert rows["RS-0042"] == (Rule.IN_TRANSIT, Reason.IN_TRANSIT, 5_000 * KG)


def test_two_elements_tie_apart(november):
    world.deliver("DN-88400", dt.date(2025, 11, 22), 3_000, element="Co")
    period = world.submit(FIXTURE.read_bytes() + "DN-88400,2025-11-22,receipt,钴,3.1,t,\n".encode())
    cobalt, nickel = world.page(period).tie_lines
    assert (cobalt.element, cobalt.opening_mg, cobalt.ours_mg, cobalt.theirs_mg) == ("Co", 0, 3_000 * KG, 3_100 * KG)
    assert nickel.element == "Ni"


def test_the_service_needs_no_more_than_its_arguments(november):
    view = submit_statement(
        our_party="terra",
        start_date=START,
        end_date=END,
        file_name="x.csv",
        file_bytes=FIXTURE.read_bytes(),
        actor=RINGCYCLE,
        now=NOW,
    )
    assert view.totals_mg == {"Ni": 99_650 * KG + 7_300_000}
