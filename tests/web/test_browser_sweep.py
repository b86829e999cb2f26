"""Every page in English, light, on a desk, and in Chinese, dark, on a phone: nothing complains, nothing breaks."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from babel.messages.pofile import read_po
from playwright.sync_api import Page

from lode.web.i18n import catalog
from tests.web.conftest import PageAs, Visit

pytestmark = pytest.mark.browser

# (who looks, path); nobody is signed in where there is no name.
PAGES = (
    ("auditor", "/ledger/"),
    ("lessor", "/ledger/?q=nothing-like-it"),
    ("auditor", "/ledger/70/"),
    ("lessor", "/accounts/?element=Ni&state=product"),
    ("auditor", "/accounts/?group=owner,state"),
    ("lessor", "/accounts/borealis/kunwu/Ni/stock/ni-2311/"),
    ("lessor", "/accounts/borealis/kunwu/Ni/stock/ni-2311/?view=history"),
    ("cellmaker", "/accounts/learned/?as_of=2024-06-30&since=30&known_at=60"),
    ("auditor", "/ledger/on-the-way/"),
    ("lessor", "/ledger/pledged/"),
    ("recycler", "/ledger/closed-periods/"),
    ("auditor", "/flows/"),
    ("", "/verify/"),
    ("recycler", "/verify/"),
    ("lessor", "/contracts/"),
    ("auditor", "/contracts/?kind=offtake"),
    ("lessor", "/contracts/new/"),
    ("cellmaker", "/contracts/ML-2023-001/"),
    ("operator", "/contracts/PW-2023-001/"),
    ("auditor", "/contracts/OT-2023-001/"),
    ("finance", "/"),
    ("auditor", "/settlements/"),
    ("finance", "/settlements/ST-ML-2025-001-2025-10-r1/"),
    ("operator", "/settlements/ST-PW-2023-001-2025-Q3-r1/"),
    ("refiner", "/settlements/ST-OT-2023-001-bm-2407-final-r1/"),
    ("finance", "/prices/"),
    ("finance", "/prices/nickel/"),
    ("auditor", "/exports/"),
    ("recycler", "/reconcile/"),
    ("lessor", "/reconcile/borealis/ringcycle/2025-02/"),
    ("recycler", "/statements/new/"),
    ("lessor", "/keys/"),
    ("auditor", "/keys/"),
    ("recycler", "/ledger/new/"),
    ("", "/sign-in/"),
    ("", "/help/"),
)
AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
TEXTS = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, text = node.data.trim();
    if (text && !node.parentElement.closest('script, style, code, pre, [lang=en]')) found.push(text);
  }
  return found;
}"""
UNREACHABLE = """() => [...document.querySelectorAll('main :is(a[href], button, summary, select, input)')]
  .filter((node) => node.checkVisibility() && !node.disabled && node.type !== 'hidden')
  .filter((node) => { node.focus(); return document.activeElement !== node; }).map((node) => node.outerHTML)"""


def english() -> set[str]:
    """The texts of the interface that read otherwise in Chinese."""
    with catalog.PO_FILE.open("rb") as file:
        messages = [message for message in read_po(file) if isinstance(message.id, str) and message.string]
    return {message.id for message in messages if "%(" not in message.id and message.id != message.string}


def sound(visit: Visit, path: str) -> Page:
    """Open the page under the strict policy (a violation of it is a complaint), and hold it to what all pages hold."""
    page = visit.goto(path)
    # Axe comes in by the debugger, so the policy need not be lifted for it.
    results = Axe().run(page, options=AXE)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert visit.complaints == []
    return page


@pytest.mark.parametrize(("username", "path"), PAGES)
def test_english_light_on_a_desk(page_as: PageAs, username: str, path: str) -> None:
    page = sound(page_as(username), path)
    assert page.evaluate(UNREACHABLE) == []


@pytest.mark.parametrize(("username", "path"), PAGES)
def test_chinese_dark_on_a_phone(page_as: PageAs, username: str, path: str) -> None:
    page = sound(page_as(username, language="zh-hans", theme="dark", width=390), path)
    assert [text for text in page.evaluate(TEXTS) if text in english()] == []
