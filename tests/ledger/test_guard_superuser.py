"""What the database does not stop: a superuser. What then stops him is held by others, and not by the database.

* Whoever changes rows is found by the audit of the ledger, which computes everything again from the signed notes.
* Whoever also holds the log's key can write another history that is sound in itself. A signer that remembers outside
  of the database refuses to sign it. Where that memory is his as well, the ledger verifies: only a checkpoint that
  somebody else kept shows that it is not the ledger that it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.checkpoints import latest_checkpoint, ledger_size
from ledger.services.export_ledger import export_ledger
from ledger.services.publish_files import publish_files
from ledger.services.sequence_pending import forget_desk, sequence_pending
from ledger.services.verify_ledger import verify_ledger
from ledger.verify_cli import main
from tests.ledger.conftest import Grown
from tests.ledger.guarded_book import Guarded
from tests.ledger.world import NOW, append, force_into_inbox, lease_out
from tests.support import databases


@pytest.fixture
def ledger(
    guarded_once: Grown, django_db_blocker: DjangoDbBlocker, settings: Settings, tmp_path: Path
) -> Iterator[str]:
    """Six entries, published, in a database and a folder of one's own; the last is a lease of 400 mg."""
    var = tmp_path / "var"
    shutil.copytree(guarded_once.var, var)
    settings.VAR_DIR, settings.LEDGER_DIR = var, var / "ledger"
    with django_db_blocker.unblock(), databases.clone(guarded_once.database) as name:
        forget_desk()
        publish_files()
        yield name


def do(database: str, *statements: str) -> None:
    """Do as a superuser who has set the guard aside."""
    with databases.beyond_the_guard(database) as superuser:
        guarded = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'ledger_guard%'"
        for (table,) in superuser.execute(guarded).fetchall():
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for statement in statements:
            superuser.execute(statement)
        for (table,) in superuser.execute(guarded).fetchall():
            superuser.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        triggers = superuser.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE 'ledger_guard%'"
        ).fetchall()
        for table, trigger in triggers:
            superuser.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


TAKE_BACK_THE_LEASE = (
    "DELETE FROM ledger_leg WHERE entry_index = 5",
    "DELETE FROM ledger_balance WHERE account_id IN (SELECT id FROM ledger_account WHERE holder = 'maker')",
    "DELETE FROM ledger_account WHERE holder = 'maker'",
    (
        "UPDATE ledger_balance AS b SET mass_mg = 1000, seq = 0, last_entry_id = e.entry_id FROM ledger_entry AS e,"
        " ledger_account AS a WHERE a.id = b.account_id AND a.state = 'stock' AND e.index = 4"
    ),
    "DELETE FROM ledger_checkpoint WHERE size = 6",
    "DELETE FROM ledger_entry WHERE index = 5",
    "DELETE FROM ledger_inbox WHERE entry_index = 5",
)


def test_a_superuser_with_the_guard_on_may_add_and_nothing_else(guarded: Guarded) -> None:
    """He passes for every role, so he may add rows as the sequencer does; no trigger lets him change one."""
    guarded.attack("postgres", "INSERT INTO ledger_key (vkey, name, party, purpose, custody, valid_from_index)"
                   " VALUES ('v', 'n', 'p', 'entry', 'held', 0)")  # fmt: skip
    guarded.refused("postgres", "UPDATE ledger_key SET party = 'q' WHERE vkey = 'v'")


def test_rows_that_he_changes_are_found_by_the_audit(ledger: str) -> None:
    do(ledger, "UPDATE ledger_leg SET mass_mg = mass_mg * 2, balance_after_mg = balance_after_mg * 2")
    assert not verify_ledger().sound


def test_a_history_that_he_cuts_short_is_not_signed(ledger: str) -> None:
    do(ledger, *TAKE_BACK_THE_LEASE)
    assert ledger_size() == 5
    force_into_inbox(lease_out(300))
    with pytest.raises(LedgerError) as refusal:
        sequence_pending()
    assert refusal.value.code is LedgerCode.FORK
    assert any("published" in problem for problem in verify_ledger().problems)


def test_with_the_keys_and_the_memory_as_well_only_a_checkpoint_of_others_shows_it(
    ledger: str, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = tmp_path / "held"  # what the maker was given when its lease was posted, and kept
    held.write_bytes(latest_checkpoint().note)
    do(ledger, *TAKE_BACK_THE_LEASE)
    shutil.rmtree(settings.LEDGER_DIR)
    do(ledger, "DELETE FROM ledger_checkpoint")
    append(lease_out(300))  # to the maker, which did sign this one, too
    publish_files()
    assert verify_ledger().problems == ()
    assert ledger_size() == 6

    export_ledger(directory=tmp_path / "export", party="maker", now=NOW)
    assert main([str(tmp_path / "export")]) == 0
    capsys.readouterr()
    assert main([str(tmp_path / "export"), "--held", str(held)]) == 1
    said = "NOT OK. The log does not extend the checkpoint of 6 entries that you hold.\n"
    assert capsys.readouterr().out == said
