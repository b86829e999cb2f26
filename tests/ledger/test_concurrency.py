"""Many callers and many sequencers at once: what is spent is spent once, and the order has no gap."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connections, transaction

from ledger.core import seal
from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.balances import account_balance
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.entries import entry_by_id, list_entries
from ledger.selectors.values import PostedEntry, Submission
from ledger.services import submit_entry as submitting
from ledger.services.sequence_pending import SequenceReport, sequence_pending
from ledger.services.verify_ledger import verify_ledger
from ledger.sql import inbox
from ledger.sql.leading import LEADER_LOCK
from tests.ledger.world import NOW, account, append, force_into_inbox, lease_out, open_world, receive
from tests.support.databases import ALIASES, CLUSTER, beyond_the_guard

CALLERS = 8
MASS = 1000


def at_once(work: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run every piece of work in a thread of its own, all let go at one moment; an error is a result too."""
    gate = threading.Barrier(len(work))

    def run(piece: Callable[[], Any]) -> Any:
        try:
            gate.wait(30)
            return piece()
        except Exception as error:  # noqa: BLE001 - what a caller is told is what the tests look at
            return error
        finally:
            for alias in ALIASES:
                connections[alias].close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def spend_at_once() -> list[Any]:
    """Let eight callers spend the same kilogram, each by an entry of its own."""
    notes = [lease_out(MASS) for _ in range(CALLERS)]
    return at_once([lambda note=note: append(note) for note in notes])


def outcome(results: list[Any]) -> tuple[list[PostedEntry], list[LedgerError]]:
    posted = [result for result in results if isinstance(result, PostedEntry)]
    refused = [result for result in results if isinstance(result, LedgerError)]
    assert len(posted) + len(refused) == len(results), results
    return posted, refused


def inbox_states() -> dict[str, int]:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM ledger_inbox GROUP BY state")
        return dict(cursor.fetchall())


@pytest.fixture
def kilogram(own_database: str) -> str:
    open_world()
    append(receive(MASS))
    return own_database


def test_of_eight_who_spend_the_same_exactly_one_wins(kilogram: str) -> None:
    posted, refused = outcome(spend_at_once())
    assert [entry.index for entry in posted] == [5]
    assert {error.code for error in refused} == {LedgerCode.INSUFFICIENT}
    assert account_balance(account=account(), party=None) == 0
    assert inbox_states() == {"posted": 4}  # they were told at once: nothing of theirs had to wait anywhere
    assert verify_ledger().sound


def promise(note: bytes) -> Submission:
    with transaction.atomic():
        return submitting.submit_entry(note=note, submitted_by="lessor", now=NOW)


def test_of_eight_who_promise_the_same_exactly_one_can(kilogram: str) -> None:
    notes = [lease_out(MASS) for _ in range(CALLERS)]
    results = at_once([lambda note=note: promise(note) for note in notes])
    kept = [result for result in results if isinstance(result, Submission)]
    assert len(kept) == 1
    assert {error.code for error in results if isinstance(error, LedgerError)} == {LedgerCode.INSUFFICIENT}
    # The seven were told before anything was kept: the locks made them wait for the first.
    assert inbox_states() == {"posted": 5}
    assert verify_ledger().sound


