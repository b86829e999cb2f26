"""Matching, asking, disputing, adjusting and signing, by both sides and by nobody else."""

import datetime as dt
import hashlib
import json

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from ledger.core.canonical_json import loads_canonical
from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.balances import balances
from ledger.selectors.entries import entry_by_id
from lode.reconciliation.core.adjust import Contra
from lode.reconciliation.core.blockers import BlockerCode
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.page import RowState
from lode.reconciliation.core.values import Reason, Rule, Side
from lode.reconciliation.models import Adjustment, Match, PartnerLine, PeriodSignature, ReconciledPeriod
from lode.reconciliation.services import (
    accept_exact,
    accept_match,
    ask,
    dispute,
    match_with_difference,
    post_adjustment,
    sign_period,
    split_row,
    undo_match,
    undo_split,
    withdraw_adjustment,
    withdraw_statement,
)
from tests.reconciliation import world
from tests.reconciliation.world import AUDITOR, END, FIXTURE, KG, NOW, RINGCYCLE, TERRA, VOLTAIC

RESUBMITTED = (
    FIXTURE.read_bytes()
    .replace(b"7.3,kg", b"7.3,t")
    .replace(b"12,840", b"12,480")
    .replace(b"51,090", b"51,150")
    .replace(b"2025-11-06", b"2025-11-05")
    + b"DN-88311,2025-11-18,receipt,Ni,46900,kg,lot-1\nRS-0042,2025-11-29,dispatch,Ni,-5000,kg,lot-1\n"
)


def refusal(call, *args, **kwargs) -> Code:
    with pytest.raises(ReconciliationError) as caught:
        call(*args, **kwargs)
    assert caught.value.text.en.endswith((".", "?"))
    assert caught.value.text.zh
    return caught.value.code


def row(period: int, reference: str):
    return next(row for row in world.page(period).rows if (row.ours or row.theirs).reference == reference)


def differ(period: int, reference: str, reason: Reason, actor=RINGCYCLE) -> int:
    return match_with_difference(period_id=period, **world.keys(period, reference), reason=reason, actor=actor, now=NOW)


def settle_all(period: int) -> None:
    """The five minutes of the demo: accept what agrees, and say why the rest differs."""
    accept_exact(period_id=period, actor=RINGCYCLE, now=NOW)
    differ(period, "DN-88240", Reason.WEIGHING_TOLERANCE)
    differ(period, "DN-88260", Reason.TYPING)
    differ(period, "DN-88275", Reason.UNIT)
    differ(period, "DN-88311", Reason.TYPING)
    differ(period, "RS-0042", Reason.IN_TRANSIT)


def sign(period: int, actor) -> str:
    return sign_period(period_id=period, digest=world.page(period).digest, actor=actor, now=NOW)


