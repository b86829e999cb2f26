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
from lode.parties.selectors import list_parties


class Command(BaseCommand):
    help = "Load the demo world, run the main job and print what happened."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.demo(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        # A world that stands may hold what people have entered: only a new one is begun anew where it is cut off.
        with unfinished() if options["fresh"] or not list_parties() else contextlib.nullcontext():
            run_demo(fresh=options["fresh"], out=sys.stdout)


@contextlib.contextmanager
def unfinished() -> Iterator[None]:
    """Leave a mark for as long as the world is half-made: a start that is cut off is begun anew by the next one."""
    mark = half_made_mark()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    yield
    mark.unlink()
