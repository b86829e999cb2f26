"""The demo world as the real command made it: what it says of itself, and what others make of its export."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.selectors.balances import closing
from ledger.selectors.entries import entry_by_id, list_entries
from ledger.services.export_ledger import export_ledger
from ledger.services.verify_ledger import verify_ledger
from lode.demo import run as demo_run
from lode.demo.cast import AUDITOR, FIRMS
from lode.demo.clock import END, morning
from lode.settlement.selectors import recompute_statement, statement_detail
from tests.support import demo_world


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    """One copy for the tests that only read."""
    from django.conf import settings

    with django_db_blocker.unblock(), demo_world.copy(tmp_path_factory.mktemp("world")) as found:
        before = settings.VAR_DIR, settings.LEDGER_DIR, settings.EXPORTS_DIR
        settings.VAR_DIR, settings.LEDGER_DIR = found.var, found.var / "ledger"
        settings.EXPORTS_DIR = found.var / "exports"
        yield found
        settings.VAR_DIR, settings.LEDGER_DIR, settings.EXPORTS_DIR = before


def test_every_element_closes_to_the_milligram(world):
    assert set(world.summary["elements"]) == {"Co", "Li", "Ni"}
    for element, found in world.summary["elements"].items():
        assert found["closes"] is True, element
        assert found["owned_mg"] == found["held_mg"] == sum(found["by_state"].values()) > 0
        assert found["owned_mg"] == sum(found["by_owner"].values()) == sum(found["by_holder"].values())
        assert found["owned_mg"] == -sum(found["outside"].values())
    assert {row.element: row.owned_mg for row in closing()} == {
        element: found["owned_mg"] for element, found in world.summary["elements"].items()
    }


def test_all_that_a_loop_needs_has_happened(world):
    kinds = Counter()
    before = None
    while page := list_entries(party=None, before_index=before, limit=200):
        kinds.update(entry.kind for entry in page)
        before = page[-1].index
    assert sum(kinds.values()) == world.summary["entries"] == world.summary["tree_size"]
    assert {
        "receive": 13, "lease-out": 4, "ship": 19, "arrive": 19, "process": 10, "embody": 5, "recover": 4, "return": 4,
        "re-supply": 1, "title": 5, "loss": 1, "reversal": 1, "adjustment": 1, "contract": 4, "key": 6,
    }.items() <= dict(kinds).items()  # fmt: skip


def test_every_issued_statement_has_its_digest_on_the_ledger(world):
    rows = world.summary["statements"]
    assert Counter((row["kind"], row["status"]) for row in rows) == {
        ("material-lease", "issued"): 28,
        ("material-lease", "draft"): 1,
        ("performance-warranty", "issued"): 7,
        ("offtake", "issued"): 10,
    }
    for row in rows:
        detail = statement_detail(ref=row["ref"], party=None)
        assert hashlib.sha256(detail.body).hexdigest() == row["digest"]
        if row["status"] == "issued":
            entry = entry_by_id(entry_id=row["entry_id"], party=None)
            assert entry.body["documents"] == {row["ref"]: row["digest"]}


def test_every_statement_computes_again_to_the_same_bytes(world):
    for row in world.summary["statements"]:
        assert recompute_statement(ref=row["ref"], party=None).same, row["ref"]


def test_a_lease_fee_is_what_a_person_computes(world):
    """March 2024: 57,023.597047 kg Ni x 17,438.83 USD/t x 4.25 % x 31/360; cobalt at 26,102.73 USD/t and 5.5 %."""
    detail = statement_detail(ref="ST-ML-2023-001-2024-03-r1", party="borealis")
    lines = {line.component: line for line in detail.lines}
    kg = {code: line.quantity for code, line in lines.items()}
    nickel = next(code for code in kg if "Ni" in code)
    cobalt = next(code for code in kg if "Co" in code)
    cents = Decimal("0.01")
    assert (
        lines[nickel].amount
        == (kg[nickel] * Decimal("17.43883") * Decimal("0.0425") * 31 / 360).quantize(cents)
        == Decimal("3639.32")
    )
    assert lines[cobalt].amount == (kg[cobalt] * Decimal("26.10273") * Decimal("0.055") * 31 / 360).quantize(cents)


def test_the_final_invoice_of_a_lot_pays_what_the_provisional_did_not(world):
    rows = [row for row in world.summary["statements"] if row["kind"] == "offtake"]
    lots = {row["ref"]: statement_detail(ref=row["ref"], party=None).summary for row in rows}
    by_lot: dict[str, dict[str, object]] = {}
    for summary in lots.values():
        by_lot.setdefault(summary.subject, {})[summary.purpose] = summary
    assert len(by_lot) == 5
    for stages in by_lot.values():
        assert set(stages) == {"provisional", "final"}
        assert stages["provisional"].amount_due > 0


def test_exports_are_the_bytes_that_were_recorded(world):
    assert len(world.summary["exports"]) == 8
    for export in world.summary["exports"]:
        path = world.var / "exports" / Path(export["path"]).relative_to(Path(export["path"]).parents[2])
        assert hashlib.sha256(path.read_bytes()).hexdigest() == export["sha256"]


def test_the_february_balance_was_agreed_by_both(world):
    (entry,) = [row for row in list_entries(party="ringcycle", kind="statement", limit=200)
                if (row.reference or "").startswith("balance/")]  # fmt: skip
    assert {signature.party for signature in entry.signatures} == {"borealis", "ringcycle"}


def test_the_whole_ledger_verifies(world):
    report = verify_ledger(depth="full")
    assert (report.problems, report.entries) == ((), world.summary["entries"])


@pytest.fixture(scope="module")
def exported(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "book"
    export_ledger(directory=folder, party=None, now=morning(END))
    return folder


def verify(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ledger.verify_cli", str(folder), *more], capture_output=True, text=True, check=False
    )


def test_an_auditor_verifies_the_export_offline(exported):
    done = verify(exported, "--depth", "full", "--json")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("party", [firm.identifier for firm in FIRMS if firm.identifier != AUDITOR])
def test_each_party_verifies_what_it_may_see(world, party, tmp_path):
    export_ledger(directory=tmp_path / "book", party=party, now=morning(END))
    done = verify(tmp_path / "book", "--depth", "party", "--party", party)
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_flipped_byte_is_found_and_named(exported, tmp_path):
    import shutil

    copy = tmp_path / "book"
    shutil.copytree(exported, copy)
    note = copy / "entries" / "20.note"
    data = bytearray(note.read_bytes())
    data[len(data) // 2] ^= 1
    note.write_bytes(data)
    done = verify(copy, "--depth", "full")
    assert done.returncode == 1
    assert "20" in done.stdout + done.stderr


def test_a_second_demo_changes_nothing(demo):
    out = io.StringIO()
    demo_run.run_demo(fresh=False, out=out)
    again = json.loads((demo.var / "demo" / "summary.json").read_text(encoding="utf-8"))
    assert "is there already" in out.getvalue()
    for what in ("entries", "tree_size", "checkpoint", "elements", "statements"):
        assert again[what] == demo.summary[what]
    assert [export["sha256"] for export in again["exports"]] == [e["sha256"] for e in demo.summary["exports"]]


def test_go_accepts_the_demo_worlds_export(exported, tmp_path):
    """golang.org/x/mod/sumdb, which others wrote, reads checkpoint, tiles, proofs and entries of the whole world."""
    from ledger.selectors.checkpoints import checkpoint_at
    from ledger.selectors.keys import keys
    from ledger.selectors.trust import trust_root
    from tests.ledger.core import go_verifier

    binary = go_verifier.build(tmp_path)
    root = trust_root()
    vkeys = sorted({key.vkey for key in keys()} | {root.log_vkey, root.registry_vkey})
    done = go_verifier.run(binary, exported, vkeys, checkpoint_at(size=20).note, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    tile = next((exported / "tile" / "0").glob("*.p/*"))
    good = tile.read_bytes()
    try:
        tile.write_bytes(bytes([good[0] ^ 1]) + good[1:])
        bad = go_verifier.run(binary, exported, vkeys, checkpoint_at(size=20).note, tmp_path)
        assert bad.returncode != 0
    finally:
        tile.write_bytes(good)
