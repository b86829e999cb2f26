"""Statements: canonical bytes, and what a revision still bills."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from contracts.core.statement import revision
from tests.contracts.core.building import change, lease_data, monthly, settle

D = Decimal
FACTS = [monthly("NI", "2024-01", "16000"), change("L", "2024-01-01", "Ni", "10000", 1)]


def test_all_numbers_are_texts() -> None:
    settlement = settle("material-lease", lease_data(), FACTS, "2024-01-01..2024-02-01", contract_ref="L")

    def numbers(value):
        if isinstance(value, dict):
            return [n for v in value.values() for n in numbers(v)]
        if isinstance(value, list):
            return [n for v in value for n in numbers(v)]
        return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []

    assert numbers(json.loads(settlement.canonical_bytes())) == []


def test_opening_movements_and_closing_tie() -> None:
    facts = [
        monthly("NI", "2024-02", "16000"),
        change("L", "2024-01-15", "Ni", "10000", 1),
        change("L", "2024-02-10", "Ni", "500.25", 2),
        change("L", "2024-02-11", "Ni", "-200", 3),
        change("L", "2024-02-12", "Ni", "-1.125", 4, cause="lost"),
        change("L", "2024-03-01", "Ni", "-9000", 5),
    ]
    settlement = settle("material-lease", lease_data(), facts, "2024-02-01..2024-03-01", contract_ref="L")
    balance = settlement.balances[0]
    assert (balance.opening, balance.closing) == (D(10000), D("10299.125"))
    assert dict(balance.movements) == {"delivered": D("500.25"), "credited": D(-200), "lost": D("-1.125")}
    assert balance.opening + sum(q for _, q in balance.movements) == balance.closing


def test_a_revision_bills_the_difference_by_component() -> None:
    now = {"fee.Ni": D("110.00"), "fee.Co": D("40.00")}
    issued = [{"fee.Ni": D("100.00"), "min-fee": D("5.00")}, {"fee.Ni": D("2.50"), "min-fee": D("-1.00")}]
    assert revision(now, issued) == {"fee.Co": D("40.00"), "fee.Ni": D("7.50"), "min-fee": D("-4.00")}


components = st.dictionaries(st.sampled_from("abcd"), st.integers(-(10**8), 10**8).map(lambda n: D(n).scaleb(-2)))


@given(totals=st.lists(components, min_size=1, max_size=5))
def test_a_chain_of_revisions_ends_where_one_late_run_would(totals: list[dict[str, Decimal]]) -> None:
    issued: list[dict[str, Decimal]] = []
    for total in totals:
        issued.append(revision(total, issued))
    billed: dict[str, Decimal] = {}
    for each in issued:
        for name, amount in each.items():
            billed[name] = billed.get(name, D(0)) + amount
    assert {k: v for k, v in billed.items() if v} == {k: v for k, v in totals[-1].items() if v}
    assert all(v == 0 for v in revision(totals[-1], issued).values())
