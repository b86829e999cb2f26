"""What the API says: masses as text, pages, tags, balances at two times, proofs, CSV; and writes that happen once."""

import base64
import csv
import hashlib
import io
import json
import threading

import pytest
from django.core.cache import cache
from django.db import connections

from ledger.core.merkle import leaf_hash, verify_inclusion
from ledger.core.note import VerifierKey
from ledger.core.receipt import Receipt
from ledger.selectors.trust import trust_root
from lode.api.models import IdempotentRequest
from tests.api import world

TONNE = 10**9


class TestLedger:
    def test_balances_are_text_and_say_when(self, api):
        answer = api.get("accounts?holder=voltaic&as_of=2024-01-31").json()
        assert answer["items"] == [
            {
                "element": "Ni",
                "owner": "meridian",
                "holder": "voltaic",
                "state": "stock",
                "lot": "lot-1",
                "mass_mg": "36000000000",
            }
        ]
        assert answer["as_of"] == "2024-01-31"
        assert answer["known_at"] == api.get("checkpoint").json()["size"]

    def test_as_of_a_day_and_as_known_at_a_size(self, api):
        assert api.get("accounts?holder=voltaic&as_of=2023-12-31").json()["items"] == []
        lease = world.indexes("lease-out")[0]
        assert api.get(f"accounts?holder=voltaic&known_at={lease}").json()["items"] == []
        assert len(api.get(f"accounts?holder=voltaic&known_at={lease + 1}").json()["items"]) == 1

    def test_groups(self, api):
        by_owner = api.get("accounts?group=owner").json()["items"]
        assert [(row["owner"], row["holder"], row["mass_mg"]) for row in by_owner] == []
        by_state = api.get("accounts?group=state").json()["items"]
        assert {row["state"]: row["mass_mg"] for row in by_state} == {
            "source": str(-36 * TONNE),
            "stock": str(36 * TONNE),
        }
        assert api.get("accounts?group=none&state=stock").json()["items"][0]["mass_mg"] == str(36 * TONNE)

    def test_an_account_ties(self, api):
        where = "owner=meridian&holder=voltaic&element=Ni&state=stock&lot=lot-1"
        answer = api.get(f"accounts/statement?{where}&start=2024-01-01&end=2024-01-31").json()
        (line,) = answer["items"]
        assert int(answer["opening_mg"]) + int(line["leg"]["mass_mg"]) == int(answer["closing_mg"]) == 36 * TONNE
        assert line["kind"] == "lease-out"

    def test_an_entry_carries_its_evidence(self, api):
        index = world.indexes("lease-out")[0]
        entry = api.get(f"entries/{index}").json()
        text = entry["note"].partition("\n\n")[0] + "\n"
        assert hashlib.sha256(text.encode()).hexdigest() == entry["entry_id"]
        assert entry["body"]["kind"] == "lease-out"
        assert {signature["party"] for signature in entry["signatures"]} == {"meridian", "voltaic"}
        proof = api.get(f"entries/{index}/proof").json()
        hashes = [base64.b64decode(item) for item in proof["hashes"]]
        leaf = leaf_hash(entry["leaf"].encode())
        assert leaf == base64.b64decode(entry["leaf_hash"])
        verify_inclusion(leaf, index, proof["size"], hashes, base64.b64decode(proof["root"]))
        assert proof["tlog_proof"].startswith("c2sp.org/tlog-proof@v1\n")
        receipt = Receipt.parse(api.get(f"entries/{index}/receipt").content)
        root = receipt.verify(entry["leaf"].encode(), VerifierKey.parse(trust_root().log_vkey))
        assert root == base64.b64decode(proof["root"])
        assert api.get(f"entries/by-id/{entry['entry_id']}").json() == entry

    def test_pages_run_through_without_gap_or_repeat(self, api):
        seen, path = [], "entries?limit=3"
        while path:
            answer = api.get(path).json()
            seen += [item["index"] for item in answer["items"]]
            path = answer["next"]
        whole = [item["index"] for item in api.get("entries?limit=200").json()["items"]]
        assert seen == whole
        assert whole == sorted(whole, reverse=True)

    def test_pages_of_balances_stay_at_the_size_of_the_first(self, api):
        first = api.get("accounts?limit=1").json()
        assert first["next_cursor"]
        api.post("entries", {"note": world.entry_note()})
        second = api.get(first["next"]).json()
        assert second["known_at"] == first["known_at"]
        assert len(api.get("accounts?limit=200").json()["items"]) > 2


