"""How a statement is called: the contract, the period, what it is about, and its revision."""

from __future__ import annotations

import hashlib
import re
from datetime import date

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MONTHS_OF_A_QUARTER = 3


def period_label(start: date, end: date) -> str:
    """Return `2024-03` for a calendar month, `2024-Q1` for a quarter, `2024` for a year, else both days."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if start.day == 1 and end.day == 1:
        if months == 1:
            return f"{start:%Y-%m}"
        if months == _MONTHS_OF_A_QUARTER and start.month % _MONTHS_OF_A_QUARTER == 1:
            return f"{start.year}-Q{start.month // _MONTHS_OF_A_QUARTER + 1}"
        if months == 12 and start.month == 1:  # noqa: PLR2004 - months of a year
            return str(start.year)
    return f"{start:%Y%m%d}-{end:%Y%m%d}"


def statement_ref(*, contract: str, start: date, end: date, subject: str, purpose: str, revision: int) -> str:
    """Return a reference such as `ST-ML-2023-001-2024-03-r1` or `ST-OT-2024-001-LOT-3-final-r1`.

    What a lot or an asset is called is kept where it can stand in a file name; where it cannot, a few digits of its
    digest keep two of them apart.
    """
    parts = ["ST", contract]
    if subject:
        parts.append(_plain(subject))
        # A lot settles once at each stage, an asset once a period.
        parts += [] if purpose in {"provisional", "final"} else [period_label(start, end)]
    else:
        parts.append(period_label(start, end))
    if purpose != "regular":
        parts.append(_plain(purpose))
    return "-".join([*parts, f"r{revision}"])


def _plain(text: str) -> str:
    plain = _UNSAFE.sub("-", text).strip("-")
    return plain if plain == text else f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
