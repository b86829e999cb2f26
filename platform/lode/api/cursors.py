"""Opaque cursors: where a page ended, and at which tree size it was read."""

from __future__ import annotations

import base64
import binascii
import re

from lode.api.problems import ProblemError

_MAX = 200
_NUMBERS = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18}){0,3}")


def write_cursor(kind: str, *numbers: int) -> str:
    """Return the cursor of a list."""
    text = f"{kind}:{'.'.join(str(number) for number in numbers)}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(kind: str, cursor: str, count: int) -> tuple[int, ...]:
    """Return the numbers of a cursor. Raises ProblemError `bad-cursor` for one that this list did not give."""
    name, _, numbers = _decoded(cursor).partition(":")
    if name != kind or not _NUMBERS.fullmatch(numbers) or numbers.count(".") != count - 1:
        raise bad_cursor()
    return tuple(int(number) for number in numbers.split("."))


def bad_cursor() -> ProblemError:
    """Return the refusal of a cursor that no list gave."""
    return ProblemError(400, "bad-cursor", "This cursor is not one of this list. Begin without one, and follow `next`.")


def _decoded(cursor: str) -> str:
    """Return what stands in a cursor, nothing where it is none."""
    if len(cursor) > _MAX:
        return ""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        return ""
