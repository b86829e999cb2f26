"""A reader of the CBOR that receipts are made of, written from RFC 8949 alone, to read them without our library."""

from __future__ import annotations

from typing import Any, NamedTuple


class Tagged(NamedTuple):
    """A value under a tag."""

    tag: int
    value: Any


def read(data: bytes) -> Any:
    """Return the one value that `data` is; anything after it is an error."""
    value, rest = _item(data)
    assert rest == b"", "something follows the value"
    return value


def _item(data: bytes) -> tuple[Any, bytes]:
    major, info, data = data[0] >> 5, data[0] & 31, data[1:]
    if major == 7:
        assert info == 22, "null is the only simple value in a receipt"
        return None, data
    number, data = _number(info, data)
    if major in (0, 1):
        return (number if major == 0 else -1 - number), data
    if major in (2, 3):
        raw, data = data[:number], data[number:]
        assert len(raw) == number
        return (raw if major == 2 else raw.decode()), data
    items = []
    for _ in range({4: number, 5: 2 * number, 6: 1}[major]):
        item, data = _item(data)
        items.append(item)
    if major == 5:
        found = dict(zip(items[::2], items[1::2], strict=True))
        assert len(found) == number, "a key stands twice"
        return found, data
    return (items if major == 4 else Tagged(number, items[0])), data


def _number(info: int, data: bytes) -> tuple[int, bytes]:
    if info < 24:
        return info, data
    length = {24: 1, 25: 2, 26: 4, 27: 8}[info]
    return int.from_bytes(data[:length], "big"), data[length:]


def head(major: int, number: int) -> bytes:
    """Return the first bytes of an item."""
    if number < 24:
        return bytes([major << 5 | number])
    length, info = (1, 24) if number < 256 else (2, 25)
    return bytes([major << 5 | info]) + number.to_bytes(length, "big")


def sig_structure(protected: bytes, payload: bytes) -> bytes:
    """Return what a COSE_Sign1 signs (RFC 9052 section 4.4), without external data."""
    context = b"Signature1"
    parts = (
        head(3, len(context)) + context,
        head(2, len(protected)) + protected,
        b"\x40",
        head(2, len(payload)) + payload,
    )
    return b"\x84" + b"".join(parts)
