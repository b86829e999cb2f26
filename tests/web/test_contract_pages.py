"""Pages of contracts: who sees and does what, and a lease from its draft to both signatures through the web alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from contracts.selectors import contract_detail, list_contracts
from lode.demo.cast import CELL_MAKER, LESSOR, PASSWORD
from lode.parties.services import create_organisation, create_person
from tests.support.demo_world import World

LEASE, WARRANTY, OFFTAKE = "ML-2023-001", "PW-2023-001", "OT-2023-001"
TODAY = date(2025, 1, 31)
NOW = datetime(2025, 1, 31, tzinfo=UTC)
PAGES = (
    "/contracts/",
    "/contracts.csv",
    "/contracts.json",
    f"/contracts/{LEASE}/",
    f"/contracts/{LEASE}/sign/",
    f"/contracts/{LEASE}/draft/",
    "/contracts/new/",
)
POSTS = ("agree", "decline", "amend", "end", "sign", "draft", "draft/preview")


@pytest.fixture(autouse=True)
def undone(demo_pages: World, settings: Settings) -> Iterator[None]:
    """Let every test write into the one demo world, signing with its keys, and take back what it wrote."""
    sealed_under = demo_pages.var / "secrets" / "lode_key_encryption_key"
    settings.LODE_KEY_ENCRYPTION_KEY = sealed_under.read_text(encoding="ascii").strip()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def as_user(username: str, *, language: str = "en", csrf: bool = False) -> Client:
    client = Client(enforce_csrf_checks=csrf)
    assert client.login(username=username, password=PASSWORD)
    client.cookies["django_language"] = language
    return client


def inputs(html: str) -> dict[str, str]:
    """Return what a browser without scripts would send of the draft's form."""
    form = html[html.index('<form id="draft"') :]
    form = form[: form.index("</form>")]
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if found.get("type") in {"checkbox", "radio"} and " checked" not in tag:
            continue
        sent[found["name"]] = found.get("value", "")
    for name, body in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        sent[name] = chosen[1] if chosen else (re.search(r'value="([^"]*)"', body) or [""])[1]
    return {name: value.replace("&#x27;", "'").replace("&amp;", "&") for name, value in sent.items()}


def start(client: Client, **given: str) -> str:
    """Start a contract through the page; return its reference."""
    page = client.get("/contracts/new/")
    key = re.search(r'name="key" value="([^"]+)"', page.content.decode())
    assert key
    sent = {"kind": "material-lease", "counterparty": CELL_MAKER, "side": "first", "start": "demo", "key": key[1]}
    answer = client.post("/contracts/new/", {**sent, **given})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    return str(answer["Location"]).split("/")[2]


def draft_page(client: Client, ref: str) -> str:
    answer = client.get(f"/contracts/{ref}/draft/")
    assert answer.status_code == 200
    return answer.content.decode()


def seen(ref: str, party: str = LESSOR):
    return contract_detail(ref=ref, party=party, as_of=TODAY)


class TestWhoSeesWhat:
    @pytest.mark.parametrize("address", PAGES)
    def test_nobody_without_a_sign_in(self, address):
        answer = Client().get(address)
        assert (answer.status_code, answer["Location"].startswith("/sign-in/")) == (302, True)

    @pytest.mark.parametrize(
        ("username", "statuses"),
        [
            ("lessor", (200, 302, 302)),
            ("cellmaker", (200, 302, 302)),
            ("auditor", (200, 403, 403)),
            ("finance", (200, 403, 403)),
            ("recycler", (404, 404, 404)),
        ],
    )
    def test_a_contract_is_its_parties_and_the_auditors(self, username, statuses):
        client = as_user(username)
        found = tuple(client.get(f"/contracts/{LEASE}/{rest}").status_code for rest in ("", "sign/", "draft/"))
        assert found == statuses

    @pytest.mark.parametrize("verb", POSTS)
    @pytest.mark.parametrize(("username", "status"), [("recycler", 404), ("auditor", 403), ("finance", 403)])
    def test_readers_and_strangers_change_nothing(self, username, status, verb):
        sent = {"day": "2025-06-01", "reason": "no", "number": "1", "read": "yes"}
        turns = len(seen(LEASE).turns)
        assert as_user(username).post(f"/contracts/{LEASE}/{verb}/", sent).status_code == status
        assert len(seen(LEASE).turns) == turns

    @pytest.mark.parametrize("verb", POSTS)
    def test_a_form_from_elsewhere_is_refused(self, verb):
        assert as_user("lessor", csrf=True).post(f"/contracts/{LEASE}/{verb}/").status_code == 403

    @pytest.mark.parametrize(("username", "status"), [("auditor", 403), ("finance", 403), ("recycler", 200)])
    def test_readers_start_no_contract(self, username, status):
        client = as_user(username)
        assert client.get("/contracts/new/").status_code == status
        if status == 403:
            sent = {"kind": "offtake", "counterparty": CELL_MAKER}
            assert client.post("/contracts/new/", sent).status_code == 403

    def test_the_auditor_is_told_why_no_button_is_there(self):
        html = as_user("auditor").get(f"/contracts/{LEASE}/").content.decode()
        assert "Your role reads contracts and does not act on them" in html
        assert '<form method="post" action="/contracts/' not in html