class TestContractsAndStatements:
    def test_a_contract_and_its_versions(self, api):
        detail = api.get(f"contracts/{api.ref}?as_of=2024-03-01").json()
        assert detail["contract"]["state"] == "signed"
        assert detail["in_force"] == 1
        (version,) = api.get(f"contracts/{api.ref}/versions").json()["items"]
        assert version == api.get(f"contracts/{api.ref}/versions/1").json() == detail["versions"][0]
        assert {signature["party"] for signature in version["signatures"]} == {"meridian", "voltaic"}
        assert api.get(f"entries/{version['entry_index']}").json()["kind"] == "contract"
        missing = api.get(f"contracts/{api.ref}/versions/2")
        assert (missing.status_code, missing.json()["code"]) == (404, "contracts.unknown-version")

    def test_a_statement_as_json_and_as_csv(self, api):
        detail = api.get(f"statements/{api.statement}").json()
        assert detail["statement"]["total"] == "3348.00"
        assert detail["lines"][0]["amount"] == "3348.00"
        assert detail["content"]["settlement"]["trace"]
        response = api.get(f"statements/{api.statement}", Accept="text/csv")
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        (row,) = csv.DictReader(io.StringIO(response.content.decode()))
        assert row["statement_ref"] == api.statement
        assert row["statement_total"] == "3348.00"
        problem = api.get("statements/none", Accept="text/csv")
        assert problem["Content-Type"] == "application/problem+json"

    def test_no_number_of_an_answer_is_a_float(self, api):
        def refuse(text: str) -> None:
            raise AssertionError(text)

        for path in ("accounts", "entries", f"contracts/{api.ref}", f"statements/{api.statement}", "statements"):
            json.loads(api.get(path).content, parse_float=refuse)


class TestTags:
    def test_who_has_it_gets_nothing_again(self, api):
        index = world.indexes("lease-out")[0]
        first = api.get(f"entries/{index}")
        again = api.get(f"entries/{index}", **{"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == first["ETag"]
        assert api.get(f"entries/{index}", **{"If-None-Match": '"other"'}).status_code == 200
        assert api.get(f"entries/{index}", "voltaic", **{"If-None-Match": f'W/{first["ETag"]}, "x"'}).status_code == 304
        assert api.get(f"entries/{index}", "stranger", **{"If-None-Match": first["ETag"]}).status_code == 404

    def test_what_never_changes_says_so_and_nothing_is_shared(self, api):
        size = api.get("checkpoint").json()["size"]
        assert "immutable" in api.get(f"consistency?old_size=1&new_size={size}")["Cache-Control"]
        assert "immutable" in api.get(f"entries/0/receipt?size={size}")["Cache-Control"]
        assert api.get("checkpoint")["Cache-Control"] == "private, no-cache"
        assert api.get("entries/999")["Cache-Control"] == "no-store"
        for path in ("checkpoint", f"checkpoints/{size}"):
            assert "private" in api.get(path)["Cache-Control"]
            assert "Authorization" in api.get(path)["Vary"]


class TestSubmitting:
    def test_an_entry(self, api):
        note = world.entry_note()
        dry = api.post("entries?dry_run=true", {"note": note})
        assert (dry.status_code, dry.json()["state"]) == (200, "checked")
        preview = dry.json()["preview"]
        assert (preview["signed"], preview["missing"]) == (["meridian"], [])
        assert [(line["account"]["state"], line["mass_mg"]) for line in preview["lines"]] == [
            ("source", "-5"),
            ("stock", "5"),
        ]
        response = api.post("entries", {"note": note})
        assert response.status_code == 201
        answer = response.json()
        assert (answer["state"], answer["entry_id"]) == ("posted", dry.json()["entry_id"])
        entry = api.get(response["Location"]).json()
        assert (entry["index"], entry["note"]) == (answer["index"], note)
        assert (preview["index"], answer["preview"]) == (answer["index"], None)
        again = api.post("entries", {"note": note})
        assert (again.status_code, again.json()["existed"], again.json()["index"]) == (200, True, answer["index"])
        assert api.get(f"submissions/{answer['entry_id']}").json()["state"] == "posted"

    def test_a_dry_run_keeps_nothing(self, api):
        before = api.get("checkpoint").json()["size"]
        api.post("entries?dry_run=true", {"note": world.entry_note()})
        assert api.get("checkpoint").json()["size"] == before
        assert len(world.indexes("receive")) == 1

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda note: note.replace('"mass_mg":"5"', '"mass_mg":"6"'), "ledger.bad-signature"),
            (lambda note: note.replace('"-5"', "-5"), "ledger.bad-signature"),
            (lambda note: note.partition("\n\n")[0] + "\n\n", "ledger.unsigned"),
            (lambda note: note.replace("lode/entry/v1", "lode/entry/v2"), "ledger.malformed"),
            (lambda note: "not a note", "ledger.malformed"),
            (lambda note: note.replace("— ", "- "), "ledger.malformed"),
        ],
    )
    def test_what_is_not_signed_as_it_stands_is_refused(self, api, change, code):
        response = api.post("entries", {"note": change(world.entry_note())})
        assert response.status_code == 422, response.content
        assert response.json()["code"].startswith("ledger.")
        assert len(world.indexes("receive")) == 1
        if code != "ledger.bad-signature":
            assert response.json()["code"] in {code, "ledger.unsigned", "ledger.malformed"}

    def test_more_than_there_is_is_refused_with_the_ledgers_sentence(self, api):
        from ledger.core.entry import Account, Entry, encode, move
        from lode.parties.services import signed_note

        stock = Account("meridian", "meridian", "Ni", "stock", "lot-404")
        entry = Entry(
            kind="ship",
            book="ledger.lode.example/demo",
            nonce="ship-1",
            occurred="2024-01-20",
            legs=tuple(sorted(move(stock, stock._replace(state="transit"), 1))),
        )
        note = signed_note(text=encode(entry), organisations=["meridian"]).decode()
        for path in ("entries?dry_run=true", "entries"):
            problem = api.post(path, {"note": note})
            assert (problem.status_code, problem.json()["code"]) == (422, "ledger.insufficient")
            assert "There is not enough" in problem.json()["detail"]


