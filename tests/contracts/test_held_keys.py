"""Contracts of parties that keep their signing keys themselves."""

from __future__ import annotations

import pytest

from contracts import services
from contracts.selectors import contract_detail
from ledger.core.note import SignerKey
from ledger.selectors.entries import entry_by_id
from ledger.services.sequence_pending import sequence_pending
from lode.parties.actor import Actor
from lode.parties.errors import PartiesCode, PartiesError
from tests.contracts.world import LESSEE, LESSOR, agreed, at, day, open_ledger_with_keys
from tests.parties.keys_world import keep_own_key


@pytest.fixture(autouse=True)
def world(own_database):
    open_ledger_with_keys()


def sign(actor: Actor, ref: str, days: int, key: SignerKey | None = None) -> services.Signed:
    version = contract_detail(ref=ref, party=actor.organisation, as_of=day(days)).versions[-1]
    given = services.Given(str(key.sign(version.signing_text)), str(key.sign(version.entry_text))) if key else None
    return services.sign_version(
        actor=actor, ref=ref, number=version.number, text_sha256=version.text_sha256, now=at(days), given=given
    )


def test_both_sign_the_same_texts_on_different_days():
    ours, theirs, ref = keep_own_key("meridian"), keep_own_key("voltaic", seed=8), agreed()
    assert sign(LESSOR, ref, 3, ours).entry_id is None
    entry_id = sign(LESSEE, ref, 30, theirs).entry_id
    sequence_pending()
    entry = entry_by_id(entry_id=entry_id, party="voltaic").summary
    assert sorted((line.party, line.custody) for line in entry.signatures) == [
        ("meridian", "held"),
        ("voltaic", "held"),
    ]
    assert entry.occurred == day(2), "the day on which both had agreed"


def test_one_that_keeps_its_key_and_one_that_does_not():
    ref, key = agreed(), keep_own_key("voltaic")
    sign(LESSOR, ref, 3)
    entry_id = sign(LESSEE, ref, 4, key).entry_id
    sequence_pending()
    entry = entry_by_id(entry_id=entry_id, party="voltaic").summary
    assert sorted((line.party, line.custody) for line in entry.signatures) == [
        ("meridian", "hosted"),
        ("voltaic", "held"),
    ]


def test_without_its_line_nothing_is_signed():
    ref, key = agreed(), keep_own_key("meridian")
    version = contract_detail(ref=ref, party="meridian", as_of=day(3)).versions[-1]
    twice = services.Given(str(key.sign(version.entry_text)), str(key.sign(version.entry_text)))
    halves = (
        (None, PartiesCode.SIGNATURE_NEEDED),
        (services.Given(contract=str(key.sign(version.signing_text))), PartiesCode.SIGNATURE_NEEDED),
        (twice, PartiesCode.BAD_SIGNATURE),
    )
    for given, code in halves:
        with pytest.raises(PartiesError) as refused:
            services.sign_version(
                actor=LESSOR, ref=ref, number=1, text_sha256=version.text_sha256, now=at(3), given=given
            )
        assert refused.value.code is code
    found = contract_detail(ref=ref, party="meridian", as_of=day(3))
    assert (found.row.state, found.versions[-1].signatures) == ("agreed", ())


def test_the_second_waits_where_the_firsts_key_was_lost():
    from lode.parties import services as parties

    ref, key = agreed(), keep_own_key("meridian")
    sign(LESSOR, ref, 3, key)
    second = keep_own_key_beside("meridian")
    manager = Actor("meridian", "commercial", 1, manages_keys=True)
    challenge = parties.begin_key_revocation(actor=manager, vkey=str(key.vkey), reason="lost", now=at(4))
    parties.finish_key_change(actor=manager, challenge=challenge, lines={}, now=at(4))
    sequence_pending()
    with pytest.raises(PartiesError, match="meridian keeps its signing key itself"):
        sign(LESSEE, ref, 5)
    assert sign(LESSOR, ref, 5, second).entry_id is None, "the first signature stands; the entry is signed again"
    assert sign(LESSEE, ref, 6).entry_id


def keep_own_key_beside(party: str) -> SignerKey:
    from tests.parties.keys_world import own_key, register

    key = own_key(party, label="second", seed=9)
    register(key, Actor(party, "commercial", person_id=99, manages_keys=True))
    return key
