"""What an audit of an entry needs no other entry for, a tile of 256 at a time, so that many can be done at once.

It only ever says yes. Where anything is out of the ordinary, the entry is left to be looked at closely, in the order of
the log, by `audit_entries`, which knows what came before and can say what is wrong.
"""

from __future__ import annotations

import binascii
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

from ledger.core import leaf as leaves
from ledger.core.audit_disputes import compromised_keys, is_doubtful
from ledger.core.audit_manifests import check_manifest
from ledger.core.audit_tree import TreeAudit
from ledger.core.book import Book, candidate_of
from ledger.core.disclosures import ALGORITHM
from ledger.core.errors import LedgerError
from ledger.core.merkle import inclusion_proof, leaf_hash
from ledger.core.note import Note, VerifierKey, decode_base64, encode_base64
from ledger.core.policy import Policy
from ledger.core.proof import HEADER, decode_extra
from ledger.core.registry import KeyRegistry
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

    `movements` are sorted by account; `signed` is the number of parties, `manifests` that of the
    lists of serials that were held against it.
    """

    entry_id: bytes
    time: str
    occurred: str
    movements: tuple[Movement, ...]
    signed: int
    seal: bytes
    manifests: int


class Left(Enum):
    """Why an entry was not opened here."""

    CLOSED = 0  # its leaf is proven, and the export does not open it
    TO_LOOK_AT = 1


Found: TypeAlias = Opened | Left
OpenAll: TypeAlias = Callable[[Plan], Generator[list[Found], None, None]]


def open_all(plan: Plan) -> Generator[list[Found], None, None]:
    """Answer what was found of the entries, tile by tile."""
    opener = Opener(plan)
    for number in range(plan.tiles):
        yield opener.open_tile(number)


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

    def open_tile(self, number: int) -> list[Found]:
        """Answer what was found of each entry of tile `number`."""
        first = number * TILE_WIDTH
        width = tile_at(self._tree.checkpoint.size, 0, number).width
        try:
            hashes = self._tree.reader.tile_hashes(0, number)
            paths = self._paths(number) if self._opens else [b""] * width
            return [
                self._open(first + at, data, path) if leaf_hash(data) == proven else Left.TO_LOOK_AT
                for at, (data, proven, path) in enumerate(zip(self._tree.bundle(number), hashes, paths, strict=True))
            ]
        except (LedgerError, OSError):
            return [Left.TO_LOOK_AT] * width

    def _open(self, index: int, data: bytes, path: bytes) -> Found:
        try:
            if data.startswith(leaves.PUBLIC_HEADER):
                return Left.TO_LOOK_AT
            if not self._opens:
                leaves.decode(data)
                return Left.CLOSED
            return self._open_confidential(index, data, path)
        except (LedgerError, OSError):
            return Left.TO_LOOK_AT

    def _open_confidential(self, index: int, data: bytes, path: bytes) -> Found:
        stem = f"entries/{index}."
        note = self._read(stem + "note")
        if note is None and not self._whole:
            return Left.CLOSED
        seal = self._read(stem + "seal")
        proof = self._read(stem + "tlog-proof")
        beside = self._read(stem + "leaf")
        if note is None or seal is None or proof is None or (beside is not None and beside != data):
            return Left.TO_LOOK_AT
        self._reach(index)
        parsed = Note.parse(note)
        keys = self._book.signed(parsed, index, public=False)
        candidate = candidate_of(note, parsed)
        nonce, time = self._check_proof(index, proof, path, data)
        if self._compromised and is_doubtful(parsed, index, self._compromised):
            return Left.TO_LOOK_AT
        # What an entry hides may be disclosed beside it.
        if nonce is None or not candidate.plain or ALGORITHM in candidate.entry.details:
            return Left.TO_LOOK_AT
        parties = self._book.check_signed(candidate, keys, index, time)
        # The leaf is what note, seal, nonce and time make of it, or it is another's.
        if leaves.encode_confidential(leaves.commitment(nonce, note, seal), time) != data:
            return Left.TO_LOOK_AT
        known = self._accounts
        movements = tuple((known.setdefault(leg[:5], leg[:5]), leg[5]) for leg in sorted(candidate.entry.legs))
        manifests = check_manifest(self._read, index, candidate.entry)
        return Opened(candidate.entry_id, time, candidate.entry.occurred, movements, len(parties), seal, manifests)

    def _reach(self, index: int) -> None:
        while self._public and self._public[0][0] < index:
            at, data = self._public.popleft()
            leaf = leaves.decode(data)
            if isinstance(leaf, leaves.PublicLeaf):
                parsed = Note.parse(leaf.note)
                candidate = candidate_of(leaf.note, parsed)
                if candidate.kind.name == "key":
                    self._book.registry.apply(candidate.entry, at)

    def _check_proof(self, index: int, proof: bytes, path: bytes, data: bytes) -> tuple[bytes | None, str]:
        # The proof that this tree gives is one certain text: anything else is read line by line.
        extra = proof[_EXTRA]
        if proof == b"%b%b\nindex %d\n%b%b" % (_PROOF_BEGIN, extra, index, path, self._proof_end):
            try:
                return decode_extra(decode_base64(extra.decode("ascii")))
            except ValueError:
                pass
        return self._tree.check_proof(proof, data)

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


def _lines(hashes: list[bytes]) -> bytes:
    return b"".join([binascii.b2a_base64(item) for item in hashes])
