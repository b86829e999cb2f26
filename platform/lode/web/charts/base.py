"""What every chart is and says when it refuses to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


class ChartCode(StrEnum):
    """Why a chart is not drawn."""

    DOES_NOT_CLOSE = "does_not_close"
    NOTHING_TO_DRAW = "nothing_to_draw"
    UNKNOWN_NODE = "unknown_node"
    WRONG_STAGE = "wrong_stage"
    NEGATIVE = "negative"


class ChartError(ValueError):
    """A chart refuses its figures. `code` is stable; `difference` says by how much they do not close."""

    def __init__(self, code: ChartCode, message: str, difference: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.difference = difference


@dataclass(frozen=True)
class Chart:
    """A drawing and its figures: `{% chart value %}` shows both."""

    title: str
    svg: SafeString
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    scrolls: bool = False
