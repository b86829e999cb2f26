"""The parts in a real Chromium: under the strict policy, in both languages and themes, on a desk and on a phone."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import Browser, Page, Route, expect

from tests.web import ui_samples

pytestmark = pytest.mark.browser

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SITE = "http://lode.test"
DESK, TABLET, PHONE, SMALL_PHONE = 1440, 900, 390, 360


def style_guide(language: str, theme: str) -> str:
    request = RequestFactory().get("/reconcile/")
    request.COOKIES["lode_theme"] = theme
    request.user = SimpleNamespace(
        is_authenticated=True,
        is_superuser=False,
        role="commercial",
        username="wei",
        get_full_name=lambda: "Wei Chen",
        organisation=SimpleNamespace(name_en="Helvetia Minerals", name_zh="海维矿业"),
    )
    context = {**ui_samples.context(language), "user": request.user}
    with translation.override(language):
        return render_to_string("ui/styleguide.html", context, request)


def served(html: str, posts: list[str]) -> Callable[[Route], None]:
    """Answer the browser as the site would, with its policy, and keep what forms send."""

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(SITE).split("?")[0]
        if route.request.method == "POST":
            posts.append(f"{path} {route.request.post_data}")
        if path.startswith("/static/"):
            found = finders.find(path.removeprefix("/static/"))
            kind = "font/woff2" if path.endswith(".woff2") else mimetypes.guess_type(path)[0]
            route.fulfill(path=found, content_type=kind) if found else route.fulfill(status=404)
        else:
            headers = {"Content-Security-Policy": POLICY}
            route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=headers)

    return answer


@pytest.fixture
def shown(browser: Browser) -> Any:
    """Open the style guide; gives the page, what it complained of, and what it posted."""
    contexts = []

    def show(
        language: str = "en", theme: str = "light", width: int = DESK, **options: Any
    ) -> tuple[Page, list[str], list[str]]:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        posts: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route("**/*", served(style_guide(language, theme), posts))
        page.goto(f"{SITE}/reconcile/")
        return page, complaints, posts

    yield show
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("language", "width"),
    [("en", DESK), ("en", TABLET), ("en", SMALL_PHONE), ("zh-hans", DESK), ("zh-hans", SMALL_PHONE)],
)
def test_nothing_breaks_the_policy_and_nothing_sticks_out(shown: Any, language: str, width: int) -> None:
    page, complaints, _posts = shown(language, "dark", width)
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize(("theme", "width"), [("light", DESK), ("dark", PHONE)])
def test_axe_finds_no_fault(shown: Any, theme: str, width: int) -> None:
    page, _complaints, _posts = shown("en", theme, width, bypass_csp=True)
    tags = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    results = Axe().run(page, options=tags)
    assert results.violations_count == 0, results.generate_report()


def test_theme_changes_without_a_reload_and_is_kept(shown: Any) -> None:
    page, complaints, posts = shown()
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(244, 246, 248)"
    page.locator(".topbar button[value=dark]").click()
    assert page.evaluate(ground) == "rgb(15, 19, 24)"
    assert page.locator(".topbar button[value=dark]").get_attribute("aria-pressed") == "true"
    assert page.locator(".topbar button[value=light]").get_attribute("aria-pressed") == "false"
    assert {c["name"]: c["value"] for c in page.context.cookies(SITE)}["lode_theme"] == "dark"
    assert posts == []
    assert complaints == []


def test_theme_and_language_work_without_scripts(shown: Any) -> None:
    page, _complaints, posts = shown(java_script_enabled=False)
    page.locator(".topbar button[value=dark]").click()
    page.locator(".topbar button[value=zh-hans]").click()
    assert len(posts) == 2
    assert posts[0].startswith("/preferences/ ")
    assert "next=%2Freconcile%2F&theme=dark" in posts[0]
    assert "language=zh-hans" in posts[1]


def test_the_system_decides_where_nobody_chose(shown: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page, _complaints, _posts = shown(theme="system", color_scheme="dark")
    assert page.evaluate(ground) == "rgb(15, 19, 24)"
    page, _complaints, _posts = shown(theme="system", color_scheme="light")
    assert page.evaluate(ground) == "rgb(244, 246, 248)"


def test_the_fonts_are_ours_and_chinese_takes_the_systems(shown: Any) -> None:
    page, _complaints, _posts = shown("zh-hans")
    page.evaluate("document.fonts.ready.then(() => true)")
    assert page.evaluate("document.fonts.check('15px \"Inter Variable\"')")
    assert "Noto Sans CJK SC" in page.evaluate("getComputedStyle(document.querySelector('.rail a')).fontFamily")
    assert "Noto Serif CJK SC" in page.evaluate("getComputedStyle(document.querySelector('.text:lang(zh)')).fontFamily")


def test_first_tab_skips_to_the_content(shown: Any) -> None:
    page, _complaints, _posts = shown()
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.locator("body").press("Tab")
    page.evaluate("document.querySelector('.skip').focus()")
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_summary_of_errors_takes_the_focus(shown: Any) -> None:
    page, _complaints, _posts = shown()
    assert page.evaluate("document.activeElement.hasAttribute('data-error-summary')")


def test_a_preview_is_stale_from_the_first_keystroke(shown: Any) -> None:
    page, _complaints, _posts = shown()
    assert page.locator("#preview").get_attribute("data-stale") is None
    page.locator("#id_lessee").press_sequentially("x")
    assert page.locator("#preview").get_attribute("data-stale") == "true"


def test_a_hash_shows_whole_on_focus_and_copies(shown: Any) -> None:
    page, _complaints, _posts = shown(permissions=["clipboard-read", "clipboard-write"])
    digest = page.locator(".facts .digest").first
    rest = digest.locator(".rest")
    assert not rest.is_visible()
    digest.focus()
    assert rest.is_visible()
    page.locator(".facts .copy").first.click()
    # A page without TLS has no clipboard: then the button says how to copy by hand.
    said = page.locator(".facts .copy [aria-live]").first
    expect(said).to_have_text(re.compile("^(Copied|Select and copy it here)$"))


def test_a_table_is_cards_on_a_phone_and_each_cell_says_its_heading(shown: Any) -> None:
    page, _complaints, _posts = shown(width=PHONE)
    cell = page.locator("table.cards tbody tr").nth(1).locator("td").nth(2)
    label = "getComputedStyle(el, '::before').content"
    assert cell.evaluate(f"el => {label}") == '"Ours, kg Li"'
    desk, _complaints, _posts = shown(width=DESK)
    assert desk.locator("table.cards tbody td").nth(2).evaluate(f"el => {label}") == "none"


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_targets_are_large_enough(shown: Any, width: int) -> None:
    page, _complaints, _posts = shown(width=width)
    small = page.evaluate(
        """least => [...document.querySelectorAll('button, .button, select, input, .chip, .rail a, .segments a')]
        .filter(e => e.offsetParent && !e.matches('[type=hidden], [type=checkbox], [type=radio], .copy'))
        .filter(e => e.getBoundingClientRect().height < least)
        .map(e => e.outerHTML.slice(0, 90) + e.getBoundingClientRect().height)""",
        42 if width == PHONE else 30,
    )
    assert small == []


def test_the_rails_strip_shows_where_one_is(shown: Any) -> None:
    page, _complaints, _posts = shown(width=SMALL_PHONE)
    box = page.locator(".rail a[aria-current]").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= SMALL_PHONE


def test_labels_of_the_loop_do_not_touch_as_drawn(shown: Any) -> None:
    """The layout estimates the width of text; here the browser measures it."""
    for language in ("en", "zh-hans"):
        page, _complaints, _posts = shown(language)
        overlaps = page.evaluate(
            """() => [...document.querySelectorAll('svg.sankey')].flatMap(svg => {
                const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBBox()]);
                const bars = [...svg.querySelectorAll('rect')].map(r => ['bar', r.getBBox()]);
                const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width
                    && a.y + 3 < b.y + b.height - 3 && b.y + 3 < a.y + a.height - 3;
                return texts.flatMap(([name, box], i) => [...texts.slice(i + 1), ...bars]
                    .filter(([, other]) => meet(box, other)).map(([other]) => name + ' / ' + other));
            })"""
        )
        assert overlaps == []
