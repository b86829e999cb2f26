"""What must hold for any lease, lot or fleet, whatever the figures."""

from __future__ import annotations

import itertools
import random
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.core.commingling import allocate_batch
from contracts.core.daycount import CONVENTIONS, fraction
from contracts.core.period import Period
from contracts.core.rounding import largest_remainder, round_money
from contracts.core.schedules import Rules, generate, parse_tenor
from contracts.core.trace import Tracer, check, const
from tests.contracts.core.building import (
    assays,
    change,
    day,
    fact,
    lease_data,
    lot_facts,
    monthly,
    offtake_data,
    settle,
    soh,
    warranty_data,
)

D = Decimal
FEW = settings(max_examples=40, deadline=None)
kilograms = st.integers(1, 10**9).map(lambda n: D(n).scaleb(-3))
prices = st.integers(-(10**6), 10**8).map(lambda n: D(n).scaleb(-2))
rates = st.integers(0, 10**6).map(lambda n: D(n).scaleb(-4))
percent = st.integers(0, 10000).map(lambda n: D(n).scaleb(-2))
days = st.integers(1, 31)


@st.composite
def leases(draw):
    """Facts of a lease over January 2024: deliveries, and returns of no more than there is."""
    held, facts = D(0), [monthly("NI", "2024-01", str(draw(prices)))]
    for n, on in enumerate(sorted(draw(st.lists(days, min_size=1, max_size=5)))):
        delta = draw(kilograms) if held == 0 or draw(st.booleans()) else -held / 2
        delta = delta.quantize(D("0.001"))
        held += delta
        facts.append(change("L", f"2024-01-{on:02}", "Ni", str(delta), n + 1))
    return facts


@FEW
@given(facts=leases(), rate=rates, cut=st.integers(2, 31), seed=st.integers())
def test_any_lease(facts, rate, cut, seed) -> None:
    data = lease_data(rate_pct=str(rate))

    def over(period, given_facts):
        return settle("material-lease", data, given_facts, period, contract_ref="L")

    whole = over("2024-01-01..2024-02-01", facts)
    shuffled = random.Random(seed).sample(facts, len(facts))
    assert over("2024-01-01..2024-02-01", shuffled).canonical_bytes() == whole.canonical_bytes()
    assert whole.total == sum(line.amount for line in whole.lines)
    for balance in whole.balances:
        assert balance.opening + sum(q for _, q in balance.movements) == balance.closing
    # The exact fees of two halves are those of the whole, and the quantities tie over the cut.
    halves = [over(f"2024-01-01..2024-01-{cut:02}", facts), over(f"2024-01-{cut:02}..2024-02-01", facts)]
    raw = [sum((Fraction(n.raw) for n in s.trace if ".fee." in n.id), Fraction(0)) for s in (whole, *halves)]
    assert abs(raw[0] - raw[1] - raw[2]) < Fraction(1, 10**30)
    assert halves[0].closing.get("Ni", 0) == halves[1].opening.get("Ni", 0)
    assert abs(halves[0].total + halves[1].total - whole.total) <= D("0.01")


@FEW
@given(
    wet=st.integers(1000, 10**6),
    moisture=st.integers(0, 9000).map(lambda n: D(n).scaleb(-2)),
    grade=percent,
    first=prices,
    last=prices,
    pct=percent,
    deduction=percent,
    mode=st.sampled_from(["PCT", "PCT_MD", "DED_PCT", "PCT_DED", "THRESHOLD"]),
)
def test_any_lot(wet, moisture, grade, first, last, pct, deduction, mode) -> None:
    row = {**offtake_data()["elements"][0], "payable_mode": mode, "deduction": str(deduction)}
    data = offtake_data(elements=[row], provisional_pct=str(pct))
    facts = [*lot_facts(wet=str(wet), moisture=str(moisture)), *assays("A", "Ni", str(grade), str(grade))]
    facts += [monthly("NI", "2023-12", str(first)), monthly("NI", "2024-02", str(last))]

    def at(stage, given_facts=facts):
        return settle("offtake", data, given_facts, "2024-01-12..2024-03-01", subject="A", stage=stage)

    provisional, unpaid = at("provisional"), at("final")
    assert unpaid.lines[0].quantity >= 0
    gross = sum((line.amount for line in provisional.lines if line.code != "retention"), D(0))
    assert provisional.total == round_money(gross * pct / 100, "USD")
    paid = fact("payment", "A", "2024-01-13", amount=str(provisional.total), currency="USD", statement="S1")
    final = at("final", [*facts, paid])
    # What was paid provisionally and what is paid finally are together the whole, and a refund says who pays.
    assert provisional.total + final.total == unpaid.total
    assert (final.total < 0) == ("refund" in [f.code for f in final.flags])
    for line in final.lines:
        assert (line.payer == "seller") == (line.amount < 0)


