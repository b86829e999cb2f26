"""A trace is checked, not trusted: each test breaks one thing and sees it found."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from contracts.core.errors import SettlementError
from contracts.core.facts import resolve
from contracts.core.schema import parse
from contracts.core.terms import KINDS
from contracts.core.trace import Op, Tracer, check, const, node_from_json, node_to_json, recompute, term, use
from contracts.core.trace_sources import check_sources
from contracts.core.units import multiply, same_unit
from tests.contracts.core.building import KNOWN, change, lease_data, monthly, settle

FACTS = [monthly("NI", "2024-01", "16000"), change("L", "2024-01-01", "Ni", "10000", 1)]


@pytest.fixture
def lease():
    return settle("material-lease", lease_data(), FACTS, "2024-01-01..2024-02-01", contract_ref="L")


def with_node(trace, node_id: str, **changes):
    return [replace(n, **changes) if n.id == node_id else n for n in trace]


def test_an_honest_trace_passes_and_survives_json(lease) -> None:
    back = [node_from_json(node_to_json(n)) for n in lease.trace]
    assert tuple(back) == lease.trace
    check(back, {line.trace_ref: line.amount for line in lease.lines})
    assert all(recompute(n) == n.result for n in back)


FEE = "Ni.fee.2024-01-01"


def test_a_changed_result_is_found(lease) -> None:
    with pytest.raises(SettlementError, match="rounds to"):
        check(with_node(lease.trace, FEE, result=Decimal("496.01")))


def test_a_changed_raw_figure_is_found(lease) -> None:
    with pytest.raises(SettlementError, match="computes to"):
        check(with_node(lease.trace, FEE, raw=Decimal(497), result=Decimal(497)))


def test_a_changed_input_is_found(lease) -> None:
    node = next(n for n in lease.trace if n.id == FEE)
    tampered = replace(node.inputs[0], value=Decimal(10001))
    with pytest.raises(SettlementError, match="does not stand before it"):
        check(with_node(lease.trace, FEE, inputs=(tampered, *node.inputs[1:])))


def test_a_unit_that_does_not_follow_is_found(lease) -> None:
    with pytest.raises(SettlementError, match="is in USD, not in the EUR"):
        check(with_node(lease.trace, FEE, unit="EUR"))


def test_a_missing_step_is_found(lease) -> None:
    with pytest.raises(SettlementError, match="does not stand before it"):
        check([n for n in lease.trace if n.id != FEE])


def test_a_line_that_is_not_its_root_is_found(lease) -> None:
    with pytest.raises(SettlementError, match="line's amount"):
        check(lease.trace, {lease.lines[0].trace_ref: Decimal("495.99")})


def test_a_fact_that_says_something_else_is_found(lease) -> None:
    terms = {1: parse(KINDS["material-lease"].schema, lease_data())}
    other = [monthly("NI", "2024-01", "16001"), FACTS[1]]
    with pytest.raises(SettlementError, match="fact:NI-2024-01@1"):
        check_sources(lease.trace, resolve(other, KNOWN), terms)


def test_terms_that_say_something_else_are_found(lease) -> None:
    terms = {1: parse(KINDS["material-lease"].schema, lease_data(rate_pct="3.7"))}
    with pytest.raises(SettlementError, match="term:rate_pct@v1"):
        check_sources(lease.trace, resolve(FACTS, KNOWN), terms)


def test_kilograms_do_not_become_money_at_a_price_per_tonne() -> None:
    tracer = Tracer()
    inputs = (const("kg", 5, "kg", "times"), const("price", 2, "USD/t", "times"))
    tracer.add("wrong", "wrong", "wrong", Op.PRODUCT, inputs, "USD")
    with pytest.raises(SettlementError, match=r"USD\*kg/t"):
        check(tracer.trace())


def test_units_that_differ_do_not_add() -> None:
    tracer = Tracer()
    tracer.add("wrong", "w", "w", Op.SUM, (const("a", 1, "kg", "plus"), const("b", 1, "t", "plus")), "kg")
    with pytest.raises(SettlementError, match="do not fit together"):
        check(tracer.trace())


def test_an_input_from_nowhere_is_found() -> None:
    tracer = Tracer()
    tracer.add("x", "x", "x", Op.CHOSEN, (replace(const("a", 1, "kg"), ref="hearsay"),), "kg")
    with pytest.raises(SettlementError, match="names no fact"):
        check(tracer.trace())


def test_steps_of_the_same_name_are_told_apart() -> None:
    tracer = Tracer()
    for _ in range(2):
        tracer.add("x", "x", "x", Op.CHOSEN, (const("a", 1, "kg"),), "kg")
    assert [n.id for n in tracer.nodes] == ["x", "x#2"]
    check(tracer.trace())


def test_division_comes_last() -> None:
    inputs = (const("a", 1, "1"), const("third", 3, "1", "over"), const("three", 3, "1"))
    node = Tracer().add("x", "x", "x", Op.PRODUCT, inputs, "1")
    assert node.result == 1


def test_formula_reads_as_it_is_computed() -> None:
    tracer = Tracer()
    a = tracer.add("a", "a", "a", Op.CHOSEN, (term("rate", Decimal(4), "%/a", "rate_pct"),), "%/a")
    inputs = (use(a, "rate", "times"), const("basis", 360, "d/a", "over"), const("days", 31, "d", "times"))
    assert tracer.add("b", "b", "b", Op.PRODUCT, inputs, "%").formula == "rate x days / basis"


def test_unit_algebra() -> None:
    assert multiply(["kg", "USD/t", "%/a", "d"], ["kg/t", "%", "d/a"]) == "USD"
    assert same_unit("kWh*USD/a", "USD*kWh/a")
    assert not same_unit("USD/t", "USD/kg")
