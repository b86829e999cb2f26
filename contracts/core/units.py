"""A thin unit algebra: units are names that cancel, never scales that are guessed.

`USD/t` x `kg` does not become money by itself: a step that mixes scales names its factor (1000 kg/t) as an input, so
what the reader sees is what was computed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

DIMENSIONLESS: Final = "1"


def parse_unit(unit: str) -> Counter[str]:
    """Read `USD/t`, `kg*d`, `1` as exponents by name: everything after the first slash divides."""
    exponents: Counter[str] = Counter()
    numerator, *denominators = unit.split("/")
    for name in numerator.split("*"):
        exponents[name] += 1
    for part in denominators:
        for name in part.split("*"):
            exponents[name] -= 1
    exponents.pop(DIMENSIONLESS, None)
    return Counter({name: n for name, n in exponents.items() if n})


def format_unit(exponents: Counter[str]) -> str:
    """Write exponents as `USD/t`, names in alphabetical order; nothing left is `1`."""
    above = [name for name in sorted(exponents) for _ in range(max(0, exponents[name]))]
    below = [name for name in sorted(exponents) for _ in range(max(0, -exponents[name]))]
    return "/".join([("*".join(above) or DIMENSIONLESS), *below])


def multiply(times: Iterable[str], over: Iterable[str] = ()) -> str:
    """Return the unit of a product of `times` divided by each of `over`."""
    total: Counter[str] = Counter()
    for unit in times:
        for name, n in parse_unit(unit).items():
            total[name] += n
    for unit in over:
        for name, n in parse_unit(unit).items():
            total[name] -= n
    return format_unit(Counter({name: n for name, n in total.items() if n}))


def same_unit(a: str, b: str) -> bool:
    """Tell whether two units are equal once both are written in the same order."""
    return parse_unit(a) == parse_unit(b)
