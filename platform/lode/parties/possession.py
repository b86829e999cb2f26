"""How a party shows that it has a key: the key signs a text of its own kind, made for this one registration."""

from __future__ import annotations

import re

from ledger.core.canonical_json import dumps
from lode.parties.errors import PartiesCode, PartiesError

HEADER = b"lode/key-possession/v1\n"
PURPOSES = ("entry", "recovery")
_LABEL = "[a-z0-9-]{1,40}"


def possession_text(*, book: str, party: str, purpose: str, vkey: str, challenge: str) -> bytes:
    """Return what a new key signs: `lode/key-possession/v1`, and one line of RFC 8785 JSON.

    The first line is the domain separation: a signature under it is never one of an entry. `challenge` (64 hexadecimal
    digits) was never used before, so that no earlier signature fits.
    """
    said = {"book": book, "challenge": challenge, "party": party, "purpose": purpose, "vkey": vkey}
    return HEADER + dumps(said) + b"\n"


def key_name(*, party: str, book: str, purpose: str, label: str) -> str:
    """Return `<party>.<host of the book>/<purpose>/<label>`; raises PartiesError `bad-key-name`."""
    name = f"{party}.{book.split('/', maxsplit=1)[0]}/{purpose}/{label}"
    check_key_name(name, party=party, book=book, purpose=purpose)
    return name


def check_key_name(name: str, *, party: str, book: str, purpose: str) -> None:
    """Raise PartiesError `bad-key-name` unless the name is one of the party's own for that purpose."""
    host = book.split("/", maxsplit=1)[0]
    if purpose not in PURPOSES or not re.fullmatch(re.escape(f"{party}.{host}/{purpose}/") + _LABEL, name):
        raise PartiesError(
            PartiesCode.BAD_KEY_NAME,
            f"A key of {party} is named {party}.{host}/entry/ or {party}.{host}/recovery/, and then 1 to 40 lower-case "
            "letters, digits and hyphens, so that nobody's key passes for another's. Make one under such a name.",
        )