class TestMatching:
    def test_accepting_what_is_exact_and_nothing_else(self, period):
        assert accept_exact(period_id=period, actor=RINGCYCLE, now=NOW) == 2
        states = {(r.ours or r.theirs).reference: r.state for r in world.page(period).rows}
        assert [name for name, state in states.items() if state is RowState.MATCHED] == ["DN-88213", "RC-0197"]
        assert accept_exact(period_id=period, actor=TERRA, now=NOW) == 0
        (line,) = world.page(period).tie_lines
        assert (line.open_count, line.open_difference_mg) == (5, line.difference_mg)

    def test_accepting_one_twice_is_once(self, period, key_of):
        first = accept_match(period_id=period, **key_of("DN-88213"), actor=TERRA, now=NOW)
        assert accept_match(period_id=period, **key_of("DN-88213"), actor=RINGCYCLE, now=NOW) == first

    def test_a_difference_is_not_accepted_without_a_reason(self, period, key_of):
        for reference in ("DN-88240", "DN-88311"):
            keys = key_of(reference)
            assert refusal(accept_match, period_id=period, **keys, actor=TERRA, now=NOW) is Code.NOT_EXACT

    @pytest.mark.parametrize(
        ("reference", "reason", "code"),
        [
            ("DN-88260", Reason.WEIGHING_TOLERANCE, Code.REASON_DOES_NOT_FIT),
            ("DN-88260", Reason.UNIT, Code.REASON_DOES_NOT_FIT),
            ("DN-88240", Reason.IN_TRANSIT, Code.REASON_DOES_NOT_FIT),
            ("DN-88311", Reason.WEIGHING_TOLERANCE, Code.REASON_DOES_NOT_FIT),
            ("DN-88311", Reason.ASSAY_SPLIT, Code.REASON_DOES_NOT_FIT),
            ("DN-88311", Reason.MOISTURE, Code.REASON_DOES_NOT_FIT),
            ("DN-88260", Reason.ASSAY_SPLIT, Code.UMPIRE_NEEDED),
        ],
    )
    def test_a_reason_that_does_not_fit(self, period, reference, reason, code):
        assert refusal(differ, period, reference, reason) is code
        assert row(period, reference).state is RowState.OPEN

    def test_a_reason_that_fits_is_kept_with_who_and_when(self, period):
        number = differ(period, "DN-88240", Reason.WEIGHING_TOLERANCE)
        assert differ(period, "DN-88240", Reason.WEIGHING_TOLERANCE) == number
        stored = Match.objects.get(pk=number)
        assert (stored.ours_mg, stored.theirs_mg, stored.decided_by, stored.decided_person, stored.decided_at) == (
            51_150 * KG,
            51_090 * KG,
            "ringcycle",
            2,
            NOW,
        )
        assert row(period, "DN-88240").settled

    def test_pairing_by_hand(self, november):
        period = world.submit(FIXTURE.read_bytes() + b"XX-1,2025-11-18,receipt,Ni,46900,kg,lot-1\n")
        ours, theirs = row(period, "DN-88311"), row(period, "XX-1")
        assert (ours.theirs, theirs.ours) == (None, None)
        accept_match(period_id=period, ours_key=ours.ours.key, theirs_key=theirs.theirs.key, actor=TERRA, now=NOW)
        paired = row(period, "DN-88311")
        assert (paired.theirs.reference, paired.state) == ("XX-1", RowState.MATCHED)

    def test_a_suggested_pair_may_be_parted(self, period):
        pair = row(period, "DN-88260")
        match_with_difference(
            period_id=period,
            ours_key="",
            theirs_key=pair.theirs.key,
            reason=Reason.TYPING,
            actor=TERRA,
            now=NOW,
        )
        parted = [r for r in world.page(period).rows if (r.ours or r.theirs).reference == "DN-88260"]
        assert {(bool(r.ours), bool(r.theirs), r.state) for r in parted} == {
            (True, False, RowState.OPEN),
            (False, True, RowState.WITH_DIFFERENCE),
        }

    def test_rows_that_are_not_there(self, period, key_of):
        for keys in (
            {"ours_key": "", "theirs_key": ""},
            {"ours_key": "1.Ni", "theirs_key": ""},
            {**key_of("DN-88213"), "theirs_key": "0" * 32},
        ):
            assert refusal(accept_match, period_id=period, **keys, actor=TERRA, now=NOW) is Code.ROW_NOT_FOUND

    def test_what_is_decided_is_undone_first(self, period, key_of):
        number = accept_match(period_id=period, **key_of("DN-88213"), actor=TERRA, now=NOW)
        keys = key_of("DN-88213")
        again = {"period_id": period, **keys, "reason": Reason.TYPING, "actor": RINGCYCLE, "now": NOW}
        assert refusal(match_with_difference, **again) is Code.ROW_DECIDED
        single = {**again, "theirs_key": ""}
        assert refusal(match_with_difference, **single) is Code.ROW_DECIDED
        undo_match(period_id=period, match_id=number, actor=RINGCYCLE, now=NOW)
        undo_match(period_id=period, match_id=number, actor=TERRA, now=NOW)
        assert Match.objects.get(pk=number).undone_by == "ringcycle"
        assert row(period, "DN-88213").state is RowState.OPEN

    def test_decisions_about_unchanged_rows_survive_another_file(self, period):
        accept_exact(period_id=period, actor=TERRA, now=NOW)
        differ(period, "DN-88275", Reason.UNIT)
        world.submit(RESUBMITTED)
        assert row(period, "DN-88213").state is RowState.MATCHED
        assert row(period, "DN-88275").state is RowState.OPEN
        assert row(period, "DN-88275").rule is Rule.EXACT
        assert accept_exact(period_id=period, actor=TERRA, now=NOW) == 5
        assert world.page(period).blockers == ()


