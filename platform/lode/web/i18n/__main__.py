"""`python -m lode.web.i18n update`, `compile` or `check`."""

from __future__ import annotations

import argparse
import sys

from lode.web.i18n import catalog
from lode.web.i18n.bare_text import bare_text


def main(arguments: list[str] | None = None) -> int:
    """Run one of the three commands and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lode.web.i18n", description=__doc__)
    parser.add_argument("command", choices=("update", "compile", "check"))
    command = parser.parse_args(arguments).command
    if command == "update":
        left = sum(1 for _ in catalog.untranslated(catalog.update()))
        sys.stdout.write(f"{catalog.PO_FILE}: {left} to translate.\n")
        return 0
    if command == "compile":
        sys.stdout.write(f"Wrote {catalog.compile_catalog()}.\n")
        return 0
    said = catalog.problems()
    for path in catalog.template_files():
        found = bare_text(path.read_text(encoding="utf-8"))
        said += [f"{path.relative_to(catalog.ROOT)}:{line}: {text!r} is outside translate." for line, text in found]
    sys.stdout.writelines(f"{sentence}\n" for sentence in said)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
