"""A CSV of movements becomes entries: exactly, always the same ones, or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import tracemalloc
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core import movement_columns
from ledger.core.entry import MAX_LEGS, Account, Entry, Leg, encode, entry_id, net_legs
from ledger.core.movements_csv import MAX_ACCOUNTS, Drafted, RowError, read
from tests.ledger.builder import loop_book

BOOK = "ledger.example/a"
HEAD = "kind,occurred,reference,owner,holder,element,state,lot,to_holder,to_state,to_lot,mass_kg"
CHINESE = "类型,日期,单号,所有方,保管方,元素,状态,批次,转入保管方,转入状态,转入批次,质量（千克）"
SHIP = "ship,2024-01-05,DN-1,acme,acme,Ni,stock,lot-1,,transit,,1.5"


def rows_of(text: str) -> list[Drafted | RowError]:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return list(read(io.StringIO(text, newline=""), book=BOOK, digest=digest))


def entries_of(text: str) -> list[Entry]:
    found = rows_of(text)
    assert [item for item in found if isinstance(item, RowError)] == []
    return [item.entry for item in found if isinstance(item, Drafted)]


def errors_of(text: str) -> list[str]:
    return [str(item) for item in rows_of(text) if isinstance(item, RowError)]


def wrong(head: str, row: str) -> str:
    (error,) = errors_of(f"{head}\n{row}\n")
    return error


def test_a_delivery_note() -> None:
    text = f"{HEAD}\n{SHIP}\nship,2024-01-05,DN-1,acme,acme,Co,stock,lot-1,,transit,,0.25\n"
    (entry,) = entries_of(text)
    assert entry == Entry(
        kind="ship",
        book=BOOK,
        nonce=f"csv/{hashlib.sha256(text.encode()).hexdigest()}/2",
        occurred="2024-01-05",
        reference="DN-1",
        legs=(
            Leg("acme", "acme", "Co", "stock", "lot-1", -250_000),
            Leg("acme", "acme", "Co", "transit", "lot-1", 250_000),
            Leg("acme", "acme", "Ni", "stock", "lot-1", -1_500_000),
            Leg("acme", "acme", "Ni", "transit", "lot-1", 1_500_000),
        ),
    )


def test_every_column() -> None:
    head = (
        "entry,kind,occurred,reference,contract,reason,corrects,parties,owner,holder,element,state,lot,to_owner,"
        "to_holder,to_state,to_lot,mass_mg,serials,manifest_sha256,manifest_root,receiver,expected_by,shipment,"
        "document:assay"
    )
    digest = "ab" * 32
    row = (
        f"E1,embody,2024-02-01,B-1,C-1,Because.,{digest},zeta; acme,acme,plant,Ni,process,b-1,,,product,p-1,7,12,"
        f"{digest},{digest},plant,2024-02-09,{digest},{digest}"
    )
    (entry,) = entries_of(f"{head}\n{row}\n")
    assert (entry.kind, entry.contract, entry.reason, entry.corrects) == ("embody", "C-1", "Because.", digest)
    assert entry.parties == ("acme", "zeta")
    assert entry.documents == {"assay": digest}
    assert entry.details == {
        "receiver": "plant", "expected_by": "2024-02-09", "shipment": digest,
        "manifest_sha256": digest, "manifest_root": digest, "serials": 12,
    }  # fmt: skip
    assert entry.legs == (
        Leg("acme", "plant", "Ni", "process", "b-1", -7),
        Leg("acme", "plant", "Ni", "product", "p-1", 7),
    )


@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: text.replace("\n", ",,,\n"),
        lambda text: text + ",,,,,,,,,,,\n\n,,,\n",
        lambda text: text.replace("2024-01-05", "2024/1/5"),
        lambda text: text.replace("2024-01-05", "2024-01-05 00:00:00"),
        lambda text: text.replace("2024-01-05", "2024年1月5日"),
        lambda text: text.replace("DN-1", '"=""DN-1"""'),
        lambda text: text.replace("DN-1", "'DN-1"),
        lambda text: text.replace("DN-1", "  DN-1 "),
        lambda text: "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in text.split("\n")[:-1]),
        lambda text: text.replace("mass_kg", "Mass (kg)").replace("to_holder", "To Holder"),
        lambda text: text.replace("mass_kg", "mass_g").replace("1.5", "1500.0"),
        lambda text: text.replace("mass_kg", "mass_mg").replace("1.5", "1500000"),
        lambda text: text.replace("mass_kg", "mass_t").replace("1.5", "0.0015"),
        lambda text: text.replace(HEAD, CHINESE),
    ],
    ids=range(18),
)  # fmt: skip
def test_what_spreadsheets_do_to_it_changes_nothing(disguise) -> None:
    text = f"{HEAD}\n{SHIP}\n"
    (plain,) = entries_of(text)
    assert disguise(text) != text
    (entry,) = entries_of(disguise(text))
    assert same(entry, plain)


