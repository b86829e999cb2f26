"""`lode ledger trust`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from ledger.selectors.trust import trust_root
from ledger.services.register_operator_keys import make_ml_dsa_log_key, register_operator_keys
from lode.cli import arguments


class Command(BaseCommand):
    help = "Print the trust root: the policy with the log's keys, the witnesses and the quorum, and the registry's key."

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.ledger_trust(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["add_ml_dsa"]:
            make_ml_dsa_log_key()
        if options["add_ml_dsa"] or options["register"]:
            with transaction.atomic():
                added = register_operator_keys(now=dt.datetime.now(dt.UTC))
            self.stderr.write(f"Registered by public entries: {', '.join(added) or 'nothing was missing'}.")
        root = trust_root()
        self.stdout.write(f"# registry.vkey: {root.registry_vkey}\n{root.policy.decode()}", ending="")
