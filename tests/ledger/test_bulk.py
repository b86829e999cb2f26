"""A stream of entries: each line posted whole or refused whole, again as often as one likes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from ledger.core.bulk import LineReport, read_notes, write_note
from ledger.core.checkpoint import Checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note
from ledger.selectors.balances import account_balance
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.entries import list_entries
from ledger.services.append_entries import append_entries
from ledger.services.verify_ledger import verify_ledger
from tests.ledger.world import NOW, account, append, force_into_inbox, lease_out, open_world, receive

FIRST = 4  # the notice and three keys


def streamed(notes: Iterable[bytes | LedgerError], **more) -> list[LineReport]:
    return list(append_entries(notes=notes, submitted_by="lessor", clock=lambda: NOW, **more))


def said(reports: Iterable[LineReport]) -> list[tuple]:
    return [(item.line, item.state.value, item.index, item.code) for item in reports]


def stock() -> int:
    return account_balance(account=account(), party=None)


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_each_line_is_posted_and_again_exists(own_database: str, tmp_path: Path, chunk: int) -> None:
    open_world()
    notes = [receive(mass) for mass in range(1, 11)]
    assert said(streamed(notes, chunk=chunk)) == [(n, "posted", FIRST - 1 + n, None) for n in range(1, 11)]
    assert said(streamed(notes, chunk=chunk)) == [(n, "existed", FIRST - 1 + n, None) for n in range(1, 11)]
    assert (stock(), ledger_size()) == (55, FIRST + 10)
    published = (tmp_path / "ledger" / "public" / "checkpoint").read_bytes()
    assert Checkpoint.parse(Note.parse(published).text).size == FIRST + 10
    assert verify_ledger().problems == ()


@pytest.mark.parametrize("chunk", [1, 2, 5, 100])
def test_a_refused_line_keeps_no_other_from_being_posted(own_database: str, chunk: int) -> None:
    open_world()
    notes = [lease_out(1), receive(100), lease_out(70), lease_out(40), lease_out(30), b"", lease_out(1), receive(2)]
    reports = streamed(notes, chunk=chunk)
    assert said(reports) == [
        (1, "refused", None, "insufficient"),
        (2, "posted", 4, None),
        (3, "posted", 5, None),
        (4, "refused", None, "insufficient"),
        (5, "posted", 6, None),
        (6, "refused", None, "malformed"),
        (7, "refused", None, "insufficient"),
        (8, "posted", 7, None),
    ]
    assert reports[3].sentence == (
        "There is not enough Ni of lessor at lessor (stock, lot lot-1): 30 mg stand there and 40 mg are wanted. "
        "Nothing was posted."
    )
    assert stock() == 2
    assert verify_ledger().problems == ()


@pytest.mark.parametrize("chunk", [1, 2, 100])
@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (lambda: lease_out(40), "insufficient"),
        (lambda: b"no note", "malformed"),
        (lambda: LedgerError(LedgerCode.TOO_LARGE, "The line is too long."), "too-large"),
    ],
    ids=["refused", "unreadable", "broken"],
)
def test_a_stream_stops_at_the_first_refusal_where_it_is_asked_to(own_database: str, chunk: int, bad, code) -> None:
    open_world()
    notes = [receive(10), receive(20), bad(), receive(40), receive(80)]
    read = []

    def watched() -> Iterator[bytes | LedgerError]:
        for note in notes:
            read.append(note)
            yield note

    reports = streamed(watched(), chunk=chunk, stop_at_first=True)
    assert said(reports) == [(1, "posted", 4, None), (2, "posted", 5, None), (3, "refused", None, code)]
    assert stock() == 30
    assert len(read) <= 3 + chunk
    # What stood after it goes in once the line at fault is taken out.
    again = said(streamed([*notes[:2], *notes[3:]], chunk=chunk, stop_at_first=True))
    assert [state for _, state, _, _ in again] == ["existed", "existed", "posted", "posted"]


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_a_line_that_stands_twice_is_posted_once(own_database: str, chunk: int) -> None:
    open_world()
    before, twice = receive(5), receive(10)
    append(before)
    reports = streamed([twice, before, receive(20), twice, before], chunk=chunk)
    assert said(reports) == [
        (1, "posted", 5, None),
        (2, "existed", 4, None),
        (3, "posted", 6, None),
        (4, "existed", 5, "duplicate"),
        (5, "existed", 4, None),
    ]
    assert stock() == 35


def test_nobody_hands_in_for_others(own_database: str) -> None:
    open_world()
    mine, other = receive(1), receive(2, to=account("maker"))
    assert said(streamed([mine, other], party="lessor")) == [
        (1, "posted", 4, None),
        (2, "refused", None, "forbidden"),
    ]
    assert said(streamed([other], party="maker")) == [(1, "posted", 5, None)]
    # Who may not read it is not told either that it stands there.
    assert said(streamed([other], party="lessor")) == [(1, "refused", None, "forbidden")]


def test_what_waits_from_before_is_posted_and_reported(own_database: str) -> None:
    open_world()
    waiting, bad = receive(3), lease_out(50)
    force_into_inbox(waiting)
    force_into_inbox(bad)
    assert said(streamed([waiting, bad])) == [(1, "existed", 4, "duplicate"), (2, "refused", None, "insufficient")]


def test_a_refused_line_may_be_posted_later(own_database: str) -> None:
    open_world()
    note = lease_out(5)
    assert said(streamed([note])) == [(1, "refused", None, "insufficient")]
    assert said(streamed([receive(5), note])) == [(1, "posted", 4, None), (2, "posted", 5, None)]


def test_only_one_chunk_is_read_ahead_of_the_one_that_is_posted(own_database: str) -> None:
    open_world()
    notes = [receive(1) for _ in range(9)]
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for note in notes:
            taken += 1
            yield note

    reports = append_entries(notes=counted(), submitted_by="lessor", clock=lambda: NOW, chunk=3)
    assert (next(reports).line, len(list_entries(party=None, kind="receive"))) == (1, 3)
    reports.close()
    assert taken == 6
    assert said(streamed(notes))[2:4] == [(3, "existed", 6, None), (4, "posted", 7, None)]


def test_memory_does_not_grow_with_the_stream(own_database: str) -> None:
    open_world()
    line = b"".join(write_note(receive(1)) for _ in range(20)) + b"broken\n"
    streamed(read_notes([line]))
    peaks = []
    for count in (50, 200):
        tracemalloc.start()
        reports = append_entries(notes=read_notes(line for _ in range(count)), submitted_by="lessor", clock=lambda: NOW)
        assert sum(1 for _ in reports) == 21 * count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000