class TestSplitting:
    """The partner writes one sum for what came in two deliveries, or the other way round."""

    SUM = FIXTURE.read_bytes().replace(b'DN-88213,2025-11-02,receipt,Ni,"48,200"', b"DN-X,2025-11-02,receipt,Ni,95100")

    def split(self, period, side, reference, *parts_kg, actor=RINGCYCLE) -> int:
        keys = world.keys(period, reference)
        parts_mg = [part * KG for part in parts_kg]
        return split_row(
            period_id=period, side=side, line_key=keys[f"{side}_key"], parts_mg=parts_mg, actor=actor, now=NOW
        )

    def parts(self, period, reference):
        return [r for r in world.page(period).rows if r.theirs and r.theirs.reference == reference]

    def test_a_sum_meets_its_parts(self, november):
        period = world.submit(self.SUM)
        before = world.page(period).tie_lines
        number = self.split(period, Side.THEIRS, "DN-X", 48_200, 46_900)
        parts = self.parts(period, "DN-X")
        assert [part.theirs.mass_mg for part in parts] == [48_200 * KG, 46_900 * KG]
        assert {part.theirs.origin for part in parts} == {"3"}
        assert world.page(period).tie_lines[0].theirs_mg == before[0].theirs_mg
        assert [split.number for split in world.page(period).splits] == [number]
        for part, reference in zip(parts, ("DN-88213", "DN-88311"), strict=True):
            ours_key = world.keys(period, reference)["ours_key"]
            accept_match(period_id=period, ours_key=ours_key, theirs_key=part.theirs.key, actor=TERRA, now=NOW)
        assert refusal(undo_split, period_id=period, split_id=number, actor=TERRA, now=NOW) is Code.ROW_DECIDED
        assert [row.difference_mg for row in self.parts(period, "DN-X")] == [0, 0]

    def test_ours_too_and_together_again(self, period):
        number = self.split(period, Side.OURS, "DN-88311", 46_000, 900, actor=TERRA)
        keys = [r.ours.key for r in world.page(period).rows if r.ours and r.ours.reference == "DN-88311"]
        assert [key.partition("#")[2] for key in keys] == ["01", "02"]
        part = {"period_id": period, "ours_key": keys[0], "theirs_key": "", "actor": TERRA, "now": NOW}
        assert refusal(post_adjustment, **part, reason="x") is Code.ADJUSTMENT_DOES_NOT_FIT
        for _ in range(2):
            undo_split(period_id=period, split_id=number, actor=RINGCYCLE, now=NOW)
        assert row(period, "DN-88311").ours.mass_mg == 46_900 * KG

    @pytest.mark.parametrize("parts", [(46_900,), (46_900, 0), (46_000, 901), (1,) * 51, ()])
    def test_parts_that_do_not_fit(self, period, parts):
        assert refusal(self.split, period, Side.OURS, "DN-88311", *parts) is Code.SPLIT_DOES_NOT_FIT

    def test_what_is_decided_is_not_split(self, period):
        accept_exact(period_id=period, actor=TERRA, now=NOW)
        assert refusal(self.split, period, Side.OURS, "DN-88213", 48_000, 200) is Code.ROW_DECIDED

    def test_a_split_of_a_row_that_is_gone_says_nothing(self, november):
        period = world.submit(self.SUM)
        self.split(period, Side.THEIRS, "DN-X", 48_200, 46_900)
        world.submit()
        assert row(period, "DN-88213").rule is Rule.EXACT


