"""The pages of what stands open, and the links between entries, on a demo world to which some of each is added."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from ledger.core.entry import Account, Entry, encode, move, net_legs
from ledger.selectors.keys import keys
from ledger.selectors.values import PostedEntry
from ledger.services.append_entry import append_entry
from ledger.services.register_key import revoke_key
from lode.parties.models import Person
from lode.parties.services import signed_note
from tests.support.demo_world import World

NOW = dt.datetime(2025, 12, 1, 9, tzinfo=dt.UTC)
AT_MAKER = Account("borealis", "kunwu", "Ni", "stock", "ni-2506")
ON_WAY = AT_MAKER._replace(state="transit")
RECEIVED = AT_MAKER._replace(holder="ringcycle")
TONNE = 10**9


def post(kind: str, signers: Sequence[str], **fields: Any) -> PostedEntry:
    values = {
        "book": settings.LEDGER_ORIGIN,
        "nonce": f"open-{kind}-{len(signers)}",
        "occurred": "2025-11-20",
        **fields,
    }
    note = signed_note(text=encode(Entry(kind=kind, **values)), organisations=signers)
    return append_entry(note=note, submitted_by=signers[0], now=NOW)


def open_matters() -> dict[str, int]:
    """Ship 3 t of which 1 t arrives, pledge 2 t and release another pledge, and dispute what Ringcycle signed."""
    details = {"receiver": "ringcycle", "expected_by": "2025-11-25"}
    sent = post("ship", ["kunwu"], legs=net_legs(move(AT_MAKER, ON_WAY, 3 * TONNE)), parties=("ringcycle",),
                details=details, reference="CMR-OPEN")  # fmt: skip
    come = post("arrive", ["ringcycle"], legs=net_legs(move(ON_WAY, RECEIVED, TONNE)),
                details={"shipment": sent.entry_id})  # fmt: skip
    secured = {"owner": "borealis", "pledgee": "taihe"}
    line = {"holder": "kunwu", "element": "Ni", "state": "stock", "lot": "ni-2506"}
    both = {"parties": ("borealis", "taihe")}
    kept = post("pledge", ["borealis", "taihe"], nonce="p1", **both,
                details={**secured, "pledged": [{**line, "mass_mg": str(2 * TONNE)}]})  # fmt: skip
    given = post("pledge", ["borealis", "taihe"], nonce="p2", **both,
                 details={**secured, "pledged": [{**line, "mass_mg": str(TONNE)}]})  # fmt: skip
    freed = post("release", ["taihe"], **both, details={**secured, "pledge": given.entry_id})
    (key,) = keys(party="ringcycle")
    with transaction.atomic():
        revoke_key(vkey=key.vkey, reason="Stolen.", compromised_since_index=come.index, now=NOW)
    return {"sent": sent.index, "come": come.index, "kept": kept.index, "given": given.index, "freed": freed.index}


@pytest.fixture
def entries(demo: World, settings: Settings) -> dict[str, int]:
    # The demo's hosted keys are sealed under a key of its own.
    settings.LODE_KEY_ENCRYPTION_KEY = (demo.var / "secrets" / "lode_key_encryption_key").read_text().strip()
    return open_matters()


@pytest.fixture
def page(entries: dict[str, int]) -> Callable[[str, str], str]:
    """A page of the site as somebody sees it, in English."""

    def of(username: str, path: str) -> str:
        client = Client(HTTP_ACCEPT_LANGUAGE="en")
        client.force_login(Person.objects.get(username=username))
        client.cookies["django_language"] = "en"
        answer = client.get(path)
        assert answer.status_code == 200, path
        return answer.content.decode()

    return of


def test_what_is_on_the_way(entries: dict[str, int], page: Callable[[str, str], str]) -> None:
    late = page("recycler", "/ledger/on-the-way/?as_of=2025-11-26")
    assert f'href="/ledger/{entries["sent"]}/"' in late
    assert re.search(r"2025-11-25 <span class=.status tone-bad.>.*Overdue", late)
    assert "1 shipment is overdue on that day" in late
    assert '<data value="3000000000"' in late
    assert '<data value="2000000000"' in late
    assert "Overdue" not in page("recycler", "/ledger/on-the-way/?as_of=2025-11-25")
    assert "Nothing that you may see is on its way." in page("operator", "/ledger/on-the-way/")


def test_what_is_pledged(entries: dict[str, int], page: Callable[[str, str], str]) -> None:
    for username in ("lessor", "refiner", "auditor"):
        shown = page(username, "/ledger/pledged/")
        assert f'href="/ledger/{entries["kept"]}/"' in shown
        assert f'href="/ledger/{entries["given"]}/"' not in shown  # nothing of it is left
        assert "Taihe Refining" in shown
    assert "Nothing that you may see is pledged." in page("recycler", "/ledger/pledged/")


def test_closed_periods(page: Callable[[str, str], str]) -> None:
    for username in ("lessor", "recycler", "auditor", "operator"):
        page(username, "/ledger/closed-periods/")


def test_entries_lead_to_each_other(entries: dict[str, int], page: Callable[[str, str], str]) -> None:
    links = {
        "sent": ("Arrived by", "come"),
        "come": ("Ends the shipment of", "sent"),
        "given": ("Released by", "freed"),
        "freed": ("Releases the pledge of", "given"),
    }
    for name, (word, other) in links.items():
        shown = page("auditor", f"/ledger/{entries[name]}/")
        assert f'<dt>{word}</dt><dd><a href="/ledger/{entries[other]}/">' in shown, name
    assert "2,000.000\xa0kg\xa0Ni" in page("recycler", f"/ledger/{entries['sent']}/")
    assert "The rule of this kind" in page("recycler", f"/ledger/{entries['sent']}/")


def test_what_a_stolen_key_signed_is_marked(entries: dict[str, int], page: Callable[[str, str], str]) -> None:
    shown = page("lessor", f"/ledger/{entries['come']}/")
    assert "<strong>Disputed</strong>" in shown
    assert "A key of Ringcycle Recovery was compromised when it signed this." in shown
    assert "<strong>Disputed</strong>" not in page("lessor", f"/ledger/{entries['sent']}/")
    for path in (f"/accounts/{'/'.join(RECEIVED)}/", "/ledger/?kind=arrive"):
        assert "tone-bad" in page("lessor", path)
        assert "Disputed" in page("lessor", path)