class TestTheList:
    def test_each_party_reads_its_own(self):
        assert set(
            re.findall(r'href="/contracts/([A-Z]{2}-[^"/]+)/"', as_user("recycler").get("/contracts/").content.decode())
        ) == {OFFTAKE}
        rows = json.loads(as_user("auditor").get("/contracts.json").content)["rows"]
        assert {row["contract"] for row in rows} == {LEASE, "ML-2025-001", WARRANTY, OFFTAKE}

    def test_filters_hold_for_the_page_and_for_its_files(self):
        client = as_user("lessor")
        for query, wanted in (
            ("?kind=material-lease", {LEASE, "ML-2025-001"}),
            ("?kind=offtake", set()),
            ("?state=draft", set()),
            ("?turn=mine", set()),
            ("?q=2025-001", {"ML-2025-001"}),
            ("?q=鹿特丹Rotterdam", set()),
            ("?q=硫酸镍", set()),
            ("?q=Rotterdam 租赁", {LEASE, "ML-2025-001"}),
            ("?q=2031年11月", {LEASE}),
        ):
            html = client.get(f"/contracts/{query}").content.decode()
            assert set(re.findall(r'href="/contracts/(\w\w-\d[^"/]+)/"', html)) == wanted, query
            rows = json.loads(client.get(f"/contracts.json{query}").content)["rows"]
            assert {row["contract"] for row in rows} == wanted, query

    def test_the_file_has_its_columns_in_order(self):
        head, *rows = as_user("cellmaker").get("/contracts.csv").content.decode("utf-8-sig").splitlines()
        assert head.startswith(
            "contract,kind,party_a,role_a,party_b,role_b,author,state,amendment,waits_for,next_date,"
        )
        assert any(
            row.startswith(f"{LEASE},material-lease,borealis,lessor,kunwu,lessee,borealis,active,") for row in rows
        )

    def test_an_unknown_cursor_is_refused_and_not_a_crash(self):
        assert as_user("lessor").get("/contracts/?cursor=nonsense").status_code == 409

    def test_who_has_no_contract_is_offered_three_ways_to_start(self):
        create_organisation(
            identifier="newcomer", kind="lessor", name_en="Newcomer", name_zh="新来者", country="CH", now=NOW
        )
        create_person(username="newcomer", password=PASSWORD, organisation="newcomer", role="commercial", language="en")
        html = as_user("newcomer").get("/contracts/").content.decode()
        assert re.findall(r'href="(/contracts/new/\?kind=[^"]+)"', html) == [
            f"/contracts/new/?kind={kind}&amp;start=demo"
            for kind in ("material-lease", "performance-warranty", "offtake")
        ]

    def test_a_long_list_goes_on_by_a_cursor(self):
        ours = as_user("lessor")
        for n in range(26):
            start(ours, key=f"long-{n}")
        first = ours.get("/contracts/").content.decode()
        further = re.search(r'href="(\?cursor=[^"]+)" rel="next"', first)
        assert further
        second = ours.get(f"/contracts/{further[1]}").content.decode()
        refs = [re.findall(r'<a href="/contracts/(\w\w-\d[^"/]+)/"', html) for html in (first, second)]
        assert (len(refs[0]), len(refs[1]), set(refs[0]) & set(refs[1])) == (25, 3, set())


