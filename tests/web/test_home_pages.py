"""Home by role, help, and the door: signing in, and guessing that is slowed down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from lode.demo.cast import LOG_INS, PASSWORD
from lode.web.views.signing_in import NAME_FAILURES
from tests.web.forms import as_user, text_of

pytestmark = pytest.mark.usefixtures("demo_pages")


@pytest.fixture(autouse=True)
def fresh_counters() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.mark.parametrize("person", LOG_INS, ids=lambda person: person.username)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_home_opens_for_every_role(person: object, language: str) -> None:
    page = text_of(as_user(person.username, language=language), "/")  # type: ignore[attr-defined]
    assert ("Your turn" in page, "轮到您" in page) == (language == "en", language != "en")


def test_what_waits_is_named_to_finance_alone() -> None:
    draft = "ST-ML-2025-001-2025-10-r1"
    assert draft in text_of(as_user("finance"), "/")
    assert draft not in text_of(as_user("lessor"), "/")
    assert "Nothing waits for you." in text_of(as_user("recycler"), "/")
    assert 'href="/statements/new/"' in text_of(as_user("recycler"), "/")


def test_home_asks_for_a_sign_in_and_help_does_not() -> None:
    assert Client().get("/")["Location"] == "/sign-in/?next=/"
    assert Client().get("/help/").status_code == 200


def test_a_wrong_password_says_what_to_do_and_a_right_one_goes_on() -> None:
    client = Client()
    sent = {"username": "finance", "password": "not-it", "next": "/exports/"}
    answer = client.post("/sign-in/", sent)
    assert answer.status_code == 422
    assert "do not belong together" in answer.content.decode()
    assert client.post("/sign-in/", {**sent, "password": PASSWORD})["Location"] == "/exports/"


def test_nobody_is_sent_to_another_site() -> None:
    sent = {"username": "finance", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert Client().post("/sign-in/", sent)["Location"] == "/"


def test_guessing_is_slowed_down_for_the_name_at_that_address_alone() -> None:
    sent = {"username": "finance", "password": "guess"}
    for _attempt in range(NAME_FAILURES):
        assert Client().post("/sign-in/", sent).status_code == 422
    answer = Client().post("/sign-in/", {**sent, "username": "Finance ", "password": PASSWORD})
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "Wait 15 minutes" in answer.content.decode()
    right = {**sent, "password": PASSWORD}
    assert Client().post("/sign-in/", right, REMOTE_ADDR="192.0.2.7").status_code == 302
    assert Client().post("/sign-in/", {**right, "username": "lessor"}).status_code == 302


def test_signing_in_needs_its_token() -> None:
    sent = {"username": "finance", "password": PASSWORD}
    assert Client(enforce_csrf_checks=True).post("/sign-in/", sent).status_code == 403
