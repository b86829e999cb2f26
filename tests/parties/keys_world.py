"""Two organisations, a ledger, and keys that only the test has."""

import datetime as dt

from django.conf import settings

from ledger.core.note import SignerKey
from ledger.services.open_ledger import open_ledger
from ledger.services.sequence_pending import sequence_pending
from lode.parties import services
from lode.parties.actor import Actor
from lode.parties.selectors import key_change

NOW = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)
TERRA = Actor("terra", "commercial", person_id=1, manages_keys=True)
LUNA = Actor("luna", "partner", person_id=2, manages_keys=True)


def open_world(*, hosted: bool = True) -> None:
    open_ledger(now=NOW)
    for name in ("terra", "luna"):
        services.create_organisation(
            identifier=name, kind="lessor", name_en=name.title(), name_zh="甲", country="CH", now=NOW
        )
        if hosted:
            services.create_hosted_key(organisation=name, label="2024", now=NOW)
    sequence_pending()


def own_key(party: str = "terra", label: str = "own", purpose: str = "entry", seed: int = 7) -> SignerKey:
    """A key that the party keeps itself: the platform never sees its seed."""
    host = settings.LEDGER_ORIGIN.split("/")[0]
    return SignerKey(f"{party}.{host}/{purpose}/{label}", bytes([seed]) * 32)


def sign_papers(challenge: str, actor: Actor, *keys: SignerKey) -> dict[str, str]:
    """What each paper of a change is signed with: the first of the keys that may."""
    found = key_change(challenge=challenge, actor=actor, book=settings.LEDGER_ORIGIN)
    return {
        paper.name: str(next(key for key in keys if str(key.vkey) in paper.vkeys).sign(paper.text))
        for paper in found.papers
    }


def keep_own_key(party: str, seed: int = 7) -> SignerKey:
    """Let an organisation of any world sign itself from now on; gives its key."""
    key = own_key(party, seed=seed)
    register(key, Actor(party, "commercial", person_id=99, manages_keys=True))
    return key


def register(key: SignerKey, actor: Actor = TERRA, purpose: str = "entry", *others: SignerKey) -> str:
    """Register a key that the organisation keeps itself; returns the id of the public entry."""
    challenge = services.begin_key_registration(actor=actor, vkey=str(key.vkey), purpose=purpose, now=NOW)
    lines = sign_papers(challenge, actor, key, *others)
    entry_id = services.finish_key_change(actor=actor, challenge=challenge, lines=lines, now=NOW)
    sequence_pending()
    return entry_id
