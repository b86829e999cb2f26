"""The demo's settlements: what is due is found as beat finds it, and a real Celery worker settles it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connections
from psycopg.conninfo import make_conninfo

from contracts.services import activate_due
from ledger.services.sequence_pending import sequence_pending
from lode.demo.clock import morning
from lode.jobs.nudge import nudge_runs
from lode.jobs.tasks import moment
from lode.parties.actor import Actor
from lode.settlement.selectors import StatementRow, list_statements, runs
from lode.settlement.services import approve_statement, issue_statement, plan_due, sweep

PATIENCE_SECONDS = 60


class WorkerAwayError(Exception):
    """The worker did not do what was due in time."""


@dataclass(frozen=True)
class Worker:
    """A Celery worker of the demo's own."""

    process: subprocess.Popen[bytes]
    log: Path

    def require_alive(self) -> None:
        """Raise WorkerAwayError, with the end of its log, where the worker has ended by itself."""
        if self.process.poll() is not None:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
            raise WorkerAwayError(f"The worker ended by itself. Its log {self.log} ends:\n{tail}")


@contextlib.contextmanager
def worker() -> Iterator[Worker]:
    """Run a Celery worker on this process's database until the block ends; it writes `var/log/demo-worker.log`."""
    log = Path(settings.VAR_DIR) / "log" / "demo-worker.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "celery", "-A", "lode.config.celery", "worker", "--pool=solo", "--loglevel=INFO"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, env=_environment(), cwd=settings.VAR_DIR, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield Worker(process, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    found = {**os.environ, "LODE_VAR": str(settings.VAR_DIR)}
    names = {"default": "LODE_APP_DATABASE_URL", "owner": "LODE_OWNER_DATABASE_URL"}
    names["sequencer"] = "LODE_SEQUENCER_DATABASE_URL"
    for alias, variable in names.items():
        parts = connections[alias].settings_dict
        given = {"host": parts["HOST"], "port": parts["PORT"], "user": parts["USER"], "password": parts["PASSWORD"]}
        found[variable] = make_conninfo("", dbname=parts["NAME"], **{k: v for k, v in given.items() if v})
    return found


def settle_due(day: date, by: Worker) -> int:
    """Find what is due on a day, tell the worker, wait until it is done; return how many runs became due."""
    now = morning(day)
    activate_due(now=now)
    planned = plan_due(as_of=day, now=now)
    nudge_runs(planned.run_ids, as_of=now.isoformat())
    _wait(now, by)
    return len(planned.run_ids)


def _wait(now: datetime, by: Worker) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while runs(party=None, state="due", limit=1) or runs(party=None, state="running", limit=1):
        by.require_alive()
        if time.monotonic() > deadline:
            waiting = [run.contract_ref for run in runs(party=None, state="due")]
            raise WorkerAwayError(f"The worker did not settle {waiting} within {PATIENCE_SECONDS} s: see var/log.")
        nudge_runs(sweep(now=moment(None)).run_ids, as_of=now.isoformat())
        time.sleep(0.05)


def issue_drafts(day: date, by: Worker, *, leave: str | None = None) -> int:
    """Have finance approve and issue every draft, except those of one contract; return how many were issued."""
    issued = 0
    while True:
        drafts = [row for row in _all(status="draft") if row.contract_ref != leave]
        if not drafts:
            return issued
        for number, row in enumerate(sorted(drafts, key=lambda row: (row.period_end, row.ref))):
            moment = morning(day) + timedelta(minutes=60 + number)
            actor = Actor(organisation=row.issuer, role="finance")
            approve_statement(ref=row.ref, actor=actor, now=moment)
            issue_statement(ref=row.ref, actor=actor, now=moment)
            issued += 1
        sequence_pending()
        _wait(morning(day), by)  # later periods may have waited for these


def _all(status: str | None = None) -> Iterator[StatementRow]:
    cursor: str | None = None
    while True:
        page = list_statements(party=None, status=status, cursor=cursor, limit=200)
        yield from page.rows
        cursor = page.next_cursor
        if cursor is None:
            return


def all_statements() -> tuple[StatementRow, ...]:
    """Return every statement of the demo world, by contract and period."""
    return tuple(sorted(_all(), key=lambda row: (row.contract_ref, row.period_end, row.ref)))
