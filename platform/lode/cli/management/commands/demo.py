"""`lode demo`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from lode.cli import arguments


class Command(BaseCommand):
    help = "Load the demo world, run the main job and print what happened."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.demo(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        from lode.demo.run import run_demo  # type: ignore[import-untyped]  # noqa: PLC0415

        run_demo(fresh=options["fresh"], out=self.stdout)
