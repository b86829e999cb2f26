"""Lines of a stream of notes: one line at a time, each with its answer."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.bulk import MAX_LINE_BYTES, LineReport, LineState, Tally, read_notes, write_note
from ledger.core.errors import LedgerError

LONG = b"x" * (MAX_LINE_BYTES + 1)


def told(*chunks: bytes) -> list[object]:
    return [item.code.value if isinstance(item, LedgerError) else item for item in read_notes(chunks)]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b'"a\\nb"', b"a\nb"),
        (b'{"note": "a"}', b"a"),
        (b' "a" \r', b"a"),
        ('"\\u2014 —"'.encode(), "— —".encode()),
        (b"", "malformed"),
        (b"  ", "malformed"),
        (b"a", "malformed"),
        (b'"\xff"', "malformed"),
        (b'"\\ud800"', "malformed"),
        (b'\xef\xbb\xbf"a"', "malformed"),
        (b'"a" "b"', "malformed"),
        (b"[]", "malformed"),
        (b"7", "malformed"),
        (b'{"note": 7}', "malformed"),
        (b'{"note": "a", "more": 1}', "malformed"),
        (b'{"note": "a", "note": "b"}', "malformed"),
        (b"[" * 100_000, "malformed"),
        (LONG, "too-large"),
        (b'"' + b"x" * (MAX_LINE_BYTES - 2) + b'"', b"x" * (MAX_LINE_BYTES - 2)),
    ],
    ids=range(19),
)
def test_a_line_is_a_note_or_says_why_not(line: bytes, answer: object) -> None:
    assert told(line + b'\n"next"\n') == [answer, b"next"]
    assert told(b'"first"\n', line, b'\n"next"') == [b"first", answer, b"next"]


def test_the_last_line_needs_no_end() -> None:
    assert told(b'"a"\n"b"') == [b"a", b"b"]
    assert told(b'"a"\n"b') == [b"a", "malformed"]
    assert told(b'"a"\n' + LONG) == [b"a", "too-large"]
    assert told() == told(b"") == []


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=8), st.integers(1, 7))
def test_what_is_written_is_read_in_pieces_of_any_size(notes: list[str], step: int) -> None:
    data = b"".join(write_note(note.encode()) for note in notes)
    assert told(*(data[at : at + step] for at in range(0, len(data), step))) == [note.encode() for note in notes]


def test_a_line_without_an_end_is_not_held() -> None:
    tracemalloc.start()
    (answer,) = read_notes(b"x" * 65536 for _ in range(2000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(answer, LedgerError)
    assert answer.code == "too-large"
    assert peak < 4 * MAX_LINE_BYTES


def test_reports_always_have_the_same_members() -> None:
    assert json.loads(LineReport(7, LineState.POSTED, "ab", 12).to_bytes()) == {
        "line": 7, "state": "posted", "entry_id": "ab", "index": 12, "code": None, "sentence": None,
    }  # fmt: skip
    tally = Tally()
    for state in (LineState.POSTED, LineState.EXISTED, LineState.REFUSED, LineState.POSTED):
        tally.count(LineReport(tally.lines + 1, state))
    assert json.loads(tally.to_bytes(complete=True)) == {
        "summary": {
            "complete": True, "lines": 4, "posted": 2, "existed": 1, "pending": 0, "refused": 1,
            "code": None, "sentence": None,
        }
    }  # fmt: skip
