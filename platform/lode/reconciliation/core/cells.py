"""Reading one cell of a partner's file: exact, strict about doubt, with the reason in both languages.

Nothing is evaluated, nothing is guessed: a cell that could mean two things is refused, and says which two.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from enum import StrEnum

from lode.reconciliation.core.headings import AMBIGUOUS_UNITS, ELEMENT_WORDS, UNIT_MG, word
from lode.reconciliation.core.values import Text

MAX_CELL_CHARACTERS = 200
MAX_MASS_MG = 10**15 - 1  # just under a million tonnes in one row: more is a slip, and sums stay inside 64 bits
_MAX_SHOWN = 40
_MINUS_SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2014": "-", "\ufe63": "-", "，": ",", "．": "."})
_NUMBER = re.compile(r"(?:(\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)(?:\.(\d+))?|\.(\d+))")
_WITH_UNIT = re.compile(r"(.*?[\d)])\s*([A-Za-z]{1,9}|毫克|克|千克|公斤|吨|公吨)")
_EXCEL_TEXT = re.compile(r'="([^"]*)"')
_EXCEL_ERROR = re.compile(r"#(?:REF|VALUE|DIV/0|NAME|NUM|NULL|N/A|SPILL|CALC)[!?]?|#+", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d+")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_NAMED_MONTH = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3,9})[- ,]{1,2}(\d{4}|\d{2})")
_MIDNIGHT = re.compile(r"[T ]0?0:00(?::00(?:\.0+)?)?Z?$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class CellCode(StrEnum):
    """Why a cell was refused; never renamed."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    CONTROL = "control-characters"
    FORMULA = "formula"
    SPREADSHEET_ERROR = "spreadsheet-error"
    NOT_A_NUMBER = "not-a-number"
    DECIMAL_COMMA = "decimal-comma"
    SCIENTIFIC = "scientific"
    TOO_FINE = "finer-than-a-milligram"
    TOO_LARGE = "too-large"
    NOT_A_DATE = "not-a-date"
    AMBIGUOUS_DATE = "ambiguous-date"
    OUTSIDE_PERIOD = "outside-period"
    NO_UNIT = "no-unit"
    UNKNOWN_UNIT = "unknown-unit"
    TWO_UNITS = "two-units"
    UNKNOWN_ELEMENT = "unknown-element"


class CellError(Exception):
    """A cell that was not understood: `code` for machines, `text` for people."""

    def __init__(self, code: CellCode, text: Text) -> None:
        super().__init__(text.en)
        self.code = code
        self.text = text


def shown(raw: str) -> str:
    """Return a cell as it may be repeated in a sentence: short, and without anything that moves a terminal."""
    safe = "".join(" " if unicodedata.category(character).startswith("C") else character for character in raw)
    safe = " ".join(safe.split())
    return safe if len(safe) <= _MAX_SHOWN else safe[: _MAX_SHOWN - 1] + "…"


def clean(raw: str) -> str:
    """Return a cell's text: NFKC, plain minus, spaces collapsed, invisible format marks taken out.

    Undoes what spreadsheets put round text (`="0012"`, a leading apostrophe). Raises CellError `too-long`,
    `control-characters`, `formula`.
    """
    if len(raw) > MAX_CELL_CHARACTERS:
        count = len(raw)
        raise CellError(
            CellCode.TOO_LONG,
            Text(
                f"The cell holds {count:,} characters; {MAX_CELL_CHARACTERS} are read.",
                f"单元格有 {count:,} 个字符，最多读取 {MAX_CELL_CHARACTERS} 个。",
            ),
        )
    text = unicodedata.normalize("NFKC", raw).translate(_MINUS_SIGNS)
    text = " ".join("".join(c for c in text if unicodedata.category(c) != "Cf").split())
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise CellError(CellCode.CONTROL, Text("The cell holds control characters.", "单元格含有控制字符。"))
    if quoted := _EXCEL_TEXT.fullmatch(text):
        text = quoted.group(1).strip()
    text = text.removeprefix("'")
    if text.startswith(("=", "@", "+=", "-=")) or re.match(r"[+-][A-Za-z@(]", text):
        raise CellError(
            CellCode.FORMULA,
            Text(
                f"“{shown(text)}” is a formula; formulas are never evaluated. Write the value.",
                f"“{shown(text)}”是公式，系统不会计算公式，请直接填写数值。",
            ),
        )
    if _EXCEL_ERROR.fullmatch(text):
        raise CellError(
            CellCode.SPREADSHEET_ERROR,
            Text(
                f"“{shown(text)}” is an error or a narrow column of the spreadsheet, not a value.",
                f"“{shown(text)}”是电子表格的错误值或列宽不足，不是数据。",
            ),
        )
    return text


def read_text(raw: str) -> str:
    """Read a reference or a lot. Raises CellError."""
    text = clean(raw)
    if not text:
        raise CellError(CellCode.EMPTY, Text("The cell is empty.", "单元格为空。"))
    return text


def read_unit(raw: str) -> int:
    """Return the milligrams in one unit. Raises CellError `no-unit`, `unknown-unit`."""
    text = clean(raw)
    if not text:
        raise CellError(
            CellCode.NO_UNIT,
            Text("No unit is given; write mg, g, kg or t.", "未注明单位，请填写 mg、g、kg 或 t。"),
        )
    factor_mg = UNIT_MG.get(word(text))
    if factor_mg is None or text.strip(". ") in AMBIGUOUS_UNITS:
        raise CellError(
            CellCode.UNKNOWN_UNIT,
            Text(
                f"“{shown(text)}” is not a unit that we read; write mg, g, kg or t.",
                f"无法识别单位“{shown(text)}”，请填写 mg、g、kg 或 t。",
            ),
        )
    return factor_mg


