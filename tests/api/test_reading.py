"""Every address, read as every role: the parties, a stranger, the auditor, no token, a revoked and an unknown one."""

import re

import pytest
from django.core.cache import cache
from django.urls import resolve

from lode.api.urls import v1
from tests.api import world
from tests.api.doors import OUTSIDE, READS, WRITES, names_in
from tests.api.world import ROLES


@pytest.fixture
def api(shared_api: world.Api) -> world.Api:
    """Nothing here is allowed to change anything, so all tests look at one copy of the world."""
    cache.clear()
    return shared_api


@pytest.fixture
def names(api) -> dict[str, object]:
    return names_in(api)


def test_no_address_is_forgotten():
    """A new address fails here until it stands in one of the two tables."""
    dummies = dict.fromkeys(("ref", "statement", "lease_id", "challenge"), "x") | dict.fromkeys(
        ("lease", "receive", "size", "period", "notice"), 1
    )
    tried = {
        resolve(f"/api/v1/{address.partition('?')[0].format(**dummies)}").url_name for address in (*READS, *WRITES)
    }
    assert tried == {pattern.name for pattern in v1} - {"openapi"}


@pytest.mark.parametrize("address", READS)
def test_reading(api, names, address):
    path = address.format(**names)
    for role in ROLES:
        response = api.get(path, role)
        if role in READS[address]:
            assert response.status_code == 200, (role, response.content)
            kind = "cose" if address.endswith("/receipt") else "json"
            assert response["Content-Type"] == f"application/{kind}"
        else:
            assert response.status_code == 404, (role, response.content)
            assert response["Content-Type"] == "application/problem+json"
    for role in OUTSIDE:
        response = api.get(path, role)
        assert response.status_code == 401, (role, response.content)
        assert response["WWW-Authenticate"] == 'Bearer realm="lode"'
        assert response.json()["code"] in {"token-missing", "unknown-token"}


def test_lists_hold_what_is_ones_own(api, names):
    entries = {role: {item["index"] for item in api.get("entries?limit=200", role).json()["items"]} for role in ROLES}
    public = set(world.indexes("notice")) | set(world.indexes("key"))
    assert names["receive"] in entries["meridian"]
    assert names["receive"] not in entries["voltaic"]
    assert names["lease"] in entries["voltaic"]
    assert entries["stranger"] == public
    assert entries["veritas"] == set(range(names["size"]))
    balances = {role: api.get("accounts", role).json()["items"] for role in ROLES}
    assert {row["holder"] for row in balances["voltaic"]} == {"voltaic"}
    assert balances["stranger"] == []
    assert len(balances["veritas"]) == len(balances["meridian"])
    for path in ("contracts", "statements", "reconciliation/periods"):
        counts = {role: len(api.get(path, role).json()["items"]) for role in ROLES}
        assert counts == {"meridian": 1, "voltaic": 1, "stranger": 0, "veritas": 1}


def test_a_stranger_cannot_tell_what_is_not_his_from_what_is_not_there(api, names):
    for existing, missing in (
        (f"entries/{names['receive']}", "entries/999999"),
        (f"contracts/{api.ref}", "contracts/ML-1999-001"),
        (f"statements/{api.statement}", "statements/ST-none-r1"),
        (f"reconciliation/periods/{names['period']}", "reconciliation/periods/999999"),
    ):
        one, other = api.get(existing, "stranger"), api.get(missing, "stranger")
        assert (one.status_code, one.json()["code"]) == (other.status_code, other.json()["code"])
        names = [path.rpartition("/")[2] for path in (existing, missing)]
        told = [
            re.sub(rf"\b{re.escape(name)}\b", "X", response.json()["detail"])
            for name, response in zip(names, (one, other), strict=True)
        ]
        assert told[0] == told[1]


def test_a_token_elsewhere_than_in_the_header_opens_nothing(api):
    token = api.tokens["meridian"]
    assert api.get(f"parties?token={token}", None).status_code == 401
    assert api.get("parties", None, Cookie=f"token={token}").status_code == 401
    assert api.get("parties", None, Authorization=f"Basic {token}").status_code == 401
    assert api.get("parties", None, Authorization=f"bearer {token}").status_code == 200
    assert api.get("parties", None, Authorization=f"Bearer  {token}").status_code == 401
