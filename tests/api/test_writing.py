"""Every write, tried as every role: who may not changes nothing."""

import pytest
from django.test import Client

from lode.parties.services import create_person
from lode.reconciliation.models import Match, PartnerStatement, PeriodSignature
from tests.api import world
from tests.api.doors import OUTSIDE, WRITES, body_of, names_in
from tests.api.world import ROLES


@pytest.fixture
def names(api) -> dict[str, object]:
    return names_in(api)


@pytest.mark.parametrize("address", WRITES)
def test_writing(api, names, address):
    path = address.format(**names)
    kind, allowed = WRITES[address]
    asked = body_of(api, kind, names)
    for role in OUTSIDE:
        assert api.post(path, role=role, **asked).status_code == 401
    refused = api.post(path, role="veritas", **asked)
    assert (refused.status_code, refused.json()["code"]) == (403, "read-only")
    for role in sorted(set(ROLES) - allowed - {"veritas"}):
        response = api.post(path, role=role, **asked)
        assert response.status_code in {403, 404, 409, 422}, (role, response.content)
        assert response["Content-Type"] == "application/problem+json"
        if role == "stranger" and kind not in {"note", "csv", "key", "lines of a key"}:
            assert response.status_code == 404
    assert not Match.objects.exists()
    assert not PeriodSignature.objects.exists()
    assert PartnerStatement.objects.filter(period=names["period"]).count() == 1
    assert len(world.indexes("receive")) == 1
    for role in sorted(allowed):
        response = api.post(path, role=role, **asked)
        assert response.status_code in {200, 201, 204} or kind == "split", (role, response.content)


def test_who_has_signed_in_on_the_web_is_nobody_here(api):
    create_person(username="ann", password="a long password", organisation="meridian", role="commercial")
    client = Client()
    assert client.login(username="ann", password="a long password")
    assert client.get("/api/v1/parties").status_code == 401
