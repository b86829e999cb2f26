"""The whole life of each kind: drafted, countered, agreed, signed by both, on the ledger, amended, ended."""

import hashlib
import json
import threading
from datetime import date

import pytest
from django.db import connections

from contracts import services
from contracts.errors import ContractCode, ContractError
from contracts.selectors import (
    contract_detail,
    contract_versions_for_settlement,
    contracts_to_settle,
    demo_terms,
)
from ledger.core.note import Note, SignatureLine, VerifierKey
from ledger.selectors.entries import entry_by_id, list_entries
from ledger.selectors.keys import keys
from ledger.services.sequence_pending import sequence_pending
from tests.contracts.world import (
    AUDITOR,
    KINDS,
    LESSEE,
    LESSOR,
    STRANGER,
    active,
    agreed,
    at,
    day,
    open_ledger_with_keys,
    proposed,
    sign,
    state_of,
    turns_of,
)

CHANGES = {
    "material-lease": {"rate_pct": "3.5"},
    "performance-warranty": {"ld_rate": "45"},
    "offtake": {"treatment_charge": "850"},
}


@pytest.fixture(autouse=True)
def ledger(own_database):
    open_ledger_with_keys()


def detail(ref, party="meridian", days=400):
    return contract_detail(ref=ref, party=party, as_of=day(days))


def refused(code, call, **arguments):
    with pytest.raises(ContractError) as error:
        call(**arguments)
    assert error.value.code is code


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_life(kind):
    ref = proposed(kind)
    term, value = next(iter(CHANGES[kind].items()))
    services.save_draft(
        actor=LESSEE, ref=ref, terms={**demo_terms(kind), **CHANGES[kind]}, expected_revision=1, now=at(2)
    )
    services.counter(actor=LESSEE, ref=ref, now=at(2))
    services.agree(actor=LESSOR, ref=ref, number=2, now=at(3))
    first = sign(LESSEE, ref, 4)
    assert (first.state, first.entry_id, turns_of(ref)) == ("signed", None, ("meridian",))
    second = sign(LESSOR, ref, 200)
    assert (second.state, turns_of(ref)) == ("active", ())
    sequence_pending()

    version = detail(ref).versions[1]
    assert version.signed_by_both
    assert version.terms[term] == value
    entry = entry_by_id(entry_id=second.entry_id, party="voltaic")
    assert entry.summary.index == version.entry_index
    assert set(entry.readers) == {"meridian", "voltaic"}
    assert entry.body["documents"] == {
        "contract": version.digest,
        "terms": version.terms_sha256,
        "text": version.text_sha256,
    }
    assert {signature.party for signature in entry.summary.signatures} == {"meridian", "voltaic"}
    assert list_entries(party="stranger", contract=ref) == ()

    refused(ContractCode.REASON_MISSING, services.end_contract, actor=LESSEE, ref=ref, on=day(500), now=at(490))
    ended = services.end_contract(actor=LESSEE, ref=ref, on=day(500), reason="The plant closes.", now=at(490))
    assert (ended, detail(ref).turns[-1].move) == ("terminated", "terminate")
    assert contract_versions_for_settlement(ref=ref, known_at=at(489)).ended_on is None
    assert contract_versions_for_settlement(ref=ref, known_at=at(490)).ended_on == day(500)


def test_the_digest_is_what_anyone_recomputes():
    ref = active()
    version = detail(ref).versions[0]
    document = {
        "contract": ref,
        "effective_from": "2023-02-01",
        "kind": "material-lease",
        "parties": {"lessor": "meridian", "lessee": "voltaic"},
        "terms": dict(version.terms),
        "text_sha256": version.text_sha256,
        "version": "1",
    }
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(canonical).hexdigest() == version.digest
    header, line = version.signing_text.decode().splitlines()
    assert header == "lode/contract/v1"
    assert json.loads(line) == {
        "contract": ref,
        "digest": version.digest,
        "text_sha256": version.text_sha256,
        "version": "1",
    }


def test_both_signatures_verify_as_one_note_under_the_registered_keys():
    version = detail(active()).versions[0]
    note = Note(version.signing_text, tuple(SignatureLine.parse(s.line) for s in version.signatures))
    registered = [VerifierKey.parse(key.vkey) for key in keys() if key.party in {"meridian", "voltaic"}]
    signers = Note.parse(note.to_bytes()).verify(registered)
    assert {key.name.split(".")[0] for key in signers} == {"meridian", "voltaic"}
    forged = Note(version.signing_text.replace(b'"version":"1"', b'"version":"2"'), note.signatures)
    with pytest.raises(Exception, match="does not fit"):
        forged.verify(registered)


