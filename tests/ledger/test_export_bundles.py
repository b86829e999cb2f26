"""Bundles for a party and an auditor: what opens notices and hidden facts, going on from what was audited, whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from ledger import verify_cli
from ledger.core import disclosures
from ledger.core.entry import move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import SignerKey
from ledger.selectors.checkpoints import latest_checkpoint
from ledger.selectors.trust import trust_root
from ledger.services import export_files
from ledger.services import export_ledger as exporting
from ledger.services.audited import audited_by
from ledger.services.conservation import publish_conservation
from ledger.services.export_ledger import ExportReport, export_ledger
from ledger.services.keep_disclosures import Disclosed, keep_disclosures
from ledger.services.prove_balance import prove_balance
from tests.ledger.test_export import files
from tests.ledger.world import NOW, account, append, lease_out, note, open_world, receive

SALT = "a-salt-that-nobody-guesses"


@pytest.fixture
def book(own_database: str) -> None:
    """0 notice, 1-3 keys, 4 receipt, 5 a lease that hides its price, 6 conservation at 6, 7 a lease."""
    open_world()
    append(receive(5_000))
    details, (price,) = disclosures.hide({"price": "17200"}, ["price"], [SALT])
    own = account()
    legs = net_legs(move(own, own._replace(holder="maker"), 1_250))
    entry = append(note("lease-out", legs, ["lessor", "maker"], contract="L-1", details=details))
    keep_disclosures(entry_id=entry.entry_id, disclosed=[Disclosed(price.text, ("lessor",))], party="lessor", now=NOW)
    publish_conservation(now=NOW)
    append(lease_out(50))


def export(folder: Path, party: str | None = None, **more: Any) -> ExportReport:
    return export_ledger(directory=folder, party=party, now=NOW, **more)


def verified(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    code = verify_cli.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.mark.usefixtures("book")
def test_each_reader_is_given_what_opens_the_notice_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for party, sentence in [
        (None, "every account counts in the totals of 1 notices"),
        ("lessor", "every account of lessor counts in the totals of 1 notices"),
        ("recycler", "every account of recycler counts in the totals of 1 notices"),
    ]:
        folder = tmp_path / str(party)
        assert export(folder, party).size == 8
        code, said = verified(capsys, folder)
        assert (code, sentence in said) == (0, True), said
        opened = (folder / "conservation" / "6.json").read_bytes()
        assert (b"seeds" in opened) is (party is None)
        assert (b"3750" in opened) is False  # no balance is told in one number
    recycler = b"".join(data for name, data in files(tmp_path / "recycler").items() if name != "README.md")
    assert b"lot-1" not in recycler


@pytest.mark.usefixtures("book")
def test_a_notice_that_the_export_does_not_open_or_opens_wrongly_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(tmp_path / "lessor", "lessor")
    export(tmp_path / "maker", "maker")
    export(tmp_path / "all")
    path = tmp_path / "lessor" / "conservation" / "6.json"
    own = path.read_bytes()
    others = (tmp_path / "maker" / "conservation" / "6.json").read_bytes()
    seeds = (tmp_path / "all" / "conservation" / "6.json").read_bytes()
    for data, says in [
        (None, "conservation/6.json is missing"),
        (others, "counts Ni of lessor at lessor (source, lot lot-1) at None mg; its entries give -5000 mg"),
        (seeds, "does not have exactly origin, index and elements"),
        (own.replace(b'"index":6', b'"index":7'), "opens entry 7 of"),
        (own[:-1], "does not end in a newline"),
    ]:
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)
        code, said = verified(capsys, tmp_path / "lessor")
        assert code == 1
        assert "The conservation that entry 6 declares does not hold" in said
        assert says in said
    seeds_path = tmp_path / "all" / "conservation" / "6.json"
    value = json.loads(seeds)
    value["seeds"][0]["bounded"] = "00" * 32
    seeds_path.write_bytes(json.dumps(value, separators=(",", ":"), sort_keys=True).encode() + b"\n")
    code, said = verified(capsys, tmp_path / "all")
    assert (code, "Its roots for Ni are not those of the balances" in said) == (1, True)


@pytest.mark.usefixtures("book")
def test_a_false_total_is_found_by_the_auditor_and_a_balance_left_out_by_its_party(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # An operator who counts what is not there, in both totals, so that they agree.
    from ledger.sql import proofs

    honest = proofs.balances_at

    def false(size: int, elements: Any = None) -> Any:
        found = honest(size, elements)
        if size != 8:
            return found
        return {
            key: mass + {"stock": 1_000, "source": -1_000}.get(key.state, 0) if key.holder == "lessor" else mass
            for key, mass in found.items()
        }

    monkeypatch.setattr(proofs, "balances_at", false)
    publish_conservation(now=NOW)
    export(tmp_path / "all")
    code, said = verified(capsys, tmp_path / "all")
    assert code == 1
    assert "The conservation that entry 8 declares does not hold: It gives 6000 mg of Ni for all accounts" in said
    assert "the entries give 5000 mg" in said
    monkeypatch.setattr(proofs, "balances_at", honest)
    with pytest.raises(LedgerError, match="is not the one under which the notice at entry 8 was made"):
        export(tmp_path / "lessor", "lessor")


@pytest.mark.usefixtures("book")
def test_what_was_disclosed_goes_with_the_entry_to_whom_it_was_disclosed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(tmp_path / "lessor", "lessor")
    export(tmp_path / "maker", "maker")
    path = tmp_path / "lessor" / "entries" / "5.disclosures"
    text = disclosures.make(SALT, "price", "17200").text
    assert path.read_bytes() == f"{text}\n".encode()
    assert not (tmp_path / "maker" / "entries" / "5.disclosures").exists()
    code, said = verified(capsys, tmp_path / "lessor")
    assert (code, "Disclosed: 1 facts" in said) == (0, True), said
    for data, says in [
        (disclosures.make(SALT, "price", "17201").text.encode() + b"\n", "of 'price' is not one of this entry"),
        (path.read_bytes() * 2, "in order"),
        (b"", "in order"),
        (b"\xff\n", "base64url"),
    ]:
        path.write_bytes(data)
        code, said = verified(capsys, tmp_path / "lessor")
        assert (code, "Entry 5 does not hide what entries/5.disclosures discloses" in said) == (1, True)
        assert says in said


@pytest.mark.usefixtures("book")
def test_an_export_goes_on_from_what_the_auditor_has_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, kept = (tmp_path / name for name in ("first", "second", "third", "audited"))
    export(first)
    code, _ = verified(capsys, first, "--write-audited", kept)
    assert (code, kept.read_bytes()) == (0, (first / "checkpoint").read_bytes())
    append(lease_out(3))
    publish_conservation(now=NOW)
    report = export(second, auditor="auditor", since=kept.read_bytes())
    assert (report.size, report.first, report.entries) == (10, 8, 2)
    held = set(files(second))
    assert {name for name in held if name.startswith("entries/")} == {
        f"entries/{index}.{name}" for index in (8, 9) for name in ("note", "seal", "leaf", "tlog-proof")
    }
    assert {"audited", "audited.growth", "continues", "conservation/9.json"} <= held
    assert "conservation/6.json" not in held
    code, said = verified(capsys, second)
    assert (code, "goes on from an export of 8 entries. Name that one's folder with --base" in said) == (2, True)
    code, said = verified(capsys, second, "--base", first, "--held", kept, "--write-audited", kept)
    assert (code, "OK. The book ledger.lode.example/demo of 10 entries" in said) == (0, True), said
    assert "Depth full: every entry is opened" in said
    assert "the totals of 2 notices" in said
    # What was checked is remembered, and the next export goes on from both.
    remembered = audited_by(auditor="auditor")
    assert remembered is not None
    assert remembered.size == 8
    append(lease_out(4))
    export(third, auditor="auditor", since=kept.read_bytes())
    code, said = verified(capsys, third, "--base", second, "--base", first)
    assert (code, "of 11 entries is whole" in said) == (0, True), said
    # A whole export carries the last tree head that this auditor has checked.
    export(tmp_path / "whole", auditor="auditor")
    assert (tmp_path / "whole" / "audited").read_bytes() == kept.read_bytes()
    assert verified(capsys, tmp_path / "whole")[0] == 0
    export(tmp_path / "other", auditor="somebody-else")
    assert not (tmp_path / "other" / "audited").exists()


@pytest.mark.usefixtures("book")
def test_nothing_new_is_an_export_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(tmp_path / "first")
    report = export(tmp_path / "second", since=latest_checkpoint().note)
    assert (report.first, report.entries) == (8, 0)
    code, said = verified(capsys, tmp_path / "second", "--base", tmp_path / "first")
    assert (code, "Depth full" in said) == (0, True), said


@pytest.mark.usefixtures("book")
def test_an_export_whose_base_or_growth_is_another_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(tmp_path / "first")
    since = latest_checkpoint().note
    append(lease_out(3))
    export(tmp_path / "second", since=since)
    for name, change in [
        ("audited.growth", lambda data: data.replace(b"old 8", b"old 7")),
        ("audited.growth", lambda data: data.split(b"\n", 2)[2]),
        ("audited", lambda data: data.replace(b"\n8\n", b"\n7\n")),
        ("audited.growth", lambda data: b""),
    ]:
        path = tmp_path / "second" / name
        before = path.read_bytes()
        path.write_bytes(change(before))
        assert verified(capsys, tmp_path / "second", "--base", tmp_path / "first")[0] == 1
        path.write_bytes(before)
    leaf = tmp_path / "first" / "entries" / "5.note"
    leaf.write_bytes(leaf.read_bytes().replace(b"L-1", b"L-2"))
    code, said = verified(capsys, tmp_path / "second", "--base", tmp_path / "first")
    assert (code, "Entry 5" in said) == (1, True)


@pytest.mark.usefixtures("book")
def test_a_checkpoint_that_is_not_of_this_ledger_begins_no_export(tmp_path: Path) -> None:
    signed = latest_checkpoint().note
    for data, code in [
        (signed.replace(b"\n8\n", b"\n7\n"), LedgerCode.BAD_SIGNATURE),
        (b"no checkpoint", LedgerCode.MALFORMED),
        (_forged(), LedgerCode.FORK),
    ]:
        with pytest.raises(LedgerError) as refusal:
            export(tmp_path / "none", auditor="auditor", since=data)
        assert refusal.value.code is code
    assert audited_by(auditor="auditor") is None
    assert list(tmp_path.glob("*none*")) == []


def _forged() -> bytes:
    from ledger.core.checkpoint import Checkpoint
    from ledger.services.secret_keys import log_key

    return Checkpoint(settings.LEDGER_ORIGIN, 5, bytes(32)).sign([log_key()]).to_bytes()


@pytest.mark.usefixtures("grown")
def test_an_export_that_was_interrupted_goes_on_and_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(tmp_path / "whole")
    steps: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        steps.append((done, total))
        if len(steps) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(tmp_path / "cut", progress=stop)
    assert not (tmp_path / "cut").exists()
    draft = tmp_path / ".cut.unfinished"
    (draft / "entries" / "256.note").write_bytes(b"half")
    pages = exporting.entry_pages
    begun: list[int] = []
    monkeypatch.setattr(exporting, "entry_pages", lambda scope, begin: begun.append(begin) or pages(scope, begin))
    report = export(tmp_path / "cut", progress=stop)
    assert (begun, steps) == ([256], [(256, 300), (300, 300)])
    assert (report.size, report.entries) == (300, 300)
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut", "whole"]


@pytest.mark.usefixtures("grown")
def test_what_was_begun_for_another_reader_is_not_gone_on_with(tmp_path: Path) -> None:
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(tmp_path / "export", progress=stop)
    assert (tmp_path / ".export.unfinished" / "entries" / "77.note").exists()
    export(tmp_path / "export", "maker")
    assert not (tmp_path / "export" / "entries" / "77.note").exists()
    (tmp_path / ".mine.unfinished").mkdir()
    with pytest.raises(LedgerError, match="is in the way") as refusal:
        export(tmp_path / "mine")
    assert refusal.value.code is LedgerCode.BAD_FOLDER


@pytest.mark.usefixtures("grown")
def test_an_earlier_export_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    export(tmp_path / "export", "maker")
    before = files(tmp_path / "export")

    def stop(_done: int, _total: int) -> None:
        assert files(tmp_path / "export") == before
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(tmp_path / "export", "lessor", progress=stop)
    assert files(tmp_path / "export") == before
    export(tmp_path / "export", "lessor")
    assert (tmp_path / "export" / "party").read_bytes() == b"lessor\n"
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


@pytest.mark.usefixtures("grown")
def test_entries_are_read_a_page_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connections["default"]) as queries:
        export(tmp_path / "all")
    assert sum("FROM ledger_entry AS e" in query["sql"] for query in queries.captured_queries) <= 5
    monkeypatch.setattr(export_files, "PAGE", 32)
    export(tmp_path / "small-pages")
    assert files(tmp_path / "all") == files(tmp_path / "small-pages")


@pytest.mark.usefixtures("book")
def test_a_balance_proof_is_checked_with_the_keys_that_are_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "balance.json"
    file.write_bytes(prove_balance(account=account(), party="lessor"))
    root = trust_root()
    keys = ["--log-vkey", root.log_vkey, "--registry-vkey", root.registry_vkey]
    code, said = verified(capsys, file, *keys)
    assert code == 0
    assert said.startswith("OK. After entry 7, 3700 mg stood in the account Ni of lessor at lessor (stock, lot lot-1)")
    assert "All of its first 3 entries are here" in said
    assert "At the tree of 6 entries the operator committed to everybody (entry 6)" in said
    code, said = verified(capsys, file, *keys, "--json")
    value = json.loads(said)
    assert (value["ok"], value["balance_mg"], value["conserved_at"], value["size"]) == (True, "3700", 6, 8)
    assert value["account"] == account()._asdict()
    code, said = verified(capsys, file)
    assert (code, "policy is missing" in said) == (2, True)
    stranger = str(SignerKey(f"{settings.LEDGER_ORIGIN}/registry", bytes(32)).vkey)
    code, said = verified(capsys, file, *keys[:3], stranger)
    assert (code, said.startswith("NOT OK. Entry 1:")) == (1, True)
    file.write_bytes(file.read_bytes().replace(b'"balance_mg":"3700"', b'"balance_mg":"3750"'))
    code, said = verified(capsys, file, *keys)
    assert code == 1
    assert said.startswith("NOT OK. The proof of the balance gives 3750 mg in Ni of lessor at lessor")
    assert said.endswith("and its chain ends at 3700 mg.\n")
