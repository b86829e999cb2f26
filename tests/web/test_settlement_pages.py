"""Pages of settlements and prices: who sees and does what, and what stands on them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from ledger.services.sequence_pending import sequence_pending
from lode.demo.cast import LOG_INS
from lode.settlement.selectors import statement_detail
from lode.web.statement_words import formula_in_words
from tests.support.demo_world import World
from tests.web.forms import as_user, forms, own_keys, text_of

LEASE, WARRANTY, OFFTAKE = (
    "ST-ML-2023-001-2025-10-r1",
    "ST-PW-2023-001-2025-Q3-r1",
    "ST-OT-2023-001-bm-2407-final-r1",
)
DRAFT = "ST-ML-2025-001-2025-10-r1"
LISTS = ("/settlements/", "/settlements.csv", "/settlements.json", "/prices/", "/prices/nickel/", "/prices/nickel.csv")
PARTIES = {LEASE: {"borealis", "kunwu"}, WARRANTY: {"kunwu", "meridian"}, OFFTAKE: {"ringcycle", "taihe"}}
VERBS = ("approve", "issue", "dispute", "resolve", "export-csv", "export-json")


@pytest.fixture(autouse=True)
def undone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let every test write into the one demo world, and take back what it wrote."""
    if "demo" in request.fixturenames:
        yield
        return
    request.getfixturevalue("demo_pages")
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("path", [*LISTS, f"/settlements/{LEASE}/"])
def test_nobody_reads_without_signing_in(path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in/?next={path}")


@pytest.mark.parametrize("person", LOG_INS, ids=lambda person: person.username)
def test_each_reads_the_statements_of_its_own_contracts_alone(person: object) -> None:
    client = as_user(person.username)  # type: ignore[attr-defined]
    for path in LISTS:
        assert client.get(path).status_code == 200
    for ref, parties in PARTIES.items():
        mine = person.organisation in parties or person.role == "auditor"  # type: ignore[attr-defined]
        assert client.get(f"/settlements/{ref}/").status_code == (200 if mine else 404), ref
        if not mine:
            for verb in VERBS:
                answer = client.post(f"/settlements/{ref}/{verb}/", {"reason": "x"})
                assert answer.status_code == 404, (ref, verb)
            assert ref not in text_of(client, "/settlements/")


@pytest.mark.parametrize("verb", ["approve", "issue", "dispute", "resolve"])
def test_an_auditor_acts_on_nothing(verb: str) -> None:
    answer = as_user("auditor").post(f"/settlements/{LEASE}/{verb}/", {"reason": "I would rather not"})
    assert answer.status_code == 403
    assert statement_detail(ref=LEASE, party=None).summary.status == "issued"


@pytest.mark.parametrize("verb", ["approve", "issue", "resolve"])
def test_only_finance_approves_and_issues(verb: str) -> None:
    answer = as_user("lessor").post(f"/settlements/{DRAFT}/{verb}/", {"reason": "x"})
    assert answer.status_code == 403
    assert "finance" in answer.content.decode()
    assert statement_detail(ref=DRAFT, party=None).summary.status == "draft"


@pytest.mark.parametrize("verb", VERBS)
def test_a_post_without_its_token_is_refused(verb: str) -> None:
    assert as_user("finance", csrf=True).post(f"/settlements/{DRAFT}/{verb}/").status_code == 403


def test_the_reason_stands_beside_what_the_reader_may_not_do() -> None:
    page = text_of(as_user("lessor"), f"/settlements/{DRAFT}/")
    assert "Finance approves and issues statements" in page
    assert not forms(page, ending="/approve/")
    assert forms(text_of(as_user("finance"), f"/settlements/{DRAFT}/"), ending="/approve/")


def test_approved_by_finance_and_issued_through_the_web_it_stands_on_the_ledger(
    demo: World, settings: Settings
) -> None:
    own_keys(settings, demo)
    client = as_user("finance")
    for verb, status in (("approve", "approved"), ("issue", "issued")):
        (form,) = forms(text_of(client, f"/settlements/{DRAFT}/"), ending=f"/{verb}/")
        answer = client.post(form.action, form.values)
        assert answer.status_code == 302, answer.content.decode()[-2500:]
        assert statement_detail(ref=DRAFT, party=None).summary.status == status
    summary = statement_detail(ref=DRAFT, party=None).summary
    sequence_pending()
    page = text_of(client, f"/settlements/{DRAFT}/")
    assert summary.entry_id in page
    found = client.get(f"/ledger/?q={summary.entry_id}", follow=True).content.decode()
    assert DRAFT in found


def test_a_dispute_needs_a_reason_and_stands_in_the_life_of_the_statement() -> None:
    client = as_user("cellfinance")
    answer = client.post(f"/settlements/{LEASE}/dispute/", {"reason": " "}, follow=True)
    assert "结算单维持" not in answer.content.decode()
    assert statement_detail(ref=LEASE, party=None).summary.status == "issued"
    client.post(f"/settlements/{LEASE}/dispute/", {"reason": "The mass is not ours", "line": "1"})
    detail = statement_detail(ref=LEASE, party=None)
    assert (detail.summary.status, detail.events[-1].line_position) == ("disputed", 1)
    assert "The mass is not ours" in text_of(as_user("finance"), f"/settlements/{LEASE}/")
    client.post(f"/settlements/{LEASE}/resolve/", {"reason": "It was ours"})
    assert statement_detail(ref=LEASE, party=None).summary.status == "issued"


def test_a_line_names_the_ledger_entry_the_price_and_the_term_it_comes_from() -> None:
    page = text_of(as_user("finance"), f"/settlements/{LEASE}/")
    assert "LME nickel, monthly average of 2025-10, edition 1" in page
    assert 'href="/prices/nickel/#p-2025-10"' in page
    assert 'href="/ledger/' in page
    assert "Term rate, version 1" in page
    assert "mass × rate × days × price / days of a year / 100 / 1,000" in page
    assert "Computed again just now: the same bytes" in page


def test_the_working_is_told_in_chinese() -> None:
    page = text_of(as_user("cellfinance", language="zh-hans"), f"/settlements/{LEASE}/")
    assert "质量 × 费率 × 天数 × 价格 / 年计天数 / 100 / 1,000" in page
    assert "应付净额" in page
    assert "刚刚重新计算：字节完全一致" in page


def test_a_formula_is_put_into_words_once() -> None:
    names = {"price": "mass", "mass": "price", "Ni.fee.2025-10-01": "nickel: fee"}
    assert formula_in_words("price x mass - Ni.fee.2025-10-01", names) == "mass × price − nickel: fee"


def test_a_warranty_shows_its_readings_against_the_guarantee() -> None:
    page = text_of(as_user("operator"), f"/settlements/{WARRANTY}/")
    assert "State of health of fleet-2311" in page
    assert "fleet-2311: 67.7% measured, 74.1% guaranteed at the last reading" in page


def test_filters_hold_for_the_page_and_for_its_files() -> None:
    client = as_user("auditor")
    asked = "kind=offtake&start=2024-07-01&end=2024-07-31"
    rows = list(csv.DictReader(io.StringIO(client.get(f"/settlements.csv?{asked}").content.decode())))
    assert {row["statement"] for row in rows} == {OFFTAKE, OFFTAKE.replace("final", "provisional")}
    assert sum(Decimal(row["amount_due"]) for row in rows) == Decimal("76560.23")
    assert [row["statement"] for row in json.loads(client.get(f"/settlements.json?{asked}").content)["rows"]] == [
        row["statement"] for row in rows
    ]
    page = text_of(client, f"/settlements/?{asked}")
    assert all(row["statement"] in page for row in rows)
    assert LEASE not in page
    assert client.get("/settlements/?cursor=nonsense").status_code == 409
    assert client.get("/settlements/?start=yesterday&end=9999-12-31").status_code == 200


def test_finance_corrects_a_fixing_and_the_first_edition_stays() -> None:
    client = as_user("finance")
    sent = {"period": "2025-10", "price": "15,100.50", "evidence": "LME, 2025-11-03"}
    assert client.post("/prices/nickel/", sent).status_code == 302
    page = text_of(client, "/prices/nickel/")
    assert "1, superseded" in page
    assert "LME, 2025-11-03" in page
    rows = list(csv.DictReader(io.StringIO(client.get("/prices/nickel.csv").content.decode())))
    editions = [
        (row["edition"], row["price"], row["superseded"]) for row in rows if row["period_start"] == "2025-10-01"
    ]
    assert editions == [("1", "15092.12", "yes"), ("2", "15100.50", "no")]


def test_a_gap_is_marked() -> None:
    client = as_user("finance")
    client.post("/prices/nickel/", {"period": "2026-01", "price": "15000"})
    page = text_of(client, "/prices/nickel/")
    assert "2025-11, 2025-12" in page
    assert page.count("no fixing") == 2


@pytest.mark.parametrize("sent", [{"period": "2025-13", "price": "1"}, {"period": "2025-11", "price": "12,5"}, {}])
def test_a_fixing_that_cannot_be_read_is_refused_with_a_sentence(sent: dict[str, str]) -> None:
    answer = as_user("finance").post("/prices/nickel/", sent)
    assert answer.status_code == 422
    assert "Nothing was kept" in answer.content.decode()


def test_partners_and_auditors_enter_no_fixing() -> None:
    sent = {"period": "2025-11", "price": "15000"}
    for username in ("auditor", "operator", "refiner"):
        assert as_user(username).post("/prices/nickel/", sent).status_code == 403
        assert "Keep the fixing" not in text_of(as_user(username), "/prices/nickel/")
    assert as_user("finance", csrf=True).post("/prices/nickel/", sent).status_code == 403
    assert as_user("finance").get("/prices/unobtainium/").status_code == 404
