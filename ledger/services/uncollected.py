"""Let no collector of cyclic garbage run through a batch."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the collector: a batch makes a hundred thousand small values and no cycle, and pays a quarter for a search.

    Of several threads in such blocks the first to leave switches it on again for all.
    """
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()
