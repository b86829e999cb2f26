"""A real Chromium for the pages: the system's own, never one that is downloaded."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest
from pytest_django import Settings

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
        pytest.skip("no Chromium found: `apt-get install chromium fonts-noto-cjk`, or name one in LODE_CHROMIUM")
    # The live server of Django and the browser's event loop share a thread.
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    return {"executable_path": path, "args": list(FLAGS)}


@pytest.fixture(autouse=True)
def static_from_source(settings: Settings) -> None:
    """Give static files their plain names: the manifest of hashed ones is made by collectstatic, which no test runs."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
