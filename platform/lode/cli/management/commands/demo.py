"""`lode demo`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from lode.cli import arguments
from lode.cli.engine_commands import half_made_mark
from lode.demo.run import run_demo


class Command(BaseCommand):
    help = "Load the demo world, run the main job and print what happened."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.demo(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with unfinished():
            run_demo(fresh=options["fresh"], out=sys.stdout)


@contextlib.contextmanager
def unfinished() -> Iterator[None]:
    """Leave a mark for as long as the world is half-made: a start that is cut off is begun anew by the next one."""
    mark = half_made_mark()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    yield
    mark.unlink()
