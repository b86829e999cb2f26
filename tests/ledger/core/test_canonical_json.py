"""RFC 8785 JSON: published cases byte for byte, and everything that the ledger's reader refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.canonical_json import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, _read_plain, dumps, loads, loads_canonical
from ledger.core.errors import LedgerCode, LedgerError
from tests.shared_vectors import shared

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


class OutsideError(Exception):
    """The value is JSON, but not of the subset that the ledger takes."""


def standard(text: str) -> object:
    """Read with the standard library; raise OutsideError for what our subset leaves out."""

    def pairs(members):
        if len(dict(members)) != len(members):
            raise OutsideError("a name stands twice")
        return dict(members)

    def number(numeral):
        raise OutsideError(f"{numeral} is no integer")

    def integer(numeral):
        if abs(int(numeral)) > MAX_INTEGER:
            raise OutsideError(f"{numeral} is too large")
        return int(numeral)

    return json.loads(text, object_pairs_hook=pairs, parse_float=number, parse_int=integer, parse_constant=number)


def code_of(data: bytes) -> LedgerCode:
    with pytest.raises(LedgerError) as refused:
        loads(data)
    return refused.value.code


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_published_canonical_form(name):
    folder = shared("vectors/jcs-cyberphone/testdata")
    data = (folder / "input" / f"{name}.json").read_bytes()
    expected = (folder / "output" / f"{name}.json").read_bytes()
    try:
        standard(data.decode())
    except OutsideError:
        assert code_of(data) is LedgerCode.MALFORMED
        return
    assert dumps(loads(data)) == expected
    assert loads_canonical(expected) == loads(data)
    assert bytes.fromhex((folder / "outhex" / f"{name}.txt").read_text()) == expected


def test_published_canonical_forms_are_not_all_refused():
    folder = shared("vectors/jcs-cyberphone/testdata/input")
    taken = []
    for path in sorted(folder.glob("*.json")):
        try:
            loads(path.read_bytes())
        except LedgerError:
            continue
        taken.append(path.stem)
    assert taken == ["arrays", "french", "unicode", "weird"]


def published_parser_cases(prefix: str) -> list[Path]:
    return sorted(shared("vectors/json-test-suite/test_parsing").glob(f"{prefix}_*.json"))


def test_every_published_text_that_is_not_json_is_refused():
    cases = published_parser_cases("n")
    assert len(cases) > 180
    for path in cases:
        assert code_of(path.read_bytes()) in {LedgerCode.MALFORMED, LedgerCode.TOO_LARGE}, path.name


def test_every_published_json_text_of_our_subset_is_read():
    taken, left_out = 0, 0
    for path in published_parser_cases("y"):
        data = path.read_bytes()
        try:
            expected = standard(data.decode())
        except OutsideError:
            assert code_of(data) is LedgerCode.MALFORMED, path.name
            left_out += 1
            continue
        assert loads(data) == expected, path.name
        assert loads_canonical(dumps(expected)) == expected, path.name
        taken += 1
    assert (taken, left_out) == (78, 17)


def test_published_free_cases_end_in_a_value_or_a_refusal():
    for path in published_parser_cases("i"):
        try:
            value = loads(path.read_bytes())
        except LedgerError:
            continue
        assert loads_canonical(dumps(value)) == value, path.name


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"a":1,"a":2}', "twice"),
        (b'{"a":{"b":1,"b":1}}', "twice"),
        (b"1.0", "not an integer"),
        (b"1e3", "not an integer"),
        (b"-0.0", "not an integer"),
        (b"NaN", "not an integer"),
        (b"Infinity", "not an integer"),
        (b"9007199254740992", "2^53"),
        (b"-9007199254740992", "2^53"),
        (b"1" * 5000, "2^53"),
        (rb'"\ud800"', "surrogate"),
        (rb'{"\udc00":1}', "surrogate"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"{} {}", "not JSON"),
        (b'"a\nb"', "not JSON"),
        (b"[" * 33 + b"]" * 33, "levels"),
        (b"", "not JSON"),
    ],
)
def test_reader_refuses(data, why):
    with pytest.raises(LedgerError, match=why.replace("^", r"\^")) as refused:
        loads(data)
    assert refused.value.code is LedgerCode.MALFORMED


def test_reader_takes_the_last_of_what_it_allows():
    assert loads(b"9007199254740991") == MAX_INTEGER
    assert loads(b"-9007199254740991") == -MAX_INTEGER
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None
    assert loads(b"[" + b"[],{}," * 50 + b"[]]") == [[], {}] * 50 + [[]]
    assert loads(b'"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\"["') == "[" * 40 + '"['
    assert loads(b'"' + b"a" * (MAX_BYTES - 2) + b'"') == "a" * (MAX_BYTES - 2)
    assert code_of(b'"' + b"a" * (MAX_BYTES - 1) + b'"') is LedgerCode.TOO_LARGE


@pytest.mark.parametrize("data", [b'{"b":1,"a":2}', b'{"a": 1}', b" 1", rb'"\u0061"', rb'"\/"', b"-0", b'"\\u000A"'])
def test_another_spelling_is_not_canonical(data):
    loads(data)
    with pytest.raises(LedgerError) as refused:
        loads_canonical(data)
    assert refused.value.code is LedgerCode.NOT_CANONICAL


def test_names_are_sorted_by_utf16_units_and_not_by_code_points():
    # U+FB33 comes after the surrogate D83D of U+1F602, though its code point is smaller (RFC 8785 section 3.2.3).
    assert dumps({"\ufb33": 1, "\U0001f602": 2}) == '{"\U0001f602":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize("value", [1.0, float("nan"), 2**53, {1: 2}, {"a": b""}, "\ud800", {"\ud800": 1}, object()])
def test_writer_refuses(value):
    with pytest.raises(LedgerError) as refused:
        dumps(value)
    assert refused.value.code is LedgerCode.MALFORMED


@given(VALUES)
def test_what_is_written_is_read_again(value):
    data = dumps(value)
    assert loads_canonical(data) == value
    assert json.loads(data) == value


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.data())
def test_the_fast_reader_takes_nothing_that_the_careful_one_refuses(value, data):
    text = bytearray(dumps(value))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b"0", b"-", b".5", b"e1", b'"', b",", b" ", b"[", b"{}", b"\\u0041", b"\xf0\x9f"])
        )
    fast = _read_plain(bytes(text))
    if fast is not None:
        assert fast == loads(bytes(text))
        assert dumps(fast) == bytes(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1.0}',
        '{"a":1e3}',
        '{"a":NaN}',
        '{"a":9007199254740992}',
        '{"\U00010000":1,"\ufb33":2}',  # by code point, not by UTF-16 code unit
        '{"\ufb33":2,"\U00010000":1}',
        '{"a":"\\u0041"}',
        '{"a":"\\ud800"}',
        '{"b":1,"a":2}',
        '{"a": 1}',
        '{"a":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}",
        "[1]",
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_reader(text):
    assert _read_plain(text.encode()) is None


def test_the_deepest_plain_object_is_taken():
    text = ('{"a":' + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1) + "}").encode()
    assert _read_plain(text) == loads(text)
