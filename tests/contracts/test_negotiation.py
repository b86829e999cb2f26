"""Drafting and negotiating: who has the pen, what the other sees, who may act and when."""

import pytest

from contracts import services
from contracts.core.errors import ProblemCode, SettlementError, TermsError
from contracts.errors import ContractCode, ContractError
from contracts.selectors import changed_clauses, contract_detail, demo_terms, kinds, list_contracts, problems_of
from tests.contracts.world import (
    AUDITOR,
    FINANCE,
    KINDS,
    LESSEE,
    LESSOR,
    STRANGER,
    agreed,
    at,
    day,
    drafted,
    make_organisations,
    proposed,
    state_of,
    turns_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def organisations(db):
    make_organisations()


def refused(code, call, **arguments):
    with pytest.raises(ContractError) as error:
        call(**arguments)
    assert error.value.code is code
    assert error.value.sentence.endswith(".")
    return error.value.sentence


def seen_by(actor, ref):
    return contract_detail(ref=ref, party=actor.reads_as, as_of=day(0))


@pytest.mark.parametrize("kind", KINDS)
def test_a_draft_starts_from_terms_that_could_be_proposed_as_they_are(kind):
    ref = drafted(kind)
    assert problems_of(kind=kind, terms=demo_terms(kind)) == ()
    services.propose(actor=LESSOR, ref=ref, now=at(1))
    assert state_of(ref) == "proposed"


def test_the_kinds_of_the_tests_are_all_there_are():
    assert sorted(kind.code for kind in kinds()) == sorted(KINDS)


def test_references_count_by_kind_and_year():
    assert [drafted(), drafted(), drafted("offtake"), drafted("performance-warranty")] == [
        "ML-2023-001",
        "ML-2023-002",
        "OT-2023-001",
        "PW-2023-001",
    ]


def test_the_author_may_take_the_second_role():
    ref = services.create_draft(actor=LESSEE, kind="material-lease", counterparty="meridian", role="lessee", now=at(0))
    detail = seen_by(LESSEE, ref)
    assert dict(detail.roles) == {"lessor": "meridian", "lessee": "voltaic"}
    assert detail.row.turns == ("voltaic",)


def test_a_contract_needs_another_party_that_exists_and_a_role_of_its_kind():
    common = {"kind": "material-lease", "now": at(0)}
    refused(ContractCode.UNKNOWN_PARTY, services.create_draft, actor=LESSOR, counterparty="meridian", **common)
    refused(ContractCode.UNKNOWN_PARTY, services.create_draft, actor=LESSOR, counterparty="nobody", **common)
    refused(
        ContractCode.UNKNOWN_PARTY, services.create_draft, actor=LESSOR, counterparty="voltaic", role="buyer", **common
    )
    with pytest.raises(SettlementError, match="not a kind of contract"):
        services.create_draft(actor=LESSOR, kind="marriage", counterparty="voltaic", now=at(0))


def test_asking_twice_under_one_key_makes_one_draft():
    ask = {"actor": LESSOR, "kind": "offtake", "counterparty": "voltaic", "idempotency_key": "k1"}
    assert services.create_draft(now=at(0), **ask) == services.create_draft(now=at(1), **ask) == "OT-2023-001"
    assert len(list_contracts(party="meridian").rows) == 1
    refused(
        ContractCode.KEY_REUSED, services.create_draft, now=at(2), **{**ask, "terms": {"delivery_place": "Antwerp"}}
    )
    other = services.create_draft(
        actor=LESSEE, kind="offtake", counterparty="meridian", now=at(3), idempotency_key="k1"
    )
    assert other == "OT-2023-002"


def test_a_withdrawn_draft_is_still_read_by_its_author():
    ref = drafted(rate_pct="7")
    services.decline(actor=LESSOR, ref=ref, reason="Not needed.", now=at(1))
    assert (state_of(ref), seen_by(LESSOR, ref).terms["rate_pct"]) == ("terminated", "7")
    refused(ContractCode.UNKNOWN_CONTRACT, seen_by, actor=LESSEE, ref=ref)


def test_an_idempotency_key_may_be_long():
    ask = {"actor": LESSOR, "kind": "offtake", "counterparty": "voltaic", "idempotency_key": "k" * 500}
    assert services.create_draft(now=at(0), **ask) == services.create_draft(now=at(1), **ask)


def test_an_incomplete_draft_is_kept_and_not_proposed():
    ref = drafted(delivery_place="", rate_pct="130")
    detail = seen_by(LESSOR, ref)
    assert detail.draft.terms["rate_pct"] == "130"
    assert {(p.field, p.code) for p in detail.problems} == {
        ("delivery_place", ProblemCode.REQUIRED),
        ("rate_pct", ProblemCode.TOO_LARGE),
    }
    assert detail.clauses == ()
    with pytest.raises(TermsError):
        services.propose(actor=LESSOR, ref=ref, now=at(1))
    assert state_of(ref) == "draft"


@pytest.mark.parametrize(
    "terms", [{"rate_pct": 4.0}, {"colour": "red"}, {"elements": "Ni"}, {"delivery_place": "Ant\0werp"}]
)
def test_what_can_never_become_terms_is_refused_at_once(terms):
    with pytest.raises(TermsError):
        drafted(**terms)


def test_a_term_of_the_template_can_be_left_out():
    assert "min_fee" in demo_terms("material-lease")
    assert "min_fee" not in seen_by(LESSOR, drafted(min_fee=None)).terms


def test_a_draft_is_its_authors_alone_until_it_is_proposed():
    ref = drafted()
    assert seen_by(LESSOR, ref).draft.revision == 1
    assert seen_by(AUDITOR, ref).draft.holder == "meridian"
    refused(ContractCode.UNKNOWN_CONTRACT, seen_by, actor=LESSEE, ref=ref)
    assert list_contracts(party="voltaic").rows == ()
    refused(ContractCode.UNKNOWN_CONTRACT, services.agree, actor=LESSEE, ref=ref, number=1, now=at(1))


def test_the_pen_goes_over_with_the_turn():
    ref = proposed()
    assert turns_of(ref) == ("voltaic",)
    assert seen_by(LESSOR, ref).draft is None
    services.save_draft(
        actor=LESSEE, ref=ref, terms={**demo_terms("material-lease"), "rate_pct": "3.5"}, expected_revision=1, now=at(2)
    )
    assert seen_by(LESSEE, ref).terms["rate_pct"] == "3.5"
    assert seen_by(LESSOR, ref).terms["rate_pct"] == "4.0"
    refused(
        ContractCode.NOT_YOUR_TURN,
        services.save_draft,
        actor=LESSOR,
        ref=ref,
        terms=demo_terms("material-lease"),
        expected_revision=2,
        now=at(3),
    )
    assert services.counter(actor=LESSEE, ref=ref, now=at(3)) == 2
    assert seen_by(LESSOR, ref).versions[1].terms["rate_pct"] == "3.5"
    assert (state_of(ref), turns_of(ref)) == ("countered", ("meridian",))


def test_a_stale_save_overwrites_nothing():
    ref = drafted()
    terms = demo_terms("material-lease")
    first = {**terms, "rate_pct": "5"}
    assert services.save_draft(actor=LESSOR, ref=ref, terms=first, expected_revision=1, now=at(1)) == 2
    refused(
        ContractCode.STALE_REVISION,
        services.save_draft,
        actor=LESSOR,
        ref=ref,
        terms={**terms, "rate_pct": "6"},
        expected_revision=1,
        now=at(2),
    )
    refused(ContractCode.STALE_REVISION, services.propose, actor=LESSOR, ref=ref, expected_revision=1, now=at(2))
    assert seen_by(LESSOR, ref).draft.terms["rate_pct"] == "5"


def test_a_counter_changes_something():
    ref = proposed()
    refused(ContractCode.NOTHING_CHANGED, services.counter, actor=LESSEE, ref=ref, now=at(2))
    assert len(seen_by(LESSEE, ref).versions) == 1


def test_only_the_latest_version_can_be_agreed():
    ref = proposed()
    services.save_draft(
        actor=LESSEE, ref=ref, terms={**demo_terms("material-lease"), "rate_pct": "3"}, expected_revision=1, now=at(2)
    )
    services.counter(actor=LESSEE, ref=ref, now=at(2))
    refused(ContractCode.UNKNOWN_VERSION, services.agree, actor=LESSOR, ref=ref, number=1, now=at(3))
    services.agree(actor=LESSOR, ref=ref, number=2, now=at(3))
    assert turns_of(ref) == ("meridian", "voltaic")


def test_nobody_agrees_with_himself():
    refused(ContractCode.NOT_YOUR_TURN, services.agree, actor=LESSOR, ref=proposed(), number=1, now=at(2))


def test_what_is_agreed_is_not_changed():
    ref = agreed()
    refused(ContractCode.WRONG_STATE, services.counter, actor=LESSEE, ref=ref, now=at(3))
    refused(
        ContractCode.WRONG_STATE, services.save_draft, actor=LESSOR, ref=ref, terms={}, expected_revision=1, now=at(3)
    )
    assert seen_by(LESSOR, ref).draft is None


@pytest.mark.parametrize("actor", [LESSOR, LESSEE])
@pytest.mark.parametrize("reach", [proposed, agreed])
def test_either_party_declines_and_says_why(actor, reach):
    ref = reach()
    refused(ContractCode.REASON_MISSING, services.decline, actor=actor, ref=ref, reason=" ", now=at(3))
    services.decline(actor=actor, ref=ref, reason="The rate is above the market.", now=at(3))
    last = seen_by(actor, ref).turns[-1]
    assert (state_of(ref), turns_of(ref)) == ("terminated", ())
    assert (last.move, last.party, last.reason) == ("decline", actor.organisation, "The rate is above the market.")
    refused(ContractCode.WRONG_STATE, services.agree, actor=LESSEE, ref=ref, number=1, now=at(4))


def test_the_history_tells_every_turn():
    ref = agreed()
    turns = [(t.number, t.move, t.party, t.version_number, t.state_after) for t in seen_by(LESSEE, ref).turns]
    assert turns == [(1, "propose", "meridian", 1, "proposed"), (2, "agree", "voltaic", 1, "agreed")]


def test_moves_offered_are_those_that_would_be_accepted():
    ref = proposed()
    assert seen_by(LESSOR, ref).moves == {"decline"}
    assert seen_by(LESSEE, ref).moves == {"save", "counter", "agree", "decline"}
    assert seen_by(AUDITOR, ref).moves == frozenset()


def test_the_language_that_prevails_is_the_one_put_forward():
    ref = proposed()
    assert seen_by(LESSEE, ref).row.prevailing_language == "en"
    services.save_draft(
        actor=LESSEE,
        ref=ref,
        terms={**demo_terms("material-lease"), "prevailing_language": "zh"},
        expected_revision=1,
        now=at(2),
    )
    assert seen_by(LESSOR, ref).row.prevailing_language == "en"
    services.counter(actor=LESSEE, ref=ref, now=at(2))
    assert seen_by(LESSOR, ref).row.prevailing_language == "zh"


def test_a_version_carries_the_names_and_days_of_its_parties():
    version = seen_by(LESSOR, proposed(commencement="2023-03-01")).versions[0]
    assert str(version.effective_from) == "2023-03-01"
    assert (version.number, version.proposed_by, version.supersedes, version.signatures) == (1, "meridian", None, ())


def test_an_auditor_reads_everything_and_acts_on_nothing():
    ref = proposed()
    assert seen_by(AUDITOR, ref).row.ref == ref
    for call, arguments in every_service(ref):
        refused(ContractCode.NOT_ALLOWED, call, actor=AUDITOR, **arguments)


def test_finance_records_payments_and_does_not_negotiate():
    ref = proposed()
    *negotiation, (record, fact) = every_service(ref)
    for call, arguments in negotiation:
        refused(ContractCode.NOT_ALLOWED, call, actor=FINANCE, **arguments)
    assert record(actor=FINANCE, **fact).version == 1


def test_a_stranger_sees_nothing_and_can_do_nothing():
    ref = proposed()
    for call, arguments in every_service(ref)[1:]:
        sentence = refused(ContractCode.UNKNOWN_CONTRACT, call, actor=STRANGER, **arguments)
        assert sentence == f"There is no contract {ref} among yours: check the reference."
    refused(ContractCode.UNKNOWN_CONTRACT, seen_by, actor=STRANGER, ref=ref)
    refused(ContractCode.UNKNOWN_CONTRACT, changed_clauses, ref=ref, party="stranger", a=1, b=1)
    assert list_contracts(party="stranger").rows == ()
    assert list_contracts(party="stranger", turn="voltaic", search="ML").rows == ()
    assert list_contracts(party="").rows == ()


def every_service(ref):
    terms = demo_terms("material-lease")
    fact = services.NewFact("payment", ref, day(1), "bank", {"amount": "1", "currency": "USD"})
    return [
        (services.create_draft, {"kind": "offtake", "counterparty": "voltaic", "now": at(5)}),
        (services.save_draft, {"ref": ref, "terms": terms, "expected_revision": 1, "now": at(5)}),
        (services.propose, {"ref": ref, "now": at(5)}),
        (services.counter, {"ref": ref, "now": at(5)}),
        (services.agree, {"ref": ref, "number": 1, "now": at(5)}),
        (services.decline, {"ref": ref, "reason": "no", "now": at(5)}),
        (services.sign_version, {"ref": ref, "number": 1, "text_sha256": "0" * 64, "now": at(5)}),
        (services.amend, {"ref": ref, "changes": {}, "effective_from": day(9), "now": at(5)}),
        (services.end_contract, {"ref": ref, "on": day(9), "reason": "no", "now": at(5)}),
        (services.record_fact, {"ref": ref, "fact": fact, "now": at(5)}),
    ]


def test_the_list_is_filtered_searched_and_paged():
    lease, offtake = proposed(), drafted("offtake")
    warranty = proposed("performance-warranty")

    def refs(**filters):
        return [row.ref for row in list_contracts(**{"party": "meridian", **filters}).rows]

    assert refs() == [warranty, lease, offtake]
    assert refs(kind="offtake") == [offtake]
    assert refs(state="proposed") == [warranty, lease]
    assert refs(turn="voltaic") == [warranty, lease]
    assert refs(turn="meridian") == [offtake]
    assert refs(party="voltaic") == [warranty, lease]
    assert refs(party=None) == [warranty, lease, offtake]
    assert refs(counterparty="stranger") == []
    assert refs(search="ML volta") == [lease]
    first = list_contracts(party="meridian", limit=2)
    second = list_contracts(party="meridian", limit=2, cursor=first.next_cursor)
    assert [row.ref for row in (*first.rows, *second.rows)] == [warranty, lease, offtake]
    assert second.next_cursor is None
    refused(ContractCode.BAD_CURSOR, list_contracts, party="meridian", cursor="not a cursor")