def test_signing_twice_gives_the_first_signature():
    ref = agreed()
    first, again = sign(LESSOR, ref, 3), sign(LESSOR, ref, 4)
    assert first == again
    assert turns_of(ref) == ("voltaic",)
    assert len(detail(ref).versions[0].signatures) == 1
    done = sign(LESSEE, ref, 5)
    assert sign(LESSEE, ref, 6).entry_id == done.entry_id
    sequence_pending()
    assert len(list_entries(party=None, contract=ref)) == 1


def test_only_the_text_that_was_read_is_signed():
    ref = agreed()
    refused(
        ContractCode.TEXT_CHANGED,
        services.sign_version,
        actor=LESSOR,
        ref=ref,
        number=1,
        text_sha256="0" * 64,
        now=at(3),
    )
    assert detail(ref).versions[0].signatures == ()


def test_nothing_is_signed_before_it_is_agreed():
    ref = proposed()
    with pytest.raises(ContractError) as error:
        sign(LESSEE, ref, 3)
    assert error.value.code is ContractCode.WRONG_STATE


def test_no_one_else_signs():
    ref = agreed()
    text_sha256 = detail(ref).versions[0].text_sha256
    for actor, code in ((STRANGER, ContractCode.UNKNOWN_CONTRACT), (AUDITOR, ContractCode.NOT_ALLOWED)):
        refused(code, services.sign_version, actor=actor, ref=ref, number=1, text_sha256=text_sha256, now=at(3))


