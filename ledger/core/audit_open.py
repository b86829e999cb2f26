"""What an audit of an entry needs no other entry for, a tile of 256 at a time, so that many can be done at once.

It only ever says yes. Where anything is out of the ordinary, the entry is left to be looked at closely, in the order of
the log, by `audit_entries`, which knows what came before and can say what is wrong.
"""

from __future__ import annotations

import binascii
import hashlib
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

from ledger.core import leaf as leaves
from ledger.core.audit_disputes import compromised_keys, is_doubtful
from ledger.core.audit_manifests import check_manifest
from ledger.core.audit_tree import TreeAudit
from ledger.core.book import Book, Candidate, candidate_of
from ledger.core.disclosures import ALGORITHM
from ledger.core.errors import LedgerError
from ledger.core.leaf import commitment
from ledger.core.merkle import inclusion_proof, leaf_hash
from ledger.core.note import Note, VerifierKey, decode_base64, encode_base64
from ledger.core.policy import Policy
from ledger.core.proof import HEADER, decode_extra
from ledger.core.registry import KeyRecord, KeyRegistry
from ledger.core.seal import AccountKey
from ledger.core.tiles import TILE_HEIGHT, TILE_WIDTH, Read, tile_at

_PROOF_BEGIN = f"{HEADER}\nextra ".encode("ascii")
_EXTRA_LENGTH = len(encode_base64(bytes(leaves.NONCE_BYTES) + b"YYYY-MM-DDTHH:MM:SSZ"))
_EXTRA = slice(len(_PROOF_BEGIN), len(_PROOF_BEGIN) + _EXTRA_LENGTH)