@FEW
@given(
    readings=st.lists(st.tuples(days, percent), min_size=1, max_size=4, unique_by=lambda r: r[0]),
    cap=percent,
    cut=st.integers(2, 31),
    interpolation=st.sampled_from(["STEP", "LINEAR"]),
)
def test_any_fleet(readings, cap, cut, interpolation) -> None:
    data = warranty_data(
        assets=[{"asset": a, "nominal_kwh": "60"} for a in ("P1", "P2")],
        interpolation=interpolation,
        limits={"per_period_cap": str(cap)},
    )
    facts = [soh(asset, f"2024-01-{on:02}", str(value)) for on, value in readings for asset in ("P1", "P2")]
    capped = settle("performance-warranty", data, facts, "2024-01-01..2024-02-01")
    assert 0 <= capped.total <= cap
    del data["limits"]

    def raw(period):
        settlement = settle("performance-warranty", data, facts, period)
        return sum((Fraction(n.raw) for n in settlement.trace if ".damages." in n.id), Fraction(0))

    halves = raw(f"2024-01-01..2024-01-{cut:02}") + raw(f"2024-01-{cut:02}..2024-02-01")
    assert abs(raw("2024-01-01..2024-02-01") - halves) < Fraction(1, 10**30)


@given(
    total=st.integers(-(10**12), 10**12),
    weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any),
    dp=st.integers(0, 6),
)
def test_splits_add_up_and_stay_within_a_unit(total, weights, dp) -> None:
    whole = D(total).scaleb(-dp)
    parts = largest_remainder(whole, [D(w) for w in weights], dp)
    assert sum(parts) == whole
    unit = Fraction(1, 10**dp)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(whole) * weight / sum(weights)) < unit
        assert weight or part == 0


@given(batch=kilograms, put_in=st.lists(kilograms, min_size=1, max_size=6), seed=st.integers())
def test_a_commingled_batch_is_shared_out_whatever_the_order(batch, put_in, seed) -> None:
    named = {f"lessor-{n}": const(f"in{n}", kg, "kg") for n, kg in enumerate(put_in)}
    tracer = Tracer()
    shares = allocate_batch(tracer, const("batch", batch, "kg"), named)
    check(tracer.trace())
    assert sum(n.result for n in shares.values()) == batch
    shuffled = dict(random.Random(seed).sample(sorted(named.items()), len(named)))
    again = allocate_batch(Tracer(), const("batch", batch, "kg"), shuffled)
    assert {k: n.result for k, n in again.items()} == {k: n.result for k, n in shares.items()}


@given(value=st.decimals(-(10**12), 10**12, places=5))
def test_a_reversal_cancels_exactly(value) -> None:
    for currency in ("USD", "JPY", "KWD"):
        assert round_money(value, currency) + round_money(-value, currency) == 0


dates = st.dates(day("1990-01-01"), day("2060-12-31"))
ADDITIVE = ("ACT/360", "ACT/365F", "ACT/366", "ACT/365.25", "ACT/365NL", "ACT/ACT.ISDA")


@given(three=st.lists(dates, min_size=3, max_size=3))
def test_day_counts_of_actual_days_add_up(three) -> None:
    a, b, c = sorted(three)
    for convention in ADDITIVE:
        assert fraction(convention, a, b) + fraction(convention, b, c) == fraction(convention, a, c), convention


@given(start=dates)
def test_no_days_are_no_fraction(start) -> None:
    for convention in CONVENTIONS:
        if convention not in ("1/1", "ACT/ACT.ICMA", "30E/360.ISDA", "30/360.ITALIAN", "30/360.US"):
            assert fraction(convention, start, start) == 0, convention


@given(
    start=dates,
    length=st.integers(1, 2000),
    months=st.integers(1, 12),
    generation=st.sampled_from(["FORWARD", "BACKWARD"]),
)
def test_schedules_cover_the_whole_without_gap(start, length, months, generation) -> None:
    end = day("1990-01-01").fromordinal(start.toordinal() + length)
    schedule = generate(start, end, Rules(parse_tenor(f"{months}M"), generation=generation))
    periods = schedule.periods()
    assert (periods[0].start, periods[-1].end) == (start, end)
    assert sum(p.days for p in periods) == length
    assert len(schedule.regular) == len(periods)
    assert schedule.regular.count(False) <= 1


@given(two=st.lists(dates, min_size=2, max_size=2, unique=True), cuts=st.lists(dates, max_size=8))
def test_a_split_period_is_the_whole(two, cuts) -> None:
    period = Period(*sorted(two))
    parts = period.split(cuts)
    assert (parts[0].start, parts[-1].end) == (period.start, period.end)
    assert all(a.end == b.start for a, b in itertools.pairwise(parts))
    assert all(p.days for p in parts)