def test_two_who_sign_at_once_both_sign_and_one_entry_is_posted():
    ref = agreed()
    text_sha256 = detail(ref).versions[0].text_sha256
    together = threading.Barrier(4)
    outcomes = []

    def sign_now(actor):
        together.wait()
        try:
            outcomes.append(services.sign_version(actor=actor, ref=ref, number=1, text_sha256=text_sha256, now=at(40)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sign_now, args=(actor,)) for actor in (LESSOR, LESSEE, LESSOR, LESSEE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sequence_pending()
    version = detail(ref).versions[0]
    assert len(outcomes) == 4
    assert sorted(s.party for s in version.signatures) == ["meridian", "voltaic"]
    assert state_of(ref) == "active"
    assert [entry.entry_id for entry in list_entries(party=None, contract=ref)] == [version.entry_id]


def test_a_contract_signed_early_comes_into_force_on_its_day():
    ref = agreed()
    sign(LESSOR, ref, 3)
    assert sign(LESSEE, ref, 4).state == "signed"
    assert turns_of(ref) == ()
    refused(ContractCode.WRONG_STATE, services.decline, actor=LESSEE, ref=ref, reason="Too late.", now=at(5))
    assert services.activate_due(now=at(21)) == ()
    assert services.activate_due(now=at(22)) == (ref,)
    assert services.activate_due(now=at(23)) == ()
    assert state_of(ref) == "active"
    assert detail(ref).turns[-1].effective_on == day(22)


def test_a_settlement_knows_a_version_from_its_second_signature():
    ref = agreed()
    sign(LESSOR, ref, 3)
    sign(LESSEE, ref, 30)
    assert contract_versions_for_settlement(ref=ref, known_at=at(29)).versions == ()
    (version,) = contract_versions_for_settlement(ref=ref, known_at=at(30)).versions
    assert (version.number, version.effective_from, version.known_since) == (1, day(22), at(30))
    assert contracts_to_settle(as_of=day(21)) == ()
    assert contracts_to_settle(as_of=day(22)) == (ref,)


def amended(ref, effective_days, changes, days):
    services.amend(actor=LESSEE, ref=ref, changes=changes, effective_from=day(effective_days), now=at(days))
    number = services.propose(actor=LESSEE, ref=ref, now=at(days))
    services.agree(actor=LESSOR, ref=ref, number=number, now=at(days + 1))
    sign(LESSOR, ref, days + 2)
    sign(LESSEE, ref, days + 3)


def test_an_amendment_holds_from_its_day_and_is_known_from_its_signatures():
    ref = active()
    amended(ref, 150, {"rate_pct": "3.0"}, 100)
    assert (state_of(ref), detail(ref).row.amendment) == ("active", "")
    before = contract_versions_for_settlement(ref=ref, known_at=at(102))
    after = contract_versions_for_settlement(ref=ref, known_at=at(103))
    assert [(v.number, v.effective_from, v.terms["rate_pct"]) for v in before.versions] == [(1, day(22), "4.0")]
    assert [(v.number, v.effective_from, v.terms["rate_pct"]) for v in after.versions] == [
        (1, day(22), "4.0"),
        (2, day(150), "3.0"),
    ]
    assert [detail(ref, days=days).in_force for days in (21, 22, 149, 150)] == [None, 1, 1, 2]
    assert detail(ref).versions[1].supersedes == 1


def test_a_back_dated_amendment_is_ordered_by_its_day():
    ref = active()
    amended(ref, 150, {"rate_pct": "3.0"}, 100)
    amended(ref, 60, {"rate_pct": "3.9"}, 200)
    versions = contract_versions_for_settlement(ref=ref, known_at=at(300)).versions
    assert [(v.number, v.effective_from) for v in versions] == [(1, day(22)), (3, day(60)), (2, day(150))]


def test_an_amendment_is_open_once_and_leaves_no_trace_when_declined():
    ref = active()
    terms = {"ref": ref, "changes": {"rate_pct": "3"}, "effective_from": day(150)}
    refused(ContractCode.BAD_DATE, services.amend, actor=LESSEE, now=at(99), **{**terms, "effective_from": day(1)})
    first = services.amend(actor=LESSEE, now=at(100), idempotency_key="a", **terms)
    assert services.amend(actor=LESSEE, now=at(101), idempotency_key="a", **terms) == first
    assert (detail(ref, "voltaic").terms["rate_pct"], detail(ref).terms["rate_pct"]) == ("3", "4.0")
    refused(ContractCode.WRONG_STATE, services.amend, actor=LESSOR, now=at(101), **terms)
    services.propose(actor=LESSEE, ref=ref, now=at(102))
    assert (detail(ref).row.amendment, turns_of(ref)) == ("proposed", ("meridian",))
    services.decline(actor=LESSOR, ref=ref, reason="The rate stays.", now=at(103))
    assert (state_of(ref), detail(ref).row.amendment, turns_of(ref)) == ("active", "", ())
    assert detail(ref).in_force == 1
    services.amend(actor=LESSOR, now=at(104), **terms)


def test_a_contract_that_ran_its_time_has_ended():
    ref = active(maturity="2024-02-01")
    refused(ContractCode.BAD_DATE, services.end_contract, actor=LESSOR, ref=ref, on=day(1), now=at(400))
    assert services.end_contract(actor=LESSOR, ref=ref, on=day(387), now=at(400)) == "ended"
    refused(ContractCode.WRONG_STATE, services.end_contract, actor=LESSOR, ref=ref, on=day(387), now=at(401))


def test_a_signature_made_after_a_settlement_is_known_after_it():
    ref = agreed()
    sign(LESSOR, ref, 3)
    services.hold_knowledge(ref=ref, known_at=at(50))
    sign(LESSEE, ref, 30)
    assert contract_versions_for_settlement(ref=ref, known_at=at(50)).versions == ()
    assert len(contract_versions_for_settlement(ref=ref, known_at=at(50.1)).versions) == 1


def test_a_contract_in_force_names_its_next_days():
    obligations = contract_detail(ref=active(), party="voltaic", as_of=date(2023, 3, 15)).obligations
    assert [str(obligation.due_date) for obligation in obligations[:2]] == ["2023-04-01", "2023-05-01"]
    assert obligations[0].what_en == "Settlement of 2023-03-01..2023-04-01 is due"
    assert len(obligations) == 12


def test_asking_twice_at_once_makes_one_draft():
    together = threading.Barrier(3)
    refs = []

    def create_now():
        together.wait()
        try:
            refs.append(
                services.create_draft(
                    actor=LESSOR, kind="offtake", counterparty="voltaic", now=at(0), idempotency_key="once"
                )
            )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=create_now) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refs == ["OT-2023-001"] * 3
    assert services.create_draft(actor=LESSOR, kind="offtake", counterparty="voltaic", now=at(1)) == "OT-2023-002"


def test_a_lot_that_was_shipped_shows_when_it_settles():
    ref = active("offtake")
    services.record_facts(
        actor=LESSOR,
        ref=ref,
        facts=[
            services.NewFact("milestone", "LOT-7", date(2023, 6, 12), "bill of lading", {"event": "shipment"}),
            services.NewFact("milestone", "LOT-7", date(2023, 7, 3), "weighbridge", {"event": "arrival"}),
        ],
        now=at(180),
    )
    shown = contract_detail(ref=ref, party="voltaic", as_of=date(2023, 7, 10)).obligations
    assert [(str(o.due_date), o.what_en) for o in shown] == [
        ("2023-09-01", "Settlement of LOT-7 is due"),
        ("2026-06-01", "The contract runs out"),
    ]
