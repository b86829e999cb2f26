"""The pages of the ledger and of balances on the demo world: who sees what, and that figures are the ledger's."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from ledger.core.entry import Account
from ledger.core.note import Note
from ledger.selectors.accounts import account_lines, account_statement
from ledger.selectors.balances import balances, closing
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.entries import entry_detail, list_entries
from lode.parties.models import Person
from tests.support.demo_world import World

SignIn = Callable[[str], Client]
ROLES = ("lessor", "cellmaker", "operator", "recycler", "refiner", "finance", "auditor")
LEASE_OUT = 12
ACCOUNT = Account("borealis", "kunwu", "Ni", "stock", "ni-2311")
ACCOUNT_PATH = "/accounts/borealis/kunwu/Ni/stock/ni-2311"


@pytest.fixture
def sign_in(demo_pages: World) -> SignIn:
    """A client of somebody of the demo world, speaking English."""

    def as_(username: str) -> Client:
        client = Client(HTTP_ACCEPT_LANGUAGE="en")
        client.force_login(Person.objects.get(username=username))
        client.cookies["django_language"] = "en"
        return client

    return as_


def rows_of(client: Client, path: str) -> list[dict[str, str]]:
    response = client.get(path)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


class TestWhoSeesWhat:
    @pytest.mark.parametrize("path", ["/ledger/", "/ledger.csv", "/ledger.json", "/accounts/", "/accounts.csv"])
    def test_lists_answer_every_role(self, sign_in: SignIn, path: str) -> None:
        for username in ROLES:
            assert sign_in(username).get(path).status_code == 200

    @pytest.mark.parametrize(
        ("path", "readers"),
        [
            (f"/ledger/{LEASE_OUT}/", {"lessor", "finance", "cellmaker", "auditor"}),
            (f"/ledger/{LEASE_OUT}.note", {"lessor", "finance", "cellmaker", "auditor"}),
            (f"/ledger/{LEASE_OUT}.tlog-proof", {"lessor", "finance", "cellmaker", "auditor"}),
            (f"{ACCOUNT_PATH}/", {"lessor", "finance", "cellmaker", "auditor"}),
            (f"{ACCOUNT_PATH}.csv", {"lessor", "finance", "cellmaker", "auditor"}),
            (f"{ACCOUNT_PATH}.json", {"lessor", "finance", "cellmaker", "auditor"}),
            ("/ledger/1/", set(ROLES)),
        ],
    )
    def test_what_is_not_yours_does_not_exist(self, sign_in: SignIn, path: str, readers: set[str]) -> None:
        answers = {username: sign_in(username).get(path).status_code for username in ROLES}
        assert answers == {username: 200 if username in readers else 404 for username in ROLES}

    @pytest.mark.parametrize(
        "path",
        [
            "/ledger/",
            "/ledger.csv",
            "/ledger/12/",
            "/ledger/12.seal",
            "/accounts/",
            "/accounts.json",
            f"{ACCOUNT_PATH}/",
        ],
    )
    def test_a_stranger_signs_in_first(self, demo_pages: World, path: str) -> None:
        answer = Client().get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/?next=")

    @pytest.mark.parametrize("path", ["/ledger/", "/ledger/12/", "/accounts/", f"{ACCOUNT_PATH}/"])
    def test_nothing_is_changed_here(self, sign_in: SignIn, path: str) -> None:
        assert sign_in("auditor").post(path).status_code == 405
        forger = Client(enforce_csrf_checks=True)
        forger.force_login(Person.objects.get(username="auditor"))
        assert forger.post(path).status_code == 403

    def test_a_party_lists_the_entries_that_it_may_read(self, sign_in: SignIn) -> None:
        shown = {int(row["entry"]) for row in rows_of(sign_in("operator"), "/ledger.csv")}
        assert shown == {entry.index for entry in list_entries(party="meridian", limit=10_000)}
        assert len(shown) < len({int(row["entry"]) for row in rows_of(sign_in("auditor"), "/ledger.csv")})


class TestTheList:
    def test_pages_meet_without_a_gap(self, sign_in: SignIn) -> None:
        client = sign_in("auditor")
        seen: list[str] = []
        address: str | None = "/ledger/"
        while address:
            table = client.get(address).context["table"]
            seen += [row.cells[0].content for row in table.rows]
            address = f"/ledger/{table.next_href}" if table.next_href else None
        assert seen == [str(index) for index in range(ledger_size() - 1, -1, -1)]

    def test_filters_join(self, sign_in: SignIn) -> None:
        query = "kind=collect&element=Co&from=2024-10-01&to=2024-12-31"
        rows = rows_of(sign_in("auditor"), f"/ledger.csv?{query}")
        expected = [
            entry
            for entry in list_entries(party=None, kind="collect", element="Co", limit=1000)
            if "2024-10-01" <= entry.occurred.isoformat() <= "2024-12-31"
        ]
        assert expected
        assert {int(row["entry"]) for row in rows} == {entry.index for entry in expected}
        page = sign_in("auditor").get(f"/ledger/?{query}")
        assert [chip.label for chip in page.context["table"].chips] == [
            "Kind: Collect", "Element: Co", "From: 2024-10-01", "To: 2024-12-31",
        ]  # fmt: skip
        assert page.context["table"].chips[0].href == "?element=Co&from=2024-10-01&to=2024-12-31"

    def test_named_entries_and_those_of_an_account(self, sign_in: SignIn) -> None:
        client = sign_in("lessor")
        assert {row["entry"] for row in rows_of(client, "/ledger.csv?entries=12,14,99999")} == {"12", "14"}
        on_account = {int(row["entry"]) for row in rows_of(client, f"/ledger.csv?account={'/'.join(ACCOUNT)}")}
        assert on_account == {line.index for line in account_lines(account_statement(account=ACCOUNT, party=None))}

    def test_as_known_at_a_size(self, sign_in: SignIn) -> None:
        rows = rows_of(sign_in("auditor"), "/ledger.csv?known_at=20")
        assert {int(row["entry"]) for row in rows} == set(range(20))

    def test_json_says_the_same_as_csv(self, sign_in: SignIn) -> None:
        client = sign_in("auditor")
        told = json.loads(client.get("/ledger.json?kind=arrive").getvalue())
        rows = rows_of(client, "/ledger.csv?kind=arrive")
        assert told["columns"] == list(rows[0])
        assert [{name: value or "" for name, value in row.items()} for row in told["rows"]] == rows

    @pytest.mark.parametrize(
        "query", ["q=%00", "known_at=9999999999999999999999", "before=x", "account=a/b", "from=2024-13-01"]
    )
    def test_nonsense_is_no_fault_of_ours(self, sign_in: SignIn, query: str) -> None:
        assert sign_in("auditor").get(f"/ledger/?{query}").status_code == 200


class TestTheSearch:
    def test_a_number_an_id_or_a_leaf_hash_goes_to_the_entry(self, sign_in: SignIn) -> None:
        client = sign_in("auditor")
        detail = entry_detail(index=LEASE_OUT, party=None)
        for q in (str(LEASE_OUT), detail.summary.entry_id, detail.summary.entry_id[:12], detail.leaf_hash.hex()):
            assert client.get("/ledger/", {"q": q}).headers["Location"] == f"/ledger/{LEASE_OUT}/"

    def test_a_reference_lists_what_bears_it(self, sign_in: SignIn) -> None:
        table = sign_in("auditor").get("/ledger/", {"q": "cmr-2311"}).context["table"]
        assert [row.cells[0].content for row in table.rows] == ["14", "13"]

    def test_what_is_not_yours_is_not_found_and_the_page_says_what_was_looked_for(self, sign_in: SignIn) -> None:
        client, theirs = sign_in("refiner"), entry_detail(index=LEASE_OUT, party=None).summary.entry_id
        for q in (theirs, theirs[:8], "DN-2311"):
            page = client.get("/ledger/", {"q": q})
            assert page.status_code == 200
            assert f"“{q}”" in page.content.decode()
            assert 'href="/verify/"' in page.content.decode()
        listed = client.get("/ledger/", {"q": str(LEASE_OUT)}).context["table"].rows
        assert str(LEASE_OUT) not in [row.cells[0].content for row in listed]


class TestOneEntry:
    def test_shows_the_balances_before_and_after(self, sign_in: SignIn) -> None:
        page = sign_in("lessor").get(f"/ledger/{LEASE_OUT}/").content.decode()
        for leg in entry_detail(index=LEASE_OUT, party=None).summary.legs:
            for mass_mg in (leg.balance_before_mg, leg.mass_mg, leg.balance_after_mg):
                assert f'<data value="{mass_mg}"' in page
        assert "kept sealed by the operator for the party" in page
        assert "/contracts/ML-2023-001/" in page

    def test_a_reversal_and_what_it_takes_back_name_each_other(self, sign_in: SignIn) -> None:
        reversal = next(entry for entry in list_entries(party=None, kind="reversal", limit=1))
        original = entry_detail(index=reversal.index, party=None).corrects_index
        client = sign_in("auditor")
        assert f'href="/ledger/{reversal.index}/"' in client.get(f"/ledger/{original}/").content.decode()
        there = client.get(f"/ledger/{reversal.index}/").content.decode()
        assert f'href="/ledger/{original}/"' in there
        assert "Collected pack belongs to another fleet" in there

    def test_its_files_are_the_ledgers_bytes(self, sign_in: SignIn) -> None:
        client, detail = sign_in("cellmaker"), entry_detail(index=LEASE_OUT, party=None)
        assert client.get(f"/ledger/{LEASE_OUT}.note").content == detail.note
        assert client.get(f"/ledger/{LEASE_OUT}.seal").content == detail.seal
        assert client.get(f"/ledger/{LEASE_OUT}.leaf").content == detail.leaf
        assert client.get(f"/ledger/{LEASE_OUT}.tlog-proof").content.startswith(b"c2sp.org/tlog-proof@v1\n")
        Note.parse(client.get(f"/ledger/{LEASE_OUT}.note").content)

    def test_every_entry_has_a_page(self, sign_in: SignIn) -> None:
        client = sign_in("auditor")
        for index in range(0, ledger_size(), 7):
            assert client.get(f"/ledger/{index}/").status_code == 200
        assert client.get(f"/ledger/{ledger_size()}/").status_code == 404


class TestBalances:
    def test_owned_is_held_in_the_matrix(self, sign_in: SignIn) -> None:
        page = sign_in("auditor").get("/accounts/?unit=kg").content.decode()
        for element in closing():
            assert element.owned_mg == element.held_mg
            assert f'<data value="{element.owned_mg}"' in page

    def test_a_party_sees_its_own_accounts(self, sign_in: SignIn) -> None:
        rows = rows_of(sign_in("operator"), "/accounts.csv")
        assert rows
        assert {row["holder"] for row in rows} | {row["owner"] for row in rows} == {"meridian", "borealis"}
        assert all("meridian" in (row["owner"], row["holder"]) for row in rows)

    def test_as_of_a_day_and_known_at_a_size(self, sign_in: SignIn) -> None:
        rows = rows_of(sign_in("auditor"), "/accounts.csv?element=Ni&as_of=2024-06-30&known_at=40&holder=kunwu")
        told = {(row["owner"], row["holder"], row["state"], row["lot"]): int(row["mass_mg"]) for row in rows}
        expected = balances(party=None, element="Ni", holder="kunwu", as_of=dt.date(2024, 6, 30), known_at=40)
        assert told == {(row.owner, row.holder, row.state, row.lot): row.mass_mg for row in expected}
        assert {row["known_at_size"] for row in rows} == {"40"}

    def test_the_unit_changes_the_figure_and_not_the_value(self, sign_in: SignIn) -> None:
        total = next(element for element in closing() if element.element == "Ni").owned_mg
        for unit, places in (("kg", 6), ("t", 9)):
            shown = f"{(Decimal(total).scaleb(-places)).quantize(Decimal('0.001')):,}"
            assert (
                f'<data value="{total}" class="num">{shown}</data>'
                in sign_in("auditor").get(f"/accounts/?element=Ni&unit={unit}").content.decode()
            )


class TestOneAccount:
    def test_opening_and_lines_come_to_closing(self, sign_in: SignIn) -> None:
        rows = rows_of(sign_in("lessor"), f"{ACCOUNT_PATH}.csv?start=2023-11-10&end=2023-11-25")
        assert [row["line"] for row in rows] == ["opening", "posting", "posting", "closing"]
        opening, *lines, last = rows
        assert opening["balance_after_mg"] == "0"
        total = sum(int(row["mass_mg"]) for row in lines)
        assert total == int(last["balance_after_mg"]) == int(lines[-1]["balance_after_mg"])

    def test_is_drawn_over_time(self, sign_in: SignIn) -> None:
        page = sign_in("lessor").get(f"{ACCOUNT_PATH}/")
        assert page.context["chart"] is not None
        assert len(page.context["chart"].rows) == 1 + len(list(account_lines(page.context["found"])))

    def test_an_account_that_never_was_is_not_found(self, sign_in: SignIn) -> None:
        assert sign_in("auditor").get("/accounts/borealis/kunwu/Ni/stock/no-such-lot/").status_code == 404