class TestOneContract:
    @pytest.mark.parametrize("ref", [LEASE, WARRANTY, OFFTAKE])
    def test_it_shows_its_text_signatures_and_ledger_entry(self, ref):
        html = as_user("auditor").get(f"/contracts/{ref}/").content.decode()
        version = contract_detail(ref=ref, party=None, as_of=TODAY).versions[0]
        assert version.text_sha256[8:] in html
        assert f'href="/ledger/{version.entry_index}/"' in html
        assert f"/settlements/?contract={ref}" in html
        assert all(line.key_name in html for line in version.signatures)
        assert html.count('<article class="clause') == html.count('class="text" lang="zh-Hans"') > 15

    def test_an_unknown_reference_is_not_found(self):
        assert as_user("auditor").get("/contracts/ML-1999-001/").status_code == 404


class TestAWholeLease:
    def test_from_its_draft_to_both_signatures(self):
        ours, theirs = as_user("lessor"), as_user("cellmaker")
        ref = start(ours)
        assert theirs.get(f"/contracts/{ref}/").status_code == 404  # a draft is its author's alone
        sent = inputs(draft_page(ours, ref))
        assert sent["elements.#"] == "2"
        answer = ours.post(f"/contracts/{ref}/draft/", {**sent, "rate_pct": "6.25", "do": "propose"})
        assert answer["Location"] == f"/contracts/{ref}/"
        assert seen(ref).versions[0].terms["rate_pct"] == "6.25"

        sent = inputs(draft_page(theirs, ref))
        answer = theirs.post(f"/contracts/{ref}/draft/", {**sent, "rate_pct": "5.75", "do": "counter"})
        assert answer["Location"] == f"/contracts/{ref}/"
        page = ours.get(f"/contracts/{ref}/").content.decode()
        assert "<del>6.25 %</del>" in page
        assert "<ins>5.75 %</ins>" in page

        assert ours.get(f"/contracts/{ref}/sign/").status_code == 302  # nothing is agreed yet
        answer = ours.post(f"/contracts/{ref}/agree/", {"number": "2"})
        assert answer["Location"] == f"/contracts/{ref}/sign/"
        version = seen(ref).versions[-1]
        assert version.text_sha256[8:] in ours.get(f"/contracts/{ref}/sign/").content.decode()

        unread = ours.post(f"/contracts/{ref}/sign/", {"number": "2", "text_sha256": version.text_sha256})
        assert (unread.status_code, seen(ref).versions[-1].signatures) == (422, ())
        for client, signed in ((ours, 1), (theirs, 2)):
            sent = {"number": "2", "text_sha256": version.text_sha256, "read": "yes"}
            assert client.post(f"/contracts/{ref}/sign/", sent)["Location"] == f"/contracts/{ref}/"
            assert len(seen(ref).versions[-1].signatures) == signed
        assert seen(ref).row.state == "active"
        assert seen(ref).versions[-1].entry_id

    def test_a_text_that_changed_is_shown_and_not_signed(self):
        ours, theirs = as_user("lessor"), as_user("cellmaker")
        ref = start(ours)
        ours.post(f"/contracts/{ref}/draft/", {**inputs(draft_page(ours, ref)), "do": "propose"})
        first = seen(ref).versions[0]
        sent = inputs(draft_page(theirs, ref))
        theirs.post(f"/contracts/{ref}/draft/", {**sent, "delivery_place": "Ningbo", "do": "counter"})
        ours.post(f"/contracts/{ref}/agree/", {"number": "2"})
        answer = ours.post(f"/contracts/{ref}/sign/", {"number": "1", "text_sha256": first.text_sha256, "read": "yes"})
        html = answer.content.decode()
        assert answer.status_code == 409
        assert "The text changed since you opened it" in html
        assert "<ins>Ningbo</ins>" in html
        assert seen(ref).versions[-1].signatures == ()

    def test_declining_asks_for_a_reason_that_the_other_reads(self):
        ours, theirs = as_user("lessor"), as_user("cellmaker")
        ref = start(ours)
        ours.post(f"/contracts/{ref}/draft/", {**inputs(draft_page(ours, ref)), "do": "propose"})
        theirs.post(f"/contracts/{ref}/decline/", {"reason": " "})
        assert seen(ref).row.state == "proposed"
        theirs.post(f"/contracts/{ref}/decline/", {"reason": "the rate is above our limit"})
        assert seen(ref).row.state == "terminated"
        assert "the rate is above our limit" in ours.get(f"/contracts/{ref}/").content.decode()

    def test_an_amendment_opens_as_a_draft_and_the_contract_stays_in_force(self):
        ours = as_user("lessor")
        answer = ours.post(f"/contracts/{LEASE}/amend/", {"day": "2025-03-01"})
        assert answer["Location"] == f"/contracts/{LEASE}/draft/"
        assert (seen(LEASE).row.state, seen(LEASE).row.amendment) == ("active", "draft")
        html = ours.post(
            f"/contracts/{LEASE}/draft/preview/", {**inputs(draft_page(ours, LEASE)), "return_window_days": "181"}
        ).content.decode()
        assert html.count(' is-changed"') == 1

    def test_ending_asks_for_a_day_and_before_the_last_for_a_reason(self):
        ours = as_user("lessor")
        for sent in ({"day": "soon"}, {"day": "2025-06-01"}, {"day": "2001-01-01", "reason": "x"}):
            ours.post(f"/contracts/{LEASE}/end/", sent)
            assert seen(LEASE).row.state == "active"
        ours.post(f"/contracts/{LEASE}/end/", {"day": "2025-06-01", "reason": "the plant closes"})
        assert seen(LEASE).row.state == "terminated"

    def test_pressing_twice_starts_one_contract(self):
        ours = as_user("lessor")
        assert start(ours, key="k1") == start(ours, key="k1")

    def test_a_second_contract_with_a_party_starts_from_its_last_terms(self):
        ours = as_user("lessor")
        ref = start(ours, start="last")
        newest = list_contracts(party=LESSOR, kind="material-lease", counterparty=CELL_MAKER, state="active").rows[0]
        assert seen(ref).terms == seen(newest.ref).terms

    def test_the_second_role_can_draft_as_well(self):
        ref = start(as_user("cellmaker"), counterparty=LESSOR, side="second")
        assert seen(ref, CELL_MAKER).row.parties == (LESSOR, CELL_MAKER)

    def test_nobody_contracts_with_itself_or_without_a_kind(self):
        answer = as_user("lessor").post("/contracts/new/", {"kind": "loan", "counterparty": LESSOR})
        assert answer.status_code == 422
        assert "<title>Error: New contract" in answer.content.decode()


