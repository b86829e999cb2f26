"""Fields that are shown to chosen readers: RFC 9901's own figures, and its rules one by one."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core.disclosures import check_concealed, digest_of, hide, make, parse, reveal
from ledger.core.errors import LedgerCode, LedgerError
from tests.shared_vectors import shared

SALTS = [f"{'salt':-<20}{number:02d}" for number in range(20)]


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refused(action, says: str, code: LedgerCode = LedgerCode.BAD_FIELD) -> None:
    with pytest.raises(LedgerError) as refusal:
        action()
    assert refusal.value.code is code
    assert says in refusal.value.sentence


def test_the_disclosures_of_the_rfc_are_read_and_hashed_as_it_says():
    cases = json.loads(shared("vectors/sd-jwt-disclosures/disclosures.json").read_text())
    assert len(cases) == 5
    for case in cases:
        found = parse(case["disclosure"])
        assert [found.salt, *([found.name] if found.name else []), found.value] == case["array"]
        assert found.digest == case.get("sha256_b64url", found.digest)
        shown = reveal(
            {"list": [{"...": found.digest}], "_sd_alg": "sha-256"}
            if found.name is None
            else {"_sd": [found.digest], "_sd_alg": "sha-256"},
            [case["disclosure"]],
        )
        assert shown == ({"list": ["FR"]} if found.name is None else {"family_name": "Möbius"})


def test_a_disclosure_is_made_of_canonical_json_and_is_read_back():
    item = make(SALTS[0], "price", {"currency": "EUR", "amount": "12.50"})
    assert base64.urlsafe_b64decode(item.text + "==") == (
        b'["salt----------------00","price",{"amount":"12.50","currency":"EUR"}]'
    )
    assert item.digest == (base64.urlsafe_b64encode(hashlib.sha256(item.text.encode()).digest()).rstrip(b"=").decode())
    assert parse(item.text) == item


def test_hidden_members_are_seen_by_those_who_hold_their_disclosures_alone():
    details = {"assay": "12.4 %", "batch": "B-7", "price": "17200"}
    concealed, (assay, price) = hide(details, ["assay", "price"], SALTS[:2], decoys=["a decoy that nobody guesses"])
    assert set(concealed) == {"batch", "_sd", "_sd_alg"}
    assert concealed["_sd"] == sorted([assay.digest, price.digest, digest_of("a decoy that nobody guesses")])
    assert reveal(concealed, []) == {"batch": "B-7"}
    assert reveal(concealed, [price.text]) == {"batch": "B-7", "price": "17200"}
    assert reveal(concealed, [assay.text, price.text]) == details
    more, _ = hide(concealed, ["batch"], SALTS[2:3])
    assert len(more["_sd"]) == 4


def test_what_was_hidden_may_hide_more_and_elements_of_arrays_too():
    city = make(SALTS[0], "city", "Ghent")
    address = make(SALTS[1], "address", {"country": "BE", "_sd": [city.digest]})
    second = make(SALTS[2], None, {"serial": "S-2", "_sd": [make(SALTS[3], "weight", 9).digest]})
    details = {
        "_sd": [address.digest],
        "_sd_alg": "sha-256",
        "packs": ["S-1", {"...": second.digest}, {"...": digest_of("decoy")}, ["S-3"]],
    }
    assert reveal(details, []) == {"packs": ["S-1", ["S-3"]]}
    assert reveal(details, [address.text]) == {"address": {"country": "BE"}, "packs": ["S-1", ["S-3"]]}
    assert reveal(details, [second.text, city.text, address.text]) == {
        "address": {"country": "BE", "city": "Ghent"},
        "packs": ["S-1", {"serial": "S-2"}, ["S-3"]],
    }
    refused(lambda: reveal(details, [city.text]), "of 'city' is not one of this entry")


def test_a_disclosure_that_does_not_belong_is_refused():
    concealed, (price,) = hide({"price": "1"}, ["price"], SALTS[:1])
    refused(lambda: reveal(concealed, [make(SALTS[1], "price", "1").text]), "is not one of this entry")
    refused(lambda: reveal(concealed, [price.text, price.text]), "was given twice")
    refused(lambda: reveal({**concealed, "price": "2"}, [price.text]), "is there already")
    element = make(SALTS[1], None, "x")
    refused(lambda: reveal({"_sd": [element.digest], "_sd_alg": "sha-256"}, [element.text]), "of an element")
    refused(lambda: reveal({"a": [{"...": price.digest}], "_sd_alg": "sha-256"}, [price.text]), "is of a member")
    refused(lambda: reveal({"a": 1}, [element.text]), "matches no digest")
    # The same digest again inside of what was hidden.
    inner = make(SALTS[2], "inner", "x")
    outer = make(SALTS[3], "outer", {"_sd": [inner.digest]})
    both = {"_sd": sorted([inner.digest, outer.digest]), "_sd_alg": "sha-256"}
    refused(lambda: reveal(both, [inner.text, outer.text]), "has its digest in the entry twice")
    # Two disclosures of one name.
    twice = make(SALTS[4], "inner", "y")
    both = {"_sd": sorted([inner.digest, twice.digest]), "_sd_alg": "sha-256"}
    refused(lambda: reveal(both, [inner.text, twice.text]), "is there already")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "a b",
        "WyJh",
        "Zm9v",
        "é",
        encoded([]),
        encoded(["salt"]),
        encoded(["salt", "name", "value", "more"]),
        encoded({"salt": "x"}),
        encoded([1, "name", "value"]),
        encoded(["salt", 1, "value"]),
        encoded(["salt", "_sd", []]),
        encoded(["salt", "...", "x"]),
        encoded(["salt", "name", 1.5]),
        encoded(["salt", "name"]) + "=",
        encoded(["salt", "name"])[:-1] + "B",
        base64.b64encode(b'["salt","name","\xc3\xbf\xc3\xbf?>"]').decode().rstrip("="),
    ],
)
def test_what_is_not_a_disclosure_is_refused(text):
    with pytest.raises(LedgerError) as refusal:
        parse(text)
    assert refusal.value.code in {LedgerCode.BAD_FIELD, LedgerCode.MALFORMED}


GOOD = digest_of("x")
OTHER = digest_of("y")


@pytest.mark.parametrize(
    ("details", "says"),
    [
        ({"_sd": [GOOD]}, "the details say so in _sd_alg"),
        ({"_sd": [GOOD], "_sd_alg": "sha-512"}, "hashed by sha-256"),
        ({"_sd_alg": "sha-512"}, "hashed by sha-256"),
        ({"_sd": [], "_sd_alg": "sha-256"}, "not a list of digests"),
        ({"_sd": GOOD, "_sd_alg": "sha-256"}, "not a list of digests"),
        ({"_sd": [GOOD, GOOD], "_sd_alg": "sha-256"}, "twice"),
        ({"_sd": [GOOD], "a": {"_sd": [GOOD]}, "_sd_alg": "sha-256"}, "twice"),
        ({"_sd": sorted([GOOD, OTHER], reverse=True), "_sd_alg": "sha-256"}, "not sorted"),
        ({"_sd": [GOOD[:-1]], "_sd_alg": "sha-256"}, "32 bytes"),
        ({"_sd": [GOOD[:-1] + "B"], "_sd_alg": "sha-256"}, "canonical spelling"),
        ({"_sd": [1], "_sd_alg": "sha-256"}, "32 bytes"),
        ({"a": {"_sd_alg": "sha-256"}}, "elsewhere than at the top"),
        ({"...": GOOD, "_sd_alg": "sha-256"}, "elsewhere than as the one member"),
        ({"a": [{"...": GOOD, "b": 1}], "_sd_alg": "sha-256"}, "beside other members"),
    ],
)
def test_digests_of_another_form_are_refused(details, says):
    refused(lambda: check_concealed(details), says)


def test_details_without_digests_are_left_as_they_are():
    details = {"serials": 12, "list": [1, {"a": None}], "text": "x"}
    assert reveal(details, []) == details


def test_salts_and_names_are_asked_for():
    refused(lambda: make("short", "a", 1), "22 or more characters")
    refused(lambda: make("ä" * 30, "a", 1), "22 or more characters")
    refused(lambda: make(SALTS[0], "_sd", 1), "may not be called")
    refused(lambda: make(SALTS[0], "a", 1.5), "float", LedgerCode.MALFORMED)
    refused(lambda: hide({"a": 1}, ["b"], SALTS[:1]), "no such member")


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=4), _values, max_size=6), st.data())
def test_whatever_is_hidden_comes_back_and_nothing_else(details, data):
    names = data.draw(st.lists(st.sampled_from(sorted(details)), unique=True)) if details else []
    if not names:
        return
    concealed, disclosures = hide(details, names, SALTS[: len(names)])
    assert reveal(concealed, [item.text for item in disclosures]) == details
    held = data.draw(st.lists(st.sampled_from(disclosures), unique_by=lambda item: item.text))
    seen = reveal(concealed, [item.text for item in held])
    assert seen == {
        name: value for name, value in details.items() if name not in names or name in {item.name for item in held}
    }


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_disclosure_with_any_character_changed_matches_nothing(data):
    concealed, (price,) = hide({"price": "17200", "batch": "B-7"}, ["price"], SALTS[:1])
    at = data.draw(st.integers(0, len(price.text) - 1))
    character = data.draw(st.characters(codec="utf-8"))
    if price.text[at] == character:
        return
    with pytest.raises(LedgerError):
        reveal(concealed, [price.text[:at] + character + price.text[at + 1 :]])