class TestAsking:
    def test_a_thread(self, period, key_of):
        keys = key_of("DN-88311")
        ask(period_id=period, **keys, text=" Where is DN-88311? ", actor=TERRA, now=NOW)
        assert row(period, "DN-88311").state is RowState.ASKED
        ask(period_id=period, **keys, text="我们漏记了。", actor=RINGCYCLE, now=NOW)
        page = world.page(period)
        (thread,) = page.threads.values()
        assert [(m.asked_by, m.text) for m in thread] == [
            ("terra", "Where is DN-88311?"),
            ("ringcycle", "我们漏记了。"),
        ]
        assert BlockerCode.ROWS_ASKED in {blocker.code for blocker in page.blockers}
        differ(period, "DN-88311", Reason.TYPING)
        assert row(period, "DN-88311").state is RowState.WITH_DIFFERENCE

    def test_a_disputed_row_is_not_taken_by_pairing_it_with_another(self, period, key_of):
        dispute(period_id=period, **key_of("DN-88260"), text="No.", actor=RINGCYCLE, now=NOW)
        theirs_key = key_of("DN-88260")["theirs_key"]
        pair = {"ours_key": key_of("DN-88311")["ours_key"], "theirs_key": theirs_key, "reason": Reason.TYPING}
        assert refusal(match_with_difference, period_id=period, **pair, actor=TERRA, now=NOW) is Code.ROW_DECIDED
        assert row(period, "DN-88260").state is RowState.DISPUTED

    def test_a_dispute_is_taken_back_by_who_raised_it(self, period, key_of):
        keys = key_of("DN-88260")
        number = dispute(period_id=period, **keys, text="We weighed it twice.", actor=RINGCYCLE, now=NOW)
        assert row(period, "DN-88260").state is RowState.DISPUTED
        assert BlockerCode.ROWS_DISPUTED in {blocker.code for blocker in world.page(period).blockers}
        taken = {"period_id": period, "match_id": number, "now": NOW}
        assert refusal(undo_match, **taken, actor=TERRA) is Code.FORBIDDEN
        assert refusal(differ, period, "DN-88260", Reason.TYPING, TERRA) is Code.ROW_DECIDED
        undo_match(**taken, actor=RINGCYCLE)
        assert row(period, "DN-88260").state is RowState.OPEN

    @pytest.mark.parametrize(("text", "code"), [(" \n", Code.TEXT_EMPTY), ("x" * 2_001, Code.TEXT_TOO_LONG)])
    def test_texts(self, period, key_of, text, code):
        keys = key_of("DN-88260")
        assert refusal(ask, period_id=period, **keys, text=text, actor=TERRA, now=NOW) is code
        assert refusal(dispute, period_id=period, **keys, text=text, actor=TERRA, now=NOW) is code
        assert row(period, "DN-88260").state is RowState.OPEN


