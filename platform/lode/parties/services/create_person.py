"""Enter a person who acts for an organisation."""

from __future__ import annotations

from lode.parties.models import Organisation, Person


def create_person(
    *,
    username: str,
    password: str,
    organisation: str,
    role: str,
    language: str = "en",
    manages_keys: bool = False,
) -> Person:
    """Create a person with a password. `role` is one of Person.Role; it decides the home page and what may be done.

    `manages_keys`: besides, the person registers and revokes the organisation's keys.
    """
    return Person.objects.create_user(
        username=username,
        password=password,
        organisation=Organisation.objects.get(identifier=organisation),
        role=Person.Role(role),
        language=language,
        manages_keys=manages_keys,
    )
