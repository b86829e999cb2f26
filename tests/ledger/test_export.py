"""An export is checked by verifiers that know nothing of the database."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from pytest_django import Settings

from ledger import verify_cli
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.leaf import decode
from ledger.selectors.trust import trust_root
from ledger.services.export_ledger import export_ledger
from tests.ledger.world import NOW


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("grown")
def test_the_auditors_export_passes_a_full_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = export_ledger(directory=tmp_path / "all", party=None, now=NOW)
    assert (report.size, report.entries, report.files) == (300, 300, len(files(tmp_path / "all")))
    assert verify_cli.main([str(tmp_path / "all"), "--depth", "full"]) == 0
    assert "every entry is opened" in capsys.readouterr().out
    root = trust_root()
    keys = ["--log-vkey", root.log_vkey, "--registry-vkey", root.registry_vkey]
    assert verify_cli.main([str(tmp_path / "all"), *keys]) == 0


@pytest.mark.usefixtures("grown")
@pytest.mark.parametrize(("party", "entries"), [("maker", 10), ("lessor", 300), ("recycler", 4)])
def test_a_partys_export_opens_what_it_may_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], party: str, entries: int
) -> None:
    report = export_ledger(directory=tmp_path / party, party=party, now=NOW)
    assert report.entries == entries
    assert verify_cli.main([str(tmp_path / party)]) == 0
    assert f"every entry of every account of {party} is here" in capsys.readouterr().out
    assert (tmp_path / party / "entries" / "5.note").exists() == (party == "lessor")
    for name, data in files(tmp_path / party).items():
        if party == "recycler" and name != "README.md":
            assert b"lot-1" not in data, name  # nothing of what others own or hold is in any byte


@pytest.mark.usefixtures("grown")
def test_the_same_ledger_gives_the_same_bytes(tmp_path: Path) -> None:
    export_ledger(directory=tmp_path / "a", party="maker", now=NOW)
    export_ledger(directory=tmp_path / "b", party="maker", now=NOW + dt.timedelta(days=9))
    assert files(tmp_path / "a") == files(tmp_path / "b")
    export_ledger(directory=tmp_path / "a", party="lessor", now=NOW)
    export_ledger(
        directory=tmp_path / "a", party="maker", now=NOW
    )  # an earlier export is replaced, nothing of it stays
    assert files(tmp_path / "a") == files(tmp_path / "b")


@pytest.mark.usefixtures("grown")
def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path) -> None:
    for name in ("notes.txt", "entries", "README.md"):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        (folder / name).write_text("mine")
        with pytest.raises(LedgerError) as refusal:
            export_ledger(directory=folder, party=None, now=NOW)
        assert refusal.value.code == LedgerCode.BAD_FOLDER
        assert files(folder) == {name: b"mine"}
    with pytest.raises(LedgerError) as refusal:
        export_ledger(directory=tmp_path / "notes-txt" / "notes.txt", party=None, now=NOW)
    assert refusal.value.code == LedgerCode.BAD_FOLDER


@pytest.mark.usefixtures("grown")
@pytest.mark.parametrize(
    "name",
    ["checkpoint", "entries/77.note", "entries/299.tlog-proof", "balances.json"],
)
def test_a_flipped_byte_in_an_export_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    export_ledger(directory=tmp_path / "all", party=None, now=NOW)
    path = tmp_path / "all" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert verify_cli.main([str(tmp_path / "all")]) == 1
    assert capsys.readouterr().out.startswith("NOT OK. ")


@pytest.mark.usefixtures("grown")
def test_a_verifier_that_we_did_not_write_accepts_the_export_and_the_published_files(
    tmp_path: Path, settings: Settings
) -> None:
    backend = pytest.importorskip("tlog_scales.backend", reason="tlog-scales is not installed")
    from tlog_scales import tiles
    from tlog_scales.reader import TilesReader

    export_ledger(directory=tmp_path / "all", party=None, now=NOW)
    for folder in (tmp_path / "all", settings.LEDGER_DIR / "public"):
        reader = TilesReader(backend.make_backend(str(folder)))
        checkpoint = reader.get_checkpoint()
        assert checkpoint.size == 300
        for index in (0, 5, 255, 256, 299):
            leaf = reader.get_entry(index)
            reader.get_inclusion_proof(index, checkpoint.size).check(tiles.leaf_hash(leaf), checkpoint.root_hash)
            assert leaf == (tmp_path / "all" / "entries" / f"{index}.leaf").read_bytes()
            decode(leaf)


def test_an_export_before_the_opening_is_refused(own_database: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as refusal:
        export_ledger(directory=tmp_path / "none", party=None, now=NOW)
    assert refusal.value.code == LedgerCode.NOT_OPEN
    shutil.rmtree(tmp_path / "none", ignore_errors=True)
