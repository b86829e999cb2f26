"""The audit that anybody can make: checkpoint, tiles and leaves, and the public entries that stand in the leaves."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.leaf import PUBLIC_HEADER
from ledger.core.merkle import HASH_BYTES, leaf_hash, root
from ledger.core.note import VerifierKey
from ledger.core.policy import Policy
from ledger.core.proof import Proof, decode_extra
from ledger.core.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Read,
    Tile,
    TileReader,
    entries_path,
    level_count,
    read_bundle,
    read_tile,
    tile_at,
)

CHECKPOINT = "checkpoint"


def failure(code: LedgerCode, sentence: str, index: int | None = None) -> LedgerError:
    """Return the error that ends an audit, naming the entry where one is at fault."""
    return LedgerError(code, sentence, index=index)


class TreeAudit:
    """A log's signed tree, every part of it proven before it is handed out.

    `signed` is its checkpoint as it stands in the export.
    """

    def __init__(self, read: Read, policy: Policy, signed: bytes | None = None) -> None:
        self._read = read
        self._policy = policy
        self.signed = self._need_checkpoint() if signed is None else signed
        self.checkpoint, self.witnesses = self._open()
        self.reader = TileReader(read, self.checkpoint.size, self.checkpoint.root)
        self._proof_checkpoint: tuple[bytes, Checkpoint] | None = None
        self._bundle: tuple[int, list[bytes]] = (-1, [])

    @property
    def log_keys(self) -> tuple[VerifierKey, ...]:
        """The log keys that the policy trusts."""
        return self._policy.logs

    def check_tiles(self) -> Iterator[int]:
        """Prove every tile, the top level first, and answer how many are done after each."""
        for done, tile in enumerate(self.all_tiles(), 1):
            try:
                self.reader.tile_hashes(tile.level, tile.index)
            except LedgerError as error:
                raise self._blame(error) from None
            yield done

    def all_tiles(self) -> list[Tile]:
        """Every tile of the tree, the top level first, so that each is proven by one already proven."""
        tiles: list[Tile] = []
        level = 0
        while count := level_count(self.checkpoint.size, level):
            last = (count - 1) // TILE_WIDTH
            tiles[:0] = [tile_at(self.checkpoint.size, level, index) for index in range(last + 1)]
            level += 1
        return tiles

    def public_leaves(self) -> Iterator[tuple[int, bytes]]:
        """Answer index and bytes of every public leaf, proven, up to the first that is not what the log signed."""
        try:
            for tile_index in range((self.checkpoint.size + TILE_WIDTH - 1) // TILE_WIDTH):
                for at, data in enumerate(self.bundle(tile_index)):
                    if data.startswith(PUBLIC_HEADER):
                        index = tile_index * TILE_WIDTH + at
                        yield index, self.leaf(index)
        except LedgerError:
            return

    def leaf(self, index: int) -> bytes:
        """Return the leaf at `index`, proven; raises `bad-leaf`, or as `bundle`."""
        data = self.bundle(index // TILE_WIDTH)[index % TILE_WIDTH]
        try:
            self.reader.check_leaf(index, data)
        except LedgerError as error:
            sentence = f"Entry {index} was changed in the log: {error.sentence}"
            raise failure(error.code, sentence, index) from None
        return data

    def bundle(self, tile_index: int) -> list[bytes]:
        """Return the leaves under one tile as published, none proven yet; raises `bad-tile` or `missing-file`."""
        if self._bundle[0] != tile_index:
            try:
                self._bundle = tile_index, read_bundle(self._read, tile_at(self.checkpoint.size, 0, tile_index))
            except LedgerError as error:
                first = tile_index * TILE_WIDTH
                last = min(first + TILE_WIDTH, self.checkpoint.size) - 1
                raise failure(error.code, f"Entries {first} to {last}: {error.sentence}") from None
        return self._bundle[1]

    def check_proof(self, data: bytes, leaf: bytes) -> tuple[bytes | None, str]:
        """Return the nonce (None of a public leaf) and the time in a proof that `leaf` stands in this tree.

        Raises `bad-proof`, `fork`, or as `open_checkpoint` does.
        """
        proof = Proof.parse(data)
        # The proof of another index does not lead from this leaf to the root: no two leaves are the same.
        proof.verify_under(leaf, self.check_proof_checkpoint(proof.checkpoint))
        return decode_extra(proof.extra)

    def check_proof_checkpoint(self, data: bytes) -> Checkpoint:
        """Return the checkpoint inside of a proof, signed by the log and of this very tree at its size."""
        if self._proof_checkpoint is not None and self._proof_checkpoint[0] == data:
            return self._proof_checkpoint[1]
        checkpoint, _ = open_checkpoint(data, *self.log_keys)
        if checkpoint.origin != self.checkpoint.origin or checkpoint.size > self.checkpoint.size:
            raise LedgerError(
                LedgerCode.BAD_PROOF, f"Its checkpoint of {checkpoint.size} leaves is not one of this tree's past."
            )
        if self.reader.frontier(checkpoint.size).root() != checkpoint.root:
            raise LedgerError(
                LedgerCode.FORK,
                f"The log signed two different trees: that of {checkpoint.size} leaves in the proof is not this one's.",
            )
        self._proof_checkpoint = (data, checkpoint)
        return checkpoint

    def check_held(self, data: bytes) -> None:
        """Raise unless the checkpoint in `data`, which somebody kept, is of this tree's past."""
        try:
            kept, _ = open_checkpoint(data, *self.log_keys)
        except LedgerError as error:
            raise failure(error.code, f"The checkpoint that you hold cannot be trusted: {error.sentence}") from None
        if kept.size > self.checkpoint.size:
            raise failure(
                LedgerCode.FORK,
                f"Entries were taken back: the checkpoint that you hold covers {kept.size} entries, this log has only "
                f"{self.checkpoint.size}.",
            )
        if self.reader.frontier(kept.size).root() != kept.root:
            raise failure(
                LedgerCode.FORK, f"The log does not extend the checkpoint of {kept.size} entries that you hold."
            )

    def _need_checkpoint(self) -> bytes:
        data = self._read(CHECKPOINT)
        if data is None:
            raise failure(LedgerCode.MISSING_FILE, "The checkpoint is missing: there is nothing to verify against.")
        return data

    def _open(self) -> tuple[Checkpoint, frozenset[str]]:
        try:
            checkpoint, note = open_checkpoint(self.signed, *self._policy.logs)
            return checkpoint, self._policy.check_quorum(note)
        except LedgerError as error:
            raise failure(error.code, f"The checkpoint cannot be trusted: {error.sentence}") from None

    def _blame(self, error: LedgerError) -> LedgerError:
        # Tiles and bundles must agree from the leaves up; the first that does not names the entry.
        size = self.checkpoint.size
        try:
            for tile in reversed(self.all_tiles()):
                below = self._below(tile)
                for at, (published, computed) in enumerate(zip(read_tile(self._read, tile), below, strict=True)):
                    if published != computed:
                        return self._named(error, tile, at)
        except LedgerError as unreadable:
            return failure(unreadable.code, f"The log cannot be read: {unreadable.sentence}", unreadable.index)
        return failure(error.code, f"The tiles of {size} leaves are not the tree that the log signed. {error.sentence}")

    def _below(self, tile: Tile) -> list[bytes]:
        if tile.level == 0:
            return [leaf_hash(data) for data in read_bundle(self._read, tile)]
        first = tile.index * TILE_WIDTH
        return [root(read_tile(self._read, Tile(tile.level - 1, first + at))) for at in range(tile.width)]

    def _named(self, error: LedgerError, tile: Tile, at: int) -> LedgerError:
        span = 1 << (TILE_HEIGHT * tile.level)
        first = (tile.index * TILE_WIDTH + at) * span
        if span == 1:
            where = f"Entry {first} was changed in the log: its hash in {tile.path} (byte {at * HASH_BYTES} on)"
            bundle = entries_path(tile.index, tile.width)
            return failure(error.code, f"{where} is not the hash of its leaf in {bundle}.", first)
        where = f"Entries {first} to {first + span - 1}: their hash in {tile.path}"
        return failure(error.code, f"{where} is not the one that the tiles below it give.", first)