def same(left: Entry, right: Entry) -> bool:
    return encode(left).replace(left.nonce.encode(), b"") == encode(right).replace(right.nonce.encode(), b"")


@pytest.mark.parametrize(
    ("cell", "of", "why"),
    [
        ("1,5", "mass_kg", "write a decimal point"),
        ("-1.5", "mass_kg", "from an account to another"),
        ("1.5E+06", "mass_kg", "has cut digits off"),
        ("1.0000001", "mass_kg", "finer than a milligram"),
        ("0", "mass_kg", "more than nothing"),
        ("0.0000000", "mass_kg", "more than nothing"),
        ("01", "mass_kg", "write digits"),
        ("１", "mass_kg", "write digits"),
        ("1 kg", "mass_kg", "write digits"),
        ("#REF!", "mass_kg", "an error of the spreadsheet"),
        ("###", "mass_kg", "an error of the spreadsheet"),
        ("", "mass_kg", "no mass"),
        ("1000000000000", "mass_kg", "at most 999999999999999999 mg"),
        ("05.01.2024", "occurred", "the year first"),
        ("1/5/2024", "occurred", "the year first"),
        ("2024-13-05", "occurred", "not in the calendar"),
        ("45296", "occurred", "the year first"),
        ("2024-01-05 08:00:00", "occurred", "the year first"),
        ("", "occurred", "The cell occurred is blank"),
        ("Acme", "owner", "does not have the form"),
        ("acme/x", "owner", "does not have the form"),
        ("nickel", "element", "does not have the form"),
        ("shelf", "state", "is not a state"),
        ("fly", "kind", "no entries of kind"),
        ("=HYPERLINK(A1)", "reference", "is a formula"),
        ("@SUM(A1)", "reference", "is a formula"),
        ("a\x00b", "reference", "invisible character"),
        ("a\u202eb", "reference", "invisible character"),
        ("x" * 1001, "reference", "1001 characters"),
        ("x" * 401, "reference", "1 to 400 characters"),
        ("product", "to_state", "gives nothing to the state product"),
        ("stock", "to_state", "to the same one"),
    ],
    ids=range(32),
)
def test_a_cell_that_is_not_sure_is_refused_with_its_row(cell: str, of: str, why: str) -> None:
    names, cells = HEAD.split(","), SHIP.split(",")
    cells[names.index(of)] = cell
    out = io.StringIO()
    csv.writer(out).writerows([names, SHIP.split(","), cells])
    (error,) = errors_of(out.getvalue())
    assert error.startswith(("Row 3: ", "Rows 2 to 3: "))
    assert why in error


def test_a_point_is_not_sure_where_commas_may_be_decimal() -> None:
    text = f"{HEAD}\n{SHIP}\n".replace(",", ";")
    assert "may be a number of thousands" in errors_of(text.replace("1.5", "1.500"))[0]
    assert "may be a number of thousands" not in "".join(errors_of(text.replace("1.5", "1.50")))
    assert errors_of(f"{HEAD}\n{SHIP}\n".replace("1.5", "1.500")) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Row 1: There is no column kind."),
        ("\n", "Row 1: There is no column kind."),
        (HEAD.replace("lot,", "lots,", 1), "The heading “lots” is none of"),
        (HEAD.replace("mass_kg", "mass_lb"), "The heading “mass_lb” is none of"),
        (HEAD.replace(",mass_kg", ""), "There is no column with a mass"),
        (HEAD + ",reference", "The column reference stands twice"),
        (HEAD + ",编号", "The column reference stands twice"),
    ],
    ids=range(7),
)
def test_headings_that_mean_nothing_are_refused(text: str, why: str) -> None:
    (error,) = errors_of(f"{text}\n{SHIP}\n" if text.strip() else text)
    assert why in error


