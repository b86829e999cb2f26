"""The terms that a draft starts from, kind by kind: complete, valid, and plainly an example."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_LEASE: dict[str, Any] = {
    "currency": "USD",
    "elements": [
        {
            "element": "Ni",
            "form": "nickel sulphate hexahydrate",
            "price": {"series": "nickel", "unit": "t"},
            "rate_pct": "4.0",
            "process_loss_pct": "1.5",
            "use_loss_pct": "0",
            "accountability_pct": "98",
        },
        {
            "element": "Co",
            "form": "cobalt sulphate heptahydrate",
            "price": {"series": "cobalt", "unit": "t"},
            "rate_pct": "5.0",
            "process_loss_pct": "1.5",
            "use_loss_pct": "0",
            "accountability_pct": "97",
        },
    ],
    "commencement": "2023-02-01",
    "maturity": "2033-02-01",
    "delivery_place": "the lessee's works",
    "rate_type": "FIXED",
    "rate_pct": "4.0",
    "day_count": "ACT/360",
    "fee_price_basis": "PERIOD_AVG",
    "min_fee": "500.00",
}

_WARRANTY: dict[str, Any] = {
    "currency": "USD",
    "assets": [{"asset": "PACK-0001", "nominal_kwh": "60"}],
    "start": "2023-04-01",
    "end_age_months": "96",
    "metric": "SOH_C",
    "curve": [
        {"axis": "AGE_MONTHS", "at": "0", "pct": "95"},
        {"axis": "AGE_MONTHS", "at": "24", "pct": "90"},
        {"axis": "AGE_MONTHS", "at": "60", "pct": "80"},
        {"axis": "AGE_MONTHS", "at": "96", "pct": "70"},
    ],
    "interpolation": "LINEAR",
    "deadband_pct": "1",
    "uncertainty_pct": "1",
    "uncertainty_benefit": "SUPPLIER",
    "ld_rate": "40",
    "limits": {"per_event_cap": "400.00", "aggregate_cap": "25000.00"},
}

_OFFTAKE: dict[str, Any] = {
    "currency": "USD",
    "product": "black mass of NMC batteries",
    "product_zh": "NMC 电池黑粉",
    "delivery_place": "the buyer's works",
    "commencement": "2023-06-01",
    "maturity": "2026-06-01",
    "elements": [
        {
            "element": "Ni",
            "price": {"series": "nickel", "unit": "t", "anchor": "ARRIVAL", "offset_months": "1"},
            "payable_mode": "PCT",
            "payable_pct": "72",
            "splitting_limit": "0.3",
        },
        {
            "element": "Co",
            "price": {"series": "cobalt", "unit": "t", "anchor": "ARRIVAL", "offset_months": "1"},
            "payable_mode": "PCT_MD",
            "payable_pct": "70",
            "deduction": "0.5",
            "splitting_limit": "0.2",
        },
    ],
    "penalties": [
        {"element": "F", "unit": "%", "threshold": "3", "step": "0.1", "rate_per_step": "5.00", "reject_above": "5"}
    ],
    "treatment_charge": "900",
    "freight_per_lot": "1500.00",
    "provisional_pct": "90",
}

_DEMO_TERMS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {"material-lease": _LEASE, "performance-warranty": _WARRANTY, "offtake": _OFFTAKE}
)


def template_terms(kind: str) -> dict[str, Any]:
    """Return a fresh copy of the example terms of a kind, as a person would type them; empty for a kind without any."""
    return copy.deepcopy(_DEMO_TERMS.get(kind, {}))
