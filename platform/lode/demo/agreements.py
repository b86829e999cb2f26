"""The contracts of the demo world: drafted from templates, proposed, agreed, and signed with both parties' keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from contracts.selectors import contract_detail, demo_terms
from contracts.services import agree, create_draft, propose, sign_version
from ledger.services.sequence_pending import sequence_pending
from lode.demo.cast import CELL_MAKER, LESSOR, OPERATOR, RECYCLER, REFINER
from lode.demo.figures import retired_packs
from lode.parties.actor import Actor

LITHIUM_CARBONATE_PER_LITHIUM = "5.3233"  # Li2CO3 73.89 / (2 × 6.94), IUPAC standard atomic weights
FLEETS = {"fleet-2311": "B0005", "fleet-2312": "B0006"}
FLEET_KWH = "25000"  # 500 packs of 50 kWh
RETIRED_SAMPLE = 4


def commercial(organisation: str) -> Actor:
    """Return somebody who drafts and signs for an organisation."""
    return Actor(organisation=organisation, role="commercial")


def conclude(
    *, kind: str, first: str, second: str, terms: Mapping[str, Any], effective_from: date, now: datetime
) -> str:
    """Draft, propose, agree and sign a contract within a few days up to `now`; return its reference."""
    ours, theirs = commercial(first), commercial(second)
    ref = create_draft(
        actor=ours,
        kind=kind,
        counterparty=second,
        terms={**demo_terms(kind), **terms},
        effective_from=effective_from,
        now=now - timedelta(days=6),
    )
    number = propose(actor=ours, ref=ref, now=now - timedelta(days=5))
    agree(actor=theirs, ref=ref, number=number, now=now - timedelta(days=2))
    for actor, moment in ((theirs, now - timedelta(hours=2)), (ours, now)):
        detail = contract_detail(ref=ref, party=actor.organisation, as_of=now.date())
        shown = next(version for version in detail.versions if version.number == number)
        sign_version(actor=actor, ref=ref, number=number, text_sha256=shown.text_sha256, now=moment)
    sequence_pending()
    return ref


def material_lease(*, commencement: date, now: datetime) -> str:
    """A lease of nickel and cobalt from the lessor to the cell maker: 4.25 and 5.5 % a year, price of the month."""
    template = demo_terms("material-lease")
    nickel, cobalt = (dict(row) for row in template["elements"])
    terms = {
        "elements": [{**nickel, "rate_pct": "4.25"}, {**cobalt, "rate_pct": "5.5"}],
        "commencement": commencement.isoformat(),
        "maturity": commencement.replace(year=commencement.year + 8).isoformat(),
        "delivery_place": "Borealis warehouse, Rotterdam",
        "fee_price_basis": "PERIOD_AVG",
        "min_fee": "1500.00",
    }
    return conclude(
        kind="material-lease",
        first=LESSOR,
        second=CELL_MAKER,
        terms=terms,
        effective_from=commencement,
        now=now,
    )


def retired_assets() -> dict[str, str]:
    """Return the health, in per cent, of the least healthy retired packs of the PulseBat data set, by serial."""
    worst = sorted(retired_packs("NMC"), key=lambda pack: pack.health)[:RETIRED_SAMPLE]
    return {pack.serial: str((pack.health * 100).normalize()) for pack in worst}


def performance_warranty(*, start: date, now: datetime) -> str:
    """A warranty of the cell maker to the operator: two fleets, and four packs measured when they retired."""
    single = [{"asset": serial, "nominal_kwh": "50"} for serial in retired_assets()]
    terms = {
        "assets": [*({"asset": fleet, "nominal_kwh": FLEET_KWH} for fleet in FLEETS), *single],
        "start": start.isoformat(),
        "end_age_months": "96",
        "end_throughput_mwh": None,
        "curve": [
            {"axis": "AGE_MONTHS", "at": "0", "pct": "90"},
            {"axis": "AGE_MONTHS", "at": "12", "pct": "80"},
            {"axis": "AGE_MONTHS", "at": "24", "pct": "72"},
            {"axis": "AGE_MONTHS", "at": "96", "pct": "60"},
        ],
        "interpolation": "LINEAR",
        "deadband_pct": "0.5",
        "uncertainty_pct": "0.5",
        "uncertainty_benefit": "SUPPLIER",
        "ld_rate": "36",
        "limits": {"per_event_cap": "9000.00", "per_period_cap": "15000.00", "aggregate_cap": "60000.00"},
    }
    return conclude(
        kind="performance-warranty",
        first=CELL_MAKER,
        second=OPERATOR,
        terms={name: value for name, value in terms.items() if value is not None},
        effective_from=start,
        now=now,
    )


def offtake(*, commencement: date, now: datetime) -> str:
    """An offtake of black mass from the recycler to the refiner: nickel, cobalt, lithium at the month after arrival."""
    template = demo_terms("offtake")
    nickel, cobalt = (dict(row) for row in template["elements"])
    lithium = {
        "element": "Li",
        "price": {
            "series": "lithium-carbonate",
            "unit": "t",
            "anchor": "ARRIVAL",
            "offset_months": "1",
            "factor": LITHIUM_CARBONATE_PER_LITHIUM,
        },
        "payable_mode": "THRESHOLD",
        "payable_pct": "15",
        "deduction": "2",
        "splitting_limit": "0.1",
    }
    terms = {
        "elements": [nickel, cobalt, lithium],
        "penalties": [],
        "commencement": commencement.isoformat(),
        "maturity": commencement.replace(year=commencement.year + 3).isoformat(),
        "delivery_place": "Taihe works, Ningbo",
        "treatment_charge": "950",
        "freight_per_lot": "2400.00",
        "provisional_pct": "85",
    }
    return conclude(kind="offtake", first=RECYCLER, second=REFINER, terms=terms, effective_from=commencement, now=now)
