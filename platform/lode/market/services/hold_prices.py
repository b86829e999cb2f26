"""Fix what a settlement was told to know of prices."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lode.market.models import Horizon


def hold_prices(*, known_at: datetime) -> None:
    """Make sure that no price will ever be recorded at or before `known_at` that is not there now.

    To be called before a settlement reads prices, in a short transaction of its own. It waits for prices that are being
    recorded at this moment; later ones are recorded after `known_at`, by a microsecond at least. So the same known-at
    gives the same prices for ever.
    """
    with transaction.atomic():
        Horizon.objects.filter(known_through__lt=known_at).update(known_through=known_at)
