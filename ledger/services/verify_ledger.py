"""Verify the ledger from its bytes, and every projection of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.core.audit import Audit, Depth
from ledger.core.entry import decode
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.manifest import FOLDER as MANIFESTS
from ledger.core.note import Note
from ledger.core.tiles import Read
from ledger.selectors.checkpoints import latest_checkpoint, ledger_size, make_entry_proof
from ledger.selectors.trust import trust
from ledger.selectors.values import SignedCheckpoint
from ledger.services import projections
from ledger.services.replay import Replay
from ledger.sql import manifests, reads, tree
from ledger.sql.inbox import APP
from ledger.sql.reads import StoredEntry
from ledger.sql.snapshot import snapshot

QUICK = "quick"
_PAGE = 256


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """`problems` are sentences, each naming an entry, account, tile or file, the first in order first."""

    size: int
    entries: int
    root: bytes
    problems: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Say whether nothing was found."""
        return not self.problems


def verify_ledger(*, depth: str = "full") -> VerifyReport:
    """Audit what stands in the database as an outsider would, and compare everything else with a replay of it.

    `depth`: `full`, or `quick` for the tree, the public entries and the published files alone. Raises `not-open`.
    """
    with snapshot():
        try:
            checkpoint = latest_checkpoint()
        except LedgerError as error:
            if error.code is LedgerCode.NOT_OPEN:
                raise
            # Nothing can be held against a tree head that cannot be read: that is the finding.
            size = ledger_size()
            return VerifyReport(size, size, b"", (f"The newest checkpoint cannot be read: {error.sentence}",))
        problems = list(_audit(checkpoint, Depth.TREE if depth == QUICK else Depth.FULL))
        if depth != QUICK:
            problems += _replay()
            problems += _manifests()
        problems += projections.published()
    return VerifyReport(checkpoint.size, checkpoint.size, checkpoint.root, tuple(problems))


def _audit(checkpoint: SignedCheckpoint, depth: Depth) -> Iterator[str]:
    try:
        for _ in Audit(_files(checkpoint), trust(), depth).run():
            pass
    except LedgerError as error:
        yield error.sentence


def _replay() -> Iterator[str]:
    replay = Replay(trust().registry)
    sizes = {row[0] for row in reads.fetch("SELECT size FROM ledger_checkpoint", {})}
    replay.run(sizes)
    yield from replay.problems
    if not replay.problems:  # beyond a wrong entry every table differs, and says no more than the entry
        yield from projections.compare(replay)


def _manifests() -> Iterator[str]:
    # What lies under the digest that an entry names, the audit has held against it.
    for index, digest, note in manifests.linked():
        if decode(Note.parse(note).text).details.get("manifest_sha256") != digest:
            yield f"The list of serials {digest} is kept for entry {index}, which does not name it."


def _files(checkpoint: SignedCheckpoint) -> Read:
    """Return the files of a full export, by path, straight from the database."""
    tiles = tree.tile_files(APP)
    reader = tree.reader(APP, checkpoint.size, checkpoint.root)
    page: dict[int, StoredEntry] = {}

    def entry(index: int) -> StoredEntry | None:
        if index not in page:
            page.clear()
            first = index - index % _PAGE
            where = reads.Where()
            where.add("e.index >= %(first)s", first=first)
            where.add("e.index < %(last)s", last=first + _PAGE)
            page.update((stored.index, stored) for stored in reads.entries(where, order="e.index"))
        return page.get(index)

    def read(path: str) -> bytes | None:
        if path == "checkpoint":
            return checkpoint.note
        if path.startswith("tile/"):
            return tiles(path)
        folder, _, name = path.partition("/")
        if folder == MANIFESTS:
            return manifests.content(name, None)
        stored = entry(int(name.split(".")[0])) if folder == "entries" else None
        if stored is None:
            return None
        if name.endswith(".tlog-proof"):
            return make_entry_proof(stored, checkpoint, reader).text
        parts: dict[str, bytes] = {"note": stored.note, "seal": stored.seal, "leaf": stored.leaf}
        return parts[name.split(".")[1]]

    return read