# An account, and what an entry adds to it in mg.
Movement: TypeAlias = tuple[AccountKey, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is needed to open the entries of one export.

    `signed` is its checkpoint, `size` the leaves of that. `opens` is whether entries are opened at all, `whole` whether
    every one must be there. `public` are index and bytes of the public leaves, proven and not yet checked.
    """

    read: Read
    policy: Policy
    registry: VerifierKey
    signed: bytes
    size: int
    opens: bool
    whole: bool
    public: tuple[tuple[int, bytes], ...]

    @property
    def tiles(self) -> int:
        """How many tiles of entries there are."""
        return (self.size + TILE_WIDTH - 1) // TILE_WIDTH


class Opened(NamedTuple):
    """An entry that holds by itself; its seal is committed to, and has yet to be compared with what came before.

    `movements` are sorted by account; `signed` is the number of parties, `manifests` that of the lists of serials that
    were held against it.
    """

    entry_id: bytes
    time: str
    occurred: str
    movements: tuple[Movement, ...]
    signed: int
    seal: bytes
    manifests: int


class Verified(NamedTuple):
    """An entry to look at closely, of whose note, given by its SHA-256, the signatures need not be verified again."""

    note: bytes


class Left(Enum):
    """Why an entry was not opened here."""

    CLOSED = 0  # its leaf is proven, and the export does not open it
    TO_LOOK_AT = 1


Found: TypeAlias = Opened | Verified | Left
OpenAll: TypeAlias = Callable[[Plan], Generator[list[Found], None, None]]


def open_all(plan: Plan) -> Generator[list[Found], None, None]:
    """Answer what was found of the entries, tile by tile."""
    opener = Opener(plan)
    for number in range(plan.tiles):
        yield opener.open_tile(number)


@dataclass(slots=True)
class _Work:
    """An entry on its way through the steps: each adds what the next one needs."""

    index: int
    leaf: bytes
    path: bytes
    found: Found = Left.TO_LOOK_AT
    note: bytes = b""
    seal: bytes = b""
    proof: bytes = b""
    parsed: Note | None = None
    keys: tuple[KeyRecord, ...] = ()
    candidate: Candidate | None = None


class Opener:
    """Opens the entries of tiles, whose numbers only grow: the keys that are valid are those at the leaf reached."""

    def __init__(self, plan: Plan) -> None:
        self._read = plan.read
        self._opens, self._whole = plan.opens, plan.whole
        self._tree = TreeAudit(plan.read, plan.policy, plan.signed)
        self._proof_end = b"\n" + plan.signed
        # Without entries that came before: those that are refused or remembered because of them are not plain.
        self._book = Book(self._tree.checkpoint.origin, KeyRegistry(plan.registry))
        self._public = deque(plan.public)
        self._compromised = compromised_keys(plan.public)
        self._accounts: dict[AccountKey, AccountKey] = {}
        # Each step is done for the whole tile before the next, while the processor has at hand what the step needs:
        # that is a tenth faster than one entry after the other.
        self._steps = (self._look_at_leaf, self._read_files, self._parse, self._verify, self._decode, self._check)

    def open_tile(self, number: int) -> list[Found]:
        """Answer what was found of each entry of tile `number`."""
        first = number * TILE_WIDTH
        width = tile_at(self._tree.checkpoint.size, 0, number).width
        try:
            hashes = self._tree.reader.tile_hashes(0, number)
            paths = self._paths(number) if self._opens else [b""] * width
            bundle = self._tree.bundle(number)
        except (LedgerError, OSError):
            return [Left.TO_LOOK_AT] * width
        tile = [_Work(first + at, leaf, path) for at, (leaf, path) in enumerate(zip(bundle, paths, strict=True))]
        works = [work for work, item in zip(tile, hashes, strict=True) if leaf_hash(work.leaf) == item]
        for step in self._steps:
            works = [work for work in works if _goes_on(step, work)]
        return [work.found for work in tile]

    def _look_at_leaf(self, work: _Work) -> bool:
        if not self._opens and not work.leaf.startswith(leaves.PUBLIC_HEADER):
            leaves.decode(work.leaf)
            work.found = Left.CLOSED
        return self._opens and not work.leaf.startswith(leaves.PUBLIC_HEADER)

    def _read_files(self, work: _Work) -> bool:
        stem = f"entries/{work.index}."
        note = self._read(stem + "note")
        if note is None and not self._whole:
            work.found = Left.CLOSED
            return False
        seal, proof, leaf = self._read(stem + "seal"), self._read(stem + "tlog-proof"), self._read(stem + "leaf")
        if note is None or seal is None or proof is None or (leaf is not None and leaf != work.leaf):
            return False
        work.note, work.seal, work.proof = note, seal, proof
        return True

    def _parse(self, work: _Work) -> bool:
        work.parsed = Note.parse(work.note)
        return not self._compromised or not is_doubtful(work.parsed, work.index, self._compromised)

    def _verify(self, work: _Work) -> bool:
        assert work.parsed is not None
        self._reach(work.index)
        work.keys = self._book.signed(work.parsed, work.index, public=False)
        work.found = Verified(hashlib.sha256(work.note).digest())
        return True

    def _decode(self, work: _Work) -> bool:
        assert work.parsed is not None
        work.candidate = candidate_of(work.note, work.parsed)
        # What an entry hides may be disclosed beside it.
        return work.candidate.plain and ALGORITHM not in work.candidate.entry.details

    def _check(self, work: _Work) -> bool:
        assert work.candidate is not None
        index, candidate, entry = work.index, work.candidate, work.candidate.entry
        nonce, time = self._check_proof(work)
        signed = self._book.check_signed(candidate, work.keys, index, time)
        # The leaf is what note, seal, nonce and time make of it, or it is another's.
        if nonce is None or leaves.encode_confidential(commitment(nonce, work.note, work.seal), time) != work.leaf:
            return False
        known = self._accounts
        movements = tuple([(known.setdefault(leg[:5], leg[:5]), leg[5]) for leg in sorted(entry.legs)])
        manifests = check_manifest(self._read, index, entry)
        work.found = Opened(candidate.entry_id, time, entry.occurred, movements, len(signed), work.seal, manifests)
        return True

    def _reach(self, index: int) -> None:
        while self._public and self._public[0][0] < index:
            at, data = self._public.popleft()
            leaf = leaves.decode(data)
            if isinstance(leaf, leaves.PublicLeaf):
                parsed = Note.parse(leaf.note)
                candidate = candidate_of(leaf.note, parsed)
                if candidate.kind.name == "key":
                    self._book.registry.apply(candidate.entry, at)

    def _check_proof(self, work: _Work) -> tuple[bytes | None, str]:
        # The proof that this tree gives is one certain text: anything else is read line by line.
        extra = work.proof[_EXTRA]
        if work.proof == b"%b%b\nindex %d\n%b%b" % (_PROOF_BEGIN, extra, work.index, work.path, self._proof_end):
            with suppress(ValueError):
                return decode_extra(decode_base64(extra.decode("ascii")))
        return self._tree.check_proof(work.proof, work.leaf)

    def _paths(self, number: int) -> list[bytes]:
        """Return the audit path of each leaf of a tile, as the lines of its proof."""
        size, get_hash = self._tree.checkpoint.size, self._tree.reader.get_hash
        first, width = number * TILE_WIDTH, tile_at(size, 0, number).width
        if width < TILE_WIDTH:
            return [_lines(inclusion_proof(first + at, size, get_hash)) for at in range(width)]
        # Above the tile the path is the same for all; inside of it each node is the end of its children's.
        paths = [_lines(inclusion_proof(first, size, get_hash)[TILE_HEIGHT:])]
        for hashes in reversed(self._tree.reader.subtrees(0, number)[:TILE_HEIGHT]):
            paths = [_lines([hashes[at ^ 1]]) + paths[at >> 1] for at in range(len(hashes))]
        return paths


def _goes_on(step: Callable[[_Work], bool], work: _Work) -> bool:
    try:
        return step(work)
    except (LedgerError, OSError):
        return False


def _lines(hashes: list[bytes]) -> bytes:
    return b"".join([binascii.b2a_base64(item) for item in hashes])
