"""`lode compute FILE.json`: terms, facts and a period in, a statement with its trace out; no database, no Django."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lode.engine.places import EngineError


def compute(file: str) -> int:
    """Compute the statement of a file (`-` is standard input) and print it as JSON; return the exit code."""
    from contracts.core.compute import compute as compute_statement  # noqa: PLC0415 - only this command needs it

    print(json.dumps(compute_statement(read(file)), ensure_ascii=False, indent=2))
    return 0


def read(file: str) -> Any:
    """Return the JSON of a file, its numbers as they are written; raise EngineError where it is none."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        return json.loads(text, parse_float=str)
    except json.JSONDecodeError as error:
        raise EngineError(f"{file} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from error
    except OSError as error:
        raise EngineError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise EngineError(f"{file} is not JSON: it is no UTF-8 text.") from error
