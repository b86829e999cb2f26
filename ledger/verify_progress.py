"""Shows how far `lode-verify` has come: a bar on a terminal, a plain line now and then anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TextIO

from ledger.core.audit import Progress

_BAR_WIDTH = 30
_REDRAW_SECONDS = 0.1
_LINE_SECONDS = 10.0
_MINUTE = 60

Clock = Callable[[], float]


def follow(steps: Iterable[Progress], out: TextIO, *, quiet: bool = False, clock: Clock = time.monotonic) -> None:
    """Run through `steps`, writing to `out` how far they have come, unless `quiet`; `clock` gives seconds."""
    if quiet:
        for _ in steps:
            pass
        return
    terminal = out.isatty()
    step, began, shown = "", 0.0, clock()
    drawn = False
    for progress in steps:
        now = clock()
        if progress.step != step:
            step, began = progress.step, now
        pause = _REDRAW_SECONDS if terminal else _LINE_SECONDS
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


def _told(progress: Progress, seconds: float) -> str:
    told = f"{100 * progress.done // max(progress.total, 1)}% ({progress.done:,} of {progress.total:,})"
    if seconds <= 0 or progress.done >= progress.total:
        return told
    rate = progress.done / seconds
    return f"{told}, {rate:,.0f}/s, {_duration((progress.total - progress.done) / rate)} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}:{minutes:02d}:{rest:02d}"
