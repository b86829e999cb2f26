"""Published worked settlements, computed by the engine."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from contracts.core.assays import Exchange, agree
from contracts.core.calendars import advance, get_calendar
from contracts.core.fields import LimitBasis, UmpireRule
from contracts.core.period import Period
from contracts.core.rounding import Rounding
from contracts.core.schema import parse
from contracts.core.terms.offtake_payable import payable_content
from contracts.core.terms.offtake_schema import SCHEMA as OFFTAKE
from contracts.core.trace import Op, Tracer, compute_raw, const
from tests.contracts.core.building import (
    amounts,
    assays,
    change,
    daily,
    fact,
    lease_data,
    lot_facts,
    monthly,
    offtake_data,
    settle,
)
from tests.shared_vectors import shared

NOT_BUILT = {"fee": 1, "demurrage": 2, "prorata_refund": 1, "availability": 2}


def example(name: str) -> dict[str, Any]:
    cases = json.loads(shared("vectors/contracts/worked-examples.json").read_text())["cases"]
    return next(c for c in cases if c["id"] == name)


def test_every_case_is_used_here_or_of_a_kind_not_built() -> None:
    cases = json.loads(shared("vectors/contracts/worked-examples.json").read_text())["cases"]
    left_out = Counter(c["kind"] for c in cases if c["kind"] in NOT_BUILT)
    assert left_out == Counter(NOT_BUILT)
    source = __import__("pathlib").Path(__file__).read_text()
    unused = [c["id"] for c in cases if c["kind"] not in NOT_BUILT and f'"{c["id"]}"' not in source]
    assert unused == []


def test_lbma_lease_of_platinum_pays_interest_in_metal() -> None:
    case = example("lease-lbma-1")
    given = case["inputs"]
    data = lease_data(rate_pct=str(Decimal(given["rate_pa"]) * 100), fee_medium="METAL", commencement="2023-01-01")
    facts = [change("L", "2023-01-01", "Ni", given["quantity_ozt"], 1)]
    settlement = settle("material-lease", data, facts, "2023-01-01..2024-01-01", contract_ref="L")
    assert settlement.period.days == given["days"]
    assert str(settlement.metal_total["Ni"]) == case["expected"]["interest_ozt"]
    assert settlement.total == 0


def test_fine_content() -> None:
    case = example("fine-weight-1")
    inputs = (
        const("gross", Decimal(case["inputs"]["gross_ozt"]), "ozt", "times"),
        const("fineness", Decimal(case["inputs"]["fineness"]), "1", "times"),
    )
    node = Tracer().add("fine", "fine", "fine", Op.PRODUCT, inputs, "ozt", rounding=Rounding(3))
    assert str(node.result) == case["expected"]["fine_ozt"]
    assert node.raw == Decimal(case["recomputed"]["exact"])


def test_troy_ounces_in_a_kilogram() -> None:
    case = example("unit-ozt")
    from contracts.core.prices import UNIT_KG

    inputs = (
        const("kg", Decimal(case["inputs"]["grams"]) / 1000, "kg"),
        const("kg_per_ozt", UNIT_KG["ozt"], "kg/ozt", "over"),
    )
    # The source truncates, as its note says: the rounded figure is one unit higher in the last place.
    assert str(Rounding(7).apply(compute_raw(Op.PRODUCT, inputs))) == case["recomputed"]["exact"]


def test_a_lease_rate_is_the_benchmark_less_the_forward_rate() -> None:
    case = example("lease-implied-1")
    given = case["inputs"]
    data = lease_data(
        rate_type="FLOATING",
        benchmark_series="USD",
        spread_pct=str(-Decimal(given["swap_rate"]) * 100),
        fee_price_basis="INCEPTION",
        elements=[{"element": "Ni", "price": {"series": "NI", "unit": "kg"}, "inception_price": "1"}],
    )
    benchmark = daily("USD", "2023-12-01", str(Decimal(given["libor"]) * 100), unit="t")
    facts = [benchmark, change("L", "2024-01-01", "Ni", "360000", 1)]
    settlement = settle("material-lease", data, facts, "2024-01-01..2024-01-02", contract_ref="L")
    assert settlement.total == Decimal(case["expected"]["lease_rate"]) * 1000
    assert next(n for n in settlement.trace if n.id.startswith("rate.")).result == Decimal("1.5")


def interest(principal: str, rate: str, days: int, day_count: str) -> str:
    """Interest on a principal, as the fee on as many kilograms at one unit of money each."""
    data = lease_data(
        day_count=day_count,
        rate_pct=str(Decimal(rate) * 100),
        fee_price_basis="INCEPTION",
        elements=[{"element": "Ni", "price": {"series": "NI", "unit": "kg"}, "inception_price": "1"}],
    )
    end = date.fromordinal(date(2024, 1, 1).toordinal() + days)
    facts = [change("L", "2024-01-01", "Ni", principal, 1)]
    return str(settle("material-lease", data, facts, f"2024-01-01..{end}", contract_ref="L").total)


@pytest.mark.parametrize("name", ["simple-interest-1", "simple-interest-3", "simple-interest-5"])
def test_simple_interest(name: str) -> None:
    case = example(name)
    given = case["inputs"]
    assert interest(given["principal"], given["rate"], given["days"], given["basis"]) == case["expected"]["interest"]


def test_interest_on_360_days() -> None:
    case = example("finance-1")
    given = case["inputs"]
    assert interest(given["principal"], given["rate"], given["days"], "ACT/360") == case["expected"]["interest"]


def test_the_least_fee_is_topped_up() -> None:
    case = example("min-commit-1")
    given, expected = case["inputs"], case["expected"]
    monthly_fee = Decimal(given["subscription_fee"]) + Decimal(given["unit_price"]) * int(given["units"])
    data = lease_data(
        rate_type="PER_KG_MONTH",
        elements=[{"element": "Ni", "price": {"series": "NI"}, "fee_per_kg_month": "10"}],
        min_fee=given["minimum"],
    )
    facts = [change("L", "2024-01-01", "Ni", str(monthly_fee / 10), 1)]
    settlement = settle("material-lease", data, facts, "2024-01-01..2024-02-01", contract_ref="L")
    assert [Decimal(a) for _, a in amounts(settlement)] == [Decimal(expected["charges"]), Decimal(expected["true_up"])]
    assert settlement.total == Decimal(expected["total"])


@pytest.mark.parametrize("name", ["split-Ag", "split-Moisture"])
def test_assays_within_the_splitting_limit_give_their_mean(name: str) -> None:
    case = example(name)
    given = case["inputs"]
    found = assays("A", "Ni", given["seller"], given["buyer"])
    exchange = Exchange(Decimal(given["splitting_limit"]), LimitBasis.ABS, 2, UmpireRule.MIDDLE, "elements.0")
    results = {f.value["party"]: f for f in found}
    agreed = agree(Tracer(), "A.Ni", ("A", "A"), results, exchange, binding="")
    assert agreed is not None
    assert (agreed.final, agreed.method) == (case["expected"]["within"], "mean")
    assert agreed.node.result == Decimal(case["expected"]["mean"])


def payable(mode: str, pct: str, deduction: str, content: str) -> Decimal:
    row = offtake_data()["elements"][0] | {"payable_mode": mode, "payable_pct": pct, "deduction": deduction}
    terms = parse(OFFTAKE, offtake_data(elements=[row]))
    tracer = Tracer()
    node = tracer.add("c", "c", "c", Op.CHOSEN, (const("c", Decimal(content), "%"),), "%")
    return payable_content(tracer, "p", "elements.0", terms.elements[0], node).result


def test_percentage_with_minimum_deduction() -> None:
    case = example("ded-85md8")
    got = [payable("PCT_MD", "85", "8", c["content"]) for c in case["inputs"]["cases"]]
    assert got == [Decimal(p) for p in case["expected"]["pay"]]


def test_deduction_before_percentage() -> None:
    case = example("ded-3.5-65")
    given = case["inputs"]
    got = payable("DED_PCT", str(Decimal(given["pct"]) * 100), given["deduct"], given["content"])
    assert got == Decimal(case["expected"]["pay"])


def fixed_lot(element: dict[str, Any], wet: str, grade: str, extra: list[Any] | None = None, **terms: Any) -> Any:
    data = offtake_data(elements=[{"element": "Ni", "reporting_dp": "6", **element}], **terms)
    facts = [*lot_facts(wet=wet, moisture="0"), *assays("A", "Ni", grade, grade), *(extra or [])]
    return settle("offtake", data, facts, "2024-01-12..2024-03-01", subject="A", stage="final")


def test_payable_metal_of_recovered_ore() -> None:
    case = example("payable-1")
    given = case["inputs"]
    recovered = str(Decimal(given["t"]) * 1000 * Decimal(given["recovery"]))
    element = {
        "price": {"series": "-", "anchor": "FIXED", "fixed_price": "1"},
        "payable_pct": str(Decimal(given["payable"]) * 100),
    }
    settlement = fixed_lot(element, recovered, given["grade_pct"], treatment_charge="0")
    assert settlement.lines[0].quantity == Decimal(case["expected"]["payable_t"]) * 1000


def test_gold_concentrate_with_rounded_ounces() -> None:
    case = example("conc-au-100dmt")
    given, expected = case["inputs"], case["expected"]
    element = {
        "price": {
            "series": "-",
            "anchor": "FIXED",
            "fixed_price": given["au_price"],
            "unit": "ozt",
            "unit_kg": str(Decimal(given["g_per_ozt"]) / 1000),
        },
        "payable_mode": "PCT_DED",
        "payable_pct": str(Decimal(given["payable"]) * 100),
        "deduction": str(Decimal(given["min_deduction_g"]) / 10000),
        "payable_unit_dp": given["ounces_rounding_dp"],
        "refining_charge": given["rc_per_payable_ozt"],
        "refining_charge_unit": "ozt",
    }
    penalty = given["penalty"]
    penalties = [
        {
            "element": "As",
            "threshold": penalty["threshold_pct"],
            "step": penalty["step_pct"],
            "rate_per_step": penalty["rate_per_dmt"],
        }
    ]
    grade = str(Decimal(given["au_g_per_dmt"]) / 10000)
    arsenic = assays("A", "As", given["as_pct"], given["as_pct"])
    settlement = fixed_lot(element, "100000", grade, arsenic, treatment_charge=given["tc_per_dmt"], penalties=penalties)
    by_code = {line.code: line for line in settlement.lines}
    assert str(by_code["metal-value"].quantity) == expected["payable_ozt"]
    assert by_code["metal-value"].amount == Decimal(expected["payable_value"])
    assert by_code["treatment-charge"].amount == Decimal(expected["tc"])
    # The source shows whole dollars.
    assert Rounding(0).apply(by_code["refining-charge"].amount) == Decimal(expected["rc"])
    assert by_code["penalty"].amount == Decimal(expected["penalty"])
    assert Rounding(0).apply(settlement.total) == Decimal(expected["nsr"])


def test_gold_concentrate_with_unrounded_ounces_is_worth_what_the_note_says() -> None:
    given = example("conc-au-100dmt")["inputs"]
    element = {
        "price": {"series": "-", "anchor": "FIXED", "fixed_price": "4000", "unit": "ozt", "unit_kg": "0.0311035"},
        "payable_mode": "PCT_DED",
        "payable_pct": "80",
        "deduction": "0.0001",
    }
    settlement = fixed_lot(element, "100000", str(Decimal(given["au_g_per_dmt"]) / 10000), treatment_charge="0")
    assert str(settlement.total) == "501551.27"


def test_copper_concentrate() -> None:
    case = example("conc-cu-q20")
    given, expected = case["inputs"], case["expected"]
    element = {
        "price": {"series": "-", "anchor": "FIXED", "fixed_price": "1"},
        "payable_pct": str(Decimal(given["payable"]) * 100),
        "refining_charge": str(Decimal(given["rc_c_per_lb"]) / 100),
        "refining_charge_unit": "lb",
    }
    wet = str(Decimal(given["dmt"]) * 1000)
    settlement = fixed_lot(element, wet, given["cu_pct"], treatment_charge=given["tc"])
    by_code = {line.code: line for line in settlement.lines}
    assert round(by_code["metal-value"].quantity / 1000) == int(expected["payable_t"])
    assert by_code["treatment-charge"].amount == -Decimal(expected["tc"])
    assert abs(by_code["refining-charge"].amount + Decimal(expected["rc_approx"])) <= 200
    final = fixed_lot(element, wet, "27.4", treatment_charge=given["tc"])
    assert round(final.lines[0].quantity / 1000) == int(expected["final_assay_27_4"]["payable"])


def test_a_collar_holds_the_price_between_floor_and_ceiling() -> None:
    case = example("collar-altura")
    got = []
    for market in case["inputs"]["market"]:
        price = {"series": "NI", "floor": case["inputs"]["floor"], "cap": case["inputs"]["ceiling"]}
        data = lease_data(elements=[{"element": "Ni", "price": price}])
        facts = [monthly("NI", "2024-01", market), change("L", "2024-01-01", "Ni", "1000", 1)]
        got.append(settle("material-lease", data, facts, "2024-01-01..2024-02-01").lines[0].unit_price)
    assert got == [Decimal(p) for p in case["expected"]["price"]]


def test_pricing_days_of_september_2025_and_the_prompt_of_its_first() -> None:
    case = example("qp-days-2025-09")
    calendar = get_calendar(case["inputs"]["calendar"])
    days = calendar.business_days(Period(date(2025, 9, 1), date(2025, 10, 1)))
    assert len(days) == case["expected"]["pricing_days"]
    prompt = advance(calendar, days[0], 2, "D", "F")
    assert prompt.isoformat() == case["expected"]["prompt_for_2025_09_01"]
    price = {"series": "NI", "frequency": "DAILY", "anchor": "DELIVERY", "offset_months": "0"}
    data = offtake_data(elements=[{"element": "Ni", "price": price}])
    lot = [fact("milestone", "A", "2025-09-10", event=e) for e in ("shipment", "arrival", "delivery")]
    rest = [f for f in lot_facts() if f.kind != "milestone"] + assays("A", "Ni", "20", "20")
    fixings = [daily("NI", day.isoformat(), str(15000 + n)) for n, day in enumerate(days)]
    settlement = settle("offtake", data, [*lot, *rest, *fixings], "2025-09-10..2025-10-01", subject="A", stage="final")
    average = next(n for n in settlement.trace if n.op is Op.MEAN and "price" in n.id)
    assert (len(average.inputs), str(average.result)) == (22, "15010.50")
