"""The list of serials of an entry: its number and its file, for the entry's readers."""

from __future__ import annotations

import re

from django.test import Client

from ledger.core import manifest
from ledger.selectors.entries import entry_detail, list_entries
from lode.parties.models import Person
from tests.support.demo_world import World


def client_of(username: str) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(Person.objects.get(username=username))
    client.cookies["django_language"] = "en"
    return client


def test_the_list_is_there_for_the_readers_of_the_entry(demo_pages: World) -> None:
    index = list_entries(party=None, kind="embody")[0].index
    details = entry_detail(index=index, party=None).body["details"]
    for username in ("cellmaker", "lessor", "auditor"):
        client = client_of(username)
        page = client.get(f"/ledger/{index}/").content.decode()
        assert f'href="/ledger/{index}.manifest"' in page
        assert re.search(r"</svg>\s*[0-9]+ serials</a>", page)
        file = client.get(f"/ledger/{index}.manifest").content
        manifest.read([file]).check_named_by(details)
        assert manifest.serials_of(file)[0].startswith("KW")
    assert client_of("recycler").get(f"/ledger/{index}.manifest").status_code == 404
    assert client_of("cellmaker").get(f"/ledger/{index + 1}.manifest").status_code == 404