class TestTheDraftWithoutScripts:
    @pytest.mark.parametrize("kind", ["material-lease", "performance-warranty", "offtake"])
    def test_saving_an_untouched_form_changes_no_term(self, kind):
        ours = as_user("lessor")
        ref = start(ours, kind=kind)
        before = seen(ref).draft.terms
        ours.post(f"/contracts/{ref}/draft/", {**inputs(draft_page(ours, ref)), "do": "save"})
        assert (seen(ref).draft.revision, seen(ref).draft.terms) == (2, before)

    def test_rows_are_added_and_removed_by_buttons(self):
        ours = as_user("lessor")
        ref = start(ours, kind="performance-warranty")
        sent = inputs(draft_page(ours, ref))
        html = ours.post(f"/contracts/{ref}/draft/", {**sent, "row": "add:curve"}).content.decode()
        assert inputs(html)["curve.#"] == "5"
        assert seen(ref).draft.revision == 1
        sent = {**inputs(html), "curve.4.at": "120", "curve.4.pct": "60"}
        html = ours.post(f"/contracts/{ref}/draft/", {**sent, "row": "remove:curve.0"}).content.decode()
        assert [inputs(html)[f"curve.{n}.at"] for n in range(4)] == ["24", "60", "96", "120"]
        assert "Each curve starts at 0 of its axis." in html
        for nonsense in ("remove:curve.99", "add:", "remove:x.y.z", "fly:away", "add:currency.x"):
            assert ours.post(f"/contracts/{ref}/draft/", {**sent, "row": nonsense}).status_code == 200

    def test_incomplete_terms_are_kept_and_not_put_forward(self):
        ours = as_user("lessor")
        ref = start(ours)
        sent = {**inputs(draft_page(ours, ref)), "rate_pct": "130"}
        answer = ours.post(f"/contracts/{ref}/draft/", {**sent, "do": "propose"})
        html = answer.content.decode()
        assert answer.status_code == 422
        assert "<title>Error: " in html
        assert 'href="#t-rate_pct"' in html
        assert "Lease rate is 130; the most is 100." in html
        assert seen(ref).draft.terms["rate_pct"] == "130"
        assert seen(ref).versions == ()
        assert re.search(r'value="propose" id="put-forward"[^>]* disabled', draft_page(ours, ref))

    def test_a_colleague_who_saved_first_is_shown_beside_what_was_sent(self):
        ours = as_user("lessor")
        ref = start(ours)
        sent = inputs(draft_page(ours, ref))
        ours.post(f"/contracts/{ref}/draft/", {**sent, "rate_pct": "4.5", "incoterm": "FCA", "do": "save"})
        answer = ours.post(f"/contracts/{ref}/draft/", {**sent, "rate_pct": "7", "do": "save"})
        html = answer.content.decode()
        assert answer.status_code == 409
        assert seen(ref).draft.terms["rate_pct"] == "4.5"
        assert ("<del>4.5</del><ins>7</ins>" in html, "<del>FCA</del><ins>DAP</ins>" in html) == (True, True)
        again = {**inputs(html), "_take.rate_pct": "mine", "_take.incoterm": "theirs", "do": "save"}
        again["_theirs.incoterm"] = '"FCA"'
        assert ours.post(f"/contracts/{ref}/draft/", again).status_code == 302
        assert [seen(ref).draft.terms[name] for name in ("rate_pct", "incoterm")] == ["7", "FCA"]


