"""The table of ids: every entry is found by its id, hardly any by another's, in an array that never grows."""

from __future__ import annotations

import hashlib

import pytest

from ledger.core.id_table import IdTable


def entry_id(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000, 20_000])
def test_every_entry_is_found_and_no_other(size):
    table = IdTable(size)
    for number in range(size):
        assert not table.may_hold(entry_id(number))
        table.add(entry_id(number), number)
    assert [list(table.find(entry_id(number))) for number in range(size)] == [[number] for number in range(size)]
    assert not any(table.may_hold(entry_id(number)) for number in range(size, 2 * size))


def test_ids_that_look_alike_are_all_answered():
    table = IdTable(8)
    alike = [bytes(8) + bytes([number]) * 24 for number in range(8)]
    for number, each in enumerate(alike):
        table.add(each, number)
    assert list(table.find(alike[0])) == list(range(8))
    # The same slot, another mark.
    assert list(table.find(b"\x00" * 7 + b"\x01" + b"\x00" * 24)) == []


def test_an_empty_log_has_no_entries():
    assert not IdTable(0).may_hold(entry_id(0))


def test_an_entry_takes_a_few_bytes():
    for size in (10_000, 100_000):
        assert 12 * size <= IdTable(size)._slots.buffer_info()[1] * 8 <= 24 * size
