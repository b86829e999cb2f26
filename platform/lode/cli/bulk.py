"""`lode ledger bulk`: post a file of signed entries, here or over the API, and say of each line what became of it.

What was posted is answered as `existed` when the file is posted again: after a crash, run the same command again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import IO, Any

from ledger.core.bulk import LineState, Tally, read_notes
from lode.cli.explain import REFUSED
from lode.engine.places import EngineError

NDJSON = "application/x-ndjson"
OPERATOR = "operator"
_PIECE = 64 * 1024
_BAR = 30

# Takes the pieces of the file, and hands each line of the report to the function that it is given.
Exchange = Callable[[Iterable[bytes], Callable[[bytes], None]], None]


def send(options: argparse.Namespace) -> int:
    """Post the file over the API; return the exit code. Needs no database."""
    from lode.cli.api_client import Api  # noqa: PLC0415 - only this way of it needs them
    from lode.cli.http_stream import post_lines  # noqa: PLC0415 - as above

    api = Api(options.url, options.token_file)
    path = "entries/bulk?stop_at_first=true" if options.stop_at_first else "entries/bulk"
    return _post(options, lambda body, on_line: post_lines(api, path, NDJSON, body, on_line))


def here(options: argparse.Namespace) -> int:
    """Post the file into the ledger of this machine, whose database is there; return the exit code."""
    from ledger.services.append_entries import append_entries  # noqa: PLC0415 - needs Django, which `send` does without

    def exchange(body: Iterable[bytes], on_line: Callable[[bytes], None]) -> None:
        tally = Tally()
        reports = append_entries(
            notes=read_notes(body),
            submitted_by=options.party or OPERATOR,
            party=options.party,
            clock=lambda: datetime.now(UTC),
            stop_at_first=options.stop_at_first,
        )
        for report in reports:
            on_line(tally.count(report).to_bytes())
        on_line(tally.to_bytes(complete=not (options.stop_at_first and tally.states[LineState.REFUSED])))

    return _post(options, exchange)


def _post(options: argparse.Namespace, exchange: Exchange) -> int:
    if options.report and options.report.exists() and options.report.samefile(options.file):
        raise EngineError("The report would overwrite the file of entries: name another one.")
    with contextlib.ExitStack() as stack:
        source: IO[bytes] = sys.stdin.buffer
        size = 0
        if str(options.file) != "-":
            source = stack.enter_context(options.file.open("rb"))
            size = options.file.stat().st_size
        report = stack.enter_context(options.report.open("wb")) if options.report else None
        view = _View(report, size)
        try:
            exchange(view.pieces(source), view.take)
        finally:
            view.clear()
    return view.finish()


class _View:
    """The report as it comes: into its file, refused lines to standard output, a bar on a terminal."""

    def __init__(self, report: IO[bytes] | None, size: int) -> None:
        self._report = report
        self._size = size
        self._read = self._line = 0
        self._summary: dict[str, Any] | None = None
        self._drawn = ""

    def pieces(self, source: IO[bytes]) -> Iterator[bytes]:
        """Answer the file piece by piece."""
        while piece := source.read(_PIECE):
            self._read += len(piece)
            self._draw()
            yield piece

    def take(self, line: bytes) -> None:
        """Take in one line of the report."""
        if self._report is not None:
            self._report.write(line.rstrip(b"\n") + b"\n")
        said = json.loads(line)
        if "summary" in said:
            self._summary = said["summary"]
            return
        self._line = said["line"]
        if said["state"] == LineState.REFUSED:
            self.clear()
            print(f"Line {said['line']}: {said['sentence']} [{said['code']}]")

    def finish(self) -> int:
        """Say what came of it all, and return the exit code. Raises EngineError where the answer broke off."""
        found = self._summary
        if found is None:
            raise EngineError(
                f"The answer broke off after line {self._line}. Run the same again: what was posted is answered so."
            )
        counts = ", ".join(f"{found[state]} {state}" for state in LineState if found[state] or state == "posted")
        print(f"{found['lines']} lines: {counts}.")
        if found["code"] is not None:
            print(f"{found['sentence']} [{found['code']}]", file=sys.stderr)
        elif not found["complete"]:
            print(f"Nothing after line {self._line} was looked at.", file=sys.stderr)
        return 0 if found["complete"] and not found["refused"] else REFUSED

    def clear(self) -> None:
        """Take the bar away."""
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._drawn = ""

    def _draw(self) -> None:
        if not sys.stderr.isatty() or not self._size:
            return
        filled = _BAR * self._read // self._size
        picture = f"[{'#' * filled}{'.' * (_BAR - filled)}] {100 * self._read // self._size}%, line {self._line}"
        if picture != self._drawn:
            print(f"\r{picture}\x1b[K", end="", file=sys.stderr, flush=True)
            self._drawn = picture
