"""Errors in sentences, with the exit code that goes with each."""

from __future__ import annotations

import re

from lode.engine.places import EngineError

REFUSED = 1
WRONG_USAGE = 2
CANNOT_RUN = 3
INTERRUPTED = 130
RUNBOOK = """
What to do (docs/running.md, "After a restore"):
1. Stop `lode run`, every worker and beat. Delete neither the signer's memory nor the published files.
2. Compare: the memory says how many entries were signed, `lode ledger verify` how many this database holds.
3. Bring the missing entries back: restore a newer dump, replay the write-ahead log to the last moment, or take them
   from exports: `lode ledger bring-back FOLDER...` with those of all parties, or an auditor's.
4. Where the signer's memory was lost, or is old as well: `lode ledger adopt FILE` with the newest checkpoint that
   anybody holds. Then `lode ledger verify`, and start again: what was signed is continued, and nothing is lost.
5. Where nobody has the entries any more, this log ends here. Never begin a second history under its name: open a new
   ledger with another LODE_LEDGER_ORIGIN, and name the old log's last checkpoint in its first notice."""


def explain(error: Exception) -> tuple[str, int]:
    """Return what to tell the person, and the exit code."""
    if isinstance(error, EngineError):
        return str(error), CANNOT_RUN
    if type(error).__name__ == "CommandError":  # Django's; not imported, since some commands do without Django
        return str(error), getattr(error, "returncode", REFUSED)
    if hasattr(error, "code") and type(error).__module__.split(".")[0] in ("ledger", "contracts", "lode"):
        return f"{error} [{error.code}]{RUNBOOK if error.code == 'fork' else ''}", REFUSED
    if type(error).__module__.startswith("django.db"):
        return _explain_database(error), CANNOT_RUN
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{where}.", CANNOT_RUN
    kind = type(error).__name__
    return f"Something went wrong inside Lode ({kind}: {error}). LODE_DEBUG=1 shows where.", CANNOT_RUN


def _explain_database(error: Exception) -> str:
    said = re.sub(r"\s+", " ", str(error)).strip()
    if 'relation "' in said and "does not exist" in said:
        return "The database has no tables yet: run `lode migrate`, or `lode demo` for a demo world."
    return f"The database does not do what was asked: {said}. Is it running, and is DATABASE_URL right?"
