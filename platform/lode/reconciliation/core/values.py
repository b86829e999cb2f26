"""The values of a reconciliation: frozen, exact, free of any database.

Signs: + is mass that came into the partner's custody, − is mass that left it. Both sides count the same account
(our material, held by the partner), so both carry the same sign. Masses are integer milligrams of contained element.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages of the platform."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start_date` up to, and without, `end_date`."""

    start_date: dt.date
    end_date: dt.date

    def __post_init__(self) -> None:
        if self.start_date >= self.end_date:
            message = f"a period ends after it starts, not {self.start_date} to {self.end_date}"
            raise ValueError(message)

    def holds(self, day: dt.date) -> bool:
        """Say whether the day lies in the period."""
        return self.start_date <= day < self.end_date

    @property
    def last_date(self) -> dt.date:
        """The last day that the period holds."""
        return self.end_date - dt.timedelta(days=1)

    @property
    def label(self) -> str:
        """`2025-11` for a calendar month, else `2025-11-03..2025-11-17` with the last day inside."""
        following = (self.start_date.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        if self.start_date.day == 1 and self.end_date == following:
            return f"{self.start_date:%Y-%m}"
        return f"{self.start_date}..{self.last_date}"


class Kind(StrEnum):
    """What a row says has happened, as far as its sign tells: `IN` words, `OUT` words, and the rest."""

    DELIVERY = "delivery"
    COLLECTION = "collection"
    RETURN = "return"
    RECOVERY = "recovery"
    LOSS = "loss"
    ADJUSTMENT = "adjustment"
    OTHER = "other"


OUTGOING = frozenset({Kind.RETURN, Kind.LOSS})


class Side(StrEnum):
    """Whose row it is."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transit:
    """A shipment that left one day and arrived another, or has not arrived."""

    shipped_date: dt.date
    arrived_date: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One movement of one element, as one side has it. `key` is unique on its side.

    `origin` is the hex id of our entry, or the row number of the partner's file.
    """

    key: str
    reference: str
    date: dt.date
    element: str
    mass_mg: int
    kind: Kind = Kind.OTHER
    lot: str = ""
    transit: Transit | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A movement that one side has in a neighbouring period."""

    side: Side
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """How far two rows may be apart and still be one movement.

    `mass_ppm` is parts per million of our mass (2000 is 0.2 %); a difference equal to it counts as within.
    `splitting_limit_ppm` is the assay splitting limit, of the mean of both results.
    """

    days: int = 1
    mass_ppm: int = 2_000
    splitting_limit_ppm: int = 5_000


class Rule(StrEnum):
    """Why two rows belong together, or why one stands alone; strongest first."""

    EXACT = "exact"
    DATE = "date"
    TOLERANCE = "tolerance"
    UNIT = "unit"
    TYPING = "typing"
    SIGN = "sign"
    REFERENCE = "reference"
    DIFFERS = "differs"
    IN_TRANSIT = "in-transit"
    DUPLICATE = "duplicate"
    ONLY_OURS = "only-ours"
    ONLY_THEIRS = "only-theirs"


class Reason(StrEnum):
    """Why a difference is agreed."""

    MOISTURE = "moisture"
    ASSAY_SPLIT = "assay-split"
    WEIGHING_TOLERANCE = "weighing-tolerance"
    IN_TRANSIT = "in-transit"
    SAMPLING = "sampling"
    TYPING = "typing"
    UNIT = "unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the page: ours, theirs, or both, with the reason that puts them there."""

    ours: Line | None
    theirs: Line | None
    rule: Rule
    reason: Reason | None
    why: Text

    @property
    def element(self) -> str:
        """The element of the movement."""
        line = self.ours or self.theirs
        assert line is not None
        return line.element

    @property
    def difference_mg(self) -> int:
        """Ours − theirs; a side that has no row counts nothing."""
        ours_mg = self.ours.mass_mg if self.ours else 0
        theirs_mg = self.theirs.mass_mg if self.theirs else 0
        return ours_mg - theirs_mg


@dataclass(frozen=True, slots=True)
class Total:
    """The tie line of one element: ours − theirs = difference."""

    ours_mg: int = 0
    theirs_mg: int = 0

    @property
    def difference_mg(self) -> int:
        """Ours − theirs."""
        return self.ours_mg - self.theirs_mg


@dataclass(frozen=True, slots=True)
class Matching:
    """Every row of both sides exactly once, in the order of the page, and the tie line of each element."""

    rows: tuple[Row, ...]
    totals: Mapping[str, Total] = field(default_factory=dict)
