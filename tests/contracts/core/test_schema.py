"""Reading terms: what people type, everything wrong at once, nothing lost on the way back."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from contracts.core.errors import TermsError
from contracts.core.fields import Element
from contracts.core.numbers import parse_decimal
from contracts.core.schema import FieldType, Schema, check_terms, dump, parse
from contracts.core.terms import KINDS
from tests.contracts.core.building import lease_data, offtake_data, warranty_data

DATA = {"material-lease": lease_data, "offtake": offtake_data, "performance-warranty": warranty_data}
LEASE = KINDS["material-lease"].schema


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1,250.125", "1250.125"),
        ("1250.125", "1250.125"),
        ("１２５０．１２５", "1250.125"),
        ("１，２５０．１２５", "1250.125"),
        ("1\u00a0250", "1250"),
        ("\u22123.5", "-3.5"),
        ("－3.5", "-3.5"),
        ("0", "0"),
    ],
)
def test_numbers_are_read_as_people_type_them(typed: str, read: str) -> None:
    assert parse_decimal(typed) == Decimal(read)


@pytest.mark.parametrize(
    "typed", ["1,25", "12,34.5", "1e5", "NaN", "Infinity", "", "1.2.3", "0x10", "９" * 40, "一百", "-"]
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    assert parse_decimal(typed) is None


@pytest.mark.parametrize("kind", list(KINDS))
def test_terms_survive_dump_and_json(kind: str) -> None:
    terms = parse(KINDS[kind].schema, DATA[kind]())
    kept = json.loads(json.dumps(dump(terms)))
    assert parse(KINDS[kind].schema, kept) == terms
    assert dump(parse(KINDS[kind].schema, kept)) == kept


def test_every_problem_is_told_at_once_in_both_languages() -> None:
    data = lease_data(rate_pct="abc", maturity="soon", min_fee="-1", day_count="ACT/1", colour="red")
    data["elements"] = [{"element": "Xx", "price": {}}]
    del data["delivery_place"]
    with pytest.raises(TermsError) as caught:
        parse(LEASE, data)
    found = {(p.field, p.code.value) for p in caught.value.problems}
    assert found == {
        ("rate_pct", "not-a-number"),
        ("maturity", "not-a-date"),
        ("min_fee", "too-small"),
        ("day_count", "not-a-choice"),
        ("colour", "unknown-field"),
        ("elements.0.element", "not-a-choice"),
        ("elements.0.price.series", "required"),
        ("delivery_place", "required"),
    }
    assert all(p.message_en.isascii() or "“" in p.message_en for p in caught.value.problems)
    assert all(any("\u4e00" <= c <= "\u9fff" for c in p.message_zh) for p in caught.value.problems)


def test_a_float_is_refused_because_it_has_lost_digits() -> None:
    terms, problems = check_terms(LEASE, lease_data(rate_pct=3.6))
    assert (terms, [p.code for p in problems]) == (None, ["float-refused"])


def test_terms_must_agree_with_each_other() -> None:
    _, problems = check_terms(LEASE, lease_data(maturity="2024-01-01", title_retained="no"))
    assert [(p.field, p.code) for p in problems] == [("maturity", "inconsistent"), ("title_retained", "inconsistent")]


def test_a_term_that_another_asks_for_is_required_then_only() -> None:
    data = lease_data(rate_type="FLOATING")
    del data["rate_pct"]
    _, problems = check_terms(LEASE, data)
    assert [p.field for p in problems] == ["benchmark_series"]
    assert check_terms(LEASE, data | {"benchmark_series": "SOFR"})[1] == ()
    _, fixed = check_terms(LEASE, {k: v for k, v in lease_data().items() if k != "rate_pct"})
    assert [p.field for p in fixed] == ["rate_pct"]


def test_an_element_is_listed_once() -> None:
    row = lease_data()["elements"][0]
    _, problems = check_terms(LEASE, lease_data(elements=[row, row]))
    assert [p.code for p in problems] == ["duplicate"]


def test_guarantee_curve_must_fall_and_start_at_nothing() -> None:
    curve = [{"axis": "AGE_MONTHS", "at": "6", "pct": "70"}, {"axis": "AGE_MONTHS", "at": "12", "pct": "80"}]
    _, problems = check_terms(KINDS["performance-warranty"].schema, warranty_data(curve=curve))
    assert len(problems) == 2


@pytest.mark.parametrize("bad", ["2024-02-30", "2024-1-1", "20240101", "2024-01-01T00:00", "01/02/2024"])
def test_dates_are_iso_days(bad: str) -> None:
    _, problems = check_terms(LEASE, lease_data(commencement=bad))
    assert [p.code for p in problems] in (["not-a-date"], ["not-a-date"])


def test_whole_numbers_have_no_fraction() -> None:
    _, problems = check_terms(LEASE, lease_data(payment_days="30.5"))
    assert [p.code for p in problems] == ["too-precise"]


def test_not_a_mapping_is_told_and_not_a_traceback() -> None:
    _, problems = check_terms(LEASE, lease_data(elements=["Ni"]))
    assert [(p.field, p.code) for p in problems] == [("elements.0", "wrong-type")]
    _, problems = check_terms(LEASE, lease_data(elements="Ni"))
    assert [(p.field, p.code) for p in problems] == [("elements", "wrong-type")]


def _fields(schema: Schema):
    for field in schema.fields:
        yield field
        if field.rows is not None:
            yield from _fields(field.rows)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_field_speaks_both_languages_and_its_default_is_legal(kind: str) -> None:
    for field in _fields(KINDS[kind].schema):
        assert field.label_en, field.name
        assert any("\u4e00" <= c <= "\u9fff" for c in field.label_zh), field.name
        assert all(c.label_en and c.label_zh for c in field.choices), field.name
        if field.type is FieldType.ENUM:
            assert field.choices, field.name
            assert field.default is None or field.default in [c.value for c in field.choices], field.name


def test_enums_are_read_as_such() -> None:
    assert parse(LEASE, lease_data()).elements[0].element is Element.NI
