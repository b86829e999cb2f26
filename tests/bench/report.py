"""What a benchmark found: cases beside their floors, each the median of its rounds, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ROUNDS = 5
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Case:
    """`ours` and `floor` are medians in `unit`; `ratio` is ours by floor."""

    name: str
    ours: float
    floor: float
    ratio: float
    unit: str


def case(name: str, ours: list[float], floor: list[float], unit: str) -> Case:
    """Return the medians of rounds that were run in turn."""
    mine, theirs = statistics.median(ours), statistics.median(floor)
    found = Case(name, round(mine, 3), round(theirs, 3), round(mine / theirs, 3), unit)
    print(f"{name:32s} {mine:12,.2f} {unit:18s} floor {theirs:12,.2f}   ratio {mine / theirs:6.3f}", flush=True)
    return found


def in_turn(
    ours: Callable[[], float], floor: Callable[[], float], rounds: int = ROUNDS
) -> tuple[list[float], list[float]]:
    """Run both `rounds` times, one after the other, so that both meet the same machine; return what they measured."""
    pairs = [(floor(), ours()) for _ in range(rounds)]
    return [mine for _, mine in pairs], [theirs for theirs, _ in pairs]


def write(name: str, cases: list[Case]) -> Path:
    """Write `var/bench/NAME.json`: the cases, and the machine."""
    path = ROOT / "var" / "bench" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    value = {"cases": [asdict(item) for item in cases], "machine": machine()}
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    return path


def machine() -> dict[str, str | int]:
    """Return what a figure depends on."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor() or platform.machine(),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
