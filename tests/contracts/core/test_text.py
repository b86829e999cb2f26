"""The text of contracts: bound to its terms, filled in both languages, the same bytes for the same terms."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contracts.core.errors import SettlementError
from contracts.core.schema import FieldType, Schema, parse
from contracts.core.terms import KINDS
from contracts.core.text import ROWS, TEMPLATES, render, text_sha256
from contracts.core.text.markup import Filler, Scope, TemplateError, uses
from contracts.core.text.wording import EN, write_number
from tests.contracts.core.building import lease_data, offtake_data, warranty_data

FULL_PRICE = {
    "series": "NI",
    "anchor": "ARRIVAL",
    "offset_months": "1",
    "average_dp": "2",
    "currency": "EUR",
    "fx_series": "EURUSD",
    "unit_kg": "1000",
    "factor": "5.3233",
    "adder": "-12.5",
    "adder_pct": "1.5",
    "participation": [{"start": "20000", "end": "25000", "share_pct": "50"}, {"start": "25000", "share_pct": "0"}],
    "floor": "9000",
    "cap": "40000",
    "floor_zero": "yes",
    "unit_price_dp": "2",
    "fallback": [{"method": "PRIOR_PUBLISHED"}, {"method": "ALTERNATIVE_SERIES"}],
    "alternative_series": "NI2",
    "alternative_spread": "-3",
}
FULL_LIMITS = {
    "deductible": "10",
    "deductible_kind": "ANNUAL",
    "franchise": "yes",
    "per_event_cap": "1",
    "per_period_cap": "2",
    "per_period_cap_pct": "3",
    "rolling_12m_cap": "4",
    "rolling_12m_cap_pct": "5",
    "aggregate_cap": "6",
}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("material-lease", lease_data()),
    ("material-lease", lease_data(rate_type="FLOATING", benchmark_series="SOFR", min_fee="500.00", end_of_month="yes")),
    (
        "material-lease",
        lease_data(
            rate_type="PER_KG_MONTH",
            elements=[{"element": "Li", "price": FULL_PRICE | {"anchor": "PERIOD"}, "fee_per_kg_month": "0.75"}],
            allow_overdraft="yes",
            prevailing_language="equal",
        ),
    ),
    (
        "material-lease",
        lease_data(
            fee_medium="METAL",
            fee_price_basis="INCEPTION",
            elements=[
                {
                    "element": "Co",
                    "price": {"series": "-", "anchor": "FIXED", "fixed_price": "30000"},
                    "inception_price": "31000.50",
                    "rate_pct": "6.25",
                }
            ],
        ),
    ),
    ("offtake", offtake_data()),
    (
        "offtake",
        offtake_data(
            elements=[
                {
                    "element": "Ni",
                    "price": {"series": "-", "anchor": "FIXED", "fixed_price": "16000"},
                    "refining_charge": "0.35",
                    "refining_charge_unit": "lb",
                    "payable_unit_dp": "3",
                }
            ]
        ),
    ),
    (
        "offtake",
        offtake_data(
            elements=[
                {"element": e, "price": FULL_PRICE, "payable_mode": mode, "payable_pct": "71.5", "deduction": "1.25"}
                | ({"bands": [{"content_from": "4", "payable_pct": "90"}]} if mode == "BAND" else {})
                for e, mode in zip(
                    ("Li", "Ni", "Co", "Mn", "C", "Cu"),
                    ("PCT", "PCT_MD", "DED_PCT", "PCT_DED", "BAND", "THRESHOLD"),
                    strict=True,
                )
            ],
            penalties=[
                {"element": "F", "threshold": "3", "step": "0.1", "rate_per_step": "5.25", "reject_above": "5"},
                {
                    "element": "Cl",
                    "unit": "ppm",
                    "threshold": "300",
                    "step": "100",
                    "rate_per_step": "2",
                    "pro_rata": "no",
                },
            ],
            franchise_pct="0.5",
            over_moisture_reject_pct="30",
            min_treatment_charge="5000",
            freight_per_lot="1500.00",
            payable_dp="3",
            set_off="no",
            prevailing_language="zh",
        ),
    ),
    ("performance-warranty", warranty_data()),
    (
        "performance-warranty",
        warranty_data(
            limits=FULL_LIMITS,
            assets=[{"asset": "P1", "nominal_kwh": "60", "started_on": "2024-03-01"}],
            end_km="160000",
            end_throughput_mwh="60.5",
            interpolation="LINEAR",
            fee_per_period="100",
            envelope_max_temperature_c="45",
            envelope_max_c_rate="2",
            sole_remedy="no",
        ),
    ),
]


def parties(kind: str) -> dict[str, dict[str, str]]:
    return {role: {"en": f"{role} Ltd", "zh": f"{role} 有限公司"} for role in KINDS[kind].party_roles}


def rendered(kind: str, data: dict[str, Any]):
    return render(kind, parse(KINDS[kind].schema, data), parties(kind))


@pytest.mark.parametrize(("kind", "data"), CASES)
def test_every_placeholder_is_filled_in_both_languages(kind: str, data: dict[str, Any]) -> None:
    for clause in rendered(kind, data):
        for body in (clause.body_en, clause.body_zh):
            assert body
            assert not re.search(r"[{}]|\[\[|\]\]|None|  ", body), (clause.id, body)
            assert body.startswith(f"{clause.number}.1 ")
        assert not re.search(r"[\u4e00-\u9fff]", clause.body_en), clause.id
        assert re.search(r"[\u4e00-\u9fff]", clause.body_zh), clause.id


@pytest.mark.parametrize(("kind", "data"), CASES)
def test_both_languages_say_the_same_numbers(kind: str, data: dict[str, Any]) -> None:
    # Numbers that stand in a term: with a point, or above 12. Months are words in English, and clause numbers differ.
    def numbers(body: str) -> set[str]:
        found = re.findall(
            r"(?<![A-Za-z0-9_.])\u2212?\d[\d,]*\.?\d*", re.sub(r"^\d+\.\d+ ", "", body, flags=re.MULTILINE)
        )
        return {
            n.rstrip(".,")
            for n in found
            if "." in n.rstrip(".,") or int(n.replace(",", "").rstrip(".").lstrip("\u2212")) > 12
        }

    for clause in rendered(kind, data):
        assert numbers(clause.body_en) == numbers(clause.body_zh), clause.id


def names(schema: Schema, path: str = "", *, blocks: bool = False) -> set[str]:
    found = set()
    for field in schema.fields:
        if blocks or field.type is not FieldType.BLOCK:
            found.add(f"{path}{field.name}")
        if field.rows is not None:
            found |= names(field.rows, f"{path}{field.name}.", blocks=blocks)
    return found


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_term_is_bound_by_some_clause(kind: str) -> None:
    bound: set[str] = set()
    for case_kind, data in CASES:
        if case_kind == kind:
            for clause in rendered(kind, data):
                bound |= set(clause.terms)
    assert names(KINDS[kind].schema) - bound == set()
    assert bound - names(KINDS[kind].schema, blocks=True) == set()


@pytest.mark.parametrize("kind", list(KINDS))
def test_no_template_names_a_term_that_there_is_not(kind: str) -> None:
    # Both sides of every condition are walked, taken or not.
    known = names(KINDS[kind].schema, blocks=True)
    tails = known | {".".join(n.split(".")[k:]) for n in known for k in range(n.count(".") + 1)}
    templates = [t for c in TEMPLATES[kind] for t in (c.body_en, c.body_zh)]
    rows = [t for pair in ROWS[kind].values() for t in pair]
    for template in (*templates, *rows):
        for use in uses(template):
            if use.path.startswith("party."):
                assert use.path.removeprefix("party.") in KINDS[kind].party_roles
            else:
                assert use.path in tails, use
            if use.rows:
                assert use.rows in ROWS[kind], use


@pytest.mark.parametrize("kind", list(KINDS))
def test_both_languages_bind_the_same_terms(kind: str) -> None:
    for clause in TEMPLATES[kind]:
        english, chinese = ({u.path.removesuffix("_zh") for u in uses(b)} for b in (clause.body_en, clause.body_zh))
        assert english == chinese, clause.id


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_field_names_a_clause_that_reads_it(kind: str) -> None:
    ids = {c.id for c in TEMPLATES[kind]}

    def clauses(schema: Schema):
        for field in schema.fields:
            yield field.clause
            if field.rows is not None:
                yield from clauses(field.rows)

    assert {c for c in clauses(KINDS[kind].schema) if c} <= ids


def test_a_term_that_is_not_given_fails_loudly_without_a_condition() -> None:
    schema = KINDS["material-lease"].schema
    scope = Scope(schema, parse(schema, lease_data()))
    with pytest.raises(TemplateError, match="min_fee"):
        Filler(EN, {}, {}).paragraphs("At least {min_fee}.", scope)
    with pytest.raises(TemplateError, match="not a term"):
        Filler(EN, {}, {}).paragraphs("At least {max_fee}.", scope)
    with pytest.raises(TemplateError, match="row template"):
        Filler(EN, {}, {}).paragraphs("{elements:nothing}", scope)


def test_same_terms_same_hash_and_another_term_another() -> None:
    one, again = (text_sha256(rendered("material-lease", lease_data())) for _ in range(2))
    other = text_sha256(rendered("material-lease", lease_data(rate_pct="3.61")))
    assert one == again
    assert one != other
    assert re.fullmatch("[0-9a-f]{64}", one)


def test_what_a_party_types_is_not_read_as_a_template() -> None:
    data = lease_data(delivery_place="{rate_pct} [[min_fee: x]]")
    body = next(c for c in rendered("material-lease", data) if c.id == "delivery").body_en
    assert "{rate_pct} [[min_fee: x]]" in body


def test_a_contract_needs_both_parties() -> None:
    with pytest.raises(SettlementError, match="no lessee"):
        render("material-lease", parse(KINDS["material-lease"].schema, lease_data()), {"lessor": "A"})


def test_party_may_be_a_plain_name() -> None:
    clauses = render(
        "material-lease", parse(KINDS["material-lease"].schema, lease_data()), {"lessor": "A", "lessee": "B"}
    )
    assert "between A (" in clauses[0].body_en
    assert "由 A（" in clauses[0].body_zh


@pytest.mark.parametrize(
    ("value", "written"), [("1234567.50", "1,234,567.50"), ("-0.5", "\u22120.5"), ("12", "12"), ("0", "0")]
)
def test_numbers_are_written_with_commas(value: str, written: str) -> None:
    from decimal import Decimal

    assert write_number(Decimal(value)) == written


def test_booleans_are_conditions_never_words() -> None:
    for kind in KINDS:
        for field in KINDS[kind].schema.fields:
            if field.type is FieldType.BOOL:
                for clause in TEMPLATES[kind]:
                    assert f"{{{field.name}}}" not in clause.body_en
