"""The steps between which a run may be cut off: tests do so at every one, to see that nothing is lost or posted twice.

Between two neighbours lies one step. Cut off at the first of them the step has not happened; at the second it has, and
nobody was told.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

VARIABLE = "LODE_LEDGER_FAILPOINT"

# In the order in which a run comes by. A test holds the list to the calls of `failpoint` in the code.
STEPS = {
    "written": "a batch is written, its transaction is not committed",
    "staged": "the batch is committed, no checkpoint covers it",
    "remembered": "the signer has remembered the new head, its signature is not let out",
    "committed": "the checkpoint is committed, nothing of it is published",
    "tiles": "the tiles are files, under the old checkpoint",
    "published": "the checkpoint is a file, and the caller was not answered",
}


def _die_where_named(name: str) -> None:
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)


# What happens at a step: nothing, unless the environment names it; a test in this process puts another fault here.
reached: Callable[[str], None] = _die_where_named


def failpoint(name: str) -> None:
    """Come by the step `name`: die at once, without cleaning up, where the environment names it."""
    reached(name)
