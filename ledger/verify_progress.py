"""Shows how far `lode-verify` has come: a bar on a terminal, a plain line now and then anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TextIO

from ledger.core.audit import Progress

_BAR_WIDTH = 30
_MINUTE = 60
_SECOND = 1_000_000_000  # nanoseconds
_REDRAW = _SECOND // 10
_LINE = 10 * _SECOND

Clock = Callable[[], int]


def follow(steps: Iterable[Progress], out: TextIO, *, quiet: bool = False, clock: Clock = time.monotonic_ns) -> None:
    """Run through `steps`, writing to `out` how far they have come, unless `quiet`; `clock` gives nanoseconds."""
    if quiet:
        for _ in steps:
            pass
        return
    terminal = out.isatty()
    pause = _REDRAW if terminal else _LINE
    step, began, shown, drawn = "", 0, clock(), False
    for progress in steps:
        now = clock()
        if progress.step != step:
            step, began = progress.step, now
        # Drawing costs more than checking.
        if now - shown < pause and not (terminal and progress.done == progress.total):
            continue
        shown, drawn = now, True
        told = _told(progress, now - began)
        out.write(f"\r{_bar(progress)} {told}\x1b[K" if terminal else f"lode-verify: {progress.step} {told}\n")
        out.flush()
    if terminal and drawn:
        out.write("\r\x1b[K")
        out.flush()


def _bar(progress: Progress) -> str:
    filled = _BAR_WIDTH * progress.done // max(progress.total, 1)
    return f"{progress.step:<10} [{'#' * filled}{'.' * (_BAR_WIDTH - filled)}]"


def _told(progress: Progress, taken: int) -> str:
    told = f"{100 * progress.done // max(progress.total, 1)}% ({progress.done:,} of {progress.total:,})"
    if not taken or not progress.done or progress.done >= progress.total:
        return told
    left = (progress.total - progress.done) * taken // progress.done // _SECOND
    return f"{told}, {progress.done * _SECOND // taken:,}/s, {_duration(left)} left"


def _duration(seconds: int) -> str:
    minutes, seconds = divmod(seconds, _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
