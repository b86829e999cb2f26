"""Facts and terms as the tests of the contracts' core say them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from contracts.core.facts import Fact, FactKind, FactStatus, resolve
from contracts.core.period import parse_period
from contracts.core.schema import parse
from contracts.core.statement import Settlement
from contracts.core.terms import KINDS
from contracts.core.trace_sources import check_sources

KNOWN = datetime(2030, 1, 1, tzinfo=UTC)
RECORDED = datetime(2024, 1, 1, tzinfo=UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)


def fact(
    kind: str,
    subject: str,
    effective: str,
    *,
    name: str = "",
    version: int = 1,
    status: str = "final",
    recorded: datetime = RECORDED,
    **value: str,
) -> Fact:
    return Fact(
        id=name or f"{kind}-{subject}-{effective}-" + "-".join(value[k] for k in sorted(value)),
        version=version,
        kind=FactKind(kind),
        subject=subject,
        effective=day(effective),
        recorded=recorded,
        status=FactStatus(status),
        source="test",
        value=value,
    )


def monthly(series: str, month: str, value: str, unit: str = "t", currency: str = "USD", **rest: Any) -> Fact:
    name = f"{series}-{month}"
    return fact(
        "price", series, f"{month}-01", name=name, period=month, value=value, unit=unit, currency=currency, **rest
    )


def daily(series: str, on: str, value: str, unit: str = "t", currency: str = "USD", **rest: Any) -> Fact:
    return fact("price", series, on, name=f"{series}-{on}", value=value, unit=unit, currency=currency, **rest)


def change(contract: str, on: str, element: str, delta_kg: str, entry: int, **rest: Any) -> Fact:
    return fact(
        "balance-change",
        contract,
        on,
        name=f"entry-{entry}-{element}",
        element=element,
        delta_kg=delta_kg,
        entry_index=str(entry),
        **rest,
    )


def lease_data(**over: Any) -> dict[str, Any]:
    """A nickel lease at 3.6 % a year on the price of the month."""
    return {
        "currency": "USD",
        "elements": [{"element": "Ni", "price": {"series": "NI"}}],
        "commencement": "2024-01-01",
        "maturity": "2026-01-01",
        "delivery_place": "Hefei",
        "rate_pct": "3.6",
        **over,
    }


def offtake_data(**over: Any) -> dict[str, Any]:
    """Black mass paid for its nickel at the month after arrival: 72 % of content, treatment charge 900 USD/t."""
    return {
        "currency": "USD",
        "elements": [
            {
                "element": "Ni",
                "price": {"series": "NI", "anchor": "ARRIVAL", "offset_months": "1"},
                "payable_pct": "72",
                "splitting_limit": "0.3",
            }
        ],
        "commencement": "2024-01-01",
        "maturity": "2026-01-01",
        "delivery_place": "Ningbo",
        "treatment_charge": "900",
        **over,
    }


def assays(lot: str, element: str, seller: str, buyer: str, umpire: str = "", **rest: Any) -> list[Fact]:
    given = {"seller": seller, "buyer": buyer, "umpire": umpire}
    unit = rest.pop("unit", "%")
    return [
        fact(
            "assay",
            lot,
            "2024-01-26",
            name=f"assay-{lot}-{element}-{party}",
            element=element,
            party=party,
            value=v,
            unit=unit,
            **rest,
        )
        for party, v in given.items()
        if v
    ]


def lot_facts(lot: str = "A", wet: str = "20000", moisture: str = "5") -> list[Fact]:
    """A lot shipped on 12 January, arrived and delivered on the 19th."""
    return [
        fact("milestone", lot, "2024-01-12", name=f"{lot}-shipped", event="shipment"),
        fact("milestone", lot, "2024-01-19", name=f"{lot}-arrived", event="arrival"),
        fact("milestone", lot, "2024-01-19", name=f"{lot}-delivered", event="delivery"),
        fact("weight", lot, "2024-01-12", name=f"{lot}-weight", net_wet_kg=wet),
        fact("moisture", lot, "2024-01-12", name=f"{lot}-moisture", moisture_pct=moisture),
    ]


def warranty_data(**over: Any) -> dict[str, Any]:
    """One pack of 60 kWh: 80 % for a year, then 70 %; 36.50 USD for each kWh short and year."""
    return {
        "currency": "USD",
        "assets": [{"asset": "P1", "nominal_kwh": "60"}],
        "start": "2024-01-01",
        "end_age_months": "24",
        "curve": [
            {"axis": "AGE_MONTHS", "at": "0", "pct": "80"},
            {"axis": "AGE_MONTHS", "at": "12", "pct": "70"},
        ],
        "ld_rate": "36.5",
        "max_test_age_days": "400",
        **over,
    }


def soh(asset: str, on: str, value: str, **rest: Any) -> Fact:
    return fact("telemetry", asset, on, name=f"{asset}-{on}", metric="SOH_C", value=value, **rest)


def settle(kind: str, data: dict[str, Any], facts: list[Fact], period: str, **rest: Any) -> Settlement:
    """Parse, settle, and recompute the statement against its sources: what every test of a kind relies on."""
    terms = parse(KINDS[kind].schema, data)
    known_at = rest.pop("known_at", KNOWN)
    settlement = KINDS[kind].settle(terms, facts, parse_period(period), known_at, **rest)
    settlement.verify()
    versions = {v.number: v.terms for v in rest.get("versions", ())} or {1: terms}
    check_sources(settlement.trace, resolve(facts, known_at), versions)
    return settlement


def amounts(settlement: Settlement) -> list[tuple[str, str]]:
    return [(line.code, str(line.amount)) for line in settlement.lines]
