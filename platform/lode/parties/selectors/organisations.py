"""Who is who."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lode.parties.actor import Actor
from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.models import HostedKey, Organisation, Person


@dataclass(frozen=True)
class Party:
    """An organisation as others may know it: names are no secret, balances are."""

    identifier: str
    kind: str
    name_en: str
    name_zh: str
    country: str

    def name(self, language: str) -> str:
        """Return the name in the language asked for."""
        return self.name_zh if language.startswith("zh") else self.name_en


def _party(row: Organisation) -> Party:
    return Party(row.identifier, row.kind, row.name_en, row.name_zh, row.country)


def list_parties() -> tuple[Party, ...]:
    """Return every organisation by identifier."""
    return tuple(_party(row) for row in Organisation.objects.all())


def get_party(identifier: str) -> Party:
    """Return one organisation. Raises PartiesError `unknown-organisation`."""
    row = Organisation.objects.filter(identifier=identifier).first()
    if row is None:
        raise PartiesError(
            PartiesCode.UNKNOWN_ORGANISATION, f"There is no organisation {identifier}: check the identifier."
        )
    return _party(row)


def party_names(identifiers: Iterable[str], language: str) -> Mapping[str, str]:
    """Return the names of organisations by identifier; an unknown identifier stands for itself."""
    wanted = set(identifiers)
    known = {row.identifier: _party(row).name(language) for row in Organisation.objects.filter(identifier__in=wanted)}
    return {identifier: known.get(identifier, identifier) for identifier in wanted}


def actor_of(person: Person) -> Actor:
    """Return whom a signed-in person acts for. Somebody without an organisation acts for nobody and sees nothing."""
    return Actor(
        organisation=person.organisation_id or "",
        role=person.role,
        person_id=person.pk,
        sees_all=person.role == Person.Role.AUDITOR,
        manages_keys=person.manages_keys,
    )


def hosted_key_names(organisation: str) -> tuple[str, ...]:
    """Return the names of the keys that Lode keeps for an organisation, newest first."""
    rows = HostedKey.objects.filter(organisation_id=organisation, retired_at=None).order_by("-created_at", "-id")
    return tuple(rows.values_list("name", flat=True))
