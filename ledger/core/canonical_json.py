"""RFC 8785 JSON for the subset that the ledger writes: no floats, integers within 2^53 - 1, no duplicate names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any, NoReturn, TypeAlias

from ledger.core.errors import LedgerCode, LedgerError

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"

MAX_BYTES = 60 * 1024
MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1
_MAX_INTEGER_DIGITS = 17  # sign and 16 digits: longer numerals are refused before they are converted
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
# Beyond these, the order of code points is no more that of UTF-16 code units.
_BEYOND_ORDER = re.compile("[\ud800-\U0010ffff]")


def dumps(value: object) -> bytes:
    """Return the RFC 8785 bytes of `value` (str, int, bool, None, list, tuple, dict with str names).

    Names are sorted by UTF-16 code units (RFC 8785 section 3.2.3). Raises `malformed` for a float, an integer beyond
    2^53 - 1, a lone surrogate, another type, or more than 32 levels.
    """
    parts: list[str] = []
    try:
        _write(value, parts, 0)
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError:
        raise LedgerError(
            LedgerCode.MALFORMED, "A text holds half of a surrogate pair, which UTF-8 cannot carry."
        ) from None


def loads(data: bytes, *, max_bytes: int = MAX_BYTES) -> JsonValue:
    """Read one JSON text strictly and return its value.

    Raises `too-large` above `max_bytes`, else `malformed` for anything RFC 8259 refuses and for duplicate names, floats
    and exponents, NaN, integers beyond 2^53 - 1, lone surrogates, and more than 32 levels.
    """
    if len(data) > max_bytes:
        raise LedgerError(LedgerCode.TOO_LARGE, f"The JSON text is {len(data)} bytes long; {max_bytes} are allowed.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LedgerError(LedgerCode.MALFORMED, f"The JSON text is not UTF-8 at byte {error.start}.") from None
    _check_depth(text)
    try:
        value: JsonValue = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise LedgerError(LedgerCode.MALFORMED, f"The text is not JSON: {error}.") from None
    if "\\u" in text:
        # Only an escape can bring in half a surrogate pair: the decoding above refuses it raw.
        dumps(value)
    return value


def loads_canonical(data: bytes, *, max_bytes: int = MAX_BYTES) -> JsonValue:
    """Read like `loads`, and refuse with `not-canonical` any text that is not its own RFC 8785 form."""
    fast = _read_plain(data) if len(data) <= max_bytes else None
    if fast is not None:
        return fast
    value = loads(data, max_bytes=max_bytes)
    if dumps(value) != data:
        raise LedgerError(LedgerCode.NOT_CANONICAL, "The JSON text is not in its RFC 8785 form.")
    return value


def _read_plain(data: bytes) -> dict[str, Any] | None:
    """Return the object in `data` if the standard library's encoder writes the very same bytes again, else None.

    That is the common case, at the speed of C. The encoder writes what RFC 8785 asks for (the same escapes, names in
    order, one spelling of a number), as long as no character is beyond the basic plane; a name that stands twice, or
    half a surrogate pair, never comes out as it went in. Floats and integers beyond 2^53 - 1 are refused by the reader.
    """
    try:
        text = data.decode("utf-8")
        value = _PLAIN_DECODER.decode(text)
        beyond = not text.isascii() and _BEYOND_ORDER.search(text)
        if type(value) is not dict or beyond or _PLAIN_ENCODER.encode(value) != text:
            return None
    except (ValueError, RecursionError, LedgerError):
        return None  # the careful reader says what is wrong
    few = text.count("[") + text.count("{") <= MAX_DEPTH
    return value if few or _is_shallow(value, MAX_DEPTH) else None


def _is_shallow(value: dict[str, Any] | list[Any], levels: int) -> bool:
    for item in value.values() if type(value) is dict else value:
        if (type(item) is dict or type(item) is list) and (levels == 1 or not _is_shallow(item, levels - 1)):
            return False
    return True


def _write(value: object, parts: list[str], depth: int) -> None:
    if value is None:
        parts.append("null")
    elif value is True or value is False:
        parts.append("true" if value else "false")
    elif isinstance(value, str):
        parts.append(encode_basestring(value))
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise LedgerError(LedgerCode.MALFORMED, f"The integer {value} is beyond 2^53 - 1; write it as a string.")
        parts.append(int.__repr__(value))
    elif isinstance(value, list | tuple):
        _write_array(value, parts, depth + 1)
    elif isinstance(value, Mapping):
        _write_object(value, parts, depth + 1)
    else:
        raise LedgerError(LedgerCode.MALFORMED, f"A {type(value).__name__} has no place in the ledger's JSON.")


def _write_array(value: list[Any] | tuple[Any, ...], parts: list[str], depth: int) -> None:
    _check_level(depth)
    parts.append("[")
    for position, item in enumerate(value):
        if position:
            parts.append(",")
        _write(item, parts, depth)
    parts.append("]")


def _write_object(value: Mapping[Any, Any], parts: list[str], depth: int) -> None:
    _check_level(depth)
    for name in value:
        if not isinstance(name, str):
            raise LedgerError(LedgerCode.MALFORMED, f"The name {name!r} of a JSON member is not a text.")
    parts.append("{")
    for position, name in enumerate(sorted(value, key=lambda name: name.encode("utf-16-be"))):
        if position:
            parts.append(",")
        parts.append(encode_basestring(name))
        parts.append(":")
        _write(value[name], parts, depth)
    parts.append("}")


def _check_level(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise LedgerError(LedgerCode.MALFORMED, f"The JSON text is nested more than {MAX_DEPTH} levels deep.")


def _check_depth(text: str) -> None:
    depth = 0
    # Brackets inside strings do not nest; what is left after cutting the strings does.
    for character in _STRING.sub("", text):
        if character in "[{":
            depth += 1
            _check_level(depth)
        elif character in "]}":
            depth -= 1


def _read_integer(numeral: str) -> int:
    if len(numeral) > _MAX_INTEGER_DIGITS or not -MAX_INTEGER <= (value := int(numeral)) <= MAX_INTEGER:
        raise LedgerError(LedgerCode.MALFORMED, f"The integer {numeral[:20]} is beyond 2^53 - 1.")
    return value


def _refuse_number(numeral: str) -> NoReturn:
    raise LedgerError(LedgerCode.MALFORMED, f"The number {numeral[:20]} is not an integer; the ledger takes no others.")


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise LedgerError(LedgerCode.MALFORMED, f"The name {twice!r} stands twice in one JSON object.")
    return members


_PLAIN_DECODER = json.JSONDecoder(parse_float=_refuse_number, parse_int=_read_integer, parse_constant=_refuse_number)
_PLAIN_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)
_DECODER = json.JSONDecoder(
    object_pairs_hook=_read_object,
    parse_float=_refuse_number,
    parse_int=_read_integer,
    parse_constant=_refuse_number,
)