def test_structure_that_cannot_be_read() -> None:
    assert "stands under no heading" in wrong(HEAD, SHIP + ",more")
    assert "has 2 masses" in wrong(HEAD + ",mass_mg", SHIP + ",5")
    (error,) = errors_of(f'{HEAD}\n{SHIP}\nship,"2024')
    assert error.startswith("Row 3: The file cannot be read from here on: unexpected end of data.")
    assert "cannot be read from here on" in errors_of(f'{HEAD}\n"a"b{SHIP}\n')[0]
    assert "cannot be read from here on" in errors_of(f'{HEAD}\n"{"x" * 200_000}",{SHIP}\n')[0]


def test_every_row_that_is_wrong_is_told() -> None:
    text = (
        f"{HEAD}\n{SHIP}\n{SHIP.replace('1.5', '0')}\n\n{SHIP.replace('Ni', 'ni')}\n{SHIP.replace('ship', 'x')}\n{SHIP}"
    )
    assert [error.split(":")[0] for error in errors_of(text)] == ["Row 3", "Row 5", "Row 6"]


def movement(number: int, **more: str) -> str:
    said = dict(zip(HEAD.split(","), SHIP.split(","), strict=True)) | {"lot": f"lot-{number}"} | more
    return ",".join(said.values())


def test_rows_that_agree_make_one_entry_up_to_two_hundred_accounts() -> None:
    text = "\n".join([HEAD, *(movement(number) for number in range(250)), movement(1, reference="DN-2"), movement(2)])
    drafted = rows_of(text)
    assert [(item.first_row, item.last_row, len(item.entry.legs)) for item in drafted] == [
        (2, 101, MAX_ACCOUNTS),
        (102, 201, MAX_ACCOUNTS),
        (202, 251, 100),
        (252, 252, 2),
        (253, 253, 2),
    ]
    assert len({entry_id(encode(item.entry)) for item in drafted}) == 5
    assert [encode(entry) for entry in entries_of(text)] == [encode(item.entry) for item in drafted]


def test_an_entry_of_two_hundred_accounts_with_the_longest_names_fits() -> None:
    long = {"owner": "o" * 40, "holder": "h" * 40, "element": "Xx-" + "y" * 12, "mass_kg": "999999999999"}
    rows = [movement(0, lot=f"{number:040d}", reference="电" * 400, **long) for number in range(100)]
    (entry,) = entries_of("\n".join([HEAD, *rows]))
    assert len(entry.legs) == MAX_ACCOUNTS


def test_rows_of_a_named_entry_stay_together_and_must_agree() -> None:
    head = f"entry,{HEAD}"
    text = "\n".join([head, *(f"E1,{movement(number)}" for number in range(200)), f"E2,{movement(1)}"])
    assert [len(entry.legs) for entry in entries_of(text)] == [MAX_LEGS, 2]
    text = "\n".join([head, *(f"E1,{movement(number)}" for number in range(201))])
    assert errors_of(text) == [
        "Row 202: With it the entry that begins in row 2 moves more than 400 accounts. [bad-leg]"
    ]
    text = "\n".join([head, f"E1,{movement(1)}", f"E1,{movement(2, reference='')}"])
    assert errors_of(text) == ["Row 3: It says another reference than row 2, which is of the same entry. [bad-field]"]
    text = "\n".join([head, f"E1,{movement(1)}", f",{movement(2)}", f",{movement(3)}"])
    assert [len(entry.legs) for entry in entries_of(text)] == [2, 4]


def test_movements_that_cancel_move_nothing() -> None:
    head = HEAD.replace("to_holder", "to_owner")
    there = "title,2024-01-05,X,acme,acme,Ni,stock,lot-1,beta,,,1"
    back = "title,2024-01-05,X,beta,acme,Ni,stock,lot-1,acme,,,1"
    assert "moves mineral and so has legs" in errors_of(f"{head}\n{there}\n{back}\n")[0]


