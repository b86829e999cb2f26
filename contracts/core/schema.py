"""Typed terms: one schema a kind, read strictly, every problem told at once in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Generic, TypeVar, cast

from contracts.core.errors import Problem, ProblemCode, TermsError
from contracts.core.numbers import CONTEXT, parse_decimal, text_of

T = TypeVar("T")
EnumType = type[StrEnum]

MAX_TEXT = 200
MAX_ROWS = 5000


class FieldType(StrEnum):
    """The closed set of types a term may have. A money term is an amount in the contract's currency."""

    DECIMAL = "decimal"
    INT = "int"
    DATE = "date"
    ENUM = "enum"
    BOOL = "bool"
    MONEY = "money"
    RATE = "rate"
    TEXT = "text"
    REF = "ref"
    TABLE = "table"
    BLOCK = "block"


NUMBERS = (FieldType.DECIMAL, FieldType.MONEY, FieldType.RATE)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value an enum term may take."""

    value: str
    label_en: str
    label_zh: str


@dataclass(frozen=True, slots=True)
class Field:
    """One term. `choices` belong to an enum, `rows` (a schema) to a table or a block, `unit` to a number.

    `required_if` names another field of the same schema and the values of it that make this one required.
    `default` is a text as a person would type it (a table or a block has none: an optional one that is absent is None,
    an optional table is empty).
    """

    name: str
    type: FieldType
    label_en: str
    label_zh: str
    unit: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    required: bool = True
    required_if: tuple[str, tuple[str, ...]] | None = None
    default: str | None = None
    choices: tuple[Choice, ...] = ()
    rows: Schema[Any] | None = None
    hint_en: str = ""
    hint_zh: str = ""
    clause: str = ""
    group: str = ""
    max_dp: int = 12
    enum: EnumType | None = None


@dataclass(frozen=True, slots=True)
class Schema(Generic[T]):
    """The fields of a set of terms, how to build the frozen value, and what must hold between them."""

    fields: tuple[Field, ...]
    build: Callable[..., T]
    check: Callable[[T], Iterable[Problem]] | None = None

    def field(self, name: str) -> Field:
        """Return a field by name; KeyError where there is none."""
        return next(f for f in self.fields if f.name == name) if name in self.names() else _missing(name)

    def names(self) -> tuple[str, ...]:
        """Return the names of the fields in the order in which a form shows them."""
        return tuple(f.name for f in self.fields)


def _missing(name: str) -> Field:
    raise KeyError(name)


def parse(schema: Schema[T], data: Mapping[str, Any]) -> T:
    """Read terms from JSON-like data into the schema's frozen value.

    Numbers are texts (or whole numbers); full-width digits and thousands separators are normalised; JSON floats are
    refused, because they have already lost digits. Raises TermsError with every problem found.
    """
    problems: list[Problem] = []
    built = _parse_schema(schema, data, "", problems)
    if problems or built is None:
        raise TermsError(tuple(problems))
    return built


def check_terms(schema: Schema[T], data: Mapping[str, Any]) -> tuple[T | None, tuple[Problem, ...]]:
    """Read terms as `parse` does, but give the problems instead of raising; for forms that show both."""
    problems: list[Problem] = []
    built = _parse_schema(schema, data, "", problems)
    return (None if problems else built), tuple(problems)


def _parse_schema(schema: Schema[T], data: object, path: str, problems: list[Problem]) -> T | None:
    if not isinstance(data, Mapping):
        problems.append(_problem(path, ProblemCode.WRONG_TYPE, "needs named terms.", "应为一组有名称的条款。"))
        return None
    before = len(problems)
    for name in data:
        if name not in schema.names():
            text_en, text_zh = "is not a term of this kind; remove it.", "不是此类合同的条款，请删除。"
            problems.append(_problem(f"{path}{name}", ProblemCode.UNKNOWN_FIELD, text_en, text_zh))
    values: dict[str, Any] = {}
    for f in schema.fields:
        values[f.name] = _parse_field(schema, f, data, path, problems)
    if len(problems) > before:
        return None
    built = schema.build(**values)
    if schema.check is not None:
        found = schema.check(built)
        problems.extend(Problem(f"{path}{p.field}", p.code, p.message_en, p.message_zh) for p in found)
    return built if len(problems) == before else None


def _parse_field(schema: Schema[Any], f: Field, data: Mapping[str, Any], path: str, problems: list[Problem]) -> Any:
    given = data.get(f.name)
    if isinstance(given, str):
        given = given.strip()
    if given is None or given == "" or (given == [] and f.type is not FieldType.TABLE):
        given = f.default
    where = f"{path}{f.name}"
    if given is None:
        if _is_required(schema, f, data):
            text_en, text_zh = f"{f.label_en} is missing; give it.", f"缺少{f.label_zh}，请填写。"
            problems.append(Problem(where, ProblemCode.REQUIRED, text_en, text_zh))
        return () if f.type is FieldType.TABLE else None
    if f.type is FieldType.TABLE:
        return _parse_table(f, given, where, problems)
    if f.type is FieldType.BLOCK:
        return _parse_schema(cast("Schema[Any]", f.rows), given, f"{where}.", problems)
    return _parse_scalar(f, given, where, problems)


def _is_required(schema: Schema[Any], f: Field, data: Mapping[str, Any]) -> bool:
    if f.required_if is not None:
        other, values = f.required_if
        return str(data.get(other) or schema.field(other).default or "") in values
    return f.required


def _parse_table(f: Field, given: object, where: str, problems: list[Problem]) -> tuple[Any, ...]:
    if not isinstance(given, list | tuple):
        problems.append(_problem(where, ProblemCode.WRONG_TYPE, "needs a list of rows.", "应为若干行。", f))
        return ()
    if f.required and not given:
        problems.append(_problem(where, ProblemCode.TOO_FEW_ROWS, "needs at least one row.", "至少需要一行。", f))
    if len(given) > MAX_ROWS:
        text_en, text_zh = f"has more than {MAX_ROWS} rows.", f"超过 {MAX_ROWS} 行。"
        problems.append(_problem(where, ProblemCode.TOO_MANY_ROWS, text_en, text_zh, f))
        return ()
    rows = cast("Schema[Any]", f.rows)
    return tuple(_parse_schema(rows, row, f"{where}.{n}.", problems) for n, row in enumerate(given))


def _parse_scalar(f: Field, given: object, where: str, problems: list[Problem]) -> Any:
    if isinstance(given, float):
        text_en = "was given as a floating-point number; write it in quotes so that no digit is lost."
        problems.append(_problem(where, ProblemCode.FLOAT, text_en, "以浮点数给出，请加引号以免丢失数字。", f))
        return None
    if f.type in NUMBERS or f.type is FieldType.INT:
        return _parse_number(f, given, where, problems)
    if f.type is FieldType.BOOL:
        return _parse_bool(f, given, where, problems)
    if not isinstance(given, str | date):
        problems.append(_problem(where, ProblemCode.WRONG_TYPE, "needs a text.", "应为文本。", f))
        return None
    if f.type in (FieldType.DATE, FieldType.ENUM):
        read: Callable[..., Any] = _parse_date if f.type is FieldType.DATE else _parse_enum
        return read(f, given, where, problems)
    if len(str(given)) > MAX_TEXT:
        text_en, text_zh = f"is longer than {MAX_TEXT} characters.", f"超过 {MAX_TEXT} 个字符。"
        problems.append(_problem(where, ProblemCode.TOO_LONG, text_en, text_zh, f))
    return str(given)


def _parse_number(f: Field, given: object, where: str, problems: list[Problem]) -> Decimal | int | None:
    if isinstance(given, bool) or not isinstance(given, str | int | Decimal):
        problems.append(_problem(where, ProblemCode.WRONG_TYPE, "needs a number.", "应为数字。", f))
        return None
    number = parse_decimal(str(given))
    if number is None:
        text_en = f"is {given!r}, which is not a number such as 1,250.125."
        text_zh = f"“{given}”不是数字，例如 1,250.125。"
        problems.append(_problem(where, ProblemCode.NOT_A_NUMBER, text_en, text_zh, f))
        return None
    limit = 0 if f.type is FieldType.INT else f.max_dp
    if number != number.quantize(Decimal(1).scaleb(-limit), context=CONTEXT):
        text_en, text_zh = f"may have at most {limit} digits after the point.", f"小数位最多 {limit} 位。"
        problems.append(_problem(where, ProblemCode.TOO_PRECISE, text_en, text_zh, f))
        return None
    if f.minimum is not None and number < f.minimum:
        text_en, text_zh = f"is {number}; the least is {f.minimum}.", f"为 {number}，不得小于 {f.minimum}。"
        problems.append(_problem(where, ProblemCode.TOO_SMALL, text_en, text_zh, f))
    if f.maximum is not None and number > f.maximum:
        text_en, text_zh = f"is {number}; the most is {f.maximum}.", f"为 {number}，不得大于 {f.maximum}。"
        problems.append(_problem(where, ProblemCode.TOO_LARGE, text_en, text_zh, f))
    return int(number) if f.type is FieldType.INT else number


_BOOLS = {"true": True, "on": True, "yes": True, "1": True, "是": True}
_BOOLS |= {"false": False, "off": False, "no": False, "0": False, "否": False}


def _parse_bool(f: Field, given: object, where: str, problems: list[Problem]) -> bool | None:
    found = given if isinstance(given, bool) else _BOOLS.get(str(given).lower())
    if found is None:
        problems.append(_problem(where, ProblemCode.WRONG_TYPE, "needs yes or no.", "应为是或否。", f))
    return found


def _parse_date(f: Field, given: str | date, where: str, problems: list[Problem]) -> date | None:
    if isinstance(given, date):
        return given
    try:
        # `fromisoformat` also reads 20240131 and 2024-W05-3, which people do not mean.
        return date.fromisoformat(given if len(given) == len("2024-01-31") and "W" not in given else "")
    except ValueError:
        text_en, text_zh = f"is {given!r}; write a date as 2024-01-31.", f"“{given}”不是日期，请写作 2024-01-31。"
        problems.append(_problem(where, ProblemCode.NOT_A_DATE, text_en, text_zh, f))
        return None


def _parse_enum(f: Field, given: str | date, where: str, problems: list[Problem]) -> Any:
    allowed = [c.value for c in f.choices]
    if given not in allowed:
        text_en = f"is {given!r}; choose one of {', '.join(allowed)}."
        text_zh = f"为“{given}”，请从 {'、'.join(allowed)} 中选择。"
        problems.append(_problem(where, ProblemCode.NOT_A_CHOICE, text_en, text_zh, f))
        return None
    return f.enum(str(given)) if f.enum is not None else str(given)


def _problem(where: str, code: ProblemCode, text_en: str, text_zh: str, f: Field | None = None) -> Problem:
    name_en = f.label_en if f else where.rstrip(".") or "The document"
    name_zh = f.label_zh if f else where.rstrip(".") or "文件"
    return Problem(where.rstrip("."), code, f"{name_en} {text_en}", f"{name_zh}：{text_zh}")


def dump(terms: Any) -> dict[str, Any]:
    """Return frozen terms as JSON-able data from which `parse` builds an equal value: decimals as texts, no None."""
    out: dict[str, Any] = {}
    for f in fields(terms):
        value = getattr(terms, f.name)
        if value is not None:
            out[f.name] = _dump_value(value)
    return out


def _dump_value(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return dump(value)
    if isinstance(value, tuple):
        return [_dump_value(v) for v in value]
    return value if isinstance(value, bool) else _dump_scalar(value)


def _dump_scalar(value: Any) -> str:
    if isinstance(value, Decimal):
        return text_of(value)
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, date) else str(value)


def choices_of(members: type[StrEnum], labels: Mapping[str, tuple[str, str]]) -> tuple[Choice, ...]:
    """Return the choices of an enum in its own order; every member must have a label in both languages."""
    return tuple(Choice(m.value, *labels[m.value]) for m in members)
