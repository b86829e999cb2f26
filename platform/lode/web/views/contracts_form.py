"""The form of terms, generated from a kind's schema: what each input shows, and what a sent form says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from contracts.core.errors import Problem
from contracts.core.schema import Field, FieldType, Schema
from contracts.core.text import Clause
from contracts.selectors import kind_of
from lode.web.formats import number
from lode.web.views.contracts_words import chinese, group_word, label_of, said, unit_word

MAX_SENT_ROWS = 1000
YES = frozenset({"true", "yes", "on", "1", "是"})
NUMBERS = (FieldType.DECIMAL, FieldType.MONEY, FieldType.RATE, FieldType.INT)
Terms = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """A term of the form. `shape` says how to draw it: text, number, date, choice, check, table, block."""

    shape: str
    path: str
    label: str
    value: str = ""
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    problems: tuple[str, ...] = ()
    clauses: tuple[tuple[str, str], ...] = ()
    nodes: tuple[Node, ...] = ()
    more: tuple[Node, ...] = ()
    rows: tuple[RowNode, ...] = ()

    @property
    def id(self) -> str:
        """The id of the input, which clauses and error summaries link to."""
        return field_id(self.path)

    @property
    def more_open(self) -> bool:
        """Show the rarer terms at once where one of them is wrong."""
        return any(problem for node in self.more for problem in node.all_problems())

    def all_problems(self) -> Iterator[str]:
        """Give what is wrong here and within."""
        yield from self.problems
        for node in self.within():
            yield from node.problems

    def within(self) -> Iterator[Node]:
        """Give every term within a table or a block, row by row."""
        for node in (*self.nodes, *self.more, *(each for row in self.rows for each in (*row.nodes, *row.more))):
            yield node
            yield from node.within()


@dataclass(frozen=True)
class RowNode:
    """A row of a table, with the command that takes it away."""

    path: str
    label: str
    nodes: tuple[Node, ...]
    more: tuple[Node, ...]

    @property
    def more_open(self) -> bool:
        """Show the rarer terms at once where one of them is wrong."""
        return any(problem for node in self.more for problem in node.all_problems())


@dataclass(frozen=True)
class Group:
    """Terms under one heading."""

    key: str
    label: str
    nodes: tuple[Node, ...]
    is_open: bool

    def slots(self) -> Iterator[Node]:
        """Give every term, within tables and blocks too: each has a place for what is wrong with it."""
        for node in self.nodes:
            yield node
            yield from node.within()


@dataclass(frozen=True)
class _Around:
    """What a term needs to know of the terms around it."""

    currency: str
    problems: Mapping[str, Sequence[Problem]]
    bound: Mapping[str, tuple[tuple[str, str], ...]]
    values: Mapping[str, Any] = field(default_factory=dict)


def field_id(path: str) -> str:
    """Return the id of the input of a term."""
    return "t-" + path.replace(".", "-")


def bound_clauses(clauses: Sequence[Clause]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return, for each path of a term (without row numbers), the anchors and numbers of the clauses it feeds."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for clause in clauses:
        for path in clause.terms:
            found[path] = (*found.get(path, ()), (f"clause-{clause.id}", clause.number))
    return found


def build_groups(
    kind: str, terms: Mapping[str, Any], *, problems: Sequence[Problem] = (), clauses: Sequence[Clause] = ()
) -> tuple[Group, ...]:
    """Return the terms of a kind in groups, as a draft has them, each with what is wrong with it."""
    schema = kind_of(kind).schema
    by_path: dict[str, list[Problem]] = {}
    for problem in problems:
        by_path.setdefault(problem.field, []).append(problem)
    currency = str(terms.get("currency") or "USD")
    around = _Around(currency, by_path, bound_clauses(clauses), terms)
    grouped: dict[str, list[Node]] = {}
    for term in schema.fields:
        grouped.setdefault(term.group, []).append(_node(term, terms.get(term.name), term.name, around))
    # The terms that every kind shares come last; what a kind is about stands first.
    keys = sorted(grouped, key=lambda key: (key in {"payment", "law"}, key == "law"))
    return tuple(
        Group(key, group_word(key), tuple(grouped[key]), is_open=key not in {"payment", "law", "assay", "test"})
        for key in keys
    )


def _node(term: Field, value: Any, path: str, around: _Around) -> Node:
    common: dict[str, Any] = {
        "path": path,
        "optional": not term.required and term.required_if is None,
        "problems": tuple(said(problem) for problem in around.problems.get(path, ())),
        "clauses": around.bound.get(_unnumbered(path), ()),
    }
    if term.type is FieldType.TABLE:
        rows = value if isinstance(value, list) else []
        return Node("table", label=label_of(term), rows=tuple(_rows(term, rows, path, around)), **common)
    if term.type is FieldType.BLOCK:
        inner = value if isinstance(value, Mapping) else {}
        nodes, more = _split(_schema(term), inner, f"{path}.", around)
        return Node("block", label=label_of(term), nodes=nodes, more=more, **common)
    unit = unit_word(term, around.values, around.currency)
    return Node(
        _shape(term),
        label=f"{label_of(term)}, {unit}" if unit else label_of(term),
        value=_shown(term, value),
        hint=_hint(term),
        choices=_choices(term, value, optional=common["optional"]),
        **common,
    )


def _unnumbered(path: str) -> str:
    return ".".join(part for part in path.split(".") if not part.isdigit())


def _schema(term: Field) -> Schema[Any]:
    assert term.rows is not None  # a table and a block have terms within
    return term.rows


def _rows(term: Field, rows: Sequence[Any], path: str, around: _Around) -> Iterator[RowNode]:
    for n, row in enumerate(rows):
        values = row if isinstance(row, Mapping) else {}
        nodes, more = _split(_schema(term), values, f"{path}.{n}.", around)
        yield RowNode(f"{path}.{n}", f"{label_of(term)} {n + 1}", nodes, more)


def _split(
    schema: Schema[Any], values: Mapping[str, Any], path: str, around: _Around
) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """Part what people fill in from what rarely differs from its default."""
    inner = _Around(around.currency, around.problems, around.bound, values)
    first: list[Node] = []
    rarer: list[Node] = []
    for term in schema.fields:
        value = values.get(term.name)
        node = _node(term, value, f"{path}{term.name}", inner)
        plain = (_shown(term, None), "") if node.shape not in {"table", "block"} else ("",)
        usual = not value if node.shape in {"table", "block"} else node.value in plain
        needed = term.default is None and term.required and term.required_if is None
        (first if needed or not usual else rarer).append(node)
    return (tuple(first), tuple(rarer)) if first else (tuple(rarer), ())


def _shape(term: Field) -> str:
    if term.type in NUMBERS:
        return "number"
    return {FieldType.DATE: "date", FieldType.ENUM: "choice", FieldType.BOOL: "check"}.get(term.type, "text")


def _shown(term: Field, value: Any) -> str:
    given = term.default if value is None or value == "" else value
    if term.type is FieldType.BOOL:
        return "yes" if str(given).lower() in YES else "no"
    return "" if given is None else str(given)


def _choices(term: Field, value: Any, *, optional: bool) -> tuple[tuple[str, str], ...]:
    if term.type is not FieldType.ENUM:
        return ()
    found = [(c.value, c.label_zh if chinese() else c.label_en) for c in term.choices]
    if (optional or term.default is None) and not (value and not optional):
        found.insert(0, ("", "—"))
    return tuple(found)


def _hint(term: Field) -> str:
    limits = ""
    if term.minimum is not None and term.maximum is not None:
        limits = _("From %(least)s to %(most)s.") % {"least": number(term.minimum), "most": number(term.maximum)}
    elif term.minimum is not None and term.minimum > 0:
        limits = _("At least %(least)s.") % {"least": number(term.minimum)}
    return " ".join(filter(None, (term.hint_zh if chinese() else term.hint_en, limits)))


def read_terms(kind: str, sent: QueryDict) -> Terms:
    """Return the terms that a sent form holds, as a person typed them; empty inputs are left out."""
    return _read(kind_of(kind).schema, sent, "")


def _read(schema: Schema[Any], sent: QueryDict, path: str) -> Terms:
    terms: Terms = {}
    for term in schema.fields:
        where = f"{path}{term.name}"
        if term.type is FieldType.TABLE:
            count = _count(sent.get(f"{where}.#", ""))
            terms[term.name] = [_read(_schema(term), sent, f"{where}.{n}.") for n in range(count)]
        elif term.type is FieldType.BLOCK:
            inner = _read(_schema(term), sent, f"{where}.")
            if term.required or not _is_usual(_schema(term), inner):
                terms[term.name] = inner
        elif text := sent.get(where, "").strip():
            terms[term.name] = text
    return terms


def _count(text: str) -> int:
    return min(int(text), MAX_SENT_ROWS) if text.isascii() and text.isdigit() and len(text) < len("10000") else 0


def _is_usual(schema: Schema[Any], terms: Terms) -> bool:
    """Say whether an optional block holds nothing but its defaults: then it is not given at all."""
    for name, value in terms.items():
        term = schema.field(name)
        usual = not value if isinstance(value, list | dict) else _shown(term, value) == _shown(term, None)
        if not usual:
            return False
    return True


def change_rows(terms: Terms, command: str) -> str:
    """Do `add:PATH` or `remove:PATH.N` to the terms and return the path to look at next, empty where it names none."""
    verb, _colon, path = command.partition(":")
    parts = path.split(".")
    try:
        if verb == "remove":
            holder = _at(terms, parts[:-1])
            del holder[int(parts[-1])]
            return ".".join(parts[:-1])
        if verb == "add":
            parent = _at(terms, parts[:-1])
            rows = parent.setdefault(parts[-1], [])
            rows.append({})
            return f"{path}.{len(rows) - 1}"
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return ""
    return ""


def _at(terms: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        terms = terms[int(part)] if isinstance(terms, list) else terms.setdefault(part, {})
    return terms


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give every term that has nothing within by its path; an empty table by its own."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from leaves(member, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list) and value:
        for n, member in enumerate(value):
            yield from leaves(member, f"{path}.{n}")
    else:
        yield path, value


def put(terms: MutableMapping[str, Any], path: str, value: Any) -> None:
    """Set the term of a path, or take it away where `value` is None."""
    parts = path.split(".")
    holder = _at(terms, parts[:-1])
    key: Any = int(parts[-1]) if isinstance(holder, list) else parts[-1]
    if value is None:
        holder.pop(key, None)
    else:
        holder[key] = value
