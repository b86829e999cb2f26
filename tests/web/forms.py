"""What a browser without scripts reads from a page and sends back."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.test import Client
from pytest_django import Settings

from lode.demo.cast import PASSWORD
from tests.support.demo_world import World


@dataclass
class Form:
    """A form as it stands on the page: where it goes, and what its fields hold."""

    action: str
    values: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        if not self.forms:
            return
        values = self.forms[-1].values
        if tag == "input" and "name" in given and (given.get("type") != "checkbox" or "checked" in given):
            values[given["name"]] = given.get("value", "")
        if tag == "select":
            self._select = given.get("name", "")
        if tag == "option" and ("selected" in given or self._select not in values):
            values[self._select] = given.get("value", "")


def forms(html: str, *, ending: str = "") -> list[Form]:
    """Return the forms of a page whose action ends so."""
    reader = _Reader()
    reader.feed(html)
    return [form for form in reader.forms if form.action.endswith(ending)]


def as_user(username: str, *, language: str = "en", csrf: bool = False) -> Client:
    """Return a browser without scripts in which somebody has signed in."""
    client = Client(enforce_csrf_checks=csrf)
    assert client.login(username=username, password=PASSWORD)
    client.cookies["django_language"] = language
    return client


def text_of(client: Client, path: str) -> str:
    """Return a page of which the answer is 200."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def own_keys(settings: Settings, world: World) -> None:
    """Sign with the hosted keys of a demo world: they are sealed under a key that it keeps among its files."""
    sealed_under = world.var / "secrets" / "lode_key_encryption_key"
    settings.LODE_KEY_ENCRYPTION_KEY = sealed_under.read_text(encoding="ascii").strip()
