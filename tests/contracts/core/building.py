"""Facts and terms as the tests of the contracts' core say them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from contracts.core.facts import Fact, FactKind, FactStatus

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
