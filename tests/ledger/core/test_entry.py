"""Entries as bytes: one meaning, one text; and all that a text must not say."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.canonical_json import dumps
from ledger.core.entry import (
    HEADER,
    MAX_MASS_MG,
    Account,
    Entry,
    Leg,
    State,
    decode,
    encode,
    entry_id,
    move,
    net_legs,
    readers,
    sign_entry,
)
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.posting import apply, check_balanced
from tests.ledger.builder import BOOK, DIGEST, account, moved, signer

SOURCE, STOCK = account("acme", "acme", "source"), account("acme", "acme")
RECEIVE = Entry("receive", BOOK, "n-1", "2024-01-02", moved(SOURCE, STOCK, 1500), documents={"coa": DIGEST})

IDENTIFIERS = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=40).filter(
    lambda text: text == text.strip()
)
ACCOUNTS = st.builds(
    Account,
    IDENTIFIERS,
    IDENTIFIERS,
    st.sampled_from(["Li", "Ni", "Co", "Mn", "Cu", "C-nat", "C-syn"]),
    st.sampled_from([state.value for state in State]),
    IDENTIFIERS,
)
LEGS = st.dictionaries(ACCOUNTS, st.integers(-MAX_MASS_MG, MAX_MASS_MG).filter(bool), max_size=5).map(
    lambda masses: tuple(Leg(*account, mass) for account, mass in masses.items())
)
ENTRIES = st.builds(
    Entry,
    kind=st.sampled_from(["receive", "ship", "lease-out", "statement"]),
    book=TEXTS,
    nonce=st.from_regex(r"[A-Za-z0-9._:/-]{1,80}", fullmatch=True),
    occurred=st.dates().map(str),
    legs=LEGS,
    parties=st.sets(IDENTIFIERS, max_size=4).map(lambda parties: tuple(sorted(parties))),
    contract=st.none() | TEXTS,
    reference=st.none() | TEXTS,
    reason=st.none() | TEXTS,
    corrects=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    documents=st.dictionaries(TEXTS, st.binary(min_size=32, max_size=32).map(bytes.hex), max_size=3),
    details=st.dictionaries(TEXTS, TEXTS | st.integers(-1000, 1000) | st.lists(TEXTS, max_size=3), max_size=3),
)


def text_of(**changes: object) -> bytes:
    """Return the text of a sound entry with members changed (None removes one), canonical again."""
    members = json.loads(encode(RECEIVE)[len(HEADER) :]) | changes
    return HEADER + dumps({name: value for name, value in members.items() if value is not None}) + b"\n"


def leg(**changes: object) -> list[dict]:
    first = {"owner": "a", "holder": "b", "element": "Ni", "state": "stock", "lot": "l", "mass_mg": "1"}
    return [first | changes]


def code_of(text: bytes) -> LedgerCode:
    with pytest.raises(LedgerError) as refused:
        decode(text)
    return refused.value.code


def test_the_bytes_of_an_entry():
    assert (
        encode(RECEIVE)
        == (
            b"lode/entry/v1\n"
            b'{"book":"ledger.example/book","documents":{"coa":"%s"},"kind":"receive","legs":['
            b'{"element":"Ni","holder":"acme","lot":"lot-1","mass_mg":"-1500","owner":"acme","state":"source"},'
            b'{"element":"Ni","holder":"acme","lot":"lot-1","mass_mg":"1500","owner":"acme","state":"stock"}],'
            b'"nonce":"n-1","occurred":"2024-01-02"}\n'
        )
        % DIGEST.encode()
    )


@given(ENTRIES)
def test_an_entry_is_read_as_it_was_meant(entry):
    text = encode(entry)
    assert decode(text) == entry
    assert encode(decode(text)) == text


@given(ENTRIES, ENTRIES)
def test_two_meanings_never_share_an_id(one, other):
    assert (entry_id(encode(one)) == entry_id(encode(other))) == (one == other)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        HEADER,
        encode(RECEIVE)[:-1],
        encode(RECEIVE) + b"\n",
        encode(RECEIVE).replace(b"lode/entry/v1", b"lode/entry/v2"),
        encode(RECEIVE).replace(b"lode/entry/v1", b"lode/seal/v1"),
        HEADER + b"[]\n",
        HEADER + b'"receive"\n',
        text_of(kind=None),
        text_of(book=None),
        text_of(nonce=None),
        text_of(occurred=None),
        text_of(colour="red"),
        text_of(legs=[]),
        text_of(parties=[]),
        text_of(details={}),
        text_of(documents={}),
        HEADER + encode(RECEIVE)[len(HEADER) : -1].replace(b'"documents"', b'"contract":null,"documents"') + b"\n",
    ],
)
def test_malformed_texts_are_refused(text):
    assert code_of(text) is LedgerCode.MALFORMED


def test_only_the_canonical_text_is_taken():
    assert code_of(encode(RECEIVE).replace(b'","', b'", "', 1)) is LedgerCode.NOT_CANONICAL
    assert code_of(text_of(reason="a" * 61_440)) is LedgerCode.TOO_LARGE


@pytest.mark.parametrize(
    "changes",
    [
        {"mass_mg": 1},
        {"mass_mg": "0"},
        {"mass_mg": "+1"},
        {"mass_mg": "01"},
        {"mass_mg": "-0"},
        {"mass_mg": "1.5"},
        {"mass_mg": "1" + "0" * 18},
        {"mass_mg": "١"},
        {"element": "ni"},
        {"element": "Nickel"},
        {"element": "C_nat"},
        {"state": "lost"},
        {"state": ""},
        {"owner": "Acme"},
        {"owner": ""},
        {"holder": "a" * 41},
        {"lot": "lot 1"},
        {"lot": None},
        {"colour": "red"},
    ],
)
def test_bad_legs_are_refused(changes):
    assert code_of(text_of(legs=leg(**changes))) is LedgerCode.BAD_LEG


SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "Ni", "stock", "1", DIGEST])
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*Leg._fields, "x"]), inner, max_size=7)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*Entry.__dataclass_fields__, "x"]), JSON, max_size=4))
def test_members_of_any_shape_are_taken_or_refused_and_never_a_crash(changes):
    text = text_of(**changes)
    try:
        entry = decode(text)
    except LedgerError:
        return
    assert encode(entry) == text


def test_an_account_stands_in_one_leg_and_legs_are_few():
    assert code_of(text_of(legs=leg() + leg(mass_mg="2"))) is LedgerCode.BAD_LEG
    assert code_of(text_of(legs=[{}])) is LedgerCode.BAD_LEG
    assert code_of(text_of(legs=[leg(lot=f"l{number}")[0] for number in range(401)])) is LedgerCode.BAD_LEG
    assert len(decode(text_of(legs=[leg(lot=f"l{number}")[0] for number in range(400)])).legs) == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"occurred": "2024-02-30"},
        {"occurred": "20240102"},
        {"occurred": "2024-W01-1"},
        {"occurred": "2024-1-2"},
        {"kind": "Receive"},
        {"nonce": ""},
        {"nonce": "a b"},
        {"nonce": "a" * 81},
        {"book": ""},
        {"book": "a\tb"},
        {"contract": " C-1"},
        {"contract": "C\u2028D"},
        {"reference": 7},
        {"reason": "a" * 401},
        {"corrects": "AB" * 32},
        {"corrects": "ab" * 31},
        {"parties": ["b", "a"]},
        {"parties": ["a", "a"]},
        {"parties": "a"},
        {"documents": {"coa": "AB" * 32}},
        {"documents": {"": DIGEST}},
        {"documents": [DIGEST]},
        {"details": ["assay"]},
    ],
)
def test_bad_fields_are_refused(changes):
    assert code_of(text_of(**changes)) is LedgerCode.BAD_FIELD


def test_nothing_is_written_that_could_not_be_read():
    for changes in (
        {"occurred": "2024-13-01"},
        {"legs": (Leg("a", "a", "Ni", "stock", "l", 0),)},
        {"legs": (Leg("a", "a", "Ni", "gone", "l", 1),)},
        {"parties": ("b", "a")},
        {"details": {"grade": 0.5}},
    ):
        with pytest.raises(LedgerError):
            encode(replace(RECEIVE, **changes))


def test_the_id_is_that_of_the_text_whoever_signs_in_whatever_order():
    one, two = signer("one"), signer("two")
    note, other = sign_entry(RECEIVE, [one, two]), sign_entry(RECEIVE, [two, one])
    assert note.to_bytes() != other.to_bytes()
    assert entry_id(note.text) == entry_id(other.text)


def test_readers_are_owners_holders_and_those_named():
    entry = replace(RECEIVE, legs=moved(account("a", "b"), account("a", "c"), 1), parties=("auditor", "d"))
    assert readers(entry) == {"a", "b", "c", "d", "auditor"}
    assert entry.owners == {"a"}
    assert entry.holders == {"b", "c"}


def test_net_legs_adds_up_accounts_and_leaves_out_zero():
    legs = (*move(SOURCE, STOCK, 5), *move(STOCK, SOURCE, 2), *move(STOCK, account("b", "b"), 3))
    assert net_legs(legs) == (Leg(*SOURCE, -3), Leg(*account("b", "b"), 3))


def test_an_unbalanced_element_is_named():
    entry = replace(RECEIVE, legs=(Leg(*SOURCE, -5), Leg(*STOCK, 4), Leg(*account("a", "a", element="Co"), 1)))
    with pytest.raises(LedgerError, match=r"legs of Co .* \+1 mg") as refused:
        check_balanced(entry)
    assert refused.value.code is LedgerCode.UNBALANCED


def test_only_source_goes_below_zero():
    after = apply({}, RECEIVE)
    assert after == {SOURCE: -1500, STOCK: 1500}
    out = replace(RECEIVE, legs=moved(STOCK, account("b", "b"), 1501))
    with pytest.raises(LedgerError) as refused:
        apply(after, out)
    assert refused.value.code is LedgerCode.INSUFFICIENT
    assert refused.value.sentence == (
        "There is not enough Ni of acme at acme (stock, lot lot-1): 1500 mg stand there and 1501 mg are wanted."
    )
    exactly = apply(after, replace(RECEIVE, legs=moved(STOCK, account("b", "b"), 1500)))
    assert exactly == {STOCK: 0, account("b", "b"): 1500}


@given(st.lists(st.tuples(ACCOUNTS, ACCOUNTS, st.integers(1, 1000)), max_size=30))
def test_mass_is_conserved_whatever_is_posted(moves):
    balances: dict[Account, int] = {}
    for source, target, mass in moves:
        legs = net_legs(move(source, target._replace(element=source.element), mass))
        # A move that would take an account below zero is refused whole.
        with contextlib.suppress(LedgerError):
            balances.update(apply(balances, replace(RECEIVE, legs=legs)))
    for element in {each.element for each in balances}:
        assert sum(mass for each, mass in balances.items() if each.element == element) == 0
    assert all(mass >= 0 or each.state == "source" for each, mass in balances.items())


def with_legs(legs: str, *, before: str = "", after: str = "") -> bytes:
    line = f'{{"book":"b",{before}"kind":"title",{legs}"nonce":"n","occurred":"2024-01-02"{after}}}'
    return b"lode/entry/v1\n" + line.encode() + b"\n"


ONE_LEG = '{"element":"Ni","holder":"h","lot":"l","mass_mg":"-5","owner":"o","state":"stock"}'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (with_legs('"legs":[],'), LedgerCode.MALFORMED),
        (with_legs(f'"legs":[{ONE_LEG}],"legs":[{ONE_LEG}],'), LedgerCode.MALFORMED),
        (with_legs(f'"legs":[{ONE_LEG}],"legs":[],'), LedgerCode.MALFORMED),
        (with_legs(f'"legs":0,"legs":[{ONE_LEG}],'), LedgerCode.MALFORMED),
        (with_legs('"legs":[],', before=f'"details":{{"legs":[{ONE_LEG}]}},'), LedgerCode.MALFORMED),
        (with_legs(f'"legs":[{ONE_LEG},{ONE_LEG}],'), LedgerCode.BAD_LEG),
        (with_legs(f'"legs": [{ONE_LEG}],'), LedgerCode.NOT_CANONICAL),
        (with_legs(f'"legs":[ {ONE_LEG}],'), LedgerCode.NOT_CANONICAL),
        (with_legs(f'"legs":[{ONE_LEG},],'), LedgerCode.MALFORMED),
        (with_legs(f'"legs":[{ONE_LEG.replace("5", "05")}],'), LedgerCode.BAD_LEG),
        (with_legs(f'"legs":[{ONE_LEG.replace("Ni", chr(0x130))}],'), LedgerCode.BAD_LEG),
        (with_legs("", after=f',"legs":[{ONE_LEG}]'), LedgerCode.NOT_CANONICAL),
        (with_legs(f'"legs":[{ONE_LEG}],').replace(b'"b"', b'"\xff"'), LedgerCode.MALFORMED),
    ],
)
def test_legs_are_refused_wherever_they_are_read(text, code):
    assert code_of(text) is code


@pytest.mark.parametrize(
    ("text", "legs"),
    [
        (with_legs(f'"legs":[{ONE_LEG}],'), [("o", "h", "Ni", "stock", "l", -5)]),
        (with_legs("", before=f'"details":{{"legs":[{ONE_LEG}]}},'), []),
        (with_legs("", before='"details":{"x\\"legs":["a"]},'), []),
        (
            with_legs(f'"legs":[{ONE_LEG}],', before=f'"details":{{"legs":[{ONE_LEG.replace("5", "7")}]}},'),
            [("o", "h", "Ni", "stock", "l", -5)],
        ),
        (with_legs(f'"legs":[{ONE_LEG}],').replace(b'"b"', '"é€😀"'.encode()), [("o", "h", "Ni", "stock", "l", -5)]),
    ],
)
def test_legs_are_read_from_the_entry_itself(text, legs):
    assert list(decode(text).legs) == legs