class TestOnce:
    def test_the_same_key_gives_the_same_answer(self, api):
        body = {"note": world.entry_note()}
        first = api.post("entries", body, Idempotency_Key="k-1")
        again = api.post("entries", body, Idempotency_Key="k-1")
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again["Location"] == first["Location"]
        assert again["Idempotency-Replayed"] == "true"
        assert "Idempotency-Replayed" not in first
        assert len(world.indexes("receive")) == 2

    def test_the_same_key_for_another_request_is_refused(self, api):
        api.post("entries", {"note": world.entry_note()}, Idempotency_Key="k-1")
        other = api.post("entries", {"note": world.entry_note(nonce="api-2")}, Idempotency_Key="k-1")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
        assert len(world.indexes("receive")) == 2

    def test_keys_of_two_organisations_are_two_keys(self, api):
        number = api.get("reconciliation/periods").json()["items"][0]["number"]
        path = f"reconciliation/periods/{number}/accept-exact"
        assert api.post(path, role="meridian", Idempotency_Key="k").json() == {"matched": 1}
        assert api.post(path, role="voltaic", Idempotency_Key="k").json() == {"matched": 0}
        assert api.post(path, role="meridian", Idempotency_Key="k").json() == {"matched": 1}

    def test_a_refusal_does_not_use_the_key_up(self, api):
        assert api.post("entries", {"note": "x"}, Idempotency_Key="k-1").status_code == 422
        number = api.get("reconciliation/periods").json()["items"][0]["number"]
        path = f"reconciliation/periods/{number}/signatures"
        assert api.post(path, {"digest": "0" * 64}, Idempotency_Key="k-1").status_code == 409
        assert not IdempotentRequest.objects.exists()
        assert api.post("entries", {"note": world.entry_note()}, Idempotency_Key="k-1").status_code == 201

    def test_while_the_first_runs_the_second_waits(self, api):
        import datetime as dt

        from django.utils import timezone

        claimed = IdempotentRequest.objects.create(
            organisation="meridian", key="k-1", request_sha256="0" * 64, created_at=timezone.now()
        )
        body = {"note": world.entry_note()}
        assert api.post("entries", body, Idempotency_Key="k-1").json()["code"] == "idempotency-key-reused"
        claimed.delete()
        from unittest import mock

        with mock.patch("lode.api.idempotency._digest", return_value="0" * 64):
            claimed = IdempotentRequest.objects.create(
                organisation="meridian", key="k-1", request_sha256="0" * 64, created_at=timezone.now()
            )
            response = api.post("entries", body, Idempotency_Key="k-1")
            assert (response.status_code, response.json()["code"]) == (409, "idempotency-in-progress")
            assert response["Retry-After"] == "2"
            IdempotentRequest.objects.update(created_at=timezone.now() - dt.timedelta(minutes=2))
            assert api.post("entries", body, Idempotency_Key="k-1").status_code == 201

    def test_two_at_once_post_once(self, api):
        body = {"note": world.entry_note()}
        answers: list[int] = []

        def call() -> None:
            try:
                answers.append(api.post("entries", body, Idempotency_Key="k-1").status_code)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 201 in answers
        assert set(answers) <= {201, 409}
        assert len(world.indexes("receive")) == 2

    @pytest.mark.parametrize("key", ["", "with space", "x" * 81, "Schlüssel"])
    def test_keys_that_are_none(self, api, key):
        response = api.post("entries", {"note": world.entry_note()}, Idempotency_Key=key)
        assert (response.status_code, response.json()["code"]) == (400, "idempotency-key-invalid")


