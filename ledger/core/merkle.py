"""The Merkle tree of RFC 6962 section 2.1 over SHA-256: roots, frontiers, proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from ledger.core.errors import LedgerCode, LedgerError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

# Answers the hash of the perfect subtree number `index` of 2^level leaves.
GetHash = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(hashes: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes in order; that of no leaves is SHA-256 of nothing."""
    frontier = Frontier()
    for item in hashes:
        frontier.append(item)
    return frontier.root()


class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees, largest first (at most 64 hashes)."""

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count() or any(len(peak) != HASH_BYTES for peak in peaks):
            raise LedgerError(LedgerCode.MALFORMED, f"{len(peaks)} hashes are not the frontier of {size} leaves.")
        self._size = size
        self._peaks = list(peaks)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The hashes kept, those of the largest perfect subtree first."""
        return tuple(self._peaks)

    def append(self, item: bytes) -> None:
        """Add the hash of the next leaf."""
        _check_hash(item)
        size = self._size
        while size & 1:
            item = node_hash(self._peaks.pop(), item)
            size >>= 1
        self._peaks.append(item)
        self._size += 1

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        return _fold(self._peaks)

    def copy(self) -> Frontier:
        """Return a frontier that grows on its own."""
        return Frontier(self._size, self._peaks)

    def to_bytes(self) -> bytes:
        """Return the size as 8 big-endian bytes and the hashes, largest subtree first."""
        return self._size.to_bytes(8, "big") + b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """Read what `to_bytes` wrote; raises `malformed`."""
        body = data[8:]
        peaks = [body[at : at + HASH_BYTES] for at in range(0, len(body), HASH_BYTES)]
        return cls(int.from_bytes(data[:8], "big"), peaks)


def inclusion_proof(index: int, size: int, get_hash: GetHash) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves, leaf's sibling first (RFC 6962 2.1.1)."""
    if not 0 <= index < size:
        raise LedgerError(LedgerCode.BAD_PROOF, f"Leaf {index} does not stand in a tree of {size}.")
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(range_hash(middle, end, get_hash))
            end = middle
        else:
            path.append(range_hash(begin, middle, get_hash))
            begin = middle
    return path[::-1]


def consistency_proof(old: int, new: int, get_hash: GetHash) -> list[bytes]:
    """Return the proof that the tree of `new` leaves extends that of `old` (RFC 6962 section 2.1.2)."""
    if not 0 <= old <= new:
        raise LedgerError(LedgerCode.BAD_PROOF, f"A tree of {new} cannot extend one of {old}.")
    if old in (0, new):
        return []
    begin, end, path = 0, new, []
    while end != old:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(range_hash(middle, end, get_hash))
            end = middle
        else:
            path.append(range_hash(begin, middle, get_hash))
            begin = middle
    if begin:
        path.append(range_hash(begin, end, get_hash))
    return path[::-1]


def range_hash(begin: int, end: int, get_hash: GetHash) -> bytes:
    """Return the hash over leaves begin..end-1, where `begin` starts a subtree at least that large."""
    peaks = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        peaks.append(get_hash(level, begin >> level))
        begin += 1 << level
    return _fold(peaks)


def verify_inclusion(item: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> None:
    """Raise `bad-proof` unless `proof` leads leaf hash `item` at `index` to the root `expected` of `size` leaves."""
    _check_hash(expected)
    if root_of_inclusion(item, index, size, proof) != expected:
        _refuse(f"The inclusion proof of leaf {index} does not lead to the root of {size} leaves.")


def root_of_inclusion(item: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root to which `proof` leads leaf hash `item` at `index`; raises `bad-proof` for a wrong length."""
    if not 0 <= index < size:
        _refuse(f"Leaf {index} does not stand in a tree of {size}.")
    for hash_ in (item, *proof):
        _check_hash(hash_)
    # RFC 9162 section 2.1.3.2, with its names fn, sn and r.
    fn, sn, r = index, size - 1, item
    for sibling in proof:
        if sn == 0:
            _refuse("The inclusion proof is too long.")
        if fn & 1 or fn == sn:
            r = node_hash(sibling, r)
            while fn and not fn & 1:
                fn >>= 1
                sn >>= 1
        else:
            r = node_hash(r, sibling)
        fn >>= 1
        sn >>= 1
    if sn:
        _refuse(f"The inclusion proof of leaf {index} does not lead to the root of {size} leaves.")
    return r


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise `bad-proof` unless `proof` shows that the tree of `new` leaves extends that of `old`."""
    if not 0 < old <= new:
        _refuse(f"No proof can lead from a tree of {old} leaves to one of {new}.")
    if old == new:
        if proof or old_root != new_root:
            _refuse(f"Two different roots are given for {old} leaves.")
        return
    if not proof:
        _refuse("The consistency proof is empty.")
    for hash_ in (old_root, new_root, *proof):
        _check_hash(hash_)
    # RFC 9162 section 2.1.4.2, with its names.
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for sibling in path[1:]:
        if sn == 0:
            _refuse("The consistency proof is too long.")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(sibling, fr), node_hash(sibling, sr)
            while fn and not fn & 1:
                fn >>= 1
                sn >>= 1
        else:
            sr = node_hash(sr, sibling)
        fn >>= 1
        sn >>= 1
    if sn or fr != old_root or sr != new_root:
        _refuse(f"The tree of {new} leaves does not extend the tree of {old}.")


def grown(old: Frontier, added: Sequence[bytes]) -> GetHash:
    """Return the hashes from which it is proven that `old`, grown by the leaf hashes `added`, extends `old`.

    Such a proof needs the peaks of the old tree and hashes over new leaves only (RFC 6962 section 2.1.2), so nothing
    else has to be read. Raises `bad-proof` for any other hash of the old tree.
    """
    peaks: dict[tuple[int, int], bytes] = {}
    begin = 0
    for peak in old.peaks:
        level = (old.size - begin).bit_length() - 1
        peaks[level, begin >> level] = peak
        begin += 1 << level

    def get_hash(level: int, index: int) -> bytes:
        found = peaks.get((level, index))
        if found is not None:
            return found
        first = (index << level) - begin
        if first < 0 or first + (1 << level) > len(added):
            _refuse(f"The hash {index} of level {level} is not one by which {begin} leaves grew by {len(added)}.")
        return root(added[first : first + (1 << level)])

    return get_hash


def _split(size: int) -> int:
    # The largest power of two below `size`, which is at least 2.
    return 1 << ((size - 1).bit_length() - 1)


def _fold(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    result = peaks[-1]
    for peak in reversed(peaks[:-1]):
        result = node_hash(peak, result)
    return result


def _check_hash(item: bytes) -> None:
    if len(item) != HASH_BYTES:
        _refuse(f"A hash of {len(item)} bytes stands where one of 32 is needed.")


def _refuse(sentence: str) -> NoReturn:
    raise LedgerError(LedgerCode.BAD_PROOF, sentence)