class TestAdjusting:
    def adjust(self, period, reference, actor, **more):
        keys = more.pop("keys", None) or world.keys(period, reference)
        reason = more.pop("reason", "Second weighing of 2025-11-07.")
        return post_adjustment(period_id=period, **keys, reason=reason, actor=actor, now=NOW, **more)

    def test_one_proposes_the_other_agrees_and_both_have_signed(self, period):
        keys = world.keys(period, "DN-88260")
        number = self.adjust(period, "DN-88260", TERRA)
        assert self.adjust(period, "DN-88260", TERRA) == number
        (proposal,) = world.page(period).adjustments
        assert (proposal.state, proposal.mass_mg, proposal.agreed_by) == ("proposed", 360 * KG, "")
        assert self.adjust(period, "DN-88260", RINGCYCLE, keys=keys) == number
        (posted,) = world.page(period).adjustments
        assert (posted.state, posted.ledger_state, posted.agreed_by) == ("posted", "posted", "ringcycle")
        entry = entry_by_id(entry_id=posted.entry_id, party="ringcycle")
        assert sorted(signature.party for signature in entry.summary.signatures) == ["ringcycle", "terra"]
        assert entry.summary.kind == "adjustment"
        assert entry.summary.occurred == dt.date(2025, 11, 9)
        assert entry.corrects_index is not None
        assert entry.body["documents"] == {"partner-statement": hashlib.sha256(FIXTURE.read_bytes()).hexdigest()}
        done = row(period, "DN-88260")
        assert (done.ours.mass_mg, done.difference_mg, done.state, done.settled) == (
            12_840 * KG,
            0,
            RowState.MATCHED,
            True,
        )

    def test_less_is_booked_as_unaccounted_never_lost(self, period):
        for actor in (RINGCYCLE, TERRA):
            self.adjust(period, "DN-88240", actor)
        assert row(period, "DN-88240").ours.mass_mg == 51_090 * KG
        booked = balances(party="terra", holder="ringcycle", state="unaccounted", group_by=("state",))
        assert [(b.element, b.mass_mg) for b in booked] == [("Ni", 60 * KG)]

    def test_or_goes_back_to_where_it_came_from(self, period):
        before = {
            b.holder: b.mass_mg for b in balances(party="terra", element="Ni", state="stock", group_by=("holder",))
        }
        for actor in (RINGCYCLE, TERRA):
            self.adjust(period, "DN-88240", actor, contra=Contra.SENDER)
        after = {
            b.holder: b.mass_mg for b in balances(party="terra", element="Ni", state="stock", group_by=("holder",))
        }
        assert after["terra"] - before["terra"] == 60 * KG
        assert after["ringcycle"] - before["ringcycle"] == -60 * KG

    def test_a_row_that_the_ledger_lacks(self, november):
        period = world.submit(FIXTURE.read_bytes() + b"DN-77,2025-11-19,receipt,Ni,250,kg,lot-1\n")
        for actor in (RINGCYCLE, TERRA):
            self.adjust(period, "DN-77", actor)
        added = row(period, "DN-77")
        assert (added.rule, added.ours.mass_mg) == (Rule.EXACT, 250 * KG)

    def test_moisture_that_the_ledger_lacks(self, november):
        period = world.submit(FIXTURE.read_bytes() + b"moisture,2025-11-21,adjustment,Ni,-310,kg,\n")
        for actor in (RINGCYCLE, TERRA):
            self.adjust(period, "moisture", actor)
        assert row(period, "moisture").rule is Rule.EXACT

    def test_an_assay_split_brings_the_ledger_to_the_mean(self, november):
        period = world.submit(FIXTURE.read_bytes().replace(b"12,840", b"12,500"))
        differ(period, "DN-88260", Reason.ASSAY_SPLIT)
        due = row(period, "DN-88260")
        assert (due.state, due.adjustment_due_mg, due.settled) == (RowState.WITH_DIFFERENCE, 10 * KG, False)
        assert BlockerCode.ADJUSTMENT_DUE in {blocker.code for blocker in world.page(period).blockers}
        for actor in (TERRA, RINGCYCLE):
            self.adjust(period, "DN-88260", actor)
        done = row(period, "DN-88260")
        assert (done.ours.mass_mg, done.difference_mg, done.settled) == (12_490 * KG, -10 * KG, True)

    def test_a_proposal_may_be_turned_down_and_made_anew(self, period):
        number = self.adjust(period, "DN-88260", TERRA)
        assert BlockerCode.ADJUSTMENT_WAITS in {blocker.code for blocker in world.page(period).blockers}
        withdraw_adjustment(period_id=period, adjustment_id=number, actor=RINGCYCLE, now=NOW)
        withdraw_adjustment(period_id=period, adjustment_id=number, actor=RINGCYCLE, now=NOW)
        assert self.adjust(period, "DN-88260", RINGCYCLE) != number
        assert {item.state for item in Adjustment.objects.all()} == {"withdrawn", "proposed"}

    def test_another_counterpart_is_another_proposal_and_not_an_agreement(self, period):
        self.adjust(period, "DN-88260", TERRA)
        self.adjust(period, "DN-88260", RINGCYCLE, contra=Contra.SENDER)
        assert [item.state for item in Adjustment.objects.order_by("pk")] == ["withdrawn", "proposed"]
        assert row(period, "DN-88260").ours.mass_mg == 12_480 * KG

    def test_what_does_not_fit(self, period):
        assert refusal(self.adjust, period, "DN-88213", TERRA) is Code.ADJUSTMENT_DOES_NOT_FIT
        assert refusal(self.adjust, period, "DN-88260", TERRA, reason=" ") is Code.TEXT_EMPTY
        differ(period, "DN-88260", Reason.TYPING)
        assert refusal(self.adjust, period, "DN-88260", TERRA) is Code.ROW_DECIDED

    def test_more_than_lies_there_is_refused_with_the_reason(self, november):
        period = world.submit(FIXTURE.read_bytes() + b"RC-9,2025-11-21,dispatch,Ni,-900000,kg,lot-1\n")
        assert refusal(self.adjust, period, "RC-9", TERRA) is Code.ADJUSTMENT_DOES_NOT_FIT

    def test_an_element_without_a_lot_needs_one_named(self, november):
        period = world.submit(FIXTURE.read_bytes() + b"CO-1,2025-11-21,receipt,Co,9,kg,\n")
        assert refusal(self.adjust, period, "CO-1", TERRA) is Code.ADJUSTMENT_DOES_NOT_FIT
        for actor in (TERRA, RINGCYCLE):
            self.adjust(period, "CO-1", actor, lot="lot-9")
        assert row(period, "CO-1").rule is Rule.EXACT

    def test_a_lot_that_the_ledger_cannot_name_is_refused_in_a_sentence(self, november):
        period = world.submit(FIXTURE.read_bytes() + b"CO-1,2025-11-21,receipt,Co,9,kg,\n")
        assert refusal(self.adjust, period, "CO-1", TERRA, lot="Los Nr. 9") is Code.LEDGER_REFUSED


