#!/usr/bin/env python
"""Django's command line for Lode; `lode` is the friendlier door to the same commands."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Run a management command.

    `platform/` is appended, never put in front: the standard library's module of that name must win.
    """
    sys.path.append(str(Path(__file__).resolve().parent / "platform"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lode.config.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - needs the path set above

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
