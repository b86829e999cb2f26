"""Every page in English, light, on a desk, and in Chinese, dark, on a phone: nothing complains, nothing breaks."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from babel.messages.pofile import read_po

from lode.web.i18n import catalog
from tests.web.conftest import PageAs

pytestmark = pytest.mark.browser

# (who looks, path); nobody is signed in where there is no name.
PAGES = (
    ("auditor", "/ledger/"),
    ("auditor", "/ledger/?kind=collect&element=Ni&q=COL"),
    ("auditor", "/ledger/?q=nothing-like-it"),
    ("auditor", "/ledger/70/"),
    ("cellmaker", "/ledger/12/"),
    ("auditor", "/ledger/1/"),
    ("lessor", "/accounts/"),
    ("lessor", "/accounts/borealis/kunwu/Ni/stock/ni-2311/"),
    ("auditor", "/flows/"),
    ("operator", "/flows/"),
    ("", "/verify/"),
    ("recycler", "/verify/"),
)
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
TEXTS = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, text = node.data.trim();
    if (text && !node.parentElement.closest('script, style, code, pre, [lang=en]')) found.push(text);
  }
  return found;
}"""
UNREACHABLE = """() => [...document.querySelectorAll('main :is(a[href], button:not(:disabled), summary, select, input)')]
  .filter((node) => node.checkVisibility() && node.type !== 'hidden')
  .filter((node) => { node.focus(); return document.activeElement !== node; }).map((node) => node.outerHTML)"""


def english() -> set[str]:
    """The texts of the interface that read otherwise in Chinese."""
    with catalog.PO_FILE.open("rb") as file:
        messages = [message for message in read_po(file) if isinstance(message.id, str) and message.string]
    return {message.id for message in messages if "%(" not in message.id and message.id != message.string}


def axe_of(page: Any) -> Any:
    return Axe().run(page, options=AXE)


@pytest.mark.parametrize(("username", "path"), PAGES)
def test_english_light_on_a_desk(page_as: PageAs, username: str, path: str) -> None:
    visit = page_as(username, bypass_csp=True)
    page = visit.goto(path)
    results = axe_of(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate(UNREACHABLE) == []
    assert visit.complaints == []


@pytest.mark.parametrize(("username", "path"), PAGES)
def test_chinese_dark_on_a_phone(page_as: PageAs, username: str, path: str) -> None:
    visit = page_as(username, language="zh-hans", theme="dark", width=390)
    page = visit.goto(path)  # under the strict policy: a violation of it is a complaint
    assert [text for text in page.evaluate(TEXTS) if text in english()] == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert visit.complaints == []


@pytest.mark.parametrize(("username", "path"), PAGES)
def test_axe_in_the_dark_on_a_phone(page_as: PageAs, username: str, path: str) -> None:
    page = page_as(username, theme="dark", width=390, bypass_csp=True).goto(path)
    results = axe_of(page)
    assert results.violations_count == 0, results.generate_report()
