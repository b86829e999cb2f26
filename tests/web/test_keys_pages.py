"""Pages of keys and of entries handed in, as a browser without scripts has them: whoever may, and nobody else."""

from __future__ import annotations

import base64
import html
import re

import pytest
from django.conf import settings as django_settings
from django.test import Client

from ledger.core.entry import Account, Entry, encode, move, net_legs
from ledger.core.note import Note, SignerKey, sign
from ledger.selectors.entries import list_entries
from ledger.selectors.keys import keys
from ledger.services.sequence_pending import sequence_pending
from lode.parties.models import KeyChange
from lode.parties.services import create_organisation, create_person
from tests.parties.keys_world import LUNA, NOW, TERRA, open_world, own_key, register

PASSWORD = "twelve letters and more"
SAVED = re.compile(r'href="data:text/plain;charset=utf-8;base64,([^"]+)" download="')
EVIL = '"><script>alert(1)</script>'


@pytest.fixture(autouse=True)
def world(own_database, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # nobody guesses at them here
    open_world()
    create_organisation(identifier="argus", kind="auditor", name_en="Argus", name_zh="鉴", country="GB", now=NOW)
    for name, organisation, role, manages in (
        ("ann", "terra", "commercial", True),
        ("bob", "terra", "commercial", False),
        ("fin", "terra", "finance", False),
        ("lou", "luna", "partner", True),
        ("art", "argus", "auditor", True),
    ):
        create_person(username=name, password=PASSWORD, organisation=organisation, role=role, manages_keys=manages)


def as_user(username: str, *, language: str = "en", csrf: bool = False) -> Client:
    client = Client(enforce_csrf_checks=csrf)
    assert client.login(username=username, password=PASSWORD)
    client.cookies["django_language"] = language
    return client


def texts(page) -> list[str]:
    """The texts that the page asks to be signed, as a browser reads them."""
    return [html.unescape(found) for found in re.findall(r"<pre[^>]*data-text[^>]*>(.*?)</pre>", page, re.DOTALL)]


def begin(client: Client, key: SignerKey, purpose: str = "entry"):
    return client.post("/keys/new/", {"vkey": str(key.vkey), "purpose": purpose})


def receive(nonce: str = "n-1", party: str = "terra", **members) -> bytes:
    stock = Account(party, party, "Ni", "stock", "lot-9")
    legs = net_legs(move(stock._replace(state="source"), stock, 7))
    fields = {"book": django_settings.LEDGER_ORIGIN, "occurred": "2024-02-20", "reference": "PO-9", **members}
    return encode(Entry(kind="receive", nonce=nonce, legs=legs, **fields))


class TestKeys:
    def test_a_key_is_registered_with_a_line_that_was_signed_elsewhere(self):
        key, client = own_key(), as_user("ann")
        page = begin(client, key)
        (text,) = texts(client.get(page["Location"]).content.decode())
        saved = SAVED.search(client.get(page["Location"]).content.decode())
        assert saved
        assert base64.b64decode(saved[1]).decode() == text
        refused = client.post(page["Location"], {"signature-possession": ""})
        assert (refused.status_code, "A signature is missing" in refused.content.decode()) == (422, True)
        done = client.post(page["Location"], {"signature-possession": f"{key.sign(text.encode())}\r\n"})
        assert done["Location"] == "/keys/"
        sequence_pending()
        assert "Your organisation signs itself" in client.get("/keys/").content.decode()
        assert client.get(page["Location"])["Location"] == "/keys/"

    @pytest.mark.parametrize(
        ("vkey", "said"),
        [
            (EVIL, "This is"),
            (str(SignerKey("luna.ledger.lode.example/entry/own", bytes([5]) * 32).vkey), "A key of terra is named"),
            (str(SignerKey('terra.ledger.lode.example/entry/"><script>', bytes(32)).vkey), "A key of terra is named"),
        ],
    )
    def test_what_is_no_key_of_ours_is_refused_and_shown_as_text(self, vkey, said):
        answer = as_user("ann").post("/keys/new/", {"vkey": vkey, "purpose": "entry"})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert said in page or "is not a verifier key" in html.unescape(page)
        assert "<script>alert" not in page
        assert not KeyChange.objects.exists()

    @pytest.mark.parametrize("username", ["bob", "fin", "art"])
    def test_whoever_does_not_manage_keys_reads_alone(self, username):
        client = as_user(username)
        page = client.get("/keys/").content.decode()
        assert "terra.ledger.lode.example/entry/2024" in page
        assert "Revoke" not in page
        assert "/keys/new/" not in page
        vkey = keys(party="terra")[0].vkey
        posts = (
            ("/keys/new/", {"vkey": str(own_key().vkey), "purpose": "entry"}),
            ("/keys/rotate/", {"label": "x"}),
            ("/keys/revoke/", {"vkey": vkey, "reason": "lost"}),
            (f"/keys/changes/{'0' * 64}/", {}),
        )
        assert [client.post(path, sent).status_code for path, sent in posts] == [403] * 4
        assert not KeyChange.objects.exists()

    def test_a_change_of_another_organisation_is_not_found(self):
        place = begin(as_user("ann"), own_key())["Location"]
        assert as_user("lou").get(place).status_code == 404
        assert as_user("lou").post(place, {"signature-possession": "x"}).status_code == 404

    def test_a_form_from_elsewhere_is_refused(self):
        client = as_user("ann", csrf=True)
        for path in ("/keys/new/", "/keys/rotate/", "/keys/revoke/", f"/keys/changes/{'0' * 64}/", "/ledger/new/"):
            assert client.post(path).status_code == 403

    def test_a_key_is_revoked_with_its_reason(self):
        client, (key,) = as_user("ann"), keys(party="terra")
        for sent in ({"reason": ""}, {"reason": "two\nlines"}, {"reason": "lost", "since": "soon"}):
            assert client.post("/keys/revoke/", {"vkey": key.vkey, **sent}).status_code == 422
        answer = client.post("/keys/revoke/", {"vkey": key.vkey, "reason": EVIL, "since": "3"})
        page = client.get(answer["Location"]).content.decode()
        assert "<script>alert" not in page
        assert client.post(answer["Location"])["Location"] == "/keys/"
        sequence_pending()
        (row,) = keys(party="terra")
        assert (row.revoked_at_index is None, row.compromised_since_index) == (False, 3)
        page = client.get("/keys/").content.decode()
        assert "disputed from entry" in page
        assert "Your organisation cannot sign yet" in page
        assert client.get("/keys/revoke/", {"vkey": key.vkey})["Location"] == "/keys/"

    def test_lodes_key_is_changed(self):
        client = as_user("ann")
        assert client.post("/keys/rotate/", {"label": "Not So"}).status_code == 422
        assert client.post("/keys/rotate/", {"label": "2025"})["Location"] == "/keys/"
        sequence_pending()
        assert [key.revoked_at_index is None for key in keys(party="terra")] == [False, True]

    def test_a_chinese_reader_reads_chinese(self):
        page = as_user("ann", language="zh-hans").get("/keys/").content.decode()
        assert "已登记的密钥" in page
        answer = as_user("ann", language="zh-hans").post("/keys/new/", {"vkey": "x", "purpose": "entry"})
        assert "这不是有效的 Ed25519 验证密钥。" in answer.content.decode()


class TestHandingIn:
    def test_lode_signs_for_an_organisation_whose_key_it_keeps(self):
        client = as_user("bob")
        page = client.post("/ledger/new/", {"text": receive().decode().replace("\n", "\r\n")}).content.decode()
        assert "Lode signs with the key that it keeps" in page
        carried = re.search(r'name="note" value="([^"]+)"', page)
        assert carried
        done = client.post("/ledger/new/", {"note": carried[1], "step": "sign"})
        (found,) = list_entries(party="terra", kind="receive")
        assert done["Location"] == f"/ledger/{found.index}/"
        assert [line.custody for line in found.signatures] == ["hosted"]

    def test_a_note_that_lacks_a_signature_is_saved_and_sent_on(self):
        ours = Account("terra", "terra", "Ni", "stock", "lot-9")
        theirs = ours._replace(owner="luna")
        client, other = as_user("bob"), as_user("lou")
        client.post("/ledger/new/", {"note": base64.b64encode(receive()).decode(), "step": "sign"})
        sale = Entry(
            kind="title",
            book=django_settings.LEDGER_ORIGIN,
            nonce="sale-1",
            occurred="2024-02-21",
            legs=net_legs(move(ours, theirs, 3)),
        )
        page = client.post("/ledger/new/", {"note": base64.b64encode(encode(sale)).decode(), "step": "sign"})
        assert "Your signature stands under it" in page.content.decode()
        saved = SAVED.search(page.content.decode())
        assert saved
        note = base64.b64decode(saved[1])
        assert len(Note.parse(note).signatures) == 1
        done = other.post("/ledger/new/", {"note": saved[1], "step": "sign"})
        (found,) = list_entries(party="luna", kind="title")
        assert done["Location"] == f"/ledger/{found.index}/"
        assert sorted(line.party for line in found.signatures) == ["luna", "terra"]

    def test_a_note_signed_elsewhere_is_handed_in(self):
        key = own_key()
        register(key)
        note = sign(receive(), [key]).to_bytes()
        client = as_user("fin")
        page = client.post("/ledger/new/", {"text": note.decode()}).content.decode()
        assert "All have signed, and the ledger takes it" in page
        done = client.post("/ledger/new/", {"note": base64.b64encode(note).decode(), "step": "hand-in"})
        assert done.status_code == 302
        assert len(list_entries(party="terra", kind="receive")) == 1

    def test_finance_and_strangers_sign_no_movement(self):
        for username in ("fin", "lou"):
            sent = {"note": base64.b64encode(receive()).decode(), "step": "sign"}
            assert as_user(username).post("/ledger/new/", sent).status_code == 422
        assert as_user("art").get("/ledger/new/").status_code == 403
        register(own_key("luna", seed=8), LUNA)
        theirs = sign(receive(), [own_key("luna", seed=8)]).to_bytes()
        sent = {"note": base64.b64encode(theirs).decode(), "step": "hand-in"}
        assert b"needs the signature of terra" in as_user("lou").post("/ledger/new/", sent).content
        assert list_entries(party=None, kind="receive") == ()

    @pytest.mark.parametrize("kind", ["statement", "contract"])
    def test_what_has_a_page_of_its_own_is_not_signed_here(self, kind):
        fields = {"book": django_settings.LEDGER_ORIGIN, "nonce": "x", "occurred": "2024-02-21", "contract": "C"}
        entry = Entry(kind=kind, parties=("luna", "terra"), documents={"a": "0" * 64}, **fields)
        sent = {"note": base64.b64encode(encode(entry)).decode(), "step": "sign"}
        answer = as_user("bob").post("/ledger/new/", sent)
        assert (answer.status_code, b"on their own pages" in answer.content) == (422, True)

    @pytest.mark.parametrize("text", ["", "hello", "lode/entry/v1", "lode/entry/v1\n{}", "lode/entry/v1\n[1]\n", EVIL])
    def test_what_is_no_entry_is_said(self, text):
        answer = as_user("bob").post("/ledger/new/", {"text": text})
        assert answer.status_code == 422
        assert "<script>alert" not in answer.content.decode()
        assert as_user("bob").post("/ledger/new/", {"note": "%%%", "step": "sign"}).status_code == 422

    def test_a_forged_or_foreign_line_signs_nothing(self):
        key = own_key()
        register(key, TERRA)
        sent = {"note": base64.b64encode(receive()).decode(), "step": "sign"}
        for line in ("", str(own_key(label="other", seed=4).sign(receive())), str(key.sign(receive("n-2")))):
            answer = as_user("bob").post("/ledger/new/", {**sent, "signature-entry": line})
            assert answer.status_code == 422
        assert list_entries(party="terra", kind="receive") == ()
