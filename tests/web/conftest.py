"""A real Chromium for the pages: the system's own, never one that is downloaded."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page, Request
from pytest_django import DjangoDbBlocker, Settings

from lode.demo.cast import PASSWORD
from tests.support import databases, demo_world, sites

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def chromium_path() -> str | None:
    """The browser that LODE_CHROMIUM names, or the first that is installed."""
    return os.environ.get("LODE_CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    path = chromium_path()
    if path is None:
        if sites.in_ci():
            pytest.fail(sites.HOW_TO_GET_ONE)
        pytest.skip(sites.HOW_TO_GET_ONE)
    # The live server of Django and the browser's event loop share a thread.
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    return {"executable_path": path, "args": list(FLAGS)}


@pytest.fixture(autouse=True)
def static_from_source(settings: Settings) -> None:
    """Give static files their plain names: the manifest of hashed ones is made by collectstatic, which no test runs."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture(scope="module")
def demo_pages(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[demo_world.World]:
    """One demo world for a module of tests that only look at it."""
    with django_db_blocker.unblock(), demo_world.copy(tmp_path_factory.mktemp("demo")) as world:
        folders = {"LEDGER_DIR": world.var / "ledger", "EXPORTS_DIR": world.var / "exports"}
        with override_settings(VAR_DIR=world.var, **folders):
            yield world


@pytest.fixture(scope="session")
def browser_site(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    browser_type_launch_args: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The whole site over gunicorn on a demo world of its own, one for all browser tests; gives its address."""
    with django_db_blocker.unblock():
        template, folder = demo_world.template()
        var = tmp_path_factory.mktemp("site") / "var"
        shutil.copytree(folder, var)
        name = f"site_{uuid.uuid4().hex[:20]}"
        databases.create(name, template)
    try:
        with sites.site(name, var) as address:
            yield address
    finally:
        databases.drop(name)


@dataclass
class Visit:
    """A page as somebody sees it, what its console complained of, and what it asked of other sites."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def goto(self, path: str) -> Page:
        """Open a path of the site; its answer must not be an error."""
        response = self.page.goto(path)
        assert response is not None
        assert response.status < 400, f"{path} answers {response.status}"
        return self.page


PageAs = Callable[..., Visit]


@pytest.fixture(scope="session")
def signed_in(browser_site: str, browser: Browser) -> Callable[[str], Any]:
    """The cookies of somebody who has signed in by the form, once a session."""
    states: dict[str, Any] = {}

    def of(username: str) -> Any:
        if username not in states:
            context = browser.new_context(base_url=browser_site)
            page = context.new_page()
            page.goto("/sign-in/?next=/verify/")
            page.fill("[name=username]", username)
            page.fill("[name=password]", PASSWORD)
            page.locator("main button[type=submit]").click()
            page.wait_for_url("**/verify/")
            states[username] = context.storage_state()
            context.close()
        return states[username]

    return of


@pytest.fixture
def page_as(browser_site: str, browser: Browser, signed_in: Callable[[str], Any]) -> Iterator[PageAs]:
    """`page_as("auditor", language="zh-hans", theme="dark", width=390)`; without a name nobody is signed in."""
    contexts: list[BrowserContext] = []

    def open_as(
        username: str = "", *, language: str = "en", theme: str = "light", width: int = 1280, **options: Any
    ) -> Visit:
        context = browser.new_context(
            base_url=browser_site,
            viewport={"width": width, "height": 900},
            storage_state=signed_in(username) if username else None,
            **options,
        )
        contexts.append(context)
        cookies = {"django_language": language, "lode_theme": theme}
        context.add_cookies([{"name": name, "value": value, "url": browser_site} for name, value in cookies.items()])
        visit = Visit(context.new_page())

        def watch(request: Request) -> None:
            if not request.url.startswith((browser_site, "data:", "blob:")):
                visit.complaints.append(f"asks another site: {request.url}")

        visit.page.on("request", watch)
        visit.page.on(
            "console",
            lambda said: visit.complaints.append(said.text) if said.type in {"error", "warning"} else None,
        )
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        return visit

    yield open_as
    for context in contexts:
        context.close()