def test_another_file_gives_other_entries() -> None:
    first, second = (entries_of(text)[0] for text in (f"{HEAD}\n{SHIP}\n", f"{HEAD}\n{SHIP}\n\n"))
    assert same(first, second)
    assert first.nonce != second.nonce


# --- the inverse: entries written as movements are read as they were -------------------------------------------------

ALL = [*movement_columns.ENTRY_COLUMNS, *movement_columns.DETAILS, "entry", *movement_columns.AXES]
ALL += [*movement_columns.TO_AXES, "mass_mg"]


def movements_of(legs: Iterable[Leg]) -> Iterator[tuple[Account, Account, int]]:
    """Split legs that sum to zero into movements: what the first debit gives, the first credit takes."""
    by_element: dict[str, list[Leg]] = {}
    for leg in legs:
        by_element.setdefault(leg.element, []).append(leg)
    for group in by_element.values():
        debits = [[leg.account, -leg.mass_mg] for leg in group if leg.mass_mg < 0]
        gains = [[leg.account, leg.mass_mg] for leg in group if leg.mass_mg > 0]
        while debits:
            mass = min(debits[0][1], gains[0][1])
            yield debits[0][0], gains[0][0], mass
            for side in (debits, gains):
                side[0][1] -= mass
                if not side[0][1]:
                    side.pop(0)


def written(entries: Iterable[Entry]) -> str:
    entries = list(entries)
    documents = sorted({f"document:{name}" for entry in entries for name in entry.documents})
    out = io.StringIO()
    sheet = csv.DictWriter(out, [*ALL, *documents], restval="")
    sheet.writeheader()
    for number, entry in enumerate(entries):
        said = {name: getattr(entry, name) or "" for name in movement_columns.ENTRY_COLUMNS}
        said |= {"parties": " ".join(entry.parties), "entry": f"E{number}", **entry.details}
        said |= {f"document:{name}": digest for name, digest in entry.documents.items()}
        for source, target, mass in movements_of(entry.legs):
            to = {f"to_{axis}": value for axis, value in target._asdict().items() if axis != "element"}
            sheet.writerow({**said, **source._asdict(), **to, "mass_mg": str(mass)})
    return out.getvalue()


def without_nonce(entry: Entry) -> tuple[object, ...]:
    fields = (entry.kind, entry.occurred, net_legs(entry.legs), entry.parties, entry.contract, entry.reference)
    return (*fields, entry.reason, entry.corrects, dict(entry.documents), dict(entry.details))


def test_the_movements_of_every_kind_are_read_as_they_were() -> None:
    moved = [entry for entry in loop_book().entries if entry.legs]
    assert len({entry.kind for entry in moved}) == 15
    assert [without_nonce(entry) for entry in entries_of(written(moved))] == [without_nonce(entry) for entry in moved]


NAMES = st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="=@'#"), min_size=1)
ACCOUNTS = st.builds(Account, NAMES, NAMES, st.sampled_from(["Ni", "Co"]), st.just("stock"), NAMES)


@given(st.lists(st.tuples(ACCOUNTS, ACCOUNTS, st.integers(1, 10**15), TEXTS), min_size=1, max_size=6))
def test_adjustments_of_any_shape_are_read_as_they_were(moves: list[tuple[Account, Account, int, str]]) -> None:
    made = []
    for source, other, mass, text in moves:
        target = other._replace(element=source.element)
        if source == target:
            continue
        legs = net_legs([Leg(*source, -mass), Leg(*target, mass)])
        made.append(Entry("adjustment", BOOK, "n", "2024-01-05", legs, reason=text[:400], reference=text[:400]))
    assert [without_nonce(entry) for entry in entries_of(written(made))] == [without_nonce(entry) for entry in made]


def test_memory_does_not_grow_with_the_file() -> None:
    def lines(count: int) -> Iterator[str]:
        yield HEAD + "\n"
        for number in range(count):
            yield movement(number % 300, reference=f"DN-{number // 50}") + "\n"

    peaks = []
    for count in (2_000, 8_000):
        tracemalloc.start()
        drafted = sum(isinstance(item, Drafted) for item in read(lines(count), book=BOOK, digest="0" * 64))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert drafted == count // 50
    assert peaks[1] < peaks[0] + 50_000
