"""Enter an organisation."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.models import Organisation


def create_organisation(
    *, identifier: str, kind: str, name_en: str, name_zh: str, country: str, now: datetime
) -> Organisation:
    """Create a party. `identifier` is what the ledger calls it for ever: lower-case letters, digits and hyphens.

    Raises PartiesError `organisation-exists` when the identifier is taken.
    """
    try:
        with transaction.atomic():
            return Organisation.objects.create(
                identifier=identifier,
                kind=Organisation.Kind(kind),
                name_en=name_en,
                name_zh=name_zh,
                country=country,
                created_at=now,
            )
    except IntegrityError as error:
        raise PartiesError(
            PartiesCode.ORGANISATION_EXISTS,
            f"There is an organisation {identifier} already: an identifier is given once. Choose another.",
        ) from error
