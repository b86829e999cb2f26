from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from lode.web import error_pages
from lode.web.context import RAIL, RAIL_BY_ROLE, THEME_COOKIE, rail_items, ui
from lode.web.preferences import preferences

ROLES = ("commercial", "partner", "finance", "auditor")


def person(role: str, *, superuser: bool = False) -> SimpleNamespace:
    return SimpleNamespace(
        is_authenticated=True,
        is_superuser=superuser,
        role=role,
        username="wei",
        get_full_name=lambda: "Wei Chen",
        organisation=SimpleNamespace(name_en="Helvetia Minerals", name_zh="海维矿业"),
    )


def request(path: str = "/", *, role: str = "", theme: str = "") -> HttpRequest:
    made = RequestFactory().get(path)
    made.user = person(role) if role else SimpleNamespace(is_authenticated=False, is_superuser=False)
    if theme:
        made.COOKIES[THEME_COOKIE] = theme
    return made


class TestTheRail:
    def test_holds_the_agreed_places(self) -> None:
        assert [(item.label, item.href) for item in RAIL] == [
            ("Contracts", "/contracts/"),
            ("Material flows", "/flows/"),
            ("Ledger", "/ledger/"),
            ("Reconcile", "/reconcile/"),
            ("Settlements", "/settlements/"),
            ("Exports", "/exports/"),
            ("Verify", "/verify/"),
        ]

    @pytest.mark.parametrize("role", ROLES)
    def test_is_each_roles_own_and_leads_with_its_work(self, role: str) -> None:
        keys = [item.key for item in rail_items(role, "/")]
        assert keys == list(RAIL_BY_ROLE[role])
        first = {"commercial": "contracts", "partner": "reconcile", "finance": "settlements", "auditor": "verify"}
        assert keys[0] == first[role]

    def test_marks_where_one_is(self) -> None:
        current = [item.key for item in rail_items("auditor", "/ledger/12/") if item.current]
        assert current == ["ledger"]
        assert not [item for item in rail_items("auditor", "/") if item.current]

    def test_a_visitor_has_none(self) -> None:
        assert ui(request())["ui"].rail == ()
        assert 'class="frame no-rail"' in render_to_string("base.html", {}, request())

    def test_a_superuser_without_a_role_sees_what_an_auditor_sees(self) -> None:
        made = request()
        made.user = person("", superuser=True)
        assert [item.key for item in ui(made)["ui"].rail] == list(RAIL_BY_ROLE["auditor"])


class TestTheme:
    @pytest.mark.parametrize(
        ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ("", "system"), ('"><x', "system")]
    )
    def test_is_that_of_the_cookie_without_any_script(self, cookie: str, theme: str) -> None:
        html = render_to_string("base.html", {}, request(theme=cookie))
        assert f'data-theme="{theme}"' in html
        assert f'name="theme" value="{theme}" aria-pressed="true"' in html

    def test_language_is_that_of_the_page(self) -> None:
        with translation.override("zh-hans"):
            html = render_to_string("base.html", {}, request(role="partner"))
        assert '<html lang="zh-Hans"' in html
        assert "对账" in html
        assert "海维矿业 · 合作方" in html
        assert "Helvetia Minerals · Partner" in render_to_string("base.html", {}, request(role="partner"))

    def test_an_error_is_said_in_the_title(self) -> None:
        assert "<title>Error: " in render_to_string("base.html", {"page_errors": True}, request())
        assert "Error:" not in render_to_string("base.html", {}, request())


class TestPreferences:
    def test_keep_theme_and_language_in_cookies_and_go_back(self) -> None:
        chosen = {"theme": "dark", "language": "zh-hans", "next": "/ledger/?page=2"}
        answer = preferences(RequestFactory().post("/preferences/", chosen))
        assert (answer.status_code, answer["Location"]) == (302, "/ledger/?page=2")
        assert answer.cookies[THEME_COOKIE].value == "dark"
        assert answer.cookies[settings.LANGUAGE_COOKIE_NAME].value == "zh-hans"
        assert answer.cookies[THEME_COOKIE]["samesite"] == "Lax"

    def test_change_nothing_for_what_they_do_not_know(self) -> None:
        answer = preferences(RequestFactory().post("/preferences/", {"theme": "pink", "language": "xx"}))
        assert not answer.cookies
        assert answer["Location"] == "/"

    @pytest.mark.parametrize(
        "target", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""]
    )
    def test_lead_nowhere_else(self, target: str) -> None:
        answer = preferences(RequestFactory().post("/preferences/", {"theme": "dark", "next": target}))
        assert answer["Location"] == "/"

    def test_are_not_changed_by_a_mere_link(self) -> None:
        assert preferences(RequestFactory().get("/preferences/?theme=dark")).status_code == 405


class TestErrorPages:
    def test_say_what_happened_and_that_nothing_was_posted(self) -> None:
        pages = [
            error_pages.bad_request(request()),
            error_pages.permission_denied(request()),
            error_pages.conflict(request()),
            error_pages.unavailable(request()),
        ]
        for page in pages:
            text = page.content.decode()
            assert "Nothing" in text
            assert "posted" in text
            assert "<title>Error: " in text
            assert "<h1>" in text
        assert [page.status_code for page in pages] == [400, 403, 409, 503]

    def test_403_says_who_may_and_whom_to_ask(self) -> None:
        page = error_pages.permission_denied(
            request(role="partner"),
            PermissionDenied("A partner may not approve a settlement."),
            roles="finance",
            ask="Li Na",
        )
        text = page.content.decode()
        for sentence in ("A partner may not approve a settlement.", "Those who may: finance.", "Ask Li Na."):
            assert sentence in text

    def test_404_says_what_was_looked_for(self) -> None:
        assert "Looked for: entry 99." in error_pages.not_found(request(), Http404("entry 99")).content.decode()
        assert "the page /nope/" in error_pages.not_found(request("/nope/")).content.decode()

    def test_404_of_the_address_book_does_not_show_its_insides(self) -> None:
        page = error_pages.not_found(request("/nope/"), Http404({"tried": [["secret-pattern"]], "path": "nope/"}))
        assert "secret-pattern" not in page.content.decode()

    def test_409_shows_the_clash(self) -> None:
        text = error_pages.conflict(
            request(), before="92.0%", after="94.5%", again_href="/contracts/1/"
        ).content.decode()
        assert "<del>92.0%</del><ins>94.5%</ins>" in text
        assert 'href="/contracts/1/"' in text

    def test_500_gives_a_reference_that_the_log_has_and_asks_nothing_of_the_database(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        page = error_pages.server_error(request("/ledger/"))
        reference = caplog.records[-1].getMessage().split("reference ")[1].split()[0]
        assert page.status_code == 500
        assert reference in page.content.decode()
        assert "Nothing was posted" in page.content.decode()

    def test_503_says_when_to_come_back(self) -> None:
        assert error_pages.unavailable(request())["Retry-After"] == "30"

    def test_a_form_that_expired_is_told_so(self) -> None:
        page = error_pages.csrf_failure(request(), "CSRF cookie not set.")
        assert page.status_code == 403
        assert "The form had expired" in page.content.decode()
        assert "CSRF cookie not set" not in page.content.decode()

    def test_speak_chinese(self) -> None:
        with translation.override("zh-hans"):
            assert "未找到" in error_pages.not_found(request()).content.decode()
            assert "出现故障" in error_pages.server_error(request()).content.decode()
