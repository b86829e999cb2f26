"""The terms of a kind as a Markdown table, for the manual: unit, limits, default, and the clause that each feeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contracts.core.numbers import text_of
from contracts.core.schema import Field, FieldType, Schema


def markdown_table(schema: Schema[Any]) -> str:
    """Return one row a term, terms of blocks and tables below theirs with a dotted name."""
    head = "| term | meaning | type | unit | limits | default | clause |\n| --- | --- | --- | --- | --- | --- | --- |\n"
    return head + "".join(_row(path, field) for path, field in _walk(schema, ""))


def _walk(schema: Schema[Any], path: str) -> Iterator[tuple[str, Field]]:
    for field in schema.fields:
        yield f"{path}{field.name}", field
        if field.rows is not None:
            yield from _walk(field.rows, f"{path}{field.name}.")


def _row(path: str, field: Field) -> str:
    cells = (f"`{path}`", field.label_en, _type(field), field.unit, _limits(field), _default(field), field.clause)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _type(field: Field) -> str:
    few = 8
    if field.type is FieldType.ENUM and len(field.choices) <= few:
        return " · ".join(choice.value for choice in field.choices)
    return field.type.value


def _limits(field: Field) -> str:
    low = text_of(field.minimum) if field.minimum is not None else ""
    high = text_of(field.maximum) if field.maximum is not None else ""
    return f"{low} to {high}".strip() if low and high else (f"at least {low}" if low else high and f"at most {high}")


def _default(field: Field) -> str:
    if field.default is not None:
        return field.default
    if field.required_if is not None:
        return f"required if {field.required_if[0]} is {' or '.join(field.required_if[1])}"
    return "required" if field.required else "optional"