def split_unit(raw: str) -> tuple[str, str]:
    """Part a mass from the unit written behind it: `48,200 kg` is (`48,200`, `kg`)."""
    found = _WITH_UNIT.fullmatch(clean(raw))
    return (found.group(1), found.group(2)) if found else (raw, "")


def read_mass(raw: str, factor_mg: int) -> int:
    """Return milligrams, exactly. Raises CellError; a fraction of a milligram is refused, never rounded."""
    text = clean(raw)
    if not text or text == "-":
        raise CellError(CellCode.EMPTY, Text("No mass is given.", "未填写质量。"))
    sign, digits = _signed(text)
    number = _NUMBER.fullmatch(digits)
    if number is None:
        raise _not_a_number(text)
    whole = re.sub(r"[ ,]", "", number.group(1) or "0")
    fraction = (number.group(2) or number.group(3) or "").rstrip("0")
    scaled = int(whole + fraction) * factor_mg
    parts: int = 10 ** len(fraction)
    mass_mg, rest = divmod(scaled, parts)
    if rest:
        raise CellError(
            CellCode.TOO_FINE,
            Text(
                f"“{shown(text)}” is finer than a milligram, the unit of the ledger.",
                f"“{shown(text)}”小于账本的最小单位毫克。",
            ),
        )
    if mass_mg > MAX_MASS_MG:
        raise CellError(
            CellCode.TOO_LARGE,
            Text(
                f"“{shown(text)}” is a million tonnes or more; check the unit.",
                f"“{shown(text)}”达到或超过一百万吨，请检查单位。",
            ),
        )
    return sign * mass_mg


def _signed(text: str) -> tuple[int, str]:
    """Part the sign: a leading or trailing minus, or the brackets of accountants."""
    if text.startswith("(") and text.endswith(")"):
        return -1, text[1:-1].strip()
    if text[0] in "+-":
        return (-1 if text[0] == "-" else 1), text[1:].strip()
    if text.endswith("-"):
        return -1, text[:-1].strip()
    return 1, text


def _not_a_number(text: str) -> CellError:
    if _SCIENTIFIC.fullmatch(text):
        return CellError(
            CellCode.SCIENTIFIC,
            Text(
                f"“{shown(text)}” was shortened by the spreadsheet and has lost digits; write all of them.",
                f"“{shown(text)}”被电子表格缩写，位数已丢失，请写出全部数字。",
            ),
        )
    if re.fullmatch(r"[+-]?\d+(\.\d{3})*,\d+", text):
        return CellError(
            CellCode.DECIMAL_COMMA,
            Text(
                f"“{shown(text)}” can be read in two ways; write the decimals behind a point.",
                f"“{shown(text)}”有两种读法，请用小数点表示小数。",
            ),
        )
    return CellError(CellCode.NOT_A_NUMBER, Text(f"“{shown(text)}” is not a number.", f"“{shown(text)}”不是数字。"))


def read_date(raw: str) -> dt.date:
    """Return a day. Raises CellError `ambiguous-date` where day and month could be swapped, `not-a-date` else."""
    text = _MIDNIGHT.sub("", clean(raw))
    if not text:
        raise CellError(CellCode.EMPTY, Text("No date is given.", "未填写日期。"))
    if found := (_YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)):
        year, month, day = (int(part) for part in found.groups())
        return _day(text, year, month, day)
    if found := _NAMED_MONTH.fullmatch(text):
        name = found.group(2)[:3].lower()
        if name in _MONTHS:
            year = int(found.group(3))
            return _day(text, year if year > 99 else 2000 + year, _MONTHS.index(name) + 1, int(found.group(1)))  # noqa: PLR2004 - two-digit years
    if found := _YEAR_LAST.fullmatch(text):
        first, second, year = (int(part) for part in found.groups())
        if first != second and max(first, second) <= 12:  # noqa: PLR2004 - months of a year
            raise CellError(
                CellCode.AMBIGUOUS_DATE,
                Text(
                    f"“{shown(text)}” can be read in two ways; write the year first, as in 2025-11-03.",
                    f"“{shown(text)}”的日和月可以互换，请按 2025-11-03 的格式填写。",
                ),
            )
        return _day(text, year, min(first, second), max(first, second))
    raise _not_a_date(text)


def _day(text: str, year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise _not_a_date(text) from None


def _not_a_date(text: str) -> CellError:
    return CellError(
        CellCode.NOT_A_DATE,
        Text(
            f"“{shown(text)}” is not a day; write it as in 2025-11-03.",
            f"“{shown(text)}”不是日期，请按 2025-11-03 的格式填写。",
        ),
    )


def read_element(raw: str, elements: frozenset[str]) -> str:
    """Return the element that a symbol or a name means, of those that the ledger keeps. Raises CellError."""
    text = clean(raw)
    if not text:
        raise CellError(CellCode.EMPTY, Text("No element is given.", "未填写元素。"))
    if text in elements:
        return text
    for element in sorted(elements):
        if word(text) == word(element) or word(text) in ELEMENT_WORDS.get(element, ()):
            return element
    known = ", ".join(sorted(elements))
    raise CellError(
        CellCode.UNKNOWN_ELEMENT,
        Text(
            f"“{shown(text)}” is not an element of this reconciliation ({known}).",
            f"“{shown(text)}”不在本次对账的元素范围内（{known}）。",
        ),
    )
