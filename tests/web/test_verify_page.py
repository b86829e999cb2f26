"""What the page Verify hands out: the log to everybody, entries and bundles to their readers, byte for byte."""

from __future__ import annotations

import base64
import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from ledger.core.checkpoint import open_checkpoint
from ledger.core.note import VerifierKey
from ledger.selectors.checkpoints import latest_checkpoint, ledger_size
from ledger.selectors.entries import entry_detail, list_entries
from ledger.selectors.trust import trust_root
from ledger.verify_cli import main as lode_verify
from lode.parties.models import Person
from lode.web.verify_texts import config_of
from lode.web.views import verify
from tests.support.demo_world import World

SignIn = Callable[[str], Client]


@pytest.fixture
def sign_in(demo_pages: World) -> SignIn:
    def as_(username: str) -> Client:
        client = Client()
        client.force_login(Person.objects.get(username=username))
        return client

    return as_


class TestTheLog:
    def test_everybody_reads_the_published_bytes(self, demo_pages: World) -> None:
        public = demo_pages.var / "ledger" / "public"
        size = latest_checkpoint().size
        for name in ("checkpoint", f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
            answer = Client().get(f"/ledger/log/{name}")
            assert answer.status_code == 200
            assert answer.content == (public / name).read_bytes()
            assert answer["Access-Control-Allow-Origin"] == "*"

    def test_says_what_it_is_and_how_long_it_holds(self, demo_pages: World) -> None:
        checkpoint = Client().get("/ledger/log/checkpoint")
        assert checkpoint["Content-Type"] == "text/plain; charset=utf-8"
        assert checkpoint["Cache-Control"] == "no-cache"
        tile = Client().get(f"/ledger/log/tile/0/000.p/{ledger_size()}")
        assert tile["Content-Type"] == "application/octet-stream"
        assert tile["Cache-Control"] == "no-cache"  # a partial tile may go
        full = demo_pages.var / "ledger" / "public" / "tile" / "0" / "000"
        full.write_bytes(b"\0" * 8192)
        assert "immutable" in Client().get("/ledger/log/tile/0/000")["Cache-Control"]
        full.unlink()

    def test_the_trust_root_opens_the_checkpoint(self, demo_pages: World) -> None:
        policy = Client().get("/ledger/log/policy").content
        assert policy == trust_root().policy
        assert Client().get("/ledger/log/registry.vkey").content.decode().strip() == trust_root().registry_vkey
        log = VerifierKey.parse(policy.decode().split("\n")[0].removeprefix("log "))
        head, _note = open_checkpoint(Client().get("/ledger/log/checkpoint").content, log)
        assert head.size == ledger_size()

    @pytest.mark.parametrize(
        "name",
        [
            "../signer.json", "..%2fsigner.json", "tile/../../signer.json", "signer.json", "tile/0/999", "tile/0/0",
            "tile/", "tile/0/x000/000", "checkpoint/", "/etc/passwd", "tile/0/000.p/256",
        ],
    )  # fmt: skip
    def test_nothing_else_is_there(self, demo_pages: World, name: str) -> None:
        assert (demo_pages.var / "ledger" / "signer.json").exists()
        assert Client().get(f"/ledger/log/{name}").status_code == 404


class TestEntriesOfAReader:
    def pages(self, client: Client) -> dict[int, dict[str, bytes]]:
        found: dict[int, dict[str, bytes]] = {}
        first: int | None = 0
        while first is not None:
            page = json.loads(client.get(f"/ledger/entries.json?first={first}").content)
            for one in page["entries"]:
                found[one["index"]] = {name: base64.b64decode(one[name]) for name in ("note", "seal", "nonce")}
            first = page["next"]
        return found

    def test_are_those_that_it_may_read(self, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verify, "PAGE", 20)
        for username, party in (("recycler", "ringcycle"), ("operator", "meridian"), ("auditor", None)):
            found = self.pages(sign_in(username))
            assert set(found) == {entry.index for entry in list_entries(party=party, limit=10_000)}
        detail = entry_detail(index=12, party=None)
        assert found[12] == {"note": detail.note, "seal": detail.seal, "nonce": detail.nonce}

    def test_strangers_have_none(self, demo_pages: World) -> None:
        for path in ("/ledger/entries.json", "/ledger/bundle.tar"):
            assert Client().get(path)["Location"].startswith("/sign-in/")

    def test_nonsense_begins_at_the_beginning(self, sign_in: SignIn) -> None:
        page = json.loads(sign_in("auditor").get("/ledger/entries.json?first=-3").content)
        assert page["entries"][0]["index"] == 0


class TestTheBundle:
    def unpacked(self, client: Client, folder: Path) -> bytes:
        answer = client.get("/ledger/bundle.tar")
        assert answer["Content-Disposition"] == 'attachment; filename="bundle.tar"'
        data = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            tar.extractall(folder, filter="data")
        return data

    @pytest.mark.parametrize("username", ["auditor", "recycler", "operator"])
    def test_holds_before_lode_verify(
        self, sign_in: SignIn, tmp_path: Path, capsys: pytest.CaptureFixture[str], username: str
    ) -> None:
        self.unpacked(sign_in(username), tmp_path)
        assert lode_verify([str(tmp_path / "bundle")]) == 0
        assert "OK. The book" in capsys.readouterr().out

    def test_is_the_same_for_the_same_ledger(self, sign_in: SignIn, tmp_path: Path) -> None:
        first = self.unpacked(sign_in("operator"), tmp_path / "a")
        assert first == self.unpacked(sign_in("operator"), tmp_path / "b")

    def test_holds_nothing_of_others(self, sign_in: SignIn, tmp_path: Path) -> None:
        self.unpacked(sign_in("operator"), tmp_path)
        held = {int(path.stem) for path in (tmp_path / "bundle" / "entries").glob("*.note")}
        assert held == {entry.index for entry in list_entries(party="meridian", limit=10_000)}
        assert (tmp_path / "bundle" / "party").read_text().strip() == "meridian"


class TestThePage:
    def test_needs_no_sign_in(self, demo_pages: World) -> None:
        page = Client().get("/verify/")
        assert page.status_code == 200
        assert "lode-verify" in page.content.decode()
        assert "/ledger/bundle.tar" not in page.content.decode()
        assert json.loads(page.context["config"])["entries"] is None

    def test_tells_the_verifier_whose_accounts_must_be_whole(self, sign_in: SignIn) -> None:
        for username, party, full in (("recycler", "ringcycle", False), ("auditor", None, True)):
            config = json.loads(sign_in(username).get("/verify/").context["config"])
            assert (config["party"], config["full"], config["entries"]) == (party, full, "/ledger/entries.json")

    def test_lists_tree_heads_newest_first(self, demo_pages: World) -> None:
        sizes = [int(row.cells[0].content) for row in Client().get("/verify/").context["heads"].rows]
        assert sizes[0] == ledger_size()
        assert sizes == sorted(sizes, reverse=True)

    def test_has_a_sentence_for_every_fault_that_the_scripts_throw(self) -> None:
        folder = Path(verify.__file__).parents[1] / "static" / "lode"
        thrown = {
            code
            for script in folder.glob("verify*.js")
            for call in re.findall(r"new Fault\(([^,)]*(?:\? \"[^\"]+\" : \"[^\"]+\")?)", script.read_text("utf-8"))
            for code in re.findall(r'"([a-z-]+)"', call)
        }
        said = set(json.loads(config_of(None))["texts"]["faults"])
        assert len(thrown) > 30
        assert thrown - said == set()
        assert said - thrown == {"unexpected"}
