"""Cells, rows and bytes of a file, without a database."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lode.exports.core.statement_table import COLUMNS, quantity_cells
from lode.exports.core.table import cell_text, csv_bytes, json_bytes


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (Decimal("-1234.50"), "-1234.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.00"), "0.00"),
        (7, "7"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 4, 2, 6, tzinfo=UTC), "2024-04-02T06:00:00Z"),
        (datetime(2024, 4, 2, 8, 0, 0, 500, tzinfo=timezone(timedelta(hours=2))), "2024-04-02T06:00:00.000500Z"),
        ("镍, leased", "镍, leased"),
    ],
)
def test_a_cell_is_written_one_way(value, text):
    assert cell_text(value) == text


@pytest.mark.parametrize(
    "hostile",
    ['=HYPERLINK("http://evil")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "＠x", "|cmd", "%x"],
)
def test_a_text_never_becomes_a_formula(hostile):
    assert cell_text(hostile) == f"'{hostile}"


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_what_is_written_is_what_is_read(texts):
    columns = [f"c{n}" for n in range(len(texts))]
    data = csv_bytes(columns, [dict(zip(columns, texts, strict=True))])
    heading, row = csv.reader(io.StringIO(data.decode(), newline=""))
    assert heading == columns
    assert row == [cell_text(text) for text in texts]
    assert all(not cell.lstrip(" ").startswith(("=", "+", "-", "@")) for cell in row)


def test_a_mass_is_in_kilograms_and_anything_else_names_its_unit():
    assert quantity_cells(Decimal("12.345678"), "t") == {
        "quantity_kg": Decimal("12345.678000"),
        "quantity_other": None,
        "quantity_other_unit": None,
    }
    assert quantity_cells(Decimal("12.5"), "kWh") == {
        "quantity_kg": None,
        "quantity_other": Decimal("12.5"),
        "quantity_other_unit": "kWh",
    }


def test_the_columns_have_the_order_that_was_published_once():
    assert COLUMNS[:4] == ("statement_ref", "revision", "status", "contract_ref")
    assert COLUMNS[-1] == "statement_sha256"
    assert len(set(COLUMNS)) == len(COLUMNS) == 39
    assert [name for name in COLUMNS if name.endswith("_at_utc") or name == "known_at_utc"] == [
        "known_at_utc",
        "prepared_at_utc",
        "approved_at_utc",
        "issued_at_utc",
    ]


def test_json_has_every_number_as_a_text_and_no_apostrophes():
    data = json_bytes(["a", "b", "c"], [{"a": Decimal("1.50"), "b": "=1", "c": None}], [{"total": "1.50"}])
    assert json.loads(data) == {
        "format": "lode/export/v1",
        "columns": ["a", "b", "c"],
        "rows": [{"a": "1.50", "b": "=1", "c": None}],
        "statements": [{"total": "1.50"}],
    }
