"""Writing SVG: escaped elements, short coordinates, and how wide a text will be."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

FONT_PX = 12
_NARROW = frozenset("ijl.,:;'|!() \u00a0ftI")
_BROAD = frozenset("mwMW@%—")


def coordinate(value: float | Decimal) -> str:
    """Return a coordinate to a tenth of a pixel, `12` rather than `12.0`."""
    text = f"{float(value):.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def element(tag: str, attributes: dict[str, object], *children: str) -> SafeString:
    """Return an element. Attributes and plain children are escaped, safe children are kept; `class_` is `class`."""
    pairs = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{coordinate(value) if isinstance(value, float) else escape(value)}"'
        for name, value in attributes.items()
        if value not in (None, "")
    )
    # Every attribute and child is escaped just above and below.
    return mark_safe(f"<{tag}{pairs}>{''.join(conditional_escape(child) for child in children)}</{tag}>")  # noqa: S308


def joined(parts: Iterable[SafeString]) -> SafeString:
    """Join safe elements."""
    return mark_safe("".join(parts))  # noqa: S308  # each part is safe already


def text(x: float, y: float, content: str, css: str = "") -> SafeString:
    """Return a text with its baseline at y; `css` aligns and colours it."""
    return element("text", {"x": x, "y": y, "class": css}, content)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> SafeString:
    """Return a straight line."""
    return element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class": css})


def rect(x: float, y: float, width: float, height: float, css: str, title: str = "") -> SafeString:
    """Return a filled rectangle, with a tooltip where a title is given."""
    inner = (element("title", {}, title),) if title else ()
    shape = {"x": x, "y": y, "width": width, "height": height, "rx": 1.5, "class": css}
    return element("rect", shape, *inner)


def path(shape: str, css: str, title: str = "") -> SafeString:
    """Return a path, with a tooltip where a title is given."""
    inner = (element("title", {}, title),) if title else ()
    return element("path", {"d": shape, "class": css}, *inner)


def linked(href: str, label: str, *children: SafeString) -> SafeString:
    """Wrap children in a link that reads as `label`; without an address they stay as they are."""
    if not href:
        return joined(children)
    return element("a", {"href": href, "aria_label": label}, *children)


def drawing(
    width: float, height: float, title: str, finding: str, css: str, children: Iterable[SafeString]
) -> SafeString:
    """Return the whole picture: `img` where nothing in it is a link, else `group`; described by its finding."""
    inner = joined(children)
    role = "group" if "<a " in inner else "img"
    view_box = f"0 0 {coordinate(width)} {coordinate(height)}"
    attributes: dict[str, object] = {"class": css, "viewBox": view_box, "role": role}
    return element("svg", attributes, element("title", {}, title), element("desc", {}, finding), inner)


def text_width(content: str, size: float = FONT_PX, *, bold: bool = False) -> float:
    """Return about how wide a text is, in the units of the picture: a han character is as wide as it is high."""
    ems = 0.0
    for character in content:
        if unicodedata.east_asian_width(character) in "WF":
            ems += 1.0
        elif character.isdigit():
            ems += 0.65
        elif character in _NARROW:
            ems += 0.33
        elif character in _BROAD:
            ems += 0.9
        elif character.isupper():
            ems += 0.7
        else:
            ems += 0.6
    return ems * size * (1.06 if bold else 1.0)


def wrapped(content: str, width: float, *, bold: bool = False) -> list[str]:
    """Break a text into lines of at most about `width`: between words, or between han characters."""
    lines: list[str] = []
    current = ""
    for piece in _fitting(_pieces(content), width, bold=bold):
        if current and text_width(current + piece.rstrip(), bold=bold) > width:
            lines.append(current.rstrip())
            current = piece
        else:
            current += piece
    return [*lines, current.rstrip()] if current.strip() else lines or [""]


def _fitting(pieces: list[str], width: float, *, bold: bool) -> list[str]:
    """Cut what has no place to break, such as a serial number, where it is wider than the line."""
    cut: list[str] = []
    for piece in pieces:
        rest = piece
        while len(rest) > 1 and text_width(rest.rstrip(), bold=bold) > width:
            end = next((i for i in range(len(rest), 1, -1) if text_width(rest[:i], bold=bold) <= width), 1)
            cut.append(rest[:end])
            rest = rest[end:]
        cut.append(rest)
    return cut


def _pieces(content: str) -> list[str]:
    pieces: list[str] = []
    after_wide = True
    for character in content.strip():
        wide = unicodedata.east_asian_width(character) in "WF"
        breaks = wide or after_wide or pieces[-1].endswith(" ")
        if breaks and character != " ":
            pieces.append(character)
        elif pieces:
            pieces[-1] += character
        after_wide = wide
    return pieces
