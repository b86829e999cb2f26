"""Keys that a party keeps in its browser: made there, never sent, and used to sign what the web has to be signed."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django import DjangoDbBlocker

from contracts import services as contracts
from contracts.selectors import demo_terms
from ledger.core.entry import Account, Entry, encode, move, net_legs
from ledger.selectors.entries import list_entries
from ledger.selectors.keys import keys
from ledger.services.sequence_pending import sequence_pending
from lode.parties.services import create_person
from lode.reconciliation.services import accept_exact
from tests.reconciliation import world
from tests.support import databases, sites
from tests.web.test_browser_sweep import sound

pytestmark = pytest.mark.browser
PASSWORD = "twelve letters and more"
EXACT = (
    "Delivery No.,Date,Kind,Element,Contained mass,Unit\n"
    "DN-88213,2025-11-02,receipt,Ni,48200,kg\n"
    "DN-88240,2025-11-05,receipt,Ni,51150,kg\n"
)
# What no page can do with a real key: the browser's own generator is watched, and its private half kept for the test.
WATCH = """
const make = crypto.subtle.generateKey.bind(crypto.subtle);
crypto.subtle.generateKey = async (algorithm, extractable, uses) => {
  const pair = await make(algorithm, true, uses);
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const kept = JSON.parse(sessionStorage.seeds ?? "[]");
  sessionStorage.seeds = JSON.stringify([...kept, Array.from(pkcs8.slice(-32))]);
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, extractable, ["sign"]);
  return { privateKey, publicKey: pair.publicKey };
};
"""
EXPORTS = """async () => {
  const opening = indexedDB.open("lode-keys", 1);
  const database = await new Promise((done) => { opening.onsuccess = () => done(opening.result); });
  const asked = database.transaction("keys").objectStore("keys").getAll();
  const keys = await new Promise((done) => { asked.onsuccess = () => done(asked.result); });
  database.close();
  const said = [];
  for (const key of keys) for (const format of ["pkcs8", "jwk", "raw"]) {
    said.push(await crypto.subtle.exportKey(format, key.privateKey).then(() => "exported", (error) => error.name));
  }
  return { extractable: keys.map((key) => key.privateKey.extractable), said };
}"""


@pytest.fixture(scope="module")
def site(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    browser_type_launch_args: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Terra and Ringcycle: both with hosted keys, a month to be agreed, a contract to be signed; over gunicorn."""
    var = tmp_path_factory.mktemp("keys-site")
    (var / "secrets").mkdir(mode=0o700)
    sealing = var / "secrets" / "lode_key_encryption_key"
    sealing.write_text(django_settings.LODE_KEY_ENCRYPTION_KEY)
    folders = {"VAR_DIR": var, "LEDGER_DIR": var / "ledger", "EXPORTS_DIR": var / "exports"}
    with (
        django_db_blocker.unblock(),
        override_settings(**folders),
        databases.clone(databases.migrated_template()) as name,
    ):
        build()
        with sites.site(name, var) as address:
            yield address


def build() -> None:
    world.open_world()
    world.deliver("DN-88213", world.START.replace(day=2), 48_200)
    world.deliver("DN-88240", world.START.replace(day=5), 51_150)
    period = world.submit(EXACT.encode())
    accept_exact(period_id=period, actor=world.RINGCYCLE, now=world.NOW)
    ref = contracts.create_draft(
        actor=world.TERRA,
        kind="material-lease",
        counterparty="ringcycle",
        terms=demo_terms("material-lease"),
        now=world.NOW,
    )
    contracts.propose(actor=world.TERRA, ref=ref, now=world.NOW)
    contracts.agree(actor=world.RINGCYCLE, ref=ref, number=1, now=world.NOW)
    for name, organisation, role, manages in (
        ("ann", "terra", "commercial", True),
        ("bob", "terra", "commercial", False),
        ("rita", "ringcycle", "partner", True),
    ):
        create_person(username=name, password=PASSWORD, organisation=organisation, role=role, manages_keys=manages)
    sequence_pending()


