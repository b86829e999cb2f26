"""Handing entries in and having them posted, as callers do it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

from ledger.core.entry import move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.balances import account_balance
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.entries import entry_detail, submission
from ledger.selectors.keys import keys
from ledger.selectors.values import PreviewLine
from ledger.services.open_ledger import open_ledger
from ledger.services.register_key import register_key, revoke_key
from ledger.services.sequence_pending import SequenceReport, sequence_pending
from ledger.services.submit_entry import dry_run, submit_entries, submit_entry
from ledger.sql import inbox
from tests.ledger.world import NOW, account, append, force_into_inbox, key_of, lease_out, note, open_world, receive

pytestmark = pytest.mark.usefixtures("own_database")


def code_of(refusal: pytest.ExceptionInfo[LedgerError]) -> LedgerCode:
    return refusal.value.code


def test_the_ledger_opens_once_with_a_public_notice() -> None:
    open_ledger(now=NOW)
    open_ledger(now=NOW + dt.timedelta(days=1))
    assert ledger_size() == 1
    first = entry_detail(index=0, party=None)
    assert (first.summary.kind, first.summary.public, first.checkpoint_size) == ("notice", True, 1)


def test_nothing_can_be_handed_in_before_the_ledger_is_open() -> None:
    with pytest.raises(LedgerError) as refusal:
        append(receive(1))
    assert code_of(refusal) == LedgerCode.NOT_OPEN
    assert sequence_pending() == SequenceReport(leader=True, posted=0, refused=0, size=0)


def test_indexes_have_no_gap_and_balances_follow() -> None:
    open_world()
    assert append(receive(1000)).index == 4
    posted = append(lease_out(400))
    assert (posted.index, posted.checkpoint_size, posted.existed) == (5, 6, False)
    assert account_balance(account=account(), party=None) == 600
    assert account_balance(account=account(holder="maker"), party=None) == 400


def test_the_same_entry_again_is_told_that_it_exists() -> None:
    open_world()
    data = receive(1000)
    first, second = append(data), append(data, at=NOW + dt.timedelta(hours=1))
    assert (second.index, second.recorded, second.existed) == (first.index, first.recorded, True)
    assert ledger_size() == 5


def test_one_idempotency_key_belongs_to_one_entry_of_one_submitter() -> None:
    open_world()
    data = receive(1000)
    append(data, idempotency_key="delivery 7")
    assert append(data, idempotency_key="delivery 7").existed
    with pytest.raises(LedgerError) as refusal:
        append(receive(2000), idempotency_key="delivery 7")
    assert code_of(refusal) == LedgerCode.CONFLICT
    assert append(receive(3000), by="maker", idempotency_key="delivery 7").index == 5


def test_more_than_is_there_is_refused_and_nothing_is_kept() -> None:
    open_world()
    append(receive(1000))
    with pytest.raises(LedgerError) as refusal:
        append(lease_out(1001))
    assert code_of(refusal) == LedgerCode.INSUFFICIENT
    assert "1000 mg stand there and 1001 mg are wanted" in refusal.value.sentence
    assert not inbox.pending(10)


def test_what_waits_in_the_inbox_is_spent_already() -> None:
    open_world()
    append(receive(1000))
    with transaction.atomic():
        submit_entry(note=lease_out(700), submitted_by="lessor", now=NOW)
        with pytest.raises(LedgerError) as refusal:
            submit_entry(note=lease_out(700), submitted_by="lessor", now=NOW)
        assert code_of(refusal) == LedgerCode.INSUFFICIENT
        submit_entry(note=lease_out(300), submitted_by="lessor", now=NOW)
    assert account_balance(account=account(), party=None) == 0


def test_what_waits_in_the_inbox_can_be_spent() -> None:
    open_world()
    answers = submit_entries(notes=[receive(1000), lease_out(1000)], submitted_by="lessor", now=NOW)
    assert [answer.state for answer in answers] == ["pending", "pending"]
    assert [submission(entry_id=answer.entry_id, party="lessor").index for answer in answers] == [4, 5]


def test_of_several_entries_all_are_kept_or_none() -> None:
    open_world()
    with pytest.raises(LedgerError):
        submit_entries(notes=[receive(1000), lease_out(1001)], submitted_by="lessor", now=NOW)
    assert ledger_size() == 4


def test_a_rolled_back_caller_leaves_no_trace() -> None:
    open_world()
    with transaction.atomic():
        submit_entry(note=receive(1000), submitted_by="lessor", now=NOW)
        transaction.set_rollback(True)
    assert sequence_pending().posted == 0
    assert ledger_size() == 4


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"no note at all", LedgerCode.MALFORMED),
        (note("receive", signers=["lessor"], reference="r"), LedgerCode.BAD_LEG),
        (receive(5, book="another.example/book"), LedgerCode.WRONG_BOOK),
        (receive(5).replace(b'"mass_mg":"5"', b'"mass_mg":"6"'), LedgerCode.BAD_SIGNATURE),
        (receive(5, account(owner="stranger")), LedgerCode.UNKNOWN_KEY),
        (lease_out(5).rsplit("— ".encode(), 1)[0], LedgerCode.MISSING_SIGNATURE),
        (note("reversal", move(account(), account(state="source"), 5), ["lessor"], reason="r", corrects="00" * 32),
         LedgerCode.BAD_CORRECTION),
    ],
)  # fmt: skip
def test_a_dry_run_says_what_an_append_would_refuse(data: bytes, code: LedgerCode) -> None:
    open_world()
    with pytest.raises(LedgerError) as dry:
        dry_run(note=data, now=NOW)
    with pytest.raises(LedgerError) as wet:
        append(data)
    assert code_of(dry) == code_of(wet) == code
    assert ledger_size() == 4


def test_a_dry_run_of_a_good_entry_keeps_nothing() -> None:
    open_world()
    data = receive(1000)
    preview = dry_run(note=data, now=NOW)
    assert ledger_size() == 4
    assert (preview.index, preview.signed, preview.missing) == (4, ("lessor",), ())
    assert preview.lines == (
        PreviewLine(account(state="source"), -1000, 0, -1000),
        PreviewLine(account(), 1000, 0, 1000),
    )
    posted = append(data)
    assert (posted.index, posted.entry_id, posted.existed) == (preview.index, preview.entry_id, False)
    again = dry_run(note=data, now=NOW)
    assert (again.existed, again.index, again.lines) == (True, 4, ())


def test_a_dry_run_counts_what_waits_and_tells_who_has_to_sign_yet() -> None:
    open_world()
    append(receive(1000))
    half = lease_out(300).rsplit("— ".encode(), 1)[0]
    with transaction.atomic():
        submit_entry(note=lease_out(400), submitted_by="lessor", now=NOW)
        preview = dry_run(note=half, now=NOW, as_if_signed=True)
        with pytest.raises(LedgerError) as too_much:
            dry_run(note=lease_out(601), now=NOW, as_if_signed=True)
    assert (preview.index, preview.signed, preview.missing) == (6, ("lessor",), ("maker",))
    assert preview.lines == (
        PreviewLine(account(), -300, 600, 300),
        PreviewLine(account(holder="maker"), 300, 400, 700),
    )
    assert code_of(too_much) == LedgerCode.INSUFFICIENT


def test_a_new_key_signs_in_the_same_transaction_and_a_revoked_one_no_more() -> None:
    open_world(parties=())
    with transaction.atomic():
        register_key(party="lessor", vkey=str(key_of("lessor").vkey), custody="held", now=NOW)
        submit_entry(note=receive(1000), submitted_by="lessor", now=NOW)
    assert account_balance(account=account(), party=None) == 1000
    revoke_key(vkey=str(key_of("lessor").vkey), reason="It was lost.", now=NOW)
    with pytest.raises(LedgerError) as refusal:
        append(receive(1000))
    assert code_of(refusal) == LedgerCode.KEY_NOT_VALID
    (key,) = keys(party="lessor")
    assert (key.custody, key.valid_from_index, key.revoked_at_index) == ("held", 2, 3)


def test_a_key_is_registered_once() -> None:
    open_world()
    with pytest.raises(LedgerError) as refusal:
        register_key(party="maker", vkey=str(key_of("lessor").vkey), now=NOW)
    assert code_of(refusal) == LedgerCode.DUPLICATE


def test_an_entry_is_taken_back_once() -> None:
    open_world()
    original = append(receive(1000))
    backwards = net_legs(move(account(), account(state="source"), 1000))

    def reversal() -> bytes:
        return note("reversal", backwards, ["lessor"], reason="Weighed twice.", corrects=original.entry_id)

    with transaction.atomic():
        submit_entry(note=reversal(), submitted_by="lessor", now=NOW)
        with pytest.raises(LedgerError) as while_waiting:
            submit_entry(note=reversal(), submitted_by="lessor", now=NOW)
    assert code_of(while_waiting) == LedgerCode.BAD_CORRECTION
    with pytest.raises(LedgerError) as posted:
        append(reversal())
    assert code_of(posted) == LedgerCode.BAD_CORRECTION
    detail = entry_detail(index=original.index, party="lessor")
    assert (detail.reversed_by, detail.corrected_by) == (5, ())
    assert entry_detail(index=5, party="lessor").corrects_index == original.index
    assert account_balance(account=account(), party=None) == 0


def test_the_sequencer_checks_again_and_says_why_it_refuses() -> None:
    open_world()
    append(receive(1000))
    data = lease_out(600), lease_out(600)
    for item in data:  # as if two callers had got past the check at the same time
        candidate_id = force_into_inbox(item)
    report = sequence_pending()
    assert (report.posted, report.refused) == (1, 1)
    refused = submission(entry_id=candidate_id, party="lessor")
    assert (refused.state, refused.code, refused.index) == ("refused", "insufficient", None)
    append(receive(1000))
    assert append(data[1]).existed is False  # once the reason is gone, the same entry may come again


def test_times_never_go_back() -> None:
    open_world()
    append(receive(1), at=NOW + dt.timedelta(days=5))
    late = append(receive(1), at=NOW)
    assert late.recorded == NOW + dt.timedelta(days=5)


def test_a_limit_leaves_the_rest_for_the_next_run() -> None:
    open_world()
    for item in (receive(1), receive(2), receive(3)):
        force_into_inbox(item)
    assert sequence_pending(limit=2) == SequenceReport(leader=True, posted=2, refused=0, size=6)
    assert sequence_pending() == SequenceReport(leader=True, posted=1, refused=0, size=7)


def test_balances_beyond_their_column_are_refused_and_do_not_stop_the_sequencer() -> None:
    open_world()
    most = 10**18 - 1
    for _ in range(9):
        append(receive(most))
    with pytest.raises(LedgerError) as refusal:
        append(receive(most))
    assert code_of(refusal) == LedgerCode.BAD_LEG
    force_into_inbox(receive(most))
    assert sequence_pending() == SequenceReport(leader=True, posted=0, refused=1, size=13)


def test_rubbish_in_the_inbox_is_refused_and_does_not_stop_the_sequencer() -> None:
    open_world()
    inbox.insert(entry_id=b"x" * 32, note=b"\xff\x00rubbish", received_at=NOW, submitted_by="lessor",
                 idempotency_key=None, kind="receive", legs=[])  # fmt: skip
    force_into_inbox(receive(1))
    assert sequence_pending() == SequenceReport(leader=True, posted=1, refused=1, size=5)
