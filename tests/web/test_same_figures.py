"""The API, the web pages, their files and the command line say the same of the ledger, figure by figure."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.test import Client, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker

from ledger.core.entry import Account
from ledger.selectors.checkpoints import ledger_size
from lode.parties.models import Person
from lode.parties.services import issue_token
from tests.support import demo_world

ACCOUNT = Account("borealis", "kunwu", "Ni", "stock", "ni-2311")
OF_ACCOUNT = urlencode(ACCOUNT._asdict())
NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
DAYS = st.dates(dt.date(2023, 10, 1), dt.date(2025, 11, 30)).map(dt.date.isoformat)
AXES = st.lists(st.sampled_from(["owner", "holder", "state", "lot"]), unique=True)


@dataclass(frozen=True)
class Doors:
    """An auditor at the API and at the web; whoever has the command line sees all as well."""

    token: str
    web: Client

    def api(self, path: str) -> Any:
        answer = Client().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.token}"})
        assert answer.status_code == 200, answer.content
        return answer

    def csv(self, path: str) -> str:
        joint = "&" if "?" in path else "?"
        answer = self.api(f"{path}{joint}format=csv")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer["Content-Disposition"].startswith('attachment; filename="')
        return answer.getvalue().decode()

    def items(self, path: str) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        found, following = [], f"/api/v1/{path}&limit=7"
        while following:
            page = self.api(following.removeprefix("/api/v1/")).json()
            found += page["items"]
            following = page["next"]
        return found

    def page(self, path: str) -> str:
        answer = self.web.get(path)
        assert answer.status_code == 200
        return answer.content.decode()

    def file(self, path: str) -> str:
        answer = self.web.get(path)
        assert answer.status_code == 200
        return answer.getvalue().decode()


@pytest.fixture(scope="module")
def doors(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("doors")
    folders = {"VAR_DIR": folder / "demo-var", "LEDGER_DIR": folder / "demo-var" / "ledger"}
    with django_db_blocker.unblock(), demo_world.copy(folder), override_settings(**folders):
        auditor = Person.objects.get(username="auditor")
        web = Client(HTTP_ACCEPT_LANGUAGE="en")
        web.force_login(auditor)
        web.cookies["django_language"] = "en"
        yield Doors(issue_token(organisation=auditor.organisation_id, label="doors", now=NOW), web)


def printed(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def shown(page: str, section: str) -> list[str]:
    """The exact figures of a section of a page, in their order."""
    part = page.partition(f'id="{section}"')[2].partition("</section>")[0]
    return re.findall(r'<data value="(-?[0-9]+)"', part)


EXAMPLES = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@EXAMPLES
@given(as_of=DAYS, part=st.integers(0, 100), group=AXES, element=st.none() | st.sampled_from(["Ni", "Co"]))
def test_positions(doors: Doors, as_of: str, part: int, group: list[str], element: str | None) -> None:
    size = str(ledger_size() * part // 100)
    asked = {"as_of": as_of, "known_at": size, "group": ",".join(group) or "none"} | (
        {"element": element} if element else {}
    )
    query = urlencode(asked)
    words = ["--as-of", as_of, "--known-at", size, "--group", asked["group"], "--format", "csv"]
    words += ["--element", element] if element else []
    text = doors.csv(f"accounts?{query}")
    assert doors.file(f"/accounts.csv?{query}") == text == printed("ledger_balance", *words)
    rows = rows_of(text)
    items = doors.items(f"accounts?{query}")
    assert [item["mass_mg"] for item in items] == [row["mass_mg"] for row in rows]
    assert [[item[axis] or "" for axis in ("element", "owner", "holder", "state", "lot")] for item in items] == [
        [row[axis] for axis in ("element", "owner", "holder", "state", "lot")] for row in rows
    ]
    assert shown(doors.page(f"/accounts/?{query}"), "positions") == [row["mass_mg"] for row in rows][:200]


@EXAMPLES
@given(days=st.tuples(DAYS, DAYS).map(sorted), part=st.integers(0, 100))
def test_a_statement(doors: Doors, days: list[str], part: int) -> None:
    size = str(ledger_size() * part // 100)
    when = urlencode({"start": days[0], "end": days[1], "known_at": size})
    text = doors.csv(f"accounts/statement?{OF_ACCOUNT}&{when}")
    words = ("--start", days[0], "--end", days[1], "--known-at", size, "--format", "csv")
    path = f"/accounts/{'/'.join(ACCOUNT)}"
    assert doors.file(f"{path}.csv?{when}") == text == printed("ledger_statement", "/".join(ACCOUNT), *words)
    opening, *lines, closing = rows_of(text)
    items = doors.items(f"accounts/statement?{OF_ACCOUNT}&{when}")
    head = doors.api(f"accounts/statement?{OF_ACCOUNT}&{when}").json()
    assert (head["opening_mg"], head["closing_mg"]) == (opening["balance_after_mg"], closing["balance_after_mg"])
    same = ("balance_before_mg", "balance_after_mg", "kind", "occurred", "recorded_utc", "entry_id")
    assert [[item[name] for name in same] for item in items] == [[row[name] for name in same] for row in lines]
    assert [item["leg"]["mass_mg"] for item in items] == [row["mass_mg"] for row in lines]
    figures = [opening["balance_after_mg"]]
    for row in lines:
        figures += [row["balance_before_mg"], row["mass_mg"], row["balance_after_mg"]]
    assert shown(doors.page(f"{path}/?{when}"), "lines") == [*figures, closing["balance_after_mg"]]


@pytest.mark.parametrize("order", ["recorded", "occurred"])
def test_a_history(doors: Doors, order: str) -> None:
    size = str(ledger_size())
    path = f"accounts/history?{OF_ACCOUNT}&order={order}&known_at={size}"
    text = doors.csv(path)
    view = {"recorded": "view=history&", "occurred": ""}[order]
    account = "/".join(ACCOUNT)
    words = (account, "--order", order, "--known-at", size, "--format", "csv")
    assert doors.file(f"/accounts/{account}.csv?{view}known_at={size}") == text == printed("ledger_history", *words)
    _, *lines, _ = rows_of(text)
    assert len(lines) > 2
    items = doors.items(path)
    assert [item["index"] for item in items] == [int(row["entry"]) for row in lines]
    assert [item["leg"]["balance_after_mg"] for item in items] == [row["sealed_balance_mg"] for row in lines]


def test_what_was_learned(doors: Doors) -> None:
    size, as_of = ledger_size(), "2024-06-30"
    query = urlencode({"as_of": as_of, "since": 30, "known_at": size})
    words = ("--as-of", as_of, "--since", "30", "--known-at", str(size), "--format", "csv")
    text = doors.csv(f"accounts/learned?{query}")
    assert doors.file(f"/accounts/learned.csv?{query}") == text == printed("ledger_learned", *words)
    rows = rows_of(text)
    assert rows
    items = doors.items(f"accounts/learned?{query}")
    assert [(item["before_mg"], item["after_mg"]) for item in items] == [
        (row["before_mg"], row["after_mg"]) for row in rows
    ]
    figures = [row[name] for row in rows for name in ("before_mg", "after_mg", "difference_mg")]
    assert shown(doors.page(f"/accounts/learned/?{query}"), "balances") == figures
    lines = doors.csv(f"accounts/learned/lines?{query}")
    assert doors.file(f"/accounts/learned-lines.csv?{query}") == lines == printed("ledger_learned", *words, "--lines")
    found = [item["leg"]["mass_mg"] for item in doors.items(f"accounts/learned/lines?{query}")]
    assert found == [row["mass_mg"] for row in rows_of(lines)]
    assert shown(doors.page(f"/accounts/learned/?{query}"), "lines") == found[:200]


def test_entries(doors: Doors) -> None:
    size = ledger_size()
    text = doors.csv(f"entries?known_at={size}&kind=arrive")
    words = ("--known-at", str(size), "--kind", "arrive", "--format", "csv")
    assert doors.file(f"/ledger.csv?known_at={size}&kind=arrive") == text == printed("ledger_entries", *words)
    items = doors.items(f"entries?known_at={size}&kind=arrive")
    legs = [leg for item in items for leg in item["legs"]]
    assert [leg["mass_mg"] for leg in legs] == [row["mass_mg"] for row in rows_of(text)]
    assert [leg["balance_before_mg"] for leg in legs] == [row["balance_before_mg"] for row in rows_of(text)]


def test_one_balance(doors: Doors) -> None:
    asked = urlencode({"as_of": "2024-03-31", "known_at": ledger_size()})
    one = doors.api(f"accounts/balance?{OF_ACCOUNT}&{asked}").json()
    row = next(row for row in rows_of(doors.csv(f"accounts?{OF_ACCOUNT}&{asked}")))
    assert (one["mass_mg"], one["known_at"], one["as_of"]) == (row["mass_mg"], ledger_size(), "2024-03-31")
