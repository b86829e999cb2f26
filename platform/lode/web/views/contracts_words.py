"""Words of contracts in the reader's language: kinds, roles, groups of terms, units, moves, refusals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contracts.core.errors import ContractsError, Problem
from contracts.core.schema import Field, FieldType
from contracts.selectors import kind_of
from lode.web.formats import number

KIND_ICONS = {"material-lease": "recycle", "performance-warranty": "battery", "offtake": "truck"}


def chinese() -> bool:
    """Say whether the reader reads Chinese."""
    return (get_language() or "").startswith("zh")


def label_of(field: Field) -> str:
    """Return the name of a term."""
    return field.label_zh if chinese() else field.label_en


def said(problem: Problem) -> str:
    """Return what is wrong with a term."""
    return problem.message_zh if chinese() else problem.message_en


def listed(words: Iterable[str]) -> str:
    """Join words as a list reads in the reader's language."""
    return ("、" if chinese() else ", ").join(words)


def named(what: str, words: str) -> str:
    """Put a name before words, with the colon of the reader's language."""
    return f"{what}：{words}" if chinese() else f"{what}: {words}"


def kind_word(kind: str) -> str:
    """Return the name of a kind of contract."""
    found = kind_of(kind)
    return found.name_zh if chinese() else found.name_en


def kind_purpose(kind: str) -> str:
    """Say in one sentence what a kind of contract does."""
    return {
        "material-lease": _("The lessor keeps owning the mineral; the lessee pays for its use and returns it."),
        "performance-warranty": _("Batteries keep a guaranteed state of health, or damages are paid by the quarter."),
        "offtake": _("Lots of recovered material are sold by assay, at the price of an agreed month."),
    }[kind]


def role_word(kind: str, role: str) -> str:
    """Return the name of a role of a kind."""
    english, han = kind_of(kind).role_names[role]
    return han if chinese() else english.capitalize()


def group_word(group: str) -> str:
    """Return the heading of a group of terms."""
    names = {
        "material": _("Material"), "dates": _("Dates"), "fee": _("Fee"), "price": _("Price"),
        "payment": _("Payment"), "return": _("Return"), "assay": _("Assay and weight"), "law": _("Law and language"),
        "cover": _("Cover"), "guarantee": _("Guarantee"), "test": _("Test"), "remedy": _("Remedy"),
        "product": _("Product"), "charges": _("Charges"),
    }  # fmt: skip
    return names.get(group, _("Further terms"))


def unit_word(field: Field, values: Mapping[str, Any], currency: str) -> str:
    """Return the unit of a number as its label says it; `values` are the terms around it, which some units name."""
    if field.unit == "%/a":
        return _("% p.a.")
    price = values.get("price")
    words = {
        "currency": str(values.get("currency") or currency), "d": _("days"), "months": _("months"),
        "month": _("month"), "min": _("min"), "a": _("year"), "digits": _("decimal places"), "values": _("values"),
        "unit": str(values.get("unit") or (price.get("unit") if isinstance(price, Mapping) else None) or "t"),
        "refining_charge_unit": str(values.get("refining_charge_unit") or "kg"),
        "content": str(values.get("unit") or "%"), "1": "", "axis": "",
    }  # fmt: skip
    return "/".join(words.get(part, part) for part in field.unit.split("/"))


def value_words(field: Field, value: Any, values: Mapping[str, Any], currency: str) -> str:
    """Write one term as tables show it; nothing for one that is not given, or that has terms within."""
    if value is None or field.type in (FieldType.TABLE, FieldType.BLOCK):
        return ""
    if field.type is FieldType.BOOL:
        return _("Yes") if str(value).lower() in {"true", "yes", "on", "1", "是"} else _("No")
    if field.type is FieldType.ENUM:
        chosen = next((c for c in field.choices if c.value == str(value)), None)
        return str(value) if chosen is None else chosen.label_zh if chinese() else chosen.label_en
    unit = unit_word(field, values, currency) if field.unit else ""
    if str(value) == "1" and field.unit in {"months", "d"}:
        unit = _("month") if field.unit == "months" else _("day")
    text = _plain_number(value) if field.unit or field.type is FieldType.INT else str(value)
    return f"{text}\u00a0{unit}" if unit else text


def _plain_number(value: Any) -> str:
    try:
        return number(Decimal(str(value)))
    except ArithmeticError:
        return str(value)


def move_word(move: str) -> str:
    """Return what somebody did, for a timeline."""
    return {
        "save": _("saved"), "propose": _("proposed"), "counter": _("countered"), "agree": _("agreed"),
        "decline": _("declined"), "sign": _("signed"), "activate": _("came into force"),
        "amend": _("opened an amendment"), "end": _("ended"), "terminate": _("terminated"),
    }[move]  # fmt: skip


def refusal(error: ContractsError) -> str:
    """Say why something was refused and what to do: in the reader's language where the code has a sentence."""
    sentences = {
        "reason-missing": _("Give a reason: the counterparty reads it. Nothing was changed."),
        "bad-date": _("That day lies before the first day of the contract. Choose a later one; nothing was changed."),
        "nothing-changed": _("These are the terms that were put forward: agree to them, or change a term first."),
        "not-your-turn": _("It is the counterparty's turn. Nothing was changed."),
        "wrong-state": _("The contract has moved on since you opened it, and that is not possible now."),
        "unknown-version": _("Another version has been put forward since you opened this page. Read it first."),
        "bad-terms": _("Some terms are missing or do not fit each other. Nothing was put forward."),
    }
    return sentences.get(str(error.code), error.message)


def day_given(text: str) -> date | None:
    """Return the day that somebody typed as 2025-01-31, None for anything else."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