class TestSigning:
    def test_every_reason_is_told(self, period):
        accept_exact(period_id=period, actor=TERRA, now=NOW)
        with pytest.raises(ReconciliationError) as caught:
            sign_period(period_id=period, digest="", actor=TERRA, now=NOW)
        assert caught.value.code is Code.CANNOT_SIGN
        assert "5 rows are not matched yet" in caught.value.text.en
        assert not PeriodSignature.objects.exists()

    def test_both_sign_and_the_balance_is_on_the_ledger(self, period):
        settle_all(period)
        page = world.page(period)
        assert page.blockers == ()
        assert sign(period, RINGCYCLE) == ""
        assert [(s.party, s.current) for s in world.page(period).signatures] == [("ringcycle", True)]
        assert sign(period, RINGCYCLE) == ""
        entry_id = sign(period, TERRA)
        closed = world.page(period)
        assert (closed.summary.state, closed.summary.entry_id, closed.digest) == ("closed", entry_id, page.digest)
        assert hashlib.sha256(closed.document).hexdigest() == closed.digest
        for reader in ("terra", "ringcycle"):
            entry = entry_by_id(entry_id=entry_id, party=reader)
            assert entry.summary.kind == "statement"
            assert sorted(signature.party for signature in entry.summary.signatures) == ["ringcycle", "terra"]
            assert entry.body["documents"] == {"agreed-balance.json": closed.digest}
            assert entry.body["details"]["closing_mg"] == {"Ni": str(168_550 * KG)}
            assert sorted(entry.readers) == ["ringcycle", "terra"]

    def test_the_document_says_what_was_agreed(self, period):
        settle_all(period)
        document = world.page(period).document
        value = loads_canonical(document.removesuffix(b"\n"))
        assert value["elements"] == [
            {
                "element": "Ni",
                "opening_mg": str(20_000 * KG),
                "movements_mg": str(148_550 * KG),
                "closing_mg": str(168_550 * KG),
            }
        ]
        agreed = {
            r.get("ours", r.get("theirs"))["reference"]: (r.get("reason"), r.get("effect")) for r in value["rows"]
        }
        assert agreed == {
            "DN-88213": (None, None),
            "DN-88240": ("weighing-tolerance", "ledger-stands"),
            "DN-88260": ("typing", "ledger-stands"),
            "DN-88275": ("unit", "ledger-stands"),
            "DN-88311": ("typing", "ledger-stands"),
            "RC-0197": (None, None),
            "RS-0042": ("in-transit", "carried"),
        }
        differences = sum(int(r["difference_mg"]) for r in value["rows"])
        (line,) = world.page(period).tie_lines
        assert differences == line.difference_mg
        assert json.loads(document)["statement_sha256"] == hashlib.sha256(FIXTURE.read_bytes()).hexdigest()

    def test_what_was_looked_at_is_what_is_signed(self, period):
        settle_all(period)
        seen = world.page(period).digest
        undone = Match.objects.get(reason=Reason.UNIT)
        undo_match(period_id=period, match_id=undone.pk, actor=TERRA, now=NOW)
        differ(period, "DN-88275", Reason.TYPING)
        assert refusal(sign_period, period_id=period, digest=seen, actor=TERRA, now=NOW) is Code.BALANCE_CHANGED

    def test_a_change_after_one_signature_needs_both_again(self, period):
        settle_all(period)
        sign(period, RINGCYCLE)
        world.deliver("DN-88399", dt.date(2025, 11, 30), 10)
        assert BlockerCode.ROWS_OPEN in {blocker.code for blocker in world.page(period).blockers}
        differ(period, "DN-88399", Reason.IN_TRANSIT)
        assert [(s.party, s.current) for s in world.page(period).signatures] == [("ringcycle", False)]
        assert sign(period, TERRA) == ""
        assert sign(period, RINGCYCLE) != ""

    def test_entries_of_others_and_of_other_months_change_nothing(self, period):
        settle_all(period)
        before = world.page(period).digest
        world.deliver("DN-99000", dt.date(2025, 12, 2), 10)
        assert world.page(period).digest == before

    def test_a_closed_period_stays_as_it_was(self, period, key_of):
        settle_all(period)
        keys = key_of("DN-88213")
        sign(period, RINGCYCLE)
        sign(period, TERRA)
        before = world.page(period)
        with pytest.raises(LedgerError) as late:
            world.deliver("DN-88399", dt.date(2025, 11, 30), 10)
        assert late.value.code is LedgerCode.CLOSED_PERIOD
        world.deliver("DN-88399", dt.date(2025, 12, 1), 10)
        assert world.page(period) == before
        decided = before.rows[0].decision.number
        for call, names in (
            (accept_exact, {}),
            (accept_match, keys),
            (match_with_difference, {**keys, "reason": Reason.TYPING}),
            (undo_match, {"match_id": decided}),
            (ask, {**keys, "text": "?"}),
            (dispute, {**keys, "text": "!"}),
            (post_adjustment, {**keys, "reason": "x"}),
            (withdraw_adjustment, {"adjustment_id": 1}),
            (split_row, {"side": Side.OURS, "line_key": keys["ours_key"], "parts_mg": [48_199 * KG, KG]}),
            (undo_split, {"split_id": 1}),
            (sign_period, {"digest": before.digest}),
        ):
            assert refusal(call, period_id=period, **names, actor=TERRA, now=NOW) is Code.PERIOD_CLOSED
        assert refusal(withdraw_statement, period_id=period, actor=RINGCYCLE, now=NOW) is Code.PERIOD_CLOSED
        assert refusal(world.submit, RESUBMITTED) is Code.PERIOD_CLOSED

    def test_the_next_period_opens_where_the_last_closed_and_takes_up_what_came_late(self, period):
        settle_all(period)
        sign(period, RINGCYCLE)
        sign(period, TERRA)
        world.deliver("DN-88399", dt.date(2025, 12, 1), 10)  # it came in November, which is closed
        world.deliver("DN-91000", dt.date(2025, 12, 10), 1_000)
        data = b"reference,date,element,mass,unit\nDN-91000,2025-12-10,Ni,1000,kg\nRS-0042,2025-12-02,Ni,-5000,kg\n"
        december = world.submit(data, start_date=END, end_date=dt.date(2026, 1, 1))
        page = world.page(december, today=dt.date(2026, 1, 2))
        (line,) = page.tie_lines
        assert line.opening_mg == 168_550 * KG
        assert line.ours_mg == 1_010 * KG
        assert line.closing_mg == 169_560 * KG
        rules = {(r.ours or r.theirs).reference: r.rule for r in page.rows}
        assert rules == {"DN-88399": Rule.ONLY_OURS, "DN-91000": Rule.EXACT, "RS-0042": Rule.IN_TRANSIT}
        assert {blocker.code for blocker in page.blockers} == {BlockerCode.ROWS_OPEN}

    def test_a_mass_that_changes_after_it_was_agreed_opens_the_row_again(self, period):
        settle_all(period)
        arrival = entry_by_id(entry_id=row(period, "DN-88240").ours.origin, party="terra").summary
        here = world.account("ringcycle")
        world.post(
            "adjustment",
            world.move(here, here._replace(state="unaccounted"), 1_000 * KG),
            ["ringcycle", "terra"],
            arrival.occurred,
            "DN-88240",
            reason="weighed again",
            corrects=arrival.entry_id,
        )
        stale = row(period, "DN-88240")
        assert (stale.stale, stale.settled) == (True, False)
        assert BlockerCode.ROWS_STALE in {blocker.code for blocker in world.page(period).blockers}
        assert "undo and decide again" in stale.why.en


