"""The table that finance gets: one row a line of a statement. Columns are only ever added, at the end. Pure."""

from __future__ import annotations

from decimal import Decimal

from contracts.core.numbers import CONTEXT
from lode.exports.core.table import Cell

COLUMNS: tuple[str, ...] = (
    "statement_ref",
    "revision",
    "status",
    "contract_ref",
    "contract_kind",
    "subject",
    "purpose",
    "period_start",
    "period_end_exclusive",
    "due_date",
    "line",
    "line_code",
    "component",
    "line_subject",
    "clause",
    "description_en",
    "description_zh",
    "quantity_kg",
    "quantity_other",
    "quantity_other_unit",
    "unit_price",
    "unit_price_unit",
    "amount",
    "amount_currency",
    "payer",
    "payee",
    "line_status",
    "statement_total",
    "statement_already_issued",
    "statement_amount_due",
    "statement_currency",
    "statement_payer",
    "statement_payee",
    "known_at_utc",
    "prepared_at_utc",
    "approved_at_utc",
    "issued_at_utc",
    "ledger_entry_id",
    "statement_sha256",
)

_KILOGRAMS = {"t": Decimal(1000), "kg": Decimal(1), "g": Decimal("0.001"), "mg": Decimal("0.000001")}


def quantity_cells(quantity: Decimal, unit: str) -> dict[str, Cell]:
    """Return a mass in kilograms, exactly, and any other quantity with its unit beside it."""
    factor = _KILOGRAMS.get(unit)
    if factor is None:
        return {"quantity_kg": None, "quantity_other": quantity, "quantity_other_unit": unit}
    return {"quantity_kg": CONTEXT.multiply(quantity, factor), "quantity_other": None, "quantity_other_unit": None}
