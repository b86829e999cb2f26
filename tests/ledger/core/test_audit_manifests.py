"""A list of serials in an export is held against the entry that names it: digest, count and root."""

from __future__ import annotations

import pytest

from ledger.core import manifest
from ledger.core.audit import Audit, Depth, Report, Trust
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.policy import parse
from tests.ledger.builder import Book, account, moved

FILE = manifest.write(["PACK-1", "PACK-2"])
FOUND = manifest.read([FILE])
PATH = f"manifests/{FOUND.sha256}"


def book(details: dict[str, object]) -> tuple[Book, int]:
    made = Book()
    made.register("lessor")
    stock = account("lessor", "lessor")
    made.append(made.entry("receive", moved(stock._replace(state="source"), stock, 5), reference="PO-1"))
    packs = stock._replace(state="product")
    return made, made.append(made.entry("embody", moved(stock, packs, 5), details=details))


def audited(made: Book, files: dict[str, bytes], depth: Depth = Depth.FULL) -> Report:
    run = Audit(files.get, Trust(parse(files["policy"]), made.registry_key.vkey), depth, "lessor")
    for _ in run.run():
        pass
    return run.report


@pytest.mark.parametrize("depth", [Depth.PARTY, Depth.FULL])
def test_a_manifest_that_is_there_is_counted(depth):
    made, _ = book(FOUND.details)
    files = made.export()
    assert audited(made, files, depth).manifests == 0
    assert audited(made, {**files, PATH: FILE}, depth).manifests == 1
    assert audited(made, {**files, PATH: FILE[:-1]}, Depth.TREE).manifests == 0


@pytest.mark.parametrize(
    ("details", "data", "why"),
    [
        (FOUND.details, FILE[:-1], "does not end in a line feed"),
        (FOUND.details, manifest.write(["PACK-1", "PACK-3"]), "its manifest_sha256 is"),
        ({**FOUND.details, "serials": 3}, FILE, "its serials is 2, not 3"),
        ({**FOUND.details, "manifest_root": "0" * 64}, FILE, "its manifest_root is"),
        (FOUND.details, b"", "does not begin"),
    ],
    ids=["cut", "another", "count", "root", "empty"],
)
def test_another_one_names_the_entry(details, data, why):
    made, index = book(details)
    with pytest.raises(LedgerError, match=why) as caught:
        audited(made, {**made.export(), PATH: data})
    assert (caught.value.code, caught.value.index) == (LedgerCode.BAD_MANIFEST, index)
    assert caught.value.sentence.startswith(f"Entry {index} does not have {PATH} as its manifest: ")
