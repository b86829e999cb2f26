"""Manifests of serials: kept for the readers of the entry that names them, and for nobody else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger import verify_cli
from ledger.core import manifest
from ledger.core.entry import move, net_legs
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.manifest import MAX_SERIALS, Manifest
from ledger.selectors.manifests import manifest_file, manifest_files, manifest_of
from ledger.services.export_ledger import export_ledger
from ledger.services.keep_manifest import keep_manifest
from ledger.services.verify_ledger import verify_ledger
from ledger.sql import manifests
from tests.ledger.world import NOW, account, append, note, open_world, receive
from tests.support import databases

FILE = manifest.write(["PACK-1", "PACK-2"])
FOUND = manifest.read([FILE])
NOBODYS = manifest.write(["OTHER-1"])


def embody(details: dict[str, object], holder: str = "maker", nonce: str = "embody-1", **more) -> int:
    """The lessor's nickel at the holder becomes packs; return the entry's index."""
    stock = account("lessor", holder)
    append(receive(5, to=stock, nonce=f"{nonce}/in"))
    packs = stock._replace(state="product", lot="packs-1")
    return append(note("embody", net_legs(move(stock, packs, 5)), [holder], details=details, nonce=nonce, **more)).index


def keep(index: int, data: bytes = FILE, party: str | None = "maker") -> tuple[Manifest, bool]:
    return keep_manifest(index=index, chunks=[data[:20], data[20:]], party=party)


def refusal(action) -> str:
    with pytest.raises(LedgerError) as caught:
        action()
    return caught.value.code.value


def files(party: str | None, size: int = 10**6) -> Sequence[tuple[str, bytes]]:
    return list(manifest_files(party=party, size=size))


def test_one_reader_hands_it_in_for_all(own_database: str) -> None:
    open_world()
    index = embody(FOUND.details)
    assert manifest_of(index=index, party="lessor") is None
    assert refusal(lambda: manifest_file(index=index, party="lessor")) == "unknown-entry"
    assert keep(index) == (FOUND, False)
    assert keep(index, party="lessor") == (FOUND, True)
    for party in ("lessor", "maker", None):
        assert manifest_of(index=index, party=party) == FOUND
        assert manifest_file(index=index, party=party) == FILE
        assert files(party) == [(f"manifests/{FOUND.sha256}", FILE)]
    assert files("recycler") == []
    assert files("maker", size=index) == []
    # The database itself gives the rows to nobody else.
    assert [manifests.content(FOUND.sha256, party) for party in ("maker", "recycler")] == [FILE, None]
    for action in (manifest_of, manifest_file):
        assert refusal(lambda action=action: action(index=index, party="recycler")) == "unknown-entry"
    assert refusal(lambda: keep(index, party="recycler")) == "unknown-entry"
    assert verify_ledger().problems == ()


def test_only_the_manifest_that_the_entry_names_is_taken(own_database: str) -> None:
    open_world()
    index = embody(FOUND.details)
    received = index - 1
    assert refusal(lambda: keep(index, NOBODYS)) == LedgerCode.BAD_MANIFEST
    assert refusal(lambda: keep(index, FILE[:-1])) == LedgerCode.BAD_MANIFEST
    assert refusal(lambda: keep(index, b"")) == LedgerCode.BAD_MANIFEST
    assert refusal(lambda: keep(received)) == LedgerCode.BAD_MANIFEST
    assert refusal(lambda: keep(index, FILE[:-1] + b"\n" * manifest.MAX_BYTES)) in ("bad-manifest", "too-large")
    assert files(None) == []
    wrong_count = embody({**FOUND.details, "serials": 3}, nonce="embody-2")
    with pytest.raises(LedgerError, match="its serials is 2, not 3"):
        keep(wrong_count)


def test_who_knows_only_the_digest_is_not_given_the_list(own_database: str) -> None:
    open_world()
    index = embody(FOUND.details)
    keep(index)
    spy = account("recycler", "recycler")
    append(receive(5, to=spy, nonce="spy/in"))
    packs = spy._replace(state="product")
    theirs = append(note("embody", net_legs(move(spy, packs, 5)), ["recycler"], details=FOUND.details)).index
    assert manifest_of(index=theirs, party="recycler") is None
    assert files("recycler") == []
    # Who has the list itself may say so.
    assert keep(theirs, party="recycler") == (FOUND, False)
    assert files("recycler") == files(None) == [(f"manifests/{FOUND.sha256}", FILE)]


def test_a_hundred_thousand_serials_come_back_byte_for_byte(own_database: str) -> None:
    open_world()
    data = manifest.write(f"LODE-2024-{number:06d}" for number in range(MAX_SERIALS))
    found = manifest.read([data])
    index = embody(found.details)
    pieces = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    assert keep_manifest(index=index, chunks=pieces, party="maker") == (found, False)
    back = manifest_file(index=index, party="lessor")
    assert hashlib.sha256(back).hexdigest() == found.sha256
    assert manifest.prove(back, "LODE-2024-054321").root == found.root


@pytest.mark.parametrize(
    ("tampering", "why"),
    [
        ("UPDATE ledger_manifest SET content = 'x'", "Entry {index} does not have manifests/"),
        (
            "UPDATE ledger_entrymanifest SET manifest_sha256 = '\\x00'",
            "The list of serials 00 is kept for entry {index}, which does not name it.",
        ),
    ],
    ids=["content", "link"],
)
def test_what_a_superuser_changes_is_found(own_database: str, tampering: str, why: str) -> None:
    open_world()
    index = embody(FOUND.details)
    keep(index)
    with databases.beyond_the_guard(own_database) as superuser:
        superuser.execute("ALTER TABLE ledger_manifest DISABLE TRIGGER ALL")
        superuser.execute("ALTER TABLE ledger_entrymanifest DISABLE TRIGGER ALL")
        superuser.execute(tampering)
    (problem,) = verify_ledger().problems
    assert problem.startswith(why.format(index=index))


def test_exports_carry_what_one_may_read_and_the_verifier_holds_it_against_the_entry(
    own_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_world()
    index = embody(FOUND.details)
    keep(index)
    for party, lists in ((None, 1), ("lessor", 1), ("recycler", 0)):
        folder = tmp_path / f"export-{party}"
        export_ledger(directory=folder, party=party, now=NOW)
        assert [path.read_bytes() for path in folder.glob("manifests/*")] == [FILE] * lists
        assert verify_cli.main([str(folder)]) == 0
        assert ("Serials: 1 lists are those" in capsys.readouterr().out) is bool(lists)
    (tmp_path / "export-lessor" / "manifests" / FOUND.sha256).write_bytes(NOBODYS)
    assert verify_cli.main([str(tmp_path / "export-lessor")]) == 1
    assert capsys.readouterr().out.startswith(f"NOT OK. Entry {index} does not have manifests/{FOUND.sha256} as its")
