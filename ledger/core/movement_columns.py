"""The columns of a CSV of movements, in English and Chinese, and how each cell is read: exactly, or not at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NoReturn

from ledger.core.entry import MAX_MASS_MG
from ledger.core.errors import LedgerCode, LedgerError

# What stands in the entry, and what names an account; `to_…` is the account that the mass goes to.
ENTRY_COLUMNS = ("kind", "occurred", "reference", "contract", "reason", "corrects", "parties")
AXES = ("owner", "holder", "element", "state", "lot")
TO_AXES = ("to_owner", "to_holder", "to_state", "to_lot")
DETAILS = ("receiver", "expected_by", "shipment", "manifest_sha256", "manifest_root", "serials")
# Each mass column with the decimals after which less than a milligram is left.
MASSES: Mapping[str, int] = {"mass_mg": 0, "mass_g": 3, "mass_kg": 6, "mass_t": 9}
GROUP = "entry"
DOCUMENT = "document:"
COLUMNS = frozenset((*ENTRY_COLUMNS, *AXES, *TO_AXES, *DETAILS, *MASSES, GROUP))
REQUIRED = ("kind", "occurred", *AXES)
DELIMITERS = ",;\t"
MAX_CELL = 1000

_CHINESE: Mapping[str, str] = {
    "类型": "kind",
    "业务类型": "kind",
    "发生日": "occurred",
    "发生日期": "occurred",
    "日期": "occurred",
    "编号": "reference",
    "单号": "reference",
    "单据号": "reference",
    "合同": "contract",
    "合同号": "contract",
    "原因": "reason",
    "更正": "corrects",
    "相关方": "parties",
    "分录": "entry",
    "所有方": "owner",
    "保管方": "holder",
    "元素": "element",
    "状态": "state",
    "批次": "lot",
    "批号": "lot",
    "转入所有方": "to_owner",
    "转入保管方": "to_holder",
    "转入状态": "to_state",
    "转入批次": "to_lot",
    "接收方": "receiver",
    "预计到达": "expected_by",
    "序列号数量": "serials",
    "质量_毫克": "mass_mg",
    "质量_mg": "mass_mg",
    "质量_克": "mass_g",
    "质量_g": "mass_g",
    "质量_千克": "mass_kg",
    "质量_公斤": "mass_kg",
    "质量_kg": "mass_kg",
    "质量_吨": "mass_t",
    "质量_t": "mass_t",
}
_EXCEL_TEXT = re.compile(r'="([^"]*)"')
_EXCEL_ERROR = re.compile(r"#[A-Z0-9/]+[!?]?|#+")
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[T ]0?0:00(?::00(?:\.0+)?)?Z?)?")
_NUMBER = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?")
_SCIENTIFIC = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]+")
_GROUPED = 3  # digits after a point that may as well separate thousands
_SHOWN = 40


def delimiter_of(line: str) -> str:
    """Return the one of comma, semicolon and tab that stands most often in the line of headings."""
    return max(DELIMITERS, key=line.count)


def headings_of(cells: Sequence[str]) -> list[str]:
    """Return the names of the columns; one without a heading is "".

    Raises `malformed` for a heading that means nothing here, stands twice, or is missing.
    """
    names = [_heading(cell) for cell in cells]
    for cell, name in zip(cells, names, strict=True):
        if name and name not in COLUMNS and not name.startswith(DOCUMENT):
            _refuse(f"The heading {shown(cell)} is none of: {', '.join(sorted(COLUMNS))}, document:NAME.")
        if name and names.count(name) > 1:
            _refuse(f"The column {name} stands twice.")
    if missing := [name for name in REQUIRED if name not in names]:
        _refuse(f"There is no column {missing[0]}.")
    if not MASSES.keys() & set(names):
        _refuse(f"There is no column with a mass: {', '.join(MASSES)}.")
    return names


def clean(name: str, cell: str) -> str:
    """Return the cell of a column without what spreadsheets put round it (spaces, `="0012"`, an apostrophe before it).

    Raises `bad-field` for formulas, a spreadsheet's error values, control characters and very long cells.
    """
    if len(cell) > MAX_CELL:
        _refuse_cell(name, f"has {len(cell)} characters; {MAX_CELL} are read")
    text = cell.strip()
    if found := _EXCEL_TEXT.fullmatch(text):
        text = found[1].strip()
    text = text.removeprefix("'")
    if text.startswith(("=", "@")):
        _refuse_cell(name, f"is a formula, {shown(text)}: save values")
    if _EXCEL_ERROR.fullmatch(text):
        _refuse_cell(name, f"is an error of the spreadsheet, {shown(text)}")
    if not text.isprintable() and any(
        unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in text
    ):
        _refuse_cell(name, f"holds a line break or an invisible character: {shown(text)}")
    return text


def day(name: str, text: str) -> str:
    """Return a day, year first (2024-01-31, 2024/1/31, 2024年1月31日), as YYYY-MM-DD; raises `bad-field`."""
    found = _DAY.fullmatch(text)
    if not found:
        _refuse_cell(name, f"is {shown(text)}: write the day as 2024-01-31, the year first")
    return f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}"


def count(name: str, text: str) -> int:
    """Return a whole number from 1; raises `bad-field`."""
    found = _NUMBER.fullmatch(text)
    if not found or found[2] or not 0 < len(found[1]) <= max(MASSES.values()) or found[1] == "0":
        _refuse_cell(name, f"is {shown(text)}: write a whole number")
    return int(found[1])


def mass_mg(name: str, text: str, *, point_is_sure: bool) -> int:
    """Return a mass above zero in mg, exactly; the column's name says its unit.

    Where numbers may be written with a decimal comma (`point_is_sure` is False), `1.500` is refused: it may be 1500.
    Raises `bad-field`.
    """
    found, decimals = _NUMBER.fullmatch(text), MASSES[name]
    if not found:
        _refuse_cell(name, f"is {shown(text)}: {_not_a_number(text)}")
    fraction = found[2] or ""
    if not point_is_sure and len(fraction) == _GROUPED:
        _refuse_cell(
            name, f"is {text}, which may be a number of thousands in a file with semicolons: use another mass column"
        )
    digits = fraction.rstrip("0")
    if len(digits) > decimals or (fraction and not decimals):
        _refuse_cell(name, f"is {shown(text)}, finer than a milligram")
    mass = int(found[1] + digits.ljust(decimals, "0"))
    if not 0 < mass <= MAX_MASS_MG:
        _refuse_cell(name, f"is {shown(text)}: a movement moves more than nothing and at most {MAX_MASS_MG} mg")
    return mass


def shown(text: str) -> str:
    """Return a cell as it may stand in a sentence: short, and without anything that moves a terminal."""
    safe = "".join(" " if unicodedata.category(character).startswith("C") else character for character in text[:_SHOWN])
    return f"“{safe}{'…' if len(text) > _SHOWN else ''}”"


def _not_a_number(text: str) -> str:
    if _SCIENTIFIC.fullmatch(text):
        return "the spreadsheet has cut digits off; format the column as text or as a number without an exponent"
    if "," in text:
        return "write a decimal point, and nothing between thousands"
    if text.startswith(("-", "−")):
        return "a movement goes from an account to another one, its mass is above zero"
    return "write digits with a decimal point"


def _heading(cell: str) -> str:
    text = unicodedata.normalize("NFKC", cell).strip().removeprefix("\ufeff")
    if text.lower().startswith(DOCUMENT):
        return DOCUMENT + text[len(DOCUMENT) :].strip()
    name = re.sub(r"[\s_(\[/]+", "_", text.casefold()).rstrip(")]_")
    return _CHINESE.get(name, name)


def _refuse(sentence: str) -> NoReturn:
    raise LedgerError(LedgerCode.MALFORMED, sentence)


def _refuse_cell(name: str, what: str) -> NoReturn:
    raise LedgerError(LedgerCode.BAD_FIELD, f"The cell {name} {what}.")
