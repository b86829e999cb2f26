"""Lists of the ledger whole and in pages: nothing is missed or told twice while more is recorded, nothing leaks."""

from __future__ import annotations

import csv
import io
import tracemalloc
from urllib.parse import urlencode

import pytest

from ledger.core.entry import Account
from lode.api.cursors import write_cursor
from lode.exports.core.ledger_tables import ENTRIES, LEARNED, LEARNED_LINES, LINES, POSITIONS
from lode.exports.downloads import streamed
from tests.api import world

STOCK = Account("meridian", "voltaic", "Ni", "stock", "lot-1")
OF_STOCK = urlencode(STOCK._asdict())
OURS = urlencode(Account("meridian", "meridian", "Ni", "stock", "lot-9")._asdict())


def rows_of(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))


class TestWhole:
    @pytest.mark.parametrize(
        ("path", "columns"),
        [
            ("accounts", POSITIONS),
            (f"accounts/statement?{OF_STOCK}", LINES),
            (f"accounts/history?{OF_STOCK}", LINES),
            ("accounts/learned?as_of=2024-01-31&since=0", LEARNED),
            ("accounts/learned/lines?as_of=2024-01-31&since=0", LEARNED_LINES),
            ("entries", ENTRIES),
        ],
    )
    def test_a_list_is_given_as_csv_in_either_way(self, api, path, columns):
        joint = "&" if "?" in path else "?"
        asked = api.get(f"{path}{joint}format=csv")
        accepted = api.get(path, Accept="text/csv")
        assert asked.getvalue() == accepted.getvalue()
        rows = rows_of(api.get(path, Accept="text/csv"))
        assert tuple(rows[0]) == columns
        assert asked.streaming
        assert "ETag" not in asked
        assert "Accept" in asked["Vary"]
        assert api.get(f"{path}{joint}format=json", Accept="*/*")["Content-Type"] == "application/json"

    def test_a_csv_has_no_pages(self, api):
        for parameter in ("limit=5", "cursor=x"):
            problem = api.get(f"accounts?format=csv&{parameter}")
            assert (problem.status_code, problem.json()["errors"][0]["code"]) == (400, "not-paged")

    def test_what_is_refused_is_refused_as_csv_too(self, api):
        unknown = OF_STOCK.replace("lot-1", "lot-404")
        for path, role, status, code in (
            (f"accounts/statement?{unknown}", "meridian", 404, "ledger.unknown-account"),
            (f"accounts/history?{OF_STOCK}", "stranger", 404, "ledger.unknown-account"),
            ("accounts/learned/lines?as_of=2024-01-31&since=9&known_at=5", "meridian", 422, "ledger.bad-field"),
            ("accounts?known_at=99999", "meridian", 422, "ledger.bad-field"),
            ("accounts?group=owner,owner", "meridian", 400, "invalid"),
        ):
            problem = api.get(path, role, Accept="text/csv")
            assert (problem.status_code, problem.json()["code"]) == (status, code), path
            assert problem["Content-Type"] == "application/problem+json"

    def test_a_reference_never_becomes_a_formula(self, api):
        for number, reference in enumerate(('=HYPERLINK("http://x")', "+1", "-1", "@x", "|x", "%x", "＝1")):
            api.post("entries", {"note": world.entry_note(nonce=f"f-{number}", reference=reference)})
        for path in ("entries?", f"accounts/statement?{OURS}&", "accounts/learned/lines?as_of=2024-01-31&since=0&"):
            told = [row["reference"] for row in rows_of(api.get(f"{path}format=csv"))]
            hostile = [reference for reference in told if reference.lstrip("'")[:1] in "=+-@|%＝" and reference]
            assert len(hostile) >= 7, path
            assert all(reference.startswith("'") for reference in hostile)
        masses = [row["mass_mg"] for row in rows_of(api.get("entries?format=csv"))]
        assert "-5" in masses  # a number stays one

    def test_times_are_utc_and_units_stand_in_the_headings(self, api):
        (row, *_) = rows_of(api.get("entries?kind=lease-out&format=csv"))
        assert row["recorded_utc"].endswith("Z")
        for columns in (POSITIONS, LINES, LEARNED, LEARNED_LINES, ENTRIES):
            assert all(name.endswith("_mg") for name in columns if "mass" in name or "balance" in name)


