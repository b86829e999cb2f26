"""`lode keys reseal`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from lode.parties.services import reseal_hosted_keys


class Command(BaseCommand):
    help = "Seal every hosted key under LODE_KEY_ENCRYPTION_KEY; what was interrupted goes on where it stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        anew, total = reseal_hosted_keys()
        self.stdout.write(
            f"{anew} of {total} hosted keys sealed anew; all are under today's key-encryption key. "
            "LODE_KEY_ENCRYPTION_KEYS_OLD is needed no more."
        )
