"""What a party may record about a contract, and what it must say: checked before a fact is kept for ever. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from contracts.core.facts import Fact, FactKind
from contracts.core.numbers import HUNDRED, ZERO


@dataclass(frozen=True)
class Rule:
    """The figures and texts that a kind of fact must carry; figures are at least `lowest` and stay below `below`."""

    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    lowest: Decimal | None = None
    below: Decimal | None = None


# No party states these: prices, exchange rates and calendars are the market's, balances are the ledger's.
NOT_STATED_BY_PARTIES: Mapping[FactKind, str] = MappingProxyType(
    {
        FactKind.PRICE: "prices are published in the market's series",
        FactKind.FX: "exchange rates are published in the market's series",
        FactKind.CALENDAR: "calendars are published with the market's series",
        FactKind.BALANCE_CHANGE: "balances change by entries of the ledger",
    }
)
RULES: Mapping[FactKind, Rule] = MappingProxyType(
    {
        FactKind.MILESTONE: Rule(texts=("event",)),
        FactKind.WEIGHT: Rule(numbers=("net_wet_kg",), lowest=ZERO),
        # A lot that is all water has no dry weight to settle (terms, edge cases).
        FactKind.MOISTURE: Rule(numbers=("moisture_pct",), lowest=ZERO, below=HUNDRED),
        FactKind.ASSAY: Rule(numbers=("value",), texts=("element", "party", "unit"), lowest=ZERO),
        FactKind.TELEMETRY: Rule(numbers=("value",), texts=("metric",), lowest=ZERO),
        FactKind.TELEMETRY_NIL: Rule(),
        FactKind.TELEMETRY_GAP: Rule(texts=("until", "cause")),
        FactKind.EXCLUSION: Rule(texts=("until", "cause")),
        FactKind.REMEDY: Rule(texts=("remedy",)),
        FactKind.PAYMENT: Rule(numbers=("amount",), texts=("currency",)),
        FactKind.RECOVERY: Rule(texts=("element",)),
        FactKind.CASUALTY: Rule(numbers=("lost_kg",), texts=("element",), lowest=ZERO),
    }
)


def check_stated(fact: Fact) -> None:
    """Raise `bad-fact` unless a party may state the fact and it says what its kind must say."""
    if elsewhere := NOT_STATED_BY_PARTIES.get(fact.kind):
        raise fact.refuse(f"{elsewhere}, a party does not state them on a contract")
    rule = RULES[fact.kind]
    for name in rule.texts:
        fact.text(name)
    for name in rule.numbers:
        number = fact.number(name)
        if rule.lowest is not None and number < rule.lowest:
            raise fact.refuse(f"its {name} is {number}, below {rule.lowest}")
        if rule.below is not None and number >= rule.below:
            raise fact.refuse(f"its {name} is {number}: it must stay below {rule.below}")


def stated_for(fact: Fact) -> str | None:
    """Return the role (seller, buyer, lessor ...) in whose name the fact is stated, None where it names none."""
    return fact.value.get("party")
