"""Vendored Lucide icons, drawn inline: no request, no sprite, nothing for the content security policy to refuse."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

ICON_FOLDER: Final = Path(__file__).parent / "static" / "lode" / "vendor" / "lucide"
_INNER = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@cache
def icon_shapes(name: str) -> str:
    """Return the shapes inside an icon's `<svg>`. Raises LookupError for a name that is not vendored."""
    path = ICON_FOLDER / f"{name}.svg"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not path.is_file():
        raise LookupError(f"No icon {name!r} in {ICON_FOLDER.name}: vendor it and its hash, see vendor.lock.json.")
    match = _INNER.search(path.read_text(encoding="utf-8"))
    if match is None:
        raise LookupError(f"{path.name} is not an SVG file as Lucide writes them.")
    return " ".join(match.group(1).split())
