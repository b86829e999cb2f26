"""Which entry carries which id, in some 16 bytes an entry that are set aside once: for audits of logs of any length."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

# A slot holds 24 bits of the id above 40 bits of the index plus one; 0 is a free slot.
_INDEX_BITS = 40
_INDEX_MASK = (1 << _INDEX_BITS) - 1
_KEY_BYTES = 8


class IdTable:
    """A hash table from entry id to leaf index, in one array that never grows.

    It keeps a part of each id only: what it answers are entries that may have the id, to be read and compared. Of ten
    million entries not one is answered wrongly, as a rule.
    """

    def __init__(self, size: int) -> None:
        """Set aside room for `size` entries."""
        self._mask = (1 << (3 * size // 2).bit_length()) - 1
        self._slots = array("Q", bytes(_KEY_BYTES * (self._mask + 1)))

    def find(self, entry_id: bytes) -> Iterator[int]:
        """Answer the indexes of the entries that may have that id."""
        key = int.from_bytes(entry_id[:_KEY_BYTES], "little")
        at, mark = key & self._mask, key >> _INDEX_BITS
        while slot := self._slots[at]:
            if slot >> _INDEX_BITS == mark:
                yield (slot & _INDEX_MASK) - 1
            at = (at + 1) & self._mask

    def may_hold(self, entry_id: bytes) -> bool:
        """Whether an entry of that id may have been added."""
        return next(self.find(entry_id), None) is not None

    def add(self, entry_id: bytes, index: int) -> None:
        """Add the entry at leaf `index`; no more entries than there is room for."""
        key = int.from_bytes(entry_id[:_KEY_BYTES], "little")
        at = key & self._mask
        while self._slots[at]:
            at = (at + 1) & self._mask
        self._slots[at] = (key >> _INDEX_BITS) << _INDEX_BITS | index + 1
