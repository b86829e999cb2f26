"""A row reconciled and the working of a statement's line, by mouse and keyboard in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.web.conftest import PageAs

pytestmark = pytest.mark.browser
FILE = (
    "Delivery note,Date,Kind,Element,Contained mass,Unit\r\n"
    "DN-2502,2025-03-04,delivery,Ni,564.3,kg\r\n"
    "DN-2502,2025-03-04,delivery,Co,182.8,kg\r\n"
)


def test_a_partner_submits_a_file_and_matches_a_typing_error(page_as: PageAs) -> None:
    visit = page_as("recycler")
    page = visit.goto("/statements/new/")
    page.get_by_label("Month").fill("2025-03")
    page.get_by_label("File (CSV)").set_input_files(
        {"name": "march.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    )
    page.get_by_role("button", name="Show what is understood").click()
    expect(page.get_by_role("heading", name="2 rows understood")).to_be_visible()
    page.get_by_role("button", name="Submit", exact=True).click()
    page.wait_for_url("**/reconcile/borealis/ringcycle/2025-03/")
    row = page.get_by_role("article", name="Ni DN-2502")
    expect(row).to_contain_text("two neighbours are swapped")
    expect(row.get_by_label("Reason of the difference")).to_have_value("typing")
    row.get_by_role("button", name="Match with difference").press("Enter")
    expect(page.get_by_role("article", name="Ni DN-2502")).to_contain_text("Matched with difference")
    assert re.search(r"#row-[0-9a-f]{12}$", page.url)
    page.get_by_role("article", name="Ni DN-2502").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("article", name="Ni DN-2502")).to_contain_text("Open")
    assert visit.complaints == []


def test_a_line_opens_its_working_and_leads_to_the_price(page_as: PageAs) -> None:
    visit = page_as("refiner")
    page = visit.goto("/settlements/ST-OT-2023-001-bm-2407-final-r1/")
    line = page.locator("#line-1")
    line.locator("summary").first.press("Enter")
    expect(line).to_contain_text("mass × price / 1,000")
    line.get_by_text("8 earlier steps").click()
    expect(line).to_contain_text("dry mass")
    line.get_by_role("link", name="LME nickel, monthly average of 2024-08, edition 1").click()
    expect(page.locator("#p-2024-08")).to_contain_text("16,292.12")
    assert visit.complaints == []