class TestTheLivePreview:
    def test_a_wrong_term_pauses_it_in_the_readers_language(self):
        ours = as_user("lessor", language="zh-hans")
        ref = start(ours)
        sent = {**inputs(draft_page(ours, ref)), "rate_pct": "130"}
        answer = ours.post(f"/contracts/{ref}/draft/preview/", sent)
        html = answer.content.decode()
        assert (answer.status_code, answer["HX-Retarget"]) == (422, "#draft-notice")
        assert "租赁费率：为 130，不得大于 100。" in html
        assert 'id="t-rate_pct-slot" data-slot="t-rate_pct" hx-swap-oob="true"><p class="error">' in html
        assert seen(ref).draft.revision == 1

    def test_a_change_is_marked_in_both_languages_and_worked_out(self):
        ours = as_user("lessor")
        ref = start(ours)
        sent = {**inputs(draft_page(ours, ref)), "return_window_days": "200", "_redline": "yes"}
        answer = ours.post(f"/contracts/{ref}/draft/preview/", sent)
        html = answer.content.decode()
        assert answer.status_code == 200
        assert html.count(' is-changed"') == 1
        assert (html.count("<ins>"), html.count("<del>")) == (2, 2)
        assert "First settlements on these assumptions" in html

    def test_the_example_follows_its_assumptions(self):
        ours = as_user("lessor")
        ref = start(ours)
        sent = inputs(draft_page(ours, ref))
        sent |= {"_price.nickel": "16000", "_price.cobalt": "33000", "_mass": "10000", "min_fee": ""}
        html = ours.post(f"/contracts/{ref}/draft/preview/", sent).content.decode()
        # 10 t x 16,000 x 4 % x 28/360 and 10 t x 33,000 x 5 % x 28/360 in February.
        assert "1,781.11" in html
        html = ours.post(f"/contracts/{ref}/draft/preview/", {**sent, "_price.cobalt": ""}).content.decode()
        assert "cannot be worked out" in html

    def test_a_warranty_shows_where_health_falls_below_the_guarantee(self):
        ours = as_user("lessor")
        ref = start(ours, kind="performance-warranty")
        sent = inputs(draft_page(ours, ref))
        html = ours.post(f"/contracts/{ref}/draft/preview/", {**sent, "_loss": "3"}).content.decode()
        assert "Stays above the guarantee to the end of cover." in html
        # 100 - 6 a year reaches the guarantee less the deadband of 1 point within the third year.
        html = ours.post(f"/contracts/{ref}/draft/preview/", {**sent, "_loss": "6"}).content.decode()
        assert "Falls below the guarantee at month" in html

    def test_who_has_not_the_pen_has_no_preview(self):
        ours, theirs = as_user("lessor"), as_user("cellmaker")
        ref = start(ours)
        sent = inputs(draft_page(ours, ref))
        assert theirs.post(f"/contracts/{ref}/draft/preview/", sent).status_code == 404
        ours.post(f"/contracts/{ref}/draft/", {**sent, "do": "propose"})
        assert ours.post(f"/contracts/{ref}/draft/preview/", sent).status_code == 302
