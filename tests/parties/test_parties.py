"""Organisations, people, tokens, and signing with the keys that Lode keeps."""

import datetime as dt
import hashlib

import pytest

from ledger.core.note import Note
from ledger.selectors.keys import keys
from ledger.services.open_ledger import open_ledger
from ledger.services.sequence_pending import sequence_pending
from lode.parties import services
from lode.parties.errors import PartiesCode, PartiesError
from lode.parties.models import ApiToken, HostedKey, Person
from lode.parties.selectors import actor_of, get_party, hosted_key_names, party_names

NOW = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)


def enter(identifier: str = "terra", kind: str = "lessor") -> None:
    services.create_organisation(
        identifier=identifier, kind=kind, name_en=identifier.title(), name_zh="大地", country="CH", now=NOW
    )


@pytest.mark.django_db
def test_an_identifier_is_given_once():
    enter()
    with pytest.raises(PartiesError, match="given once") as refused:
        enter()
    assert refused.value.code is PartiesCode.ORGANISATION_EXISTS
    assert get_party("terra").name("zh-hans") == "大地"


@pytest.mark.django_db
def test_an_unknown_organisation_is_said_and_stands_for_itself_in_lists():
    enter()
    with pytest.raises(PartiesError) as refused:
        get_party("nobody")
    assert refused.value.code is PartiesCode.UNKNOWN_ORGANISATION
    assert party_names(["terra", "nobody"], "en") == {"terra": "Terra", "nobody": "nobody"}


@pytest.mark.django_db
def test_a_token_is_shown_once_and_kept_as_its_hash():
    enter()
    token = services.issue_token(organisation="terra", label="test", now=NOW)
    row = ApiToken.objects.get()
    assert token.startswith("lode_")
    assert row.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(vars(row))
    actor = services.actor_of_token(token)
    assert (actor.organisation, actor.reads_as, actor.sees_all) == ("terra", "terra", False)


@pytest.mark.django_db
def test_an_auditors_token_reads_all():
    enter("argus", "auditor")
    actor = services.actor_of_token(services.issue_token(organisation="argus", label="test", now=NOW))
    assert (actor.role, actor.sees_all, actor.reads_as) == ("auditor", True, None)


@pytest.mark.django_db
def test_a_revoked_token_and_a_wrong_one_get_the_same_answer():
    enter()
    token = services.issue_token(organisation="terra", label="test", now=NOW)
    services.revoke_token(organisation="terra", prefix=token[:12], now=NOW)
    said = set()
    for text in (token, "lode_wrong", "", token.upper()):
        with pytest.raises(PartiesError) as refused:
            services.actor_of_token(text)
        assert refused.value.code is PartiesCode.UNKNOWN_TOKEN
        said.add(str(refused.value))
    assert len(said) == 1


@pytest.mark.django_db
def test_another_organisation_cannot_revoke_a_token():
    enter()
    enter("luna")
    token = services.issue_token(organisation="terra", label="test", now=NOW)
    services.revoke_token(organisation="luna", prefix=token[:12], now=NOW)
    assert services.actor_of_token(token).organisation == "terra"


@pytest.mark.django_db
def test_a_person_acts_for_the_organisation_and_passwords_are_scrypt():
    enter()
    person = services.create_person(username="ann", password="correct horse", organisation="terra", role="finance")
    assert person.password.startswith("scrypt$")
    assert actor_of(Person.objects.get(username="ann")).organisation == "terra"
    assert not actor_of(person).sees_all


def test_a_hosted_key_is_registered_sealed_and_signs(own_database):
    open_ledger(now=NOW)
    enter()
    vkey = services.create_hosted_key(organisation="terra", label="2024", now=NOW)
    sequence_pending()
    (registered,) = keys(party="terra")
    assert (registered.vkey, registered.custody) == (vkey, "hosted")
    assert hosted_key_names("terra") == (registered.name,)
    note = Note.parse(services.signed_note(text=b"lode/entry/v1\n{}\n", organisations=["terra"]))
    assert [line.name for line in note.signatures] == [registered.name]
    row = HostedKey.objects.get()
    assert len(bytes(row.sealed_seed)) == 1 + 4 + 12 + 32 + 16


def test_nobody_signs_for_an_organisation_without_a_key(own_database):
    enter()
    with pytest.raises(PartiesError) as refused:
        services.signature_of(organisation="terra", text=b"lode/entry/v1\n{}\n")
    assert refused.value.code is PartiesCode.NO_HOSTED_KEY