class Desk:
    """One browser of one person, with what it sent and what its console complained of."""

    def __init__(self, context: BrowserContext, username: str, *, watched: bool = True) -> None:
        self.complaints: list[str] = []
        self.sent: list[str] = []
        self.page = context.new_page()
        if watched:
            self.page.add_init_script(WATCH)
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda asked: self.sent.append(f"{asked.url} {asked.post_data or ''} {asked.headers}"))
        self.page.goto("/sign-in/?next=/keys/")
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", PASSWORD)
        self.page.locator("main button[type=submit]").click()
        self.page.wait_for_url("**/keys/")

    def goto(self, path: str) -> Page:
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status < 400, f"{path} answers {answer.status}"
        return self.page

    def make_key(self, label: str) -> None:
        page = self.goto("/keys/")
        page.get_by_label("Name of the key").fill(label)
        page.get_by_role("button", name="Make a key in this browser").click()
        page.wait_for_url("**/keys/changes/*/")
        expect(page.get_by_text("You sign in this browser")).to_be_visible()
        page.get_by_role("button", name="Sign and register").click()
        page.wait_for_url("**/keys/")
        expect(page.locator("main")).to_contain_text("The key is registered")

    def seeds(self) -> list[bytes]:
        return [bytes(seed) for seed in json.loads(self.page.evaluate("sessionStorage.seeds ?? '[]'"))]


@pytest.fixture(scope="module")
def desks(site: str, browser: Browser) -> Iterator[Callable[[str], Desk]]:
    """The browser of somebody: one each for the whole module, since their keys live in them."""
    made: dict[str, Desk] = {}
    contexts: list[BrowserContext] = []

    def of(username: str) -> Desk:
        if username not in made:
            contexts.append(browser.new_context(base_url=site, viewport={"width": 1280, "height": 900}))
            made[username] = Desk(contexts[-1], username)
        return made[username]

    yield of
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def ann(desks: Callable[[str], Desk]) -> Desk:
    """Ann of Terra, whose browser has a registered key."""
    desk = desks("ann")
    desk.make_key("laptop")
    return desk


def held(party: str) -> list[str]:
    return [key.name for key in keys(party=party) if key.custody == "held" and key.revoked_at_index is None]


def test_a_key_is_made_in_the_browser_and_registered(ann: Desk) -> None:
    assert held("terra") == ["terra.ledger.lode.example/entry/laptop"]
    expect(ann.goto("/keys/").get_by_text("Your organisation signs itself")).to_be_visible()
    expect(ann.page.locator("#keys-here")).to_contain_text("registered, valid")
    assert ann.complaints == []


def test_the_private_half_cannot_be_taken_out(ann: Desk) -> None:
    found = ann.goto("/keys/").evaluate(EXPORTS)
    assert found == {"extractable": [False], "said": ["InvalidAccessError"] * 3}


def test_a_movement_is_signed_in_the_browser_and_handed_in(ann: Desk) -> None:
    stock = Account("terra", "terra", "Ni", "stock", "lot-9")
    entry = Entry(
        kind="receive",
        book=django_settings.LEDGER_ORIGIN,
        nonce="by-hand-1",
        occurred="2025-12-01",
        legs=net_legs(move(stock._replace(state="source"), stock, 7_000_000)),
        reference="PO-<b>9</b>",
    )
    page = ann.goto("/ledger/new/")
    page.get_by_label("Entry", exact=True).fill(encode(entry).decode())
    page.get_by_role("button", name="Show what it says").click()
    expect(page.locator("main")).to_contain_text("PO-<b>9</b>")
    assert page.locator("pre[data-text]").text_content() == encode(entry).decode()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.wait_for_url(re.compile(r"/ledger/\d+/$"))
    expect(page.locator("main")).to_contain_text("kept by the party itself")
    (found,) = list_entries(party="terra", search="PO-<b>9</b>")
    assert [(line.key_name, line.custody) for line in found.signatures] == [(held("terra")[0], "held")]
    assert ann.complaints == []


