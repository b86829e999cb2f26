"""What a database has lost is put back from what its parties hold: the same entries at the same places, or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.checkpoints import latest_checkpoint, ledger_size
from ledger.selectors.entries import entry_by_id, submission
from ledger.services import bring_back as service
from ledger.services.adopt_checkpoint import adopt_checkpoint
from ledger.services.bring_back import bring_back
from ledger.services.export_ledger import export_ledger
from ledger.services.publish_files import publish_files
from ledger.services.sequence_pending import sequence_pending
from ledger.services.verify_ledger import verify_ledger
from ledger.sql import write
from tests.ledger.test_signer import backup
from tests.ledger.world import NOW, account, append, force_into_inbox, lease_out, open_world, receive
from tests.support import databases

OTHERS = account("recycler")


@pytest.fixture
def lost(own_database: str, tmp_path: Path) -> Iterator[Path]:
    """The database as it was at six entries; after that dump there were ten. Gives the folder of everybody's exports.

    The seventh was in the inbox already when the dump was made. 6 is the lessor's, 7 the recycler's, 8 of lessor and
    maker, 9 public.
    """
    open_world()
    append(receive(1000))
    append(lease_out(10))
    waiting = receive(5)
    force_into_inbox(waiting)
    with backup(own_database) as old:
        sequence_pending()
        append(receive(7, OTHERS))
        append(lease_out(20))
        open_world(("trader",))
        publish_files()
        assert ledger_size() == 10
        for party in ("lessor", "maker", "recycler"):
            export_ledger(directory=tmp_path / "exports" / party, party=party, now=NOW)
        export_ledger(directory=tmp_path / "exports" / "auditor", party=None, now=NOW)
        databases.use(old)
        with pytest.raises(LedgerError) as refusal:
            append(receive(1))
        assert refusal.value.code is LedgerCode.FORK
        yield tmp_path / "exports"


def whole_again(settings: Settings, before: dict[Path, bytes]) -> None:
    assert files(settings.LEDGER_DIR / "public") == before  # published again, byte for byte
    assert verify_ledger().problems == ()
    assert append(receive(3)).index == 10
    assert publish_files() == 11
    assert verify_ledger().problems == ()


def files(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("of", [("lessor", "recycler"), ("auditor",), ("recycler", "auditor", "maker")])
def test_exports_of_all_parties_or_the_auditors_give_it_back(lost: Path, settings: Settings, of: tuple[str]) -> None:
    before = files(settings.LEDGER_DIR / "public")
    head = latest_checkpoint_of(lost / of[0])
    assert bring_back(folders=[lost / party for party in of]) == 10
    assert latest_checkpoint().note == head
    whole_again(settings, before)


def latest_checkpoint_of(export: Path) -> bytes:
    return (export / "checkpoint").read_bytes()


def test_what_waited_in_the_inbox_is_answered_with_its_old_place(lost: Path) -> None:
    bring_back(folders=[lost / "auditor"])
    entry = entry_by_id(entry_id=latest_entry_ids()[6], party=None)
    assert submission(entry_id=entry.summary.entry_id, party=None).index == 6
    assert sequence_pending().posted == 0


def latest_entry_ids() -> list[str]:
    from ledger.selectors.entries import list_entries

    return [entry.entry_id for entry in reversed(list_entries(party=None))]


def test_an_entry_that_nobody_brings_is_named_and_nothing_is_written(lost: Path) -> None:
    with pytest.raises(LedgerError) as refusal:
        bring_back(folders=[lost / "maker"])
    assert refusal.value.code is LedgerCode.MISSING_FILE
    assert refusal.value.sentence.startswith(
        "2 of the entries from 6 to 9 are in none of the folders, the first is entry 6:"
    )
    assert ledger_size() == 6


@pytest.mark.parametrize("name", ["8.note", "8.seal", "8.tlog-proof"])
def test_a_forged_entry_is_none(lost: Path, name: str) -> None:
    path = lost / "auditor" / "entries" / name
    path.write_bytes((lost / "auditor" / "entries" / f"6.{name.partition('.')[2]}").read_bytes())
    with pytest.raises(LedgerError) as refusal:
        bring_back(folders=[lost / "auditor"])
    assert (refusal.value.code, refusal.value.index) == (LedgerCode.MISSING_FILE, 8)
    assert bring_back(folders=[lost / "auditor", lost / "maker"]) == 10  # somebody else has the true one


def test_an_export_older_than_what_was_signed_is_not_enough(lost: Path, settings: Settings, tmp_path: Path) -> None:
    export_ledger(directory=tmp_path / "old", party=None, now=NOW)
    shutil.rmtree(settings.LEDGER_DIR / "public")
    with pytest.raises(LedgerError) as refusal:
        bring_back(folders=[tmp_path / "old"])
    assert refusal.value.code is LedgerCode.FORK
    assert "holds 6, and 10 were signed" in refusal.value.sentence


def test_another_history_is_refused(lost: Path, settings: Settings, tmp_path: Path) -> None:
    ours, settings.LEDGER_DIR = settings.LEDGER_DIR, tmp_path / "elsewhere"
    adopt_checkpoint(note=latest_checkpoint().note)
    for _ in range(6):
        append(receive(9))
    export_ledger(directory=tmp_path / "other", party=None, now=NOW)
    settings.LEDGER_DIR = ours
    with pytest.raises(LedgerError) as refusal:
        bring_back(folders=[lost / "auditor", tmp_path / "other"])
    assert refusal.value.code is LedgerCode.FORK


def test_a_folder_that_is_none_is_refused(lost: Path, tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as refusal:
        bring_back(folders=[tmp_path])
    assert refusal.value.code is LedgerCode.BAD_FOLDER


def test_cut_off_in_the_middle_it_goes_on_where_it_was(
    lost: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(settings.LEDGER_DIR / "public")
    monkeypatch.setattr(service, "_BATCH", 1)
    post, calls = write.post, []

    def cut(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 3:
            raise OSError("cut off")
        post(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(write, "post", cut)
    with pytest.raises(OSError, match="cut off"):
        bring_back(folders=[lost / "auditor"])
    assert ledger_size() == 8
    with pytest.raises(LedgerError) as refusal:
        append(receive(1))
    assert refusal.value.code is LedgerCode.FORK
    assert bring_back(folders=[lost / "auditor"]) == 10
    whole_again(settings, before)


@pytest.mark.parametrize("memory", ["kept", "gone"])
def test_a_database_that_is_gone_altogether(lost: Path, settings: Settings, memory: str) -> None:
    before = files(settings.LEDGER_DIR / "public")
    if memory == "gone":
        (settings.LEDGER_DIR / "signer.json").unlink()
    with databases.clone(databases.migrated_template()):
        assert bring_back(folders=[lost / "lessor", lost / "recycler"]) == 10
        if memory == "gone":
            with pytest.raises(LedgerError) as refusal:
                append(receive(1))
            assert refusal.value.code is LedgerCode.FORK
            assert adopt_checkpoint(note=latest_checkpoint_of(lost / "lessor")) == 10
        whole_again(settings, before)


def test_nothing_is_lost_and_nothing_is_brought(own_database: str, tmp_path: Path) -> None:
    open_world()
    append(receive(1))
    export_ledger(directory=tmp_path / "all", party=None, now=NOW)
    assert bring_back(folders=[tmp_path / "all"]) == ledger_size() == 5