class TestOutsiders:
    @pytest.fixture
    def calls(self, period, key_of):
        keys = key_of("DN-88240")
        number = dispute(period_id=period, **keys, text="no", actor=TERRA, now=NOW)
        return (
            (accept_exact, {}),
            (accept_match, keys),
            (match_with_difference, {**keys, "reason": Reason.TYPING}),
            (undo_match, {"match_id": number}),
            (ask, {**keys, "text": "?"}),
            (dispute, {**keys, "text": "!"}),
            (post_adjustment, {**keys, "reason": "x"}),
            (withdraw_adjustment, {"adjustment_id": 1}),
            (sign_period, {"digest": "0" * 64}),
            (split_row, {"side": Side.OURS, "line_key": keys["ours_key"], "parts_mg": [51_149 * KG, KG]}),
            (undo_split, {"split_id": 1}),
            (withdraw_statement, {}),
        )

    def test_every_service_is_closed_to_them(self, period, calls):
        before = world.page(period)
        for call, names in calls:
            for actor in world.OUTSIDERS:
                assert refusal(call, period_id=period, **names, actor=actor, now=NOW) is Code.NOT_FOUND
            assert refusal(call, period_id=period, **names, actor=AUDITOR, now=NOW) is Code.FORBIDDEN
        assert world.page(period) == before

    def test_a_decision_of_another_period_is_not_reached_through_ones_own(self, period):
        number = accept_exact(period_id=period, actor=TERRA, now=NOW) and Match.objects.first().pk
        world.open_for(VOLTAIC)
        own = world.submit(actor=VOLTAIC)
        call = {"period_id": own, "match_id": number, "actor": VOLTAIC, "now": NOW}
        assert refusal(undo_match, **call) is Code.ROW_NOT_FOUND


