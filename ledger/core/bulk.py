"""Streams of signed notes: NDJSON, one JSON string or `{"note": "…"}` a line, and what became of each line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from ledger.core.canonical_json import dumps, loads
from ledger.core.errors import LedgerCode, LedgerError

# A note of 64,000 bytes with every character escaped still fits.
MAX_LINE_BYTES = 512 * 1024


class LineState(StrEnum):
    """What became of a line. `pending`: kept, and posted by the next sequencer that runs."""

    POSTED = "posted"
    EXISTED = "existed"
    PENDING = "pending"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LineReport:
    """What became of line `line` (from 1): where it stands in the ledger, or code and sentence of the refusal.

    `entry_id` is hex, None where the line could not be read as an entry. A line that `existed` with the code
    `duplicate` was posted by an earlier line of the same stream.
    """

    line: int
    state: LineState
    entry_id: str | None = None
    index: int | None = None
    code: str | None = None
    sentence: str | None = None

    def to_bytes(self) -> bytes:
        """Return the report as one line of JSON, always with the same members."""
        return dumps(asdict(self)) + b"\n"


class Tally:
    """The counts of a stream, and whether it came to its end."""

    def __init__(self) -> None:
        self.lines = 0
        self.states = dict.fromkeys(LineState, 0)
        self.last_refused = 0

    def count(self, report: LineReport) -> LineReport:
        """Count a report in, and hand it on."""
        self.lines += 1
        self.states[report.state] += 1
        if report.state is LineState.REFUSED:
            self.last_refused = report.line
        return report

    def to_bytes(self, *, complete: bool, code: str | None = None, sentence: str | None = None) -> bytes:
        """Return the last line of a report; `code` and `sentence` say why the stream ended before its end."""
        counts = {str(state): count for state, count in self.states.items()}
        summary = {"complete": complete, "lines": self.lines, **counts, "code": code, "sentence": sentence}
        return dumps({"summary": summary}) + b"\n"


def read_notes(chunks: Iterable[bytes]) -> Iterator[bytes | LedgerError]:
    """Answer the note of each line, or why it cannot be read, holding one line at a time.

    The errors are `malformed` (an empty line, no UTF-8, no JSON, another shape) and `too-large`.
    """
    for line in _lines(chunks):
        try:
            yield _note(line)
        except LedgerError as error:
            yield error


def write_note(note: bytes) -> bytes:
    """Return the note as one line of a stream; raises `malformed` where it is not UTF-8."""
    try:
        return dumps(note.decode("utf-8")) + b"\n"
    except UnicodeDecodeError as error:
        raise LedgerError(LedgerCode.MALFORMED, f"The note is not UTF-8 at byte {error.start}.") from None


def _note(line: bytes | None) -> bytes:
    if line is None:
        raise LedgerError(LedgerCode.TOO_LARGE, f"The line is longer than {MAX_LINE_BYTES:,} bytes.")
    if not line.strip():
        raise LedgerError(LedgerCode.MALFORMED, "The line is empty.")
    match loads(line, max_bytes=MAX_LINE_BYTES):
        case str(note):
            return note.encode("utf-8")
        case {"note": str(note), **more} if not more:
            return note.encode("utf-8")
    raise LedgerError(LedgerCode.MALFORMED, 'The line is neither a JSON text nor {"note": "…"}.')


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    # None stands for a line that is too long: what is read of it is let go.
    held: list[bytes] = []
    length = 0
    for chunk in chunks:
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            yield None if length + len(end) > MAX_LINE_BYTES else b"".join((*held, end))
            held, length = [], 0
        length += len(rest)
        if length > MAX_LINE_BYTES:
            held = []
        elif rest:
            held.append(rest)
    if length:
        yield None if length > MAX_LINE_BYTES else b"".join(held)
