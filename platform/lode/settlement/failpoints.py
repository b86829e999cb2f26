"""Places at which a test can hold a process and kill it; without the variable they do nothing at all."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django.conf import settings

VARIABLE = "LODE_FAILPOINT"
HOLD_SECONDS = 120


def failpoint(name: str) -> None:
    """Leave the file `var/failpoint-NAME` and hold the process, where `LODE_FAILPOINT` names this place."""
    if os.environ.get(VARIABLE) == name:
        (Path(settings.VAR_DIR) / f"failpoint-{name}").touch()
        time.sleep(HOLD_SECONDS)