class TestPages:
    def walk(self, api, path: str, more) -> tuple[list[dict], set[int]]:
        """Every item of a list, page by page, while something is recorded between any two."""
        found, sizes, following, number = [], set(), path, 0
        while following:
            page = api.get(following).json()
            found += page["items"]
            sizes.add(page["known_at"])
            following = page["next"]
            more(number)
            number += 1
        return found, sizes

    @pytest.mark.parametrize(
        "path",
        [
            "accounts?",
            f"accounts/statement?{OURS}&",
            f"accounts/history?{OURS}&order=recorded&",
            f"accounts/history?{OURS}&order=occurred&",
            "accounts/learned?as_of=2024-06-30&since=0&",
            "accounts/learned/lines?as_of=2024-06-30&since=0&",
        ],
    )
    def test_stay_at_the_size_of_the_first_while_more_is_recorded(self, api, path):
        for number, day in enumerate(("2024-01-20", "2024-01-10", "2024-01-15", "2024-01-12")):
            api.post("entries", {"note": world.entry_note(nonce=f"a-{number}", occurred=day)})
        before = api.get(f"{path}limit=200").json()["items"]
        assert len(before) >= 3

        def more(number: int) -> None:
            note = world.entry_note(nonce=f"b-{number}", mass_mg=7, occurred="2024-01-05")
            assert api.post("entries", {"note": note}).status_code == 201

        found, sizes = self.walk(api, f"{path}limit=1", more)
        assert found == before
        assert len(sizes) == 1
        assert api.get(f"{path}limit=200").json()["items"] != before

    def test_entries_come_newest_first_and_a_new_one_changes_no_page(self, api):
        first = api.get("entries?limit=2").json()
        api.post("entries", {"note": world.entry_note()})
        second = api.get(first["next"]).json()
        assert second["items"][0]["index"] == first["items"][-1]["index"] - 1
        size = api.get("checkpoint").json()["size"]
        known = api.get(f"entries?known_at={size - 1}").json()["items"]
        assert known[0]["index"] == size - 2

    @pytest.mark.parametrize(
        "cursor",
        [
            "x", "", "=", "a" * 300, write_cursor("accounts", 3), write_cursor("entries", 3, 5, 7),
            write_cursor("statement", 3, 10**17, 4), write_cursor("statement", 3, 0, 4),
        ],
    )  # fmt: skip
    def test_a_cursor_of_another_list_is_refused(self, api, cursor):
        problem = api.get(f"accounts/statement?{OF_STOCK}&{urlencode({'cursor': cursor})}")
        assert (problem.status_code, problem.json()["code"]) in ((400, "bad-cursor"), (400, "invalid"))

    def test_a_cursor_opens_nothing(self, api):
        cursor = urlencode({"cursor": write_cursor("statement", 3, 738000, 0)})
        assert api.get(f"accounts/statement?{OF_STOCK}&{cursor}", "stranger").status_code == 404


class TestHostileQuestions:
    @pytest.mark.parametrize(
        "query",
        [
            "owner=meridian'--", "owner=%27%20OR%20%271%27=%271", "lot=a;DROP%20TABLE%20ledger_leg", "element=Ni%00",
            "state=stock%27", "holder=../..", "as_of=2024-13-01", "as_of=-infinity", "as_of=0000-00-00",
            "known_at=-1", "known_at=1e3", "known_at=9999999999999999999999", "group=mass_mg",
            "group=owner;select", "group=", "owner=meridian&owner=voltaic", "party=voltaic", "limit=0", "limit=201",
            "format=xml", "offset=1", "owner%5B%5D=meridian", "%00=1",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("path", ["accounts", f"accounts/learned?{urlencode({'as_of': '2024-01-31', 'since': 0})}"])
    def test_are_told_what_is_wrong(self, api, path, query):
        answer = api.get(f"{path}{'&' if '?' in path else '?'}{query}")
        assert answer.status_code == 400, answer.content
        assert answer.json()["code"] == "invalid"

    def test_nobody_gets_others_accounts_by_any_filter(self, api):
        for query in (
            "", "owner=meridian", "holder=meridian", "lot=lot-1", "state=source", "group=none", "group=owner",
            "group=state", "as_of=2024-01-31", "known_at=5", "element=Ni&format=csv",
        ):  # fmt: skip
            for path in (f"accounts?{query}", f"accounts/learned?since=0&as_of=2024-01-31&{query}"):
                answer = api.get(path, "stranger")
                if answer.status_code == 400:  # the day is named twice
                    assert answer.json()["errors"][0]["code"] == "repeated"
                    continue
                assert (rows_of(answer) if "csv" in path else answer.json()["items"]) == [], path
        stock = "owner=meridian&holder=meridian&element=Ni&state=stock&lot=lot-1"
        assert api.get(f"accounts/balance?{stock}", "voltaic").json()["mass_mg"] == "0"
        lessee = api.get("accounts?group=none", "voltaic").json()["items"]
        assert [(row["element"], row["mass_mg"]) for row in lessee] == [("Ni", "36000000000")]
        for line in api.get("accounts/learned/lines?as_of=2024-12-31&since=0", "voltaic").json()["items"]:
            assert "voltaic" in (line["leg"]["account"]["owner"], line["leg"]["account"]["holder"])


def test_a_file_of_any_number_of_rows_is_made_in_little_room():
    row = {"line": "posting", "mass_mg": -5}
    answer = streamed("rows", "csv", ("line", "mass_mg"), (row for _ in range(300_000)))
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in answer)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == len("line,mass_mg\r\n") + 300_000 * len("posting,-5\r\n")
    assert most < 1_000_000