class TestReconciling:
    def test_the_whole_of_it_by_program(self, api):
        number = api.get("reconciliation/periods").json()["items"][0]["number"]
        path = f"reconciliation/periods/{number}"
        page = api.get(path).json()
        (row,) = page["rows"]
        assert (row["rule"], row["difference_mg"], row["why"]["en"]) == (
            "exact",
            "0",
            "same reference, same day, same mass",
        )
        assert [blocker["code"] for blocker in page["blockers"]] == ["rows-open"]
        refused = api.post(f"{path}/signatures", {"digest": "0" * 64})
        assert (refused.status_code, refused.json()["code"]) == (409, "reconciliation.cannot-sign")
        keys = {"ours_key": row["ours"]["key"], "theirs_key": row["theirs"]["key"]}
        assert api.post(f"{path}/messages", {**keys, "text": "All there?"}, "voltaic").status_code == 201
        match = api.post(f"{path}/matches", keys).json()["number"]
        assert api.post(f"{path}/matches/{match}/undo").status_code == 204
        api.post(f"{path}/matches", keys)
        page = api.get(path).json()
        assert page["blockers"] == []
        (thread,) = page["threads"].values()
        assert thread[0]["text"] == "All there?"
        for role, state in (("voltaic", "signed"), ("meridian", "closed")):
            signed = api.post(f"{path}/signatures", {"digest": page["digest"]}, role)
            assert (signed.status_code, signed.json()["state"]) == (201, state)
        entry = api.get(f"entries/by-id/{signed.json()['entry_id']}", "voltaic").json()
        assert entry["body"]["documents"] == {"agreed-balance.json": page["digest"]}

    def test_a_partner_submits_and_is_told_what_was_not_understood(self, api):
        path = "reconciliation/statements?our_party=meridian&start=2024-01-01&end=2024-02-01"
        bad = world.STATEMENT_FILE + b"DN-2,soon,Ni,1,t\n"
        refused = api.post(path, bad, "voltaic", content_type="text/csv")
        assert (refused.status_code, refused.json()["code"]) == (422, "reconciliation.rows-rejected")
        zh = api.post(path, bad, "voltaic", content_type="text/csv", Accept_Language="zh-hans")
        assert "无法识别" in zh.json()["detail"]
        kept = api.post(path + "&leave_out_rejected=true", bad, "voltaic", content_type="text/csv")
        assert kept.status_code == 201
        assert kept.json()["totals_mg"] == {"Ni": "36000000000"}
        workbook = api.post(path, b"PK\x03\x04", "voltaic", content_type="text/csv")
        assert (workbook.status_code, workbook.json()["code"]) == (415, "reconciliation.file-not-csv")


def test_too_many_requests(api, monkeypatch):
    from lode.api.throttling import OrganisationThrottle

    monkeypatch.setattr(
        OrganisationThrottle, "THROTTLE_RATES", {**OrganisationThrottle.THROTTLE_RATES, "organisation": "2/min"}
    )
    cache.clear()
    statuses = [api.get("parties").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    response = api.get("parties")
    assert response.json()["code"] == "too-many-requests"
    assert int(response["Retry-After"]) > 0
    assert api.get("parties", "voltaic").status_code == 200
