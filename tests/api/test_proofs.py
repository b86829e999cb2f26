"""Proofs and disclosures through the API: the bytes are those that `lode-verify` checks."""

from __future__ import annotations

import json

import pytest

from ledger.core import disclosures
from ledger.core.balance_proof import decode, verify
from ledger.core.conservation_proof import check_opening, decode_seeds
from ledger.core.conservation_proof import decode as decode_opening
from ledger.core.entry import Account
from ledger.selectors.conservation import conservation_notice
from ledger.selectors.trust import trust
from ledger.services.conservation import open_conservation
from tests.api import world

LEASED = Account("meridian", "voltaic", "Ni", "stock", "lot-1")
ASKED = "owner=meridian&holder=voltaic&element=Ni&state=stock&lot=lot-1"
SALTS = ["a-salt-that-nobody-guesses", "another-salt-of-this-kind"]


def test_the_notices_are_listed_for_everybody(api):
    (notice,) = api.get("conservation").json()["items"]
    kept = conservation_notice(index=notice["index"])
    assert notice["tree_size"] == kept.tree_size
    assert [item["element"] for item in notice["commitments"]] == list(kept.elements)
    for item in notice["commitments"]:
        assert item["total_mg"] == item["source_total_mg"]


def test_each_reader_is_given_the_file_of_its_own_export(api):
    (notice,) = api.get("conservation").json()["items"]
    path = f"conservation/{notice['index']}/proof"
    commitments = conservation_notice(index=notice["index"]).commitments
    for role in ("meridian", "voltaic", "stranger"):
        answer = api.get(path, role=role)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
        assert answer.content == open_conservation(index=notice["index"], party=role)
        proven = check_opening(decode_opening(answer.content), commitments)
        assert all(role in (account.owner, account.holder) for account in proven)
        assert (LEASED in proven) is (role != "stranger")
    seeds = decode_seeds(api.get(path, role="veritas").content)
    assert set(seeds[2]) == {item.element for item in commitments}
    missing = api.get("conservation/1/proof")
    assert (missing.status_code, missing.json()["code"]) == (404, "ledger.unknown-entry")


def test_a_balance_is_proven_as_the_account_stands(api):
    root = trust()
    answer = api.get(f"accounts/proof?{ASKED}", role="voltaic")
    report = verify(decode(answer.content), root.policy, root.registry)
    stands = api.get(f"accounts/balance?{ASKED}", role="voltaic").json()
    assert (report.account, str(report.balance_mg)) == (LEASED, stands["mass_mg"])
    assert report.conserved_at is not None
    earlier = api.get(f"accounts/proof?{ASKED}&size={report.conserved_at}", role="voltaic")
    assert verify(decode(earlier.content), root.policy, root.registry).size == report.conserved_at
    for query, status in [(f"{ASKED}&size=1", 404), (ASKED.replace("lot-1", "lot-7"), 404), (ASKED[6:], 400)]:
        assert api.get(f"accounts/proof?{query}", role="voltaic").status_code == status


@pytest.fixture
def hiding() -> tuple[str, disclosures.Disclosure, disclosures.Disclosure]:
    details, (grade, price) = disclosures.hide({"grade": "12 %", "price": "17"}, ["grade", "price"], SALTS)
    return world.entry_note(details=details, parties=("voltaic",)), grade, price


def test_what_an_entry_hides_is_handed_in_with_it_and_read_by_whom_it_is_for(api, hiding):
    note, grade, price = hiding
    body = {
        "note": note,
        "disclosures": [
            {"disclosure": grade.text, "readers": ["meridian", "voltaic"]},
            {"disclosure": price.text, "readers": ["meridian"]},
        ],
    }
    answer = api.post("entries", body, role="meridian")
    assert answer.status_code == 201, answer.content
    path = f"entries/{answer.json()['index']}/disclosures"
    assert api.get(path, role="voltaic").json() == {
        "index": answer.json()["index"],
        "hidden": True,
        "disclosures": [grade.text],
        "details": {"grade": "12 %"},
    }
    assert api.get(path, role="meridian").json()["details"] == {"grade": "12 %", "price": "17"}
    assert api.get(path, role="veritas").json()["details"] == {"grade": "12 %", "price": "17"}
    assert api.get(path, role="stranger").status_code == 404
    passed_on = {"disclosures": [{"disclosure": price.text, "readers": ["voltaic"]}]}
    assert api.post(path, passed_on, role="meridian").json() == {"kept": 1}
    assert api.post(path, passed_on, role="meridian").json() == {"kept": 0}
    assert api.get(path, role="voltaic").json()["details"] == {"grade": "12 %", "price": "17"}


def test_an_entry_with_a_disclosure_that_is_not_its_own_is_not_posted(api, hiding):
    note, grade, _ = hiding
    other = disclosures.make(SALTS[0], "grade", "99 %")
    for text, readers, status, code in [
        (other.text, ["meridian"], 422, "ledger.bad-field"),
        (grade.text, ["stranger"], 403, "ledger.forbidden"),
        ("=", ["meridian"], 422, "ledger.bad-field"),
        (grade.text, [], 400, None),
        (grade.text, ["No Party"], 400, None),
    ]:
        for address in ("entries", "entries?dry_run=true"):
            body = {"note": note, "disclosures": [{"disclosure": text, "readers": readers}]}
            answer = api.post(address, body, role="meridian")
            assert answer.status_code == status, answer.content
            assert code in (None, answer.json()["code"])
    assert len(world.indexes("receive")) == 1


def test_the_same_request_again_under_its_key_is_answered_once(api, hiding):
    note, grade, _ = hiding
    body = {"note": note, "disclosures": [{"disclosure": grade.text, "readers": ["voltaic"]}]}
    first = api.post("entries", body, role="meridian", Idempotency_Key="one")
    again = api.post("entries", body, role="meridian", Idempotency_Key="one")
    assert first.status_code == 201
    assert json.loads(first.content) == json.loads(again.content)