def test_a_contract_is_signed_by_a_held_and_a_hosted_key(ann: Desk, desks: Callable[[str], Desk]) -> None:
    ref = ann.goto("/contracts/").locator("a[href^='/contracts/ML-']").first.inner_text()
    for desk, said in ((ann, "Signed with your key"), (desks("rita"), "Signed by both")):
        page = desk.goto(f"/contracts/{ref}/sign/")
        page.check("#read")
        page.get_by_role("button", name=f"Sign {ref}").click()
        page.wait_for_url(f"**/contracts/{ref}/")
        expect(page.locator("main")).to_contain_text(said)
        assert desk.complaints == []
    (found,) = list_entries(party="terra", kind="contract")
    assert sorted((line.party, line.custody) for line in found.signatures) == [
        ("ringcycle", "hosted"),
        ("terra", "held"),
    ]


def test_an_agreed_balance_is_signed_by_two_held_keys(ann: Desk, desks: Callable[[str], Desk]) -> None:
    rita = desks("rita")
    rita.make_key("works")
    for desk, said in ((ann, "Your signature is kept."), (rita, "Your signature is kept.")):
        page = desk.goto("/reconcile/terra/ringcycle/2025-11/")
        expect(page.get_by_text("You sign in this browser")).to_be_visible()
        page.get_by_role("button", name="Sign period").click()
        expect(page.locator("main")).to_contain_text(said)
        assert desk.complaints == []
    (found,) = list_entries(party="terra", kind="statement")
    signed = sorted((line.party, line.custody) for line in found.signatures)
    assert signed == [("ringcycle", "held"), ("terra", "held")]


def test_a_colleague_without_the_key_is_told_where_to_sign(ann: Desk, desks: Callable[[str], Desk]) -> None:
    bob = desks("bob")
    page = bob.goto("/keys/")
    expect(page.get_by_role("button", name="Make a key in this browser")).to_have_count(0)
    stock = Account("terra", "terra", "Ni", "stock", "lot-9")
    legs = net_legs(move(stock._replace(state="source"), stock, 1))
    fields = {"book": django_settings.LEDGER_ORIGIN, "nonce": "bob-1", "occurred": "2025-12-01", "reference": "PO-1"}
    page = bob.goto("/ledger/new/")
    page.get_by_label("Entry", exact=True).fill(encode(Entry(kind="receive", legs=legs, **fields)).decode())
    page.get_by_role("button", name="Show what it says").click()
    expect(page.get_by_text("This browser has no key that may sign this")).to_be_visible()
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_label("Signature line")).to_be_focused()
    assert list_entries(party="terra", search="PO-1") == ()


def test_a_browser_that_knows_no_ed25519_says_so(site: str, browser: Browser) -> None:
    context = browser.new_context(base_url=site)
    context.add_init_script("crypto.subtle.generateKey = async () => { throw new Error('NotSupportedError'); };")
    desk = Desk(context, "rita", watched=False)
    expect(desk.page.get_by_text("This browser cannot keep a key")).to_be_visible()
    expect(desk.page.get_by_role("button", name="Make a key in this browser")).to_be_hidden()
    assert desk.complaints == []
    context.close()


def test_no_server_ever_saw_a_private_half(ann: Desk, desks: Callable[[str], Desk]) -> None:
    for desk in (ann, desks("rita")):
        (seed,) = desk.seeds()[-1:]
        sent = "\n".join(desk.sent)
        assert "vkey=" in sent
        for form in (seed.hex(), base64.b64encode(seed).decode()[:40], base64.urlsafe_b64encode(seed).decode()[:40]):
            assert form not in sent
            assert form.replace("+", "%2B").replace("/", "%2F") not in sent


def test_a_page_of_keys_is_sound(ann: Desk) -> None:
    ann.goto("/keys/")
    visit = type("Seen", (), {"goto": staticmethod(ann.goto), "complaints": ann.complaints})
    for path in ("/keys/", "/ledger/new/"):
        sound(visit, path)
