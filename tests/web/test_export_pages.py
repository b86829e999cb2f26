"""Pages of exports: what was taken away, by whom, and the same bytes again."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re

import pytest
from django.test import Client

from lode.demo.cast import LOG_INS
from lode.exports.selectors import list_exports
from tests.support.demo_world import World
from tests.web.forms import as_user, text_of

pytestmark = pytest.mark.usefixtures("demo_pages")


def test_nobody_reads_without_signing_in() -> None:
    for path in ("/exports/", "/exports.csv", "/exports.json", "/exports/1/file/"):
        assert Client().get(path).status_code == 302


@pytest.mark.parametrize("person", LOG_INS, ids=lambda person: person.username)
def test_each_takes_its_own_files_again_and_no_others(person: object) -> None:
    client = as_user(person.username)  # type: ignore[attr-defined]
    listed = text_of(client, "/exports/")
    for view in list_exports(party=None):
        mine = person.organisation == view.organisation or person.role == "auditor"  # type: ignore[attr-defined]
        answer = client.get(f"/exports/{view.id}/file/")
        assert answer.status_code == (200 if mine else 404)
        assert (view.sha256 in listed) is mine
        if mine:
            assert hashlib.sha256(answer.content).hexdigest() == view.sha256
            digest = base64.b64encode(bytes.fromhex(view.sha256)).decode()
            assert answer["Repr-Digest"] == f"sha-256=:{digest}:"


def test_a_new_export_has_the_recorded_digest_and_the_same_statements_the_same_bytes(demo: World) -> None:
    del demo
    client = as_user("finance")
    sent = {"format": "csv", "contract": "ML-2023-001", "start": "2025-01-01", "end": "2025-04-01"}
    first, second = (client.post("/exports/", sent, follow=True) for _again in range(2))
    assert first.content == second.content
    newest = list_exports(party="borealis")[0]
    assert hashlib.sha256(first.content).hexdigest() == newest.sha256
    rows = list(csv.DictReader(io.StringIO(first.content.decode())))
    assert {row["statement_ref"] for row in rows} == {f"ST-ML-2023-001-2025-0{month}-r1" for month in (1, 2, 3)}
    page = text_of(client, "/exports/")
    assert "2025-01-01 – 2025-03-31" in page
    assert "3 statements" in page
    assert "Borealis Minerals, finance" in page
    assert f"{newest.rows} × {len(newest.columns)}" in page


def test_a_statement_is_exported_from_its_page(demo: World) -> None:
    del demo
    answer = as_user("cellfinance").post("/settlements/ST-ML-2023-001-2025-10-r1/export-json/", follow=True)
    assert hashlib.sha256(answer.content).hexdigest() == list_exports(party="kunwu")[0].sha256


def test_nothing_to_export_is_said() -> None:
    answer = as_user("finance").post("/exports/", {"format": "csv", "contract": "NO-SUCH"})
    assert answer.status_code == 422
    assert "No file was made" in answer.content.decode()


def test_a_damaged_file_is_not_handed_out(demo: World) -> None:
    del demo
    view = list_exports(party="borealis")[0]
    view.file.write_bytes(view.file.read_bytes().replace(b"1", b"2", 1))
    answer = as_user("finance").get(f"/exports/{view.id}/file/")
    assert answer.status_code == 409
    assert re.search("not what was exported", answer.content.decode())


def test_a_post_without_its_token_is_refused() -> None:
    assert as_user("finance", csrf=True).post("/exports/", {"format": "csv"}).status_code == 403
