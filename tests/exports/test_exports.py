"""Finance takes statements away: the same bytes for the same statement, with their digest, and no stranger's."""

import csv
import hashlib
import io
import json
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from lode.exports.core.statement_table import COLUMNS
from lode.exports.errors import ExportsError
from lode.exports.models import Export
from lode.exports.selectors import export_file, list_exports
from lode.exports.services import export_statement, export_statements
from lode.settlement.errors import SettlementsError
from lode.settlement.models import Statement
from lode.settlement.services import approve_statement, issue_statement, settle_due, settle_period
from tests.settlement.world import APPROVER, AUDITOR, PAYER, PREPARER, STRANGER, at, publish_price

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def january(world):
    period = {"start": date(2024, 1, 1), "end": date(2024, 2, 1)}
    (outcome,) = settle_period(contract_ref=world.ref, **period, actor=PREPARER, now=at(2, 3))
    return outcome.statement


def issue(ref, month=2):
    approve_statement(ref=ref, actor=APPROVER, now=at(month, 4))
    issue_statement(ref=ref, actor=APPROVER, now=at(month, 4))


def read(view):
    return list(csv.DictReader(io.StringIO(view.file.read_bytes().decode(), newline="")))


def test_a_csv_has_a_row_a_line_and_the_columns_in_their_order(january):
    view = export_statement(ref=january, format="csv", actor=PAYER, now=at(2, 5))
    (row,) = read(view)
    assert tuple(row) == COLUMNS == view.columns
    chosen = ("statement_ref", "status", "quantity_kg", "unit_price", "unit_price_unit", "amount", "amount_currency")
    assert [row[name] for name in chosen] == [january, "draft", "36000.000", "18000", "USD/t", "3348.00", "USD"]
    assert (row["period_start"], row["period_end_exclusive"]) == ("2024-01-01", "2024-02-01")
    assert (row["known_at_utc"], row["issued_at_utc"]) == ("2024-02-03T06:00:00Z", "")
    assert row["statement_sha256"] == Statement.objects.get().digest


def test_the_file_is_what_its_digest_says(january):
    view = export_statement(ref=january, format="json", actor=PAYER, now=at(2, 5))
    data = view.file.read_bytes()
    assert (view.sha256, view.size_bytes, view.rows) == (hashlib.sha256(data).hexdigest(), len(data), 1)
    subprocess.run(["sha256sum", "-c", f"{view.name}.sha256"], cwd=view.file.parent, check=True, capture_output=True)
    assert export_file(export_id=view.id, party="voltaic") == (view, data)


def test_json_holds_the_whole_statement_with_its_trace(january):
    view = export_statement(ref=january, format="json", actor=PAYER, now=at(2, 5))
    content = json.loads(view.file.read_bytes())
    (whole,) = content["statements"]
    row = Statement.objects.get()
    canonical = json.dumps(whole["statement"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(canonical).hexdigest() == whole["sha256"] == row.digest
    assert content["rows"][0]["amount"] == "3348.00"


def test_the_same_statement_gives_the_same_bytes_and_another_state_another_file(january):
    first = export_statement(ref=january, format="csv", actor=PAYER, now=at(2, 5))
    again = export_statement(ref=january, format="csv", actor=PAYER, now=at(3, 5))
    assert (first.path, first.sha256) == (again.path, again.sha256)
    assert Export.objects.count() == 2, "who took it, and when, is recorded each time"
    issue(january)
    issued = export_statement(ref=january, format="csv", actor=PAYER, now=at(3, 6))
    assert issued.path != first.path
    assert export_file(export_id=first.id, party="voltaic")[1] != export_file(export_id=issued.id, party="voltaic")[1]


def test_a_file_that_was_changed_is_not_given_out(january):
    view = export_statement(ref=january, format="csv", actor=PAYER, now=at(2, 5))
    view.file.write_bytes(view.file.read_bytes().replace(b"3348.00", b"3349.00"))
    with pytest.raises(ExportsError, match="is not what was exported") as damaged:
        export_file(export_id=view.id, party="voltaic")
    assert damaged.value.code == "file-damaged"
    view.file.unlink()
    with pytest.raises(ExportsError, match="missing"):
        export_file(export_id=view.id, party="voltaic")


def test_a_stranger_gets_nothing(january, world):
    with pytest.raises(SettlementsError) as unknown:
        export_statement(ref=january, format="csv", actor=STRANGER, now=at(2, 5))
    assert unknown.value.code == "unknown-statement"
    with pytest.raises(ExportsError) as nothing:
        export_statements(format="csv", actor=STRANGER, now=at(2, 5))
    assert nothing.value.code == "nothing-to-export"
    view = export_statement(ref=january, format="csv", actor=PAYER, now=at(2, 5))
    for outsider in ("stranger", "meridian"):
        with pytest.raises(ExportsError) as hidden:
            export_file(export_id=view.id, party=outsider)
        assert hidden.value.code == "unknown-export"
        assert list_exports(party=outsider) == ()
    assert list_exports(party="voltaic") == list_exports(party=None) == (view,)
    assert export_statements(format="csv", actor=AUDITOR, now=at(2, 5)).statements == (january,)


def test_an_unknown_format_makes_no_file(january, world):
    with pytest.raises(ExportsError) as unknown:
        export_statement(ref=january, format="xls", actor=PAYER, now=at(2, 5))
    assert unknown.value.code == "unknown-format"
    assert Export.objects.count() == 0
    assert not list((world.var / "exports").rglob("*.*"))


@pytest.fixture
def year(world):
    """Four months settled, the first of them issued and revised."""
    publish_price(3, Decimal("17000.00"), at(4, 3))
    settle_due(as_of=date(2024, 5, 2), now=at(5, 3))
    issue(f"ST-{world.ref}-2024-01-r1", 5)
    publish_price(1, Decimal("17500.00"), at(5, 20))
    settle_due(as_of=date(2024, 5, 2), now=at(5, 21))
    return world.ref


def test_a_range_of_statements(year):
    everything = export_statements(format="csv", actor=PAYER, now=at(6, 5))
    refs = [f"ST-{year}-2024-{month}" for month in ("01-r1", "01-r2", "02-r1", "03-r1", "04-r1")]
    assert everything.statements == tuple(refs)
    assert sum(Decimal(row["amount"]) for row in read(everything) if row["revision"] == "2") == Decimal("3255.00")
    assert {row["statement_amount_due"] for row in read(everything) if row["revision"] == "2"} == {"-93.00"}
    spring = {"start": date(2024, 3, 1), "end": date(2024, 5, 1)}
    assert export_statements(format="csv", actor=PAYER, now=at(6, 5), **spring).statements == tuple(refs[3:])
    issued = export_statements(format="json", actor=PAYER, now=at(6, 5), contract=year, status="issued")
    assert (issued.statements, issued.name) == ((refs[0],), f"statements-{year}-issued.json")
    with pytest.raises(ExportsError):
        export_statements(format="csv", actor=PAYER, now=at(6, 5), contract="ML-1999-001")


def test_the_golden_file(year):
    """Columns, order, units, times and line ends as finance once got them: nothing may move."""
    view = export_statements(format="csv", actor=PAYER, now=at(6, 5))
    rows = read(view)
    for row in rows:  # signatures and engine digests differ from one ledger to the next
        row["ledger_entry_id"] = "<entry>" if row["ledger_entry_id"] else ""
        row["statement_sha256"] = "<sha256>"
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    assert out.getvalue().encode() == (GOLDEN / "statements.csv").read_bytes()
    assert view.file.read_bytes().count(b"\r\n") == len(rows) + 1
