"""A partner's file: what is understood, what is refused, and why."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lode.reconciliation.core.cells import CellCode
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.headings import Column
from lode.reconciliation.core.parse import ParsedStatement, parse_statement
from lode.reconciliation.core.template import template_file
from lode.reconciliation.core.values import Kind, Period, Text

ELEMENTS = frozenset({"Li", "Ni", "Co", "Mn", "Cu", "C"})
NOVEMBER = Period(dt.date(2025, 11, 1), dt.date(2025, 12, 1))


def parse(text: str | bytes, period: Period | None = None) -> ParsedStatement:
    return parse_statement(text.encode() if isinstance(text, str) else text, elements=ELEMENTS, period=period)


def refused(text: str | bytes) -> Code:
    with pytest.raises(ReconciliationError) as caught:
        parse(text)
    assert caught.value.text.en
    assert caught.value.text.zh
    return caught.value.code


def one_problem(row: str, headings: str = "reference,date,element,mass,unit") -> tuple[Column, CellCode]:
    """Parse one row that is to be refused for one cell."""
    statement = parse(f"{headings}\n{row}\n")
    assert statement.rows == ()
    ((problem,),) = (rejected.problems for rejected in statement.rejected)
    return problem.column, problem.code


class TestWhatIsUnderstood:
    def test_english_headings(self):
        statement = parse(
            "Delivery No.,Date,Kind,Element,Mass,Unit,Lot\n"
            'DN-88213,2025-11-02,delivery,Ni,"48,200",kg,lot-7\n'
            "RC-0197,2025-11-11,return,nickel,-12.48,t,lot-7\n"
        )
        assert [(r.reference, r.date, r.kind, r.element, r.mass_mg, r.lot) for r in statement.rows] == [
            ("DN-88213", dt.date(2025, 11, 2), Kind.DELIVERY, "Ni", 48_200_000_000, "lot-7"),
            ("RC-0197", dt.date(2025, 11, 11), Kind.RETURN, "Ni", -12_480_000_000, "lot-7"),
        ]
        assert statement.totals_mg == {"Ni": 35_720_000_000}
        assert statement.rejected == ()
        assert [row.row_number for row in statement.rows] == [2, 3]

    def test_chinese_headings_in_gb18030_with_full_width_digits(self):
        text = (
            "送货单号,业务日期,类型,元素,金属量（千克）,批次\n"
            'ＤＮ－８８２１３,2025年11月2日,收货,镍,"４８，２００．５",七号\n'
        )
        statement = parse(text.encode("gb18030"))
        (row,) = statement.rows
        assert (row.reference, row.date, row.kind, row.element) == (
            "DN-88213",
            dt.date(2025, 11, 2),
            Kind.DELIVERY,
            "Ni",
        )
        assert row.mass_mg == 48_200_500_000
        assert statement.encoding == "gb18030"

    @pytest.mark.parametrize(
        ("encoding", "name"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16")]
    )
    def test_byte_order_marks(self, encoding: str, name: str):
        statement = parse("编号,日期,元素,质量,单位\nA1,2025-11-02,钴,5,g\n".encode(encoding))
        assert statement.rows[0].mass_mg == 5_000
        assert statement.encoding == name

    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_separators(self, separator: str):
        text = "reference,date,element,mass,unit\nA1,2025-11-02,Co,5,g\n".replace(",", separator)
        assert parse(text).separator == separator

    def test_excel_names_its_separator_and_puts_a_title_above(self):
        statement = parse("sep=;\nRingcycle;November\n\nreference;date;element;mass;unit\nA1;2025-11-02;Co;5;g\n")
        assert statement.heading_row == 4
        assert statement.rows[0].row_number == 5

    @pytest.mark.parametrize(
        ("printed", "unit", "mass_mg"),
        [
            ("1", "mg", 1),
            ("1", "克", 1_000),
            ("0.000001", "kg", 1),
            ("1,250.125", "t", 1_250_125_000_000),
            ("1 250.125", "公吨", 1_250_125_000_000),
            ("1\u00a0250", "kg", 1_250_000_000),
            ("\u221212", "kg", -12_000_000),
            ("(12)", "KG", -12_000_000),
            ("12-", "㎏", -12_000_000),
            ("+.5", "t", 500_000_000),
            ("007", "kg", 7_000_000),
            ('"=""12"""', "kg", 12_000_000),
            ("48.200", "kg", 48_200_000),
            ("0", "kg", 0),
        ],
    )
    def test_masses_exactly(self, printed: str, unit: str, mass_mg: int):
        quoted = printed if printed.startswith('"') else f'"{printed}"'
        statement = parse(f"reference,date,element,mass,unit\nA1,2025-11-02,Co,{quoted},{unit}\n")
        assert statement.rejected == ()
        assert statement.rows[0].mass_mg == mass_mg

    @pytest.mark.parametrize("printed", ["5 kg", "5kg", "5千克", "5 KG"])
    def test_a_unit_behind_the_mass(self, printed: str):
        statement = parse(f"reference,date,element,mass\nA1,2025-11-02,Co,{printed}\n")
        assert statement.rows[0].mass_mg == 5_000_000

    @pytest.mark.parametrize("heading", ["Mass (kg)", "mass [kg]", "质量（千克）", "Mass, kg", "contained mass kg"])
    def test_a_unit_in_the_heading(self, heading: str):
        statement = parse(f'reference,date,element,"{heading}"\nA1,2025-11-02,Co,5\n')
        assert statement.rows[0].mass_mg == 5_000_000

    @pytest.mark.parametrize(
        "printed",
        [
            "2025-11-03",
            "2025/11/3",
            "2025.11.03",
            "2025年11月3日",
            "20251103",
            "3-Nov-25",
            "03 November 2025",
            "2025-11-03 00:00:00",
            "２０２５－１１－０３",
        ],
    )
    def test_days(self, printed: str):
        statement = parse(f"reference,date,element,mass,unit\nA1,{printed},Co,5,kg\n")
        assert statement.rejected == ()
        assert statement.rows[0].date == dt.date(2025, 11, 3)

    @pytest.mark.parametrize("printed", ["25/11/2025", "11/25/2025", "25.11.2025"])
    def test_days_that_cannot_be_swapped(self, printed: str):
        statement = parse(f"reference,date,element,mass,unit\nA1,{printed},Co,5,kg\n")
        assert statement.rows[0].date == dt.date(2025, 11, 25)

    def test_returns_without_any_sign_leave_and_the_row_says_so(self):
        statement = parse(
            "reference,date,kind,element,mass,unit\nA,2025-11-02,收货,Co,9,kg\nB,2025-11-03,退回,Co,4,kg\n"
        )
        assert [row.mass_mg for row in statement.rows] == [9_000_000, -4_000_000]
        assert statement.rows[0].notes == ()
        assert "\u22124\u00a0kg" in statement.rows[1].notes[0].en
        assert statement.totals_mg == {"Co": 5_000_000}

    def test_signs_that_are_printed_stand(self):
        statement = parse(
            "reference,date,kind,element,mass,unit\nA,2025-11-02,return,Co,-9,kg\nB,2025-11-03,return,Co,4,kg\n"
        )
        assert [row.mass_mg for row in statement.rows] == [-9_000_000, 4_000_000]

    def test_totals_rows_are_told_apart(self):
        statement = parse("reference,date,element,mass,unit\nA,2025-11-02,Co,9,kg\n合计,,,9,kg\n\nTotal:,,,9,kg\n")
        assert [row.row_number for row in statement.ignored] == [3, 5]
        assert statement.totals_mg == {"Co": 9_000_000}
        assert statement.rejected == ()

    def test_columns_that_are_left_out_are_named(self):
        statement = parse("reference,driver,date,element,mass,unit\nA,Li Wei,2025-11-02,Co,9,kg\n")
        assert [(c.heading, c.column) for c in statement.columns][:2] == [
            ("reference", Column.REFERENCE),
            ("driver", None),
        ]

    def test_a_row_keeps_its_key_wherever_it_stands_and_twins_have_two(self):
        first = parse(
            "reference,date,element,mass,unit\nA,2025-11-02,Co,9,kg\nA,2025-11-02,Co,9,kg\nB,2025-11-02,Co,9,kg\n"
        )
        second = parse("date,unit,mass,element,reference\n2025-11-02,g,9000,钴,B\n2025/11/2,t,.009,Co,A\n")
        keys = [row.key for row in first.rows]
        assert len(set(keys)) == 3
        assert [row.key for row in second.rows] == [keys[2], keys[0]]

    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_the_template_is_understood_whole(self, language: str):
        statement = parse(template_file(language), NOVEMBER)
        assert [(row.reference, row.mass_mg, row.kind) for row in statement.rows] == [
            ("DN-1001", 1_250_125_000, Kind.DELIVERY),
            ("RC-2001", -400_000_000, Kind.RETURN),
        ]
        assert {column.column for column in statement.columns} == set(Column)
        assert statement.rejected == ()


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("row", "column", "code"),
        [
            (",2025-11-02,Co,5,kg", Column.REFERENCE, CellCode.EMPTY),
            ("=HYPERLINK(A1),2025-11-02,Co,5,kg", Column.REFERENCE, CellCode.FORMULA),
            ("@SUM(A1),2025-11-02,Co,5,kg", Column.REFERENCE, CellCode.FORMULA),
            ("-cmd|' /C calc'!A0,2025-11-02,Co,5,kg", Column.REFERENCE, CellCode.FORMULA),
            ("＝1+1,2025-11-02,Co,5,kg", Column.REFERENCE, CellCode.FORMULA),
            ("#REF!,2025-11-02,Co,5,kg", Column.REFERENCE, CellCode.SPREADSHEET_ERROR),
            ("A\x07,2025-11-02,Co,5,kg", Column.REFERENCE, CellCode.CONTROL),
            (f"{'A' * 201},2025-11-02,Co,5,kg", Column.REFERENCE, CellCode.TOO_LONG),
            ("A,03/11/2025,Co,5,kg", Column.DATE, CellCode.AMBIGUOUS_DATE),
            ("A,11/12/2025,Co,5,kg", Column.DATE, CellCode.AMBIGUOUS_DATE),
            ("A,13/13/2025,Co,5,kg", Column.DATE, CellCode.NOT_A_DATE),
            ("A,2025-02-29,Co,5,kg", Column.DATE, CellCode.NOT_A_DATE),
            ("A,45964,Co,5,kg", Column.DATE, CellCode.NOT_A_DATE),
            ("A,,Co,5,kg", Column.DATE, CellCode.EMPTY),
            ("A,########,Co,5,kg", Column.DATE, CellCode.SPREADSHEET_ERROR),
            ("A,2025-11-02,Xx,5,kg", Column.ELEMENT, CellCode.UNKNOWN_ELEMENT),
            ("A,2025-11-02,,5,kg", Column.ELEMENT, CellCode.EMPTY),
            ("A,2025-11-02,Co,,kg", Column.MASS, CellCode.EMPTY),
            ("A,2025-11-02,Co,-,kg", Column.MASS, CellCode.EMPTY),
            ("A,2025-11-02,Co,five,kg", Column.MASS, CellCode.NOT_A_NUMBER),
            ('A,2025-11-02,Co,"48,2",kg', Column.MASS, CellCode.DECIMAL_COMMA),
            ('A,2025-11-02,Co,"48.200,5",kg', Column.MASS, CellCode.DECIMAL_COMMA),
            ("A,2025-11-02,Co,4.82E+04,kg", Column.MASS, CellCode.SCIENTIFIC),
            ("A,2025-11-02,Co,0.0000001,kg", Column.MASS, CellCode.TOO_FINE),
            ("A,2025-11-02,Co,1000000,t", Column.MASS, CellCode.TOO_LARGE),
            ("A,2025-11-02,Co,#N/A,kg", Column.MASS, CellCode.SPREADSHEET_ERROR),
            ("A,2025-11-02,Co,=5,kg", Column.MASS, CellCode.FORMULA),
            ("A,2025-11-02,Co,NaN,kg", Column.MASS, CellCode.NOT_A_NUMBER),
            ("A,2025-11-02,Co,5,", Column.UNIT, CellCode.NO_UNIT),
            ("A,2025-11-02,Co,5,lb", Column.UNIT, CellCode.UNKNOWN_UNIT),
            ("A,2025-11-02,Co,5,Mg", Column.UNIT, CellCode.UNKNOWN_UNIT),
            ("A,2025-11-02,Co,5 t,kg", Column.UNIT, CellCode.TWO_UNITS),
        ],
    )
    def test_cells(self, row: str, column: Column, code: CellCode):
        assert one_problem(row) == (column, code)

    def test_every_cell_of_a_row_is_told_at_once(self):
        (rejected,) = parse("reference,date,element,mass,unit\n,yesterday,Xx,many,lb\n").rejected
        assert [problem.column for problem in rejected.problems] == [
            Column.REFERENCE,
            Column.DATE,
            Column.ELEMENT,
            Column.UNIT,
            Column.MASS,
        ]

    def test_a_good_row_beside_a_bad_one_is_kept(self):
        statement = parse("reference,date,element,mass,unit\nA,2025-11-02,Co,x,kg\nB,2025-11-02,Co,5,kg\n")
        assert [row.reference for row in statement.rows] == ["B"]
        assert [row.row_number for row in statement.rejected] == [2]

    def test_days_outside_the_period(self):
        text = "reference,date,element,mass,unit\nA,2025-10-31,Co,5,kg\nB,2025-11-30,Co,5,kg\nC,2025-12-01,Co,5,kg\n"
        statement = parse(text, NOVEMBER)
        assert [row.reference for row in statement.rows] == ["B"]
        assert [r.problems[0].code for r in statement.rejected] == [CellCode.OUTSIDE_PERIOD] * 2

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", Code.FILE_EMPTY),
            (b" \r\n", Code.FILE_EMPTY),
            (b"PK\x03\x04" + b"\x00" * 40, Code.FILE_NOT_CSV),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Code.FILE_NOT_CSV),
            (b"\x1f\x8b\x08\x00", Code.FILE_NOT_CSV),
            (b"%PDF-1.7\n", Code.FILE_NOT_CSV),
            (b"<!doctype html><p>Sign in</p>", Code.FILE_NOT_CSV),
            (b"reference,date,element,mass\n\x00\x01\x02", Code.FILE_NOT_CSV),
            (b"\xff\xfe\x00\xd8", Code.FILE_ENCODING),
            (b"reference,date\xff\xff,element", Code.FILE_ENCODING),
            (b"hello world\n1,2,3\n", Code.FILE_NO_HEADINGS),
            (b"reference,date,element\nA,2025-11-02,Co\n", Code.FILE_COLUMN_MISSING),
            (b"reference,date,element,gross mass\nA,2025-11-02,Co,5\n", Code.FILE_GROSS_MASS),
            ("编号,日期,元素,湿重（吨）\n".encode(), Code.FILE_GROSS_MASS),
            (b"reference,ref,date,element,mass\n", Code.FILE_COLUMN_TWICE),
            (b'reference,date,element,mass\n"A,2025-11-02,Co,5\n', Code.FILE_BROKEN),
            (b"reference,date,element,mass\n" + b'"' + b"A" * 200_000 + b'"', Code.FILE_BROKEN),
            (b"reference,date" + b"," * 100 + b"\n", Code.FILE_BROKEN),
            (b"reference,date,element,mass\n" + b"A,2025-11-02,Co,5 kg\n" * 20_020, Code.FILE_TOO_MANY_ROWS),
            (b"a" * (5 * 1024 * 1024 + 1), Code.FILE_TOO_LARGE),
        ],
    )
    def test_files(self, data: bytes, code: Code):
        assert refused(data) == code

    def test_nothing_of_a_hostile_cell_reaches_a_sentence_unshortened(self):
        bidi = "A\u202egnp.exe" + "x" * 150
        (rejected,) = parse(f"reference,date,element,mass,unit\nA,{bidi},Co,5,kg\n").rejected
        sentence = rejected.problems[0].text.en
        assert "\u202e" not in sentence
        assert len(sentence) < 120


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_a_reason(data: bytes):
    try:
        statement = parse(data)
    except ReconciliationError as error:
        reason = error.text
    else:
        reason = statement.rejected[0].problems[0].text if statement.rejected else Text("read", "已读取")
    assert reason.en
    assert reason.zh


@given(st.lists(st.text(max_size=12), min_size=5, max_size=5))
def test_any_cells_are_accepted_or_refused_once(cells: list[str]):
    row = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    try:
        statement = parse(f"reference,date,element,mass,unit\n{row}\n".encode("utf-8", "replace"))
    except ReconciliationError:
        return
    seen = len(statement.rows) + len(statement.rejected) + len(statement.ignored)
    assert seen == (1 if any(cell.strip() for cell in cells) else 0)


@given(
    st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1),
    st.sampled_from([("mg", 0), ("g", 3), ("kg", 6), ("t", 9)]),
)
def test_every_milligram_that_is_written_is_read(mass_mg: int, unit: tuple[str, int]):
    name, places = unit
    digits = str(abs(mass_mg)).rjust(places + 1, "0")
    printed = f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}" if places else digits
    sign = "-" if mass_mg < 0 else ""
    statement = parse(f"reference,date,element,mass,unit\nA,2025-11-02,Co,{sign}{printed},{name}\n")
    assert [row.mass_mg for row in statement.rows] == [mass_mg]
