"""`lode ledger prove-balance`."""

from __future__ import annotations

import shlex
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.selectors.trust import trust_root
from ledger.services.prove_balance import prove_balance
from lode.cli import arguments


class Command(BaseCommand):
    help = "Write the proof of what stands in one account, which is checked offline."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_prove_balance(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        data = prove_balance(account=options["account"], party=None, size=options["size"])
        options["output"].write_bytes(data)
        root = trust_root()
        self.stdout.write(
            f"Wrote {len(data)} bytes to {options['output']}.\nCheck them with: "
            f"lode-verify --log-vkey {shlex.quote(root.log_vkey)} --registry-vkey {shlex.quote(root.registry_vkey)} "
            f"{shlex.quote(str(options['output']))}"
        )
