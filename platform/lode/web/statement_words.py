"""The words of statements: kinds, purposes, events, facts, and the names that a formula uses, in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

KINDS: Final[dict[str, StrPromise | str]] = {
    "material-lease": gettext_lazy("Material lease"),
    "performance-warranty": gettext_lazy("Performance warranty"),
    "offtake": gettext_lazy("Offtake"),
}
STATES: Final[dict[str, StrPromise | str]] = {
    "draft": gettext_lazy("Draft"),
    "approved": gettext_lazy("Approved"),
    "issued": gettext_lazy("Issued"),
    "disputed": gettext_lazy("Disputed"),
    "final": gettext_lazy("Final"),
}
PURPOSES: Final[dict[str, StrPromise | str]] = {
    "regular": pgettext_lazy("settlement", "of the period"),
    "provisional": pgettext_lazy("settlement", "provisional"),
    "final": pgettext_lazy("settlement", "final"),
}
EVENTS: Final[dict[str, StrPromise | str]] = {
    "prepared": gettext_lazy("Computed"),
    "approved": gettext_lazy("Approved"),
    "issued": gettext_lazy("Issued, its digest on the ledger"),
    "disputed": gettext_lazy("Disputed"),
    "resolved": gettext_lazy("Dispute resolved"),
    "final": gettext_lazy("Closed"),
    "void": gettext_lazy("Replaced by a newer draft"),
}
FACTS: Final[dict[str, StrPromise | str]] = {
    "price": gettext_lazy("Price"),
    "fx": gettext_lazy("Exchange rate"),
    "balance-change": gettext_lazy("Ledger entry"),
    "milestone": gettext_lazy("Milestone"),
    "weight": gettext_lazy("Weight"),
    "moisture": gettext_lazy("Moisture"),
    "assay": gettext_lazy("Assay"),
    "telemetry": gettext_lazy("Reading"),
    "telemetry-nil": gettext_lazy("Day without a reading"),
    "telemetry-gap": gettext_lazy("Gap in the readings"),
    "exclusion": gettext_lazy("Exclusion"),
    "remedy": gettext_lazy("Remedy"),
    "payment": gettext_lazy("Earlier statement"),
    "recovery": gettext_lazy("Recovery"),
    "casualty": gettext_lazy("Casualty"),
    "calendar": gettext_lazy("Calendar"),
}
CLAUSES: Final[dict[str, StrPromise | str]] = {
    "fee": gettext_lazy("Lease fee"),
    "remedy": gettext_lazy("Remedy"),
    "payment": gettext_lazy("Payment"),
    "payable": gettext_lazy("Payable metal"),
    "charges": gettext_lazy("Charges"),
}
UNITS: Final[dict[str, StrPromise | str]] = {
    "1": "",
    "d": pgettext_lazy("unit", "days"),
    "month": pgettext_lazy("unit", "months"),
    "d/a": pgettext_lazy("unit", "days a year"),
    "d/month": pgettext_lazy("unit", "days a month"),
    "%/a": pgettext_lazy("unit", "% a year"),
    "USD/kWh/a": pgettext_lazy("unit", "USD/kWh a year"),
    "lot": pgettext_lazy("unit", "lot"),
    "payment": pgettext_lazy("unit", "payment"),
}
NAMES: Final[dict[str, StrPromise | str]] = {
    "active_days": pgettext_lazy("formula", "active days"),
    "age": pgettext_lazy("formula", "age"),
    "aggregate_cap": pgettext_lazy("formula", "cap over the term"),
    "amount": pgettext_lazy("formula", "amount"),
    "at": pgettext_lazy("formula", "age on the curve"),
    "basis": pgettext_lazy("formula", "days of a year"),
    "before": pgettext_lazy("formula", "mass before"),
    "buyer": pgettext_lazy("formula", "buyer's assay"),
    "charge": pgettext_lazy("formula", "charge"),
    "content": pgettext_lazy("formula", "content"),
    "days": pgettext_lazy("formula", "days"),
    "days_of_month": pgettext_lazy("formula", "days of the month"),
    "deadband_pct": pgettext_lazy("formula", "deadband"),
    "deducted": pgettext_lazy("formula", "content less the deduction"),
    "deduction": pgettext_lazy("formula", "deduction"),
    "difference": pgettext_lazy("formula", "difference"),
    "dry": pgettext_lazy("formula", "dry mass"),
    "dry_share": pgettext_lazy("formula", "dry share"),
    "factor": pgettext_lazy("formula", "factor"),
    "freight": pgettext_lazy("formula", "freight"),
    "guaranteed": pgettext_lazy("formula", "guaranteed"),
    "headroom": pgettext_lazy("formula", "room under the cap"),
    "hundred": "100",
    "kg_per_t": "1,000",
    "ld_rate": pgettext_lazy("formula", "damages rate"),
    "least_fee": pgettext_lazy("formula", "least fee"),
    "mass": pgettext_lazy("formula", "mass"),
    "measured": pgettext_lazy("formula", "measured"),
    "min_fee": pgettext_lazy("formula", "least fee"),
    "moisture": pgettext_lazy("formula", "moisture"),
    "net_wet": pgettext_lazy("formula", "net wet mass"),
    "nominal": pgettext_lazy("formula", "nominal energy"),
    "nothing": pgettext_lazy("formula", "nothing"),
    "paid": pgettext_lazy("formula", "paid before"),
    "part": pgettext_lazy("formula", "part of a month"),
    "payable": pgettext_lazy("formula", "payable"),
    "per_event_cap": pgettext_lazy("formula", "cap for each event"),
    "per_period_cap": pgettext_lazy("formula", "cap for the period"),
    "percentage": pgettext_lazy("formula", "payable share"),
    "period_days": pgettext_lazy("formula", "days of the period"),
    "price": pgettext_lazy("formula", "price"),
    "provisional": pgettext_lazy("formula", "provisional share"),
    "quantity": pgettext_lazy("formula", "mass"),
    "rate": pgettext_lazy("formula", "rate"),
    "seller": pgettext_lazy("formula", "seller's assay"),
    "settlement": pgettext_lazy("formula", "value of the lot"),
    "short": pgettext_lazy("formula", "below guarantee"),
    "splitting_limit": pgettext_lazy("formula", "splitting limit"),
    "treatment_charge": pgettext_lazy("formula", "treatment charge"),
    "umpire": pgettext_lazy("formula", "umpire's assay"),
    "uncertainty_pct": pgettext_lazy("formula", "uncertainty"),
    "whole_months": pgettext_lazy("formula", "whole months"),
    "zero": "0",
}
OPERATIONS: Final[dict[str, StrPromise | str]] = {
    "mean": pgettext_lazy("operation", "mean"),
    "median": pgettext_lazy("operation", "median"),
    "min": pgettext_lazy("operation", "least"),
    "max": pgettext_lazy("operation", "greatest"),
    "abs-difference": pgettext_lazy("operation", "distance"),
    "interpolate": pgettext_lazy("operation", "between"),
    "at-most": pgettext_lazy("operation", "at most"),
    "x": "×",
    "-": "−",
}
BLOCKED: Final[dict[str, StrPromise | str]] = {
    "missing-price": gettext_lazy("A price is missing: add the fixing, and the settlement runs again."),
    "missing-fx": gettext_lazy("An exchange rate is missing: add it, and the settlement runs again."),
    "earlier-period-open": gettext_lazy("An earlier statement is not issued yet: approve and issue that one first."),
}
_LABELS: Final = re.compile(r"(per_period_cap|aggregate_cap|per_event_cap)\.headroom| by age_months|（AGE_MONTHS）")
_ENTRY: Final = re.compile(r"entry_([0-9]+)")
_WORD: Final = r"[A-Za-z0-9_.:-]*[A-Za-z0-9_]"


def word(table: Mapping[str, StrPromise | str], code: str) -> str:
    """Return the word for a code in the reader's language; a code without a word stands for itself."""
    return str(table.get(code, code))


def unit_word(unit: str) -> str:
    """Return a unit as people write it."""
    return word(UNITS, unit)


def input_word(name: str) -> str:
    """Return the word for a name that a formula uses, or the name where it is a month, a day or a reference."""
    entry = _ENTRY.fullmatch(name)
    if entry:
        return _("entry %(number)s") % {"number": entry[1]}
    if name.startswith("paid_"):
        return _("paid: %(what)s") % {"what": name.removeprefix("paid_")}
    return word(NAMES, name)


def tidy_label(label: str) -> str:
    """Say in words what the label of a step names by its code."""

    def said(found: re.Match[str]) -> str:
        return _("room under the %(cap)s") % {"cap": word(NAMES, found[1])} if found[1] else ""

    return _LABELS.sub(said, label)


def formula_in_words(formula: str, names: Mapping[str, str]) -> str:
    """Return a formula with its names replaced by words; `names` are those of its inputs, words by name."""
    known = sorted(names, key=len, reverse=True)
    pattern = re.compile("|".join([rf"(?<![\w.:-]){re.escape(name)}(?![\w:-])" for name in known] + [_WORD, "-"]))
    return pattern.sub(lambda found: names.get(found[0]) or word(OPERATIONS, found[0]), formula)
