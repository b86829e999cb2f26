"""Registering and revoking keys by program: for tokens that manage keys, and nobody's but the token's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings

from ledger.core.entry import Account, Entry, encode, move, net_legs
from ledger.core.note import SignerKey, sign
from lode.parties.services import issue_token
from tests.api import world

HOST = settings.LEDGER_ORIGIN.split("/")[0]
KEY = SignerKey(f"meridian.{HOST}/entry/erp", bytes([21]) * 32)


@pytest.fixture
def managing(api: world.Api) -> world.Api:
    for role in ("meridian", "voltaic"):
        token = issue_token(organisation=role, label="keys", now=world.NOW, manages_keys=True)
        api.tokens = {**api.tokens, f"{role}-keys": token}
    return api


def begin(api: world.Api, role: str = "meridian-keys", **body: Any) -> Any:
    return api.post("key-changes", {"action": "register", "vkey": str(KEY.vkey), **body}, role)


def said(answer: Any) -> Any:
    return json.loads(answer.content)


def test_a_key_is_registered_listed_and_revoked(managing):
    change = begin(managing)
    assert change.status_code == 201
    (paper,) = said(change)["papers"]
    assert paper["vkeys"] == [str(KEY.vkey)]
    address = f"key-changes/{said(change)['challenge']}"
    signatures = {paper["name"]: str(KEY.sign(paper["text"].encode()))}
    done = managing.post(address, {"signatures": signatures}, "meridian-keys")
    assert (done.status_code, said(done)["papers"]) == (200, [])
    assert said(managing.get(address, "meridian-keys"))["entry_id"] == said(done)["entry_id"]
    assert managing.post(address, {"signatures": {}}, "meridian-keys").content == done.content
    listed = {key["vkey"]: key for key in said(managing.get("keys?party=meridian"))["items"]}
    assert (listed[str(KEY.vkey)]["custody"], listed[str(KEY.vkey)]["revoked_at_index"]) == ("held", None)

    since = listed[str(KEY.vkey)]["valid_from_index"]
    lost = {"action": "revoke", "reason": "lost", "compromised_since_index": since}
    change = begin(managing, **lost)
    assert said(change)["papers"] == []
    address = f"key-changes/{said(change)['challenge']}"
    assert managing.post(address, {"signatures": {}}, "meridian-keys").status_code == 200
    (row,) = [key for key in said(managing.get("keys?party=meridian"))["items"] if key["vkey"] == str(KEY.vkey)]
    assert (row["compromised_since_index"], row["revoked_at_index"] is None) == (since, False)


def test_an_entry_says_which_kind_of_key_signed_it(managing):
    change = said(begin(managing))
    (paper,) = change["papers"]
    signatures = {paper["name"]: str(KEY.sign(paper["text"].encode()))}
    managing.post(f"key-changes/{change['challenge']}", {"signatures": signatures}, "meridian-keys")
    stock = Account("meridian", "meridian", "Ni", "stock", "lot-9")
    legs = net_legs(move(stock._replace(state="source"), stock, 5))
    fields = {"book": settings.LEDGER_ORIGIN, "nonce": "held-1", "occurred": "2024-01-20", "reference": "PO-9"}
    note = sign(encode(Entry(kind="receive", legs=legs, **fields)), [KEY]).to_bytes().decode()
    answer = managing.post("entries", {"note": note})
    assert answer.status_code == 201
    (line,) = said(managing.get(f"entries/{said(answer)['index']}"))["signatures"]
    assert (line["custody"], line["party"], line["vkey"]) == ("held", "meridian", str(KEY.vkey))


@pytest.mark.parametrize(
    ("role", "body", "status", "code"),
    [
        ("meridian", {}, 403, "parties.not-allowed"),
        ("veritas", {}, 403, "read-only"),
        ("voltaic-keys", {}, 422, "parties.bad-key-name"),
        ("meridian-keys", {"vkey": "nonsense"}, 422, "ledger.bad-key"),
        ("meridian-keys", {"purpose": "log"}, 400, "invalid"),
        ("meridian-keys", {"purpose": "recovery"}, 422, "parties.bad-key-name"),
        ("meridian-keys", {"action": "revoke"}, 400, "invalid"),
        ("meridian-keys", {"action": "revoke", "reason": "lost"}, 422, "parties.unknown-key"),
        ("meridian-keys", {"action": "revoke", "reason": "lost", "compromised_since_index": -1}, 400, "invalid"),
        ("meridian-keys", {"seed": "AAAA"}, 400, "invalid"),
    ],
)
def test_what_is_refused_says_why(managing, role, body, status, code):
    answer = begin(managing, role, **body)
    assert (answer.status_code, said(answer)["code"]) == (status, code)


def test_a_change_is_its_organisations_own(managing):
    change = said(begin(managing))
    address = f"key-changes/{change['challenge']}"
    for role in ("voltaic-keys", "veritas"):
        assert managing.get(address, role).status_code == 404
    signatures = {"possession": str(KEY.sign(change["papers"][0]["text"].encode()))}
    assert managing.post(address, {"signatures": signatures}, "voltaic-keys").status_code == 404
    forged = {"possession": str(SignerKey(KEY.name, bytes([9]) * 32).sign(change["papers"][0]["text"].encode()))}
    refused = managing.post(address, {"signatures": forged}, "meridian-keys")
    assert (refused.status_code, said(refused)["code"]) == (422, "parties.bad-signature")
    missing = managing.post(address, {"signatures": {}}, "meridian-keys")
    assert (missing.status_code, said(missing)["code"]) == (422, "parties.signature-needed")