class TestEvidence:
    """The database keeps what was submitted, decided and signed, whoever asks."""

    def tried(self, sql: str) -> str:
        with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
        cause = caught.value.__cause__
        assert isinstance(cause, psycopg.Error)
        return cause.diag.sqlstate or ""

    STATEMENTS = (
        "UPDATE reconciliation_partnerline SET mass_mg = mass_mg + 1",
        "DELETE FROM reconciliation_partnerline",
        "UPDATE reconciliation_partnerstatement SET file_sha256 = 'x'",
        "DELETE FROM reconciliation_partnerstatement",
        "UPDATE reconciliation_match SET theirs_mg = 0",
        "UPDATE reconciliation_match SET state = 'matched', undone_at = now()",
        "DELETE FROM reconciliation_match",
        "UPDATE reconciliation_periodsignature SET digest = 'x'",
        "DELETE FROM reconciliation_periodsignature",
        "UPDATE reconciliation_split SET parts_mg = '{1,2}'",
        "DELETE FROM reconciliation_split",
        "UPDATE reconciliation_question SET text = 'x'",
        "UPDATE reconciliation_reconciledperiod SET digest = 'x'",
        "UPDATE reconciliation_reconciledperiod SET state = 'open'",
        "DELETE FROM reconciliation_reconciledperiod",
    )

    def test_nothing_is_changed_or_removed(self, period, key_of):
        ask(period_id=period, **key_of("DN-88311"), text="?", actor=TERRA, now=NOW)
        halves = [23_450 * KG, 23_450 * KG]
        where = {"side": Side.OURS, "line_key": key_of("DN-88311")["ours_key"]}
        number = split_row(period_id=period, **where, parts_mg=halves, actor=TERRA, now=NOW)
        undo_split(period_id=period, split_id=number, actor=TERRA, now=NOW)
        settle_all(period)
        sign(period, RINGCYCLE)
        sign(period, TERRA)
        assert {sql: self.tried(sql) for sql in self.STATEMENTS} == dict.fromkeys(self.STATEMENTS, "23001")

    def test_not_even_all_at_once(self, period):
        # The app's role may not truncate at all; the trigger holds the owner of the tables.
        with connections["owner"].cursor() as cursor, pytest.raises(DatabaseError, match="kept as it was"):
            cursor.execute("TRUNCATE reconciliation_partnerline CASCADE")
        assert PartnerLine.objects.count() == 5
        assert ReconciledPeriod.objects.count() == 1
