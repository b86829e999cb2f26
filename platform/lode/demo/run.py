"""The main job on the demo world: lease, embody, recover, supply again, settle, reconcile, export."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TextIO

from django.conf import settings

from ledger.services.open_ledger import open_ledger
from ledger.services.sequence_pending import sequence_pending
from lode.demo import agreements, facts, settling
from lode.demo.black_mass import LOTS
from lode.demo.cast import enter_cast
from lode.demo.clock import END, START, months, morning, next_month
from lode.demo.exporting import export_everything
from lode.demo.fleet import References
from lode.demo.posting import Book
from lode.demo.reconciling import RECONCILED_MONTH, reconcile
from lode.demo.story import SECOND_LEASE, events
from lode.demo.summary import describe, summarise
from lode.parties.selectors import list_parties

SETTLED_ON_DAY = 2  # a month is settled on the second day of the next, when its prices are out
SAY_AFTER_SECONDS = 1.0


@dataclass
class Steps:
    """Tells what is being done, and remembers how long it took."""

    out: TextIO
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say a step before it begins and how long it took when it is done."""
        self.out.write(f"{text} …")
        self.out.flush()
        began = time.monotonic()
        try:
            yield
        except BaseException:
            self.out.write("\n")
            raise
        took = time.monotonic() - began
        self.seconds[text] = round(took, 2)
        self.out.write(f" {took:.1f} s\n")
        self.out.flush()


def run_demo(*, fresh: bool, out: TextIO) -> None:
    """Make the demo world where there is none, else work through what has become due; print and write what happened.

    `fresh` says that the caller has emptied the database before. The summary goes to `var/demo/summary.json`.
    """
    steps = Steps(out)
    began = time.monotonic()
    if fresh or not list_parties():
        _make_world(steps)
    else:
        out.write("The demo world is there already; `lode demo --fresh` makes it anew.\n")
        with steps.step("Settling what has become due"), settling.worker() as by:
            settling.settle_due(END.replace(day=SETTLED_ON_DAY), by)
    with steps.step("Checking the whole ledger and exporting the statements"):
        summary = summarise(exports=export_everything(now=morning(END.replace(day=SETTLED_ON_DAY + 1))))
    summary["seconds"] = {**steps.seconds, "total": round(time.monotonic() - began, 2)}
    path = Path(settings.VAR_DIR) / "demo" / "summary.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(summary, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    describe(summary, out)


def _make_world(steps: Steps) -> None:
    with steps.step("Entering six firms with their people and keys"):
        open_ledger(now=morning(START))
        enter_cast(now=morning(START))
        sequence_pending()
    with steps.step("Drafting, agreeing and signing a lease, a warranty and an offtake"):
        facts.publish_all_series()
        lease = agreements.material_lease(commencement=START, now=morning(START))
        warranty = agreements.performance_warranty(start=date(2024, 1, 1), now=morning(START))
        offtake = agreements.offtake(commencement=START, now=morning(START))
    # The second lease is signed when it begins; until then its reference is not known.
    refs = References(first_lease=lease, second_lease="", offtake=offtake, warranty=warranty)
    book = Book()
    with settling.worker() as by:
        for year in sorted({month.year for month in months()}):
            with steps.step(f"Living through {year}: movements, facts, settlements by Celery"):
                for month in months():
                    if month.year == year:
                        refs = _live(book, refs, month, by)


def _live(book: Book, refs: References, month: date, by: settling.Worker) -> References:
    """Live through a month, and settle it on the second day of the next."""
    if month == SECOND_LEASE:
        refs = refs.with_second_lease(agreements.material_lease(commencement=month, now=morning(month.replace(day=2))))
    if month == next_month(RECONCILED_MONTH):
        reconcile()
    for event in events(book, refs).get(month, ()):
        event()
    if f"{month:%y%m}" in LOTS:
        facts.weigh_and_assay(refs.offtake, month)
    facts.read_fleets(refs.warranty, month)
    facts.publish_prices(month)
    settled_on = next_month(month).replace(day=SETTLED_ON_DAY)
    settling.settle_due(settled_on, by)
    # One draft is left for somebody in finance to approve.
    settling.issue_drafts(settled_on, by, leave=refs.second_lease if next_month(month) == END else None)
    return refs