def test_without_locks_several_get_in_and_the_sequencer_refuses_them(
    kilogram: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(CALLERS)
    keep = submitting._keep

    def keep_together(*arguments: Any) -> Any:
        together.wait(30)  # all have been checked, none is kept
        return keep(*arguments)

    monkeypatch.setattr(inbox, "lock", lambda names: None)
    monkeypatch.setattr(submitting, "_keep", keep_together)
    notes = [lease_out(MASS) for _ in range(CALLERS)]
    results = at_once([lambda note=note: promise(note) for note in notes])
    assert all(isinstance(result, Submission) for result in results), results
    assert inbox_states() == {"posted": 5, "refused": 7}
    assert account_balance(account=account(), party=None) == 0


def test_what_is_promised_in_an_open_transaction_is_not_spent_by_a_direct_posting(kilogram: str) -> None:
    spender = threading.Thread(target=lambda: answers.append(at_once([lambda: append(lease_out(MASS))])[0]))
    answers: list[Any] = []
    with transaction.atomic():
        promised = submitting.submit_entry(note=lease_out(MASS), submitted_by="lessor", now=NOW)
        spender.start()
        spender.join(0.5)
        assert spender.is_alive(), answers  # it waits for what becomes of the promise
    spender.join(30)
    assert isinstance(answers[0], LedgerError)
    assert answers[0].code is LedgerCode.INSUFFICIENT
    assert entry_by_id(entry_id=promised.entry_id, party=None).summary.index == 5
    assert verify_ledger().sound


def test_a_promise_that_is_rolled_back_leaves_what_it_held_to_others(kilogram: str) -> None:
    answers: list[Any] = []
    spender = threading.Thread(target=lambda: answers.append(at_once([lambda: append(lease_out(MASS))])[0]))
    with transaction.atomic():
        submitting.submit_entry(note=lease_out(MASS), submitted_by="lessor", now=NOW)
        spender.start()
        spender.join(0.2)
        transaction.set_rollback(True)
    spender.join(30)
    assert isinstance(answers[0], PostedEntry), answers
    assert verify_ledger().sound


def _careless(account: Any, balance_mg: int, wanted_mg: int) -> None:
    """Refuse nothing."""


def test_without_any_check_of_ours_the_database_still_refuses(kilogram: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "refuse_overdraft", _careless)
    with pytest.raises(IntegrityError, match="ledger_balance_not_below_zero"):
        append(lease_out(MASS + 1))
    assert ledger_size() == 5


def test_with_every_check_taken_away_the_account_does_go_below_zero(
    kilogram: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: what the tests above look at is really what the checks prevent."""
    monkeypatch.setattr(seal, "refuse_overdraft", _careless)
    with beyond_the_guard(kilogram) as connection:
        connection.execute("ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_not_below_zero")
    posted, _ = outcome(spend_at_once())
    assert len(posted) == CALLERS
    assert account_balance(account=account(), party=None) == -7 * MASS
    assert any("below zero" in problem for problem in verify_ledger().problems)


def test_eight_callers_on_accounts_of_their_own_all_win(own_database: str) -> None:
    open_world()
    notes = [receive(MASS, account(lot=f"lot-{number}")) for number in range(CALLERS)]
    posted, refused = outcome(at_once([lambda note=note: append(note) for note in notes]))
    assert sorted(entry.index for entry in posted) == list(range(4, 4 + CALLERS))
    assert not refused
    assert verify_ledger().sound


def test_the_same_entry_from_eight_callers_is_posted_once(own_database: str) -> None:
    open_world()
    note = receive(MASS)
    posted, refused = outcome(at_once([lambda: append(note, idempotency_key="k")] * CALLERS))
    assert not refused
    assert {entry.index for entry in posted} == {4}
    assert sum(not entry.existed for entry in posted) == 1


def test_sequencers_at_once_leave_no_gap(own_database: str) -> None:
    open_world()
    for number in range(40):
        force_into_inbox(receive(1 + number))
    reports = at_once([lambda: sequence_pending(limit=10)] * 4)
    assert sorted(report.posted for report in reports) == [10, 10, 10, 10]
    assert [entry.index for entry in list_entries(party=None, limit=100)] == list(range(43, -1, -1))
    assert verify_ledger().sound


def test_a_second_sequencer_waits_and_then_gives_way(own_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_world()
    force_into_inbox(receive(1))
    monkeypatch.setattr("ledger.services.sequence_pending.WAIT_MS", 50)
    with psycopg.connect(CLUSTER.url("lode_sequencer", own_database)) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
        assert sequence_pending() == SequenceReport(leader=False, posted=0, refused=0, size=4)
    assert sequence_pending() == SequenceReport(leader=True, posted=1, refused=0, size=5)
