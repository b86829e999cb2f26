"""The smallest job: proves that a message sent is work done."""

from __future__ import annotations

import time
from pathlib import Path

from celery import shared_task
from django.conf import settings


@shared_task(name="lode.ping")
def ping(word: str, *, hold_seconds: int = 0) -> None:
    """Add a line with the word to `var/log/ping.txt`, then hold the worker for that many seconds.

    A word may stand in the file more than once: a message whose worker was killed is delivered again.
    """
    path = Path(settings.VAR_DIR) / "log" / "ping.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{word}\n")
    time.sleep(hold_seconds)
