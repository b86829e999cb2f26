"""Pages of reconciliation: who sees and does what, files that are no statement, and a month till both have signed."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from ledger.services.sequence_pending import sequence_pending
from lode.demo.cast import LOG_INS
from lode.parties.actor import Actor
from lode.reconciliation.selectors import list_periods
from tests.support.demo_world import World
from tests.web.forms import Form, as_user, forms, own_keys, text_of

CLOSED = "/reconcile/borealis/ringcycle/2025-02"
FRESH = "/reconcile/borealis/ringcycle/2025-03/"
VERBS = ("sign", "accept-exact", "match", "match-with-difference", "undo", "ask", "dispute", "adjust")
AUDITOR = Actor(organisation="argus", role="auditor", sees_all=True)


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


def sent(data: bytes, *, month: str = "2025-03", name: str = "month.csv", **more: str) -> dict[str, object]:
    return {"our_party": "borealis", "month": month, "file": SimpleUploadedFile(name, data), "step": "preview", **more}


def written(*rows: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([("Delivery note", "Date", "Kind", "Element", "Contained mass", "Unit"), *rows])
    return out.getvalue().encode()


def test_nobody_reads_without_signing_in() -> None:
    for path in ("/reconcile/", f"{CLOSED}/", f"{CLOSED}.csv", "/statements/new/", "/statements/template.csv"):
        assert Client().get(path).status_code == 302


@pytest.mark.parametrize("person", LOG_INS, ids=lambda person: person.username)
def test_a_month_is_open_to_its_two_parties_and_the_auditor(person: object) -> None:
    client = as_user(person.username)  # type: ignore[attr-defined]
    mine = person.organisation in {"borealis", "ringcycle"}  # type: ignore[attr-defined]
    reads = mine or person.role == "auditor"  # type: ignore[attr-defined]
    assert ("2025-02" in text_of(client, "/reconcile/")) is reads
    for path in (f"{CLOSED}/", f"{CLOSED}.csv", f"{CLOSED}.json", f"{CLOSED}/uploads/2/"):
        assert client.get(path).status_code == (200 if reads else 404), path
    for verb in VERBS:
        status = 302 if mine else 403 if reads else 404
        assert client.post(f"{CLOSED}/{verb}/", {"text": "x"}).status_code == status, verb


def test_a_post_without_its_token_is_refused() -> None:
    client = as_user("recycler", csrf=True)
    for path in ["/statements/new/", *(f"{CLOSED}/{verb}/" for verb in VERBS)]:
        assert client.post(path).status_code == 403


def test_an_auditor_submits_nothing() -> None:
    client = as_user("auditor")
    assert client.get("/statements/new/").status_code == 403
    assert client.post("/statements/new/", sent(written())).status_code == 403


def test_the_closed_month_says_ours_less_theirs_less_what_was_agreed() -> None:
    page = text_of(as_user("lessor"), f"{CLOSED}/")
    figures = re.findall(r'<data value="([^"]+)" class="">', page)
    assert figures[:4] == ["37219771", "365454419771", "-365417200000", "0"]
    assert "Open difference, 0 rows open" in page
    assert not forms(page, ending="/sign/")


def test_the_file_is_handed_out_as_it_was_submitted() -> None:
    client = as_user("recycler")
    page = text_of(client, f"{CLOSED}/")
    for revision in (1, 2):
        data = client.get(f"{CLOSED}/uploads/{revision}/").content
        assert data.startswith(b"\xef\xbb\xbfDelivery note,Date,")
        assert hashlib.sha256(data).hexdigest() in page
    assert client.get(f"{CLOSED}/uploads/9/").status_code == 404


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"PK\x03\x04" + bytes(2000), "XLSX"),
        (b"%PDF-1.7 and so on", "PDF"),
        (bytes(range(256)) * 40, ""),
        (b"a,b\r\n1,2\r\n", "heading"),
        (b"Reference,Date,Element,Mass\r\n" + b"x" * (5 * 1024 * 1024), "bytes"),
    ],
    ids=["empty", "spreadsheet", "pdf", "binary", "no headings", "huge"],
)
def test_what_is_no_statement_is_answered_with_a_sentence(data: bytes, said: str) -> None:
    for language in ("en", "zh-hans"):
        answer = as_user("recycler", language=language).post("/statements/new/", sent(data))
        assert answer.status_code == 422
        page = answer.content.decode()
        assert ("Nothing was kept" if language == "en" else "未保存任何内容") in page
        assert language != "en" or said.lower() in page.lower()


@pytest.mark.parametrize("month", ["", "2025-13", "March", "9999-12", "0000-01"])
def test_a_month_that_is_none_is_refused(month: str) -> None:
    answer = as_user("recycler").post("/statements/new/", sent(written(), month=month))
    assert answer.status_code == 422
    assert "is no month" in answer.content.decode()


def test_cells_that_would_be_formulas_or_markup_are_shown_as_text() -> None:
    rows = (
        ('=HYPERLINK("http://x")', "2025-03-04", "delivery", "Ni", "1.5", "kg"),
        ("<script>alert(1)</script>", "2025-03-04", "delivery", "Ni", "=1+1", "kg"),
    )
    page = as_user("recycler").post("/statements/new/", sent(written(*rows))).content.decode()
    assert "<script>alert" not in page
    assert "2 rows not understood" in page
    assert "=HYPERLINK(&quot;http://x&quot;)" in page
    assert "=1+1" in page


def test_a_file_with_every_cell_in_quotation_marks_is_read() -> None:
    quoted = '"Reference","Date","Element","Mass","Unit"\r\n"DN ""1""","2025-03-04","Ni","1,250.5","kg"\r\n'
    page = as_user("recycler").post("/statements/new/", sent(quoted.encode())).content.decode()
    assert "1 row understood" in page
    assert "+1,250.500\xa0kg\xa0Ni" in page


def test_the_template_has_the_headings_in_both_languages_and_is_understood() -> None:
    english = as_user("recycler").get("/statements/template.csv").content
    chinese = as_user("recycler", language="zh-hans").get("/statements/template.csv").content
    assert english.decode("utf-8-sig") == "Reference,Date,Kind,Element,Contained mass,Unit,Lot\r\n"
    for data in (
        english + b"DN-1,2025-03-04,delivery,Ni,1.5,kg,\r\n",
        chinese + "DN-1,2025-03-04,收货,镍,1.5,kg,\r\n".encode(),
    ):
        page = as_user("recycler").post("/statements/new/", sent(data)).content.decode()
        assert "1 row understood" in page
        assert "+1.500\xa0kg\xa0Ni" in page


def test_a_large_file_is_chosen_again_and_not_carried_along() -> None:
    rows = [(f"DN-{n}" + "x" * 100, "2025-03-04", "delivery", "Ni", "1.5", "kg") for n in range(12_000)]
    answer = as_user("recycler").post("/statements/new/", sent(written(*rows)))
    page = answer.content.decode()
    assert "choose it again to submit it" in page
    assert "and 11500 more" in page
    assert 'name="file_data"' not in page


def of_row(page: str, ending: str) -> list[Form]:
    return forms(page[page.index('aria-labelledby="rows"') :], ending=ending)


def test_a_month_from_upload_to_both_signatures_without_scripts(demo: World, settings: Settings) -> None:
    own_keys(settings, demo)
    partner, owner = as_user("recycler"), as_user("lessor")
    data = written(
        ("DN-2502", "2025-03-04", "delivery", "Ni", "564.3", "kg"),  # 546.3, two digits exchanged
        ("DN-2502", "2025-03-04", "delivery", "Co", "182.8", "t"),  # kilograms under tonnes
        ("SHRED-2503", "2025-03-05", "loss", "Ni", "33.086475", "kg"),
        ("SHRED-2503", "2025-03-05", "loss", "Co", "11.1051", "kg"),
        ("LEACH-2503", "2025-03-22", "loss", "Ni", "64.42145", "kg"),
        ("LEACH-2503", "2025-03-22", "loss", "Co", "24.206129", "kg"),
    )
    answer = partner.post("/statements/new/", sent(data, name="march.csv"))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "6 rows understood" in page
    assert not [found for found in list_periods(actor=AUDITOR) if found.period.label == "2025-03"]
    (form,) = [found for found in forms(page) if "file_data" in found.values]
    answer = partner.post(
        "/statements/new/", {**form.values, "our_party": "borealis", "month": "2025-03", "step": "submit"}
    )
    assert (answer.status_code, answer["Location"]) == (302, FRESH)

    page = text_of(owner, FRESH)
    assert "two neighbours are swapped" in page
    assert "a thousand times larger" in page
    assert not forms(page, ending="/sign/")
    asked = of_row(page, "/ask/")[0]
    owner.post(asked.action, {**asked.values, "text": "Did your scale say 564.3?"})
    page = text_of(partner, FRESH)
    assert "Did your scale say 564.3?" in page
    (undo,) = of_row(page, "/undo/")
    owner.post(undo.action, undo.values)

    (exact,) = forms(text_of(owner, FRESH), ending="/accept-exact/")
    assert "4 rows that agree" in owner.post(exact.action, exact.values, follow=True).content.decode()
    reasons = set()
    for _row in range(2):
        form = of_row(text_of(owner, FRESH), "/match-with-difference/")[0]
        reasons.add(form.values["reason"])  # suggested, with the reason shown
        owner.post(form.action, form.values)
    assert reasons == {"typing", "unit"}
    assert not of_row(text_of(owner, FRESH), "/match-with-difference/")

    for client in (partner, owner):
        (sign,) = forms(text_of(client, FRESH), ending="/sign/")
        assert client.post(sign.action, sign.values).status_code == 302
    sequence_pending()
    (month,) = [found for found in list_periods(actor=AUDITOR) if found.period.label == "2025-03"]
    assert (month.state, month.signed_by) == ("closed", ("borealis", "ringcycle"))
    page = text_of(owner, FRESH)
    assert month.entry_id in page
    assert not of_row(page, "/undo/")
    assert month.digest in owner.get(f"/ledger/?q={month.entry_id}", follow=True).content.decode()


def test_a_difference_needs_a_reason() -> None:
    partner = as_user("recycler")
    data = written(("DN-2502", "2025-03-04", "delivery", "Ni", "564.3", "kg"))
    partner.post("/statements/new/", sent(data, step="submit"))
    form = of_row(text_of(partner, FRESH), "/match-with-difference/")[0]
    answer = partner.post(form.action, {**form.values, "reason": ""}, follow=True)
    assert "Choose the reason of the difference" in answer.content.decode()
    assert "#row-" in answer.redirect_chain[-1][0]


def test_rows_that_were_not_understood_are_left_out_only_when_told() -> None:
    partner = as_user("recycler")
    data = written(
        ("DN-2502", "2025-03-04", "delivery", "Ni", "546.3", "kg"),
        ("DN-2502", "2025-03-04", "delivery", "Co", "a lot", "kg"),
    )
    answer = partner.post("/statements/new/", sent(data, step="submit"))
    assert answer.status_code == 422
    assert partner.post("/statements/new/", sent(data, step="submit", leave_out="yes"))["Location"] == FRESH
