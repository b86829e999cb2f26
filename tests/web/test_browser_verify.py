"""The verifier in a real browser, with a server that lies: each lie is found, and the sentence names the entry."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from ledger.core.canonical_json import dumps
from ledger.core.entry import Entry, State, decode, entry_id
from ledger.core.errors import LedgerError
from ledger.core.kinds import KINDS, kind_of
from ledger.core.merkle import leaf_hash, node_hash, root
from ledger.core.note import COSIGNATURE_V1, CosignerKey, Note
from ledger.core.posting import check_balanced
from ledger.core.tiles import entries_path, entry_bundle, tile_bytes, tiles_for_growth
from tests.web.conftest import PageAs

pytestmark = pytest.mark.browser

Change = Callable[[bytes], bytes]


def flipped(data: bytes, at: int) -> bytes:
    """Return the bytes with one bit of one of them turned."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def lie(page: Page, pattern: str, change: Change) -> None:
    """Let the server's answers to addresses of that pattern arrive changed."""

    def answer(route: Route) -> None:
        true: APIResponse = route.fetch()
        route.fulfill(response=true, body=change(true.body()))

    page.route(pattern, answer)


def check(page: Page) -> str:
    """Press the button and wait for the verdict: its state and its sentence."""
    page.locator("#verify-now").click()
    result = page.locator("#verify-result:is([data-state=checked], [data-state=failed])")
    expect(result).to_be_visible(timeout=20_000)
    return f"{result.get_attribute('data-state')}: {page.locator('#verify-result [data-said]').inner_text()}"


def changed_entry(index: int, name: str, change: Change) -> Change:
    def of_page(body: bytes) -> bytes:
        page = json.loads(body)
        for entry in page["entries"]:
            if entry["index"] == index:
                entry[name] = base64.b64encode(change(base64.b64decode(entry[name]))).decode()
        return json.dumps(page).encode()

    return of_page


def without_entry(index: int) -> Change:
    def of_page(body: bytes) -> bytes:
        page = json.loads(body)
        page["entries"] = [entry for entry in page["entries"] if entry["index"] != index]
        return json.dumps(page).encode()

    return of_page


def fact(page: Page, name: str) -> str:
    return page.locator(f"[data-fact={name}]").inner_text()


class TestAnHonestServer:
    def test_the_auditor_opens_everything(self, page_as: PageAs) -> None:
        visit = page_as("auditor")
        page = visit.goto("/verify/")
        assert check(page).startswith("checked: All ")
        size = int(fact(page, "head").split(" ")[0])
        assert fact(page, "leaves") == f"{size} / {size}"
        assert int(fact(page, "opened")) == size
        assert int(fact(page, "signatures")) > size
        assert "entries a second" in fact(page, "time")
        assert "none was kept here before" in fact(page, "held")
        assert check(page).startswith("checked: All ")
        assert f"the log extends the tree head of {size} entries kept here" in fact(page, "held")
        assert "keys that this browser kept" in fact(page, "keys")
        assert visit.complaints == []

    def test_a_party_opens_its_own_and_nobody_the_public_ones(self, page_as: PageAs) -> None:
        page = page_as("recycler", language="zh-hans").goto("/verify/")
        verdict = check(page)
        assert "ringcycle 可读的" in verdict
        opened = int(fact(page, "opened"))
        page = page_as().goto("/verify/")
        assert check(page).startswith("checked: The tree of ")
        assert 0 < int(fact(page, "opened")) < opened

    def test_one_entry(self, page_as: PageAs) -> None:
        visit = page_as("lessor")
        page = visit.goto("/ledger/12/")
        page.locator("#check-entry").click()
        expect(page.locator("#entry-check[data-state=checked] [data-said]")).to_contain_text(
            "Entry 12 is what its parties signed"
        )
        assert visit.complaints == []

    def test_the_rules_of_kinds_are_those_of_the_ledger(self, page_as: PageAs) -> None:
        page = page_as().goto("/verify/")
        told = page.evaluate(
            "async () => { const { RULES } = await import('/static/lode/verify-rules.js');"
            " return Object.fromEntries(Object.entries(RULES).map(([kind, rule]) => [kind,"
            " { open: rule.open === true, from: rule.from ?? [], to: rule.to ?? [], stays: rule.stays ?? [],"
            " needs: rule.needs ?? [] }])); }"
        )
        assert set(told) == set(KINDS)
        for name, kind in KINDS.items():
            rule = told[name]
            assert rule["open"] == kind.public, name
            assert {*rule["from"]} == {str(state) for state in kind.takes_from}, name
            assert {*rule["to"]} == {str(state) for state in kind.gives_to}, name
            assert {tuple(axes) for axes in rule["stays"]} == set(kind.fixed), name
            assert {*rule["needs"]} == set(kind.needs), name


class TestTheSameVerdictInBothLanguages:
    """The browser's rules against the ledger's own, over every entry of the demo world and what can be made of it."""

    @staticmethod
    def variants(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield body
        for name in ("contract", "reference", "reason", "documents", "details", "parties", "corrects"):
            if name in body:
                yield {key: value for key, value in body.items() if key != name}
        legs = body.get("legs", [])
        for at, leg in enumerate(legs[:3]):
            others = [*legs[:at], *legs[at + 1 :]]
            for state in State:
                yield {**body, "legs": [*others, {**leg, "state": str(state)}]}
            for change in ({"owner": "argus"}, {"holder": "argus"}, {"lot": "x"}, {"mass_mg": "-1"}, {"element": "Cu"}):
                yield {**body, "legs": [*others, {**leg, **change}]}
            yield {**body, "legs": others}
        for kind in KINDS:
            yield {**body, "kind": kind}

    @staticmethod
    def verdict(text: bytes, original: Entry | None) -> list[str]:
        """Who must sign, or what is refused."""
        try:
            entry = decode(text)
            kind = kind_of(entry)
            if kind.name == "reversal" and original is None:
                return ["refused"]
            kind.check(entry, original)
            check_balanced(entry)
            return sorted(kind.required_signers(entry, original))
        except LedgerError:
            return ["refused"]

    def test_over_the_demo_world(self, page_as: PageAs) -> None:
        page = page_as("auditor").goto("/verify/")
        listed = page.request.get("/ledger/entries.json").json()["entries"]
        notes = [Note.parse(base64.b64decode(one["note"])).text for one in listed]
        originals = {entry_id(text).hex(): decode(text) for text in notes}
        texts: dict[str, list[str]] = {}
        for note in notes[:: 2 if len(notes) > 100 else 1]:
            for body in self.variants(json.loads(note.split(b"\n")[1])):
                said = {name: value for name, value in body.items() if value not in (None, [], {})}
                text = b"lode/entry/v1\n" + dumps(said) + b"\n"
                texts[text.decode()] = self.verdict(text, originals.get(str(said.get("corrects"))))
        told = page.evaluate(
            """async ([texts, notes]) => {
              const { readEntry, checkRule, mustSign } = await import('/static/lode/verify-rules.js');
              const originals = Object.fromEntries(Object.entries(notes).map(([id, text]) => [id, readEntry(text)]));
              return texts.map((text) => {
                try {
                  const entry = readEntry(text);
                  const original = originals[entry.corrects] ?? null;
                  checkRule(entry, original);
                  return [...mustSign(entry, original)].sort();
                } catch (fault) {
                  return [fault.code ? 'refused' : String(fault)];
                }
              });
            }""",
            [list(texts), {entry_id(text).hex(): text.decode() for text in notes}],
        )
        assert len(texts) > 2000
        assert sum(verdict != ["refused"] for verdict in texts.values()) > 100
        differ = [
            (text, mine, theirs) for (text, mine), theirs in zip(texts.items(), told, strict=True) if mine != theirs
        ]
        assert differ == []


class TestALyingServer:
    @pytest.mark.parametrize(
        ("pattern", "change", "said"),
        [
            (
                "**/ledger/log/checkpoint",
                lambda data: data.replace(b"\n1", b"\n2", 1),
                "The signed tree head cannot be",
            ),
            ("**/ledger/log/tile/0/**", lambda data: flipped(data, 32 * 40), "Entry 40 was changed in the log"),
            # A leaf's length stands in two bytes before it: byte 60 is inside of the first leaf.
            ("**/ledger/log/tile/entries/**", lambda data: flipped(data, 60), "Entry 0 was changed in the log"),
        ],
        ids=["checkpoint", "tile", "leaf"],
    )
    def test_about_the_tree(self, page_as: PageAs, pattern: str, change: Change, said: str) -> None:
        page = page_as().goto("/verify/")
        lie(page, pattern, change)
        verdict = check(page)
        assert verdict.startswith("failed: ")
        assert said in verdict

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (
                changed_entry(20, "note", lambda note: note.replace(b'"mass_mg":"1', b'"mass_mg":"2', 1)),
                "Entry 20 was changed after signing",
            ),
            (
                changed_entry(20, "seal", lambda seal: seal.replace(b'"seq":0', b'"seq":1', 1)),
                "Entry 20",
            ),
            (
                changed_entry(20, "seal", lambda seal: seal.replace(b'"balance_mg":"1', b'"balance_mg":"2', 1)),
                "Entry 20 was changed after it was sealed",
            ),
            (changed_entry(20, "nonce", lambda nonce: flipped(nonce, 5)), "Entry 20 was changed after it was sealed"),
            (without_entry(20), "Entry 20 was not given to this browser"),
        ],
        ids=["note", "seal-seq", "seal-balance", "nonce", "kept-back"],
    )
    def test_about_an_entry(self, page_as: PageAs, change: Change, said: str) -> None:
        page = page_as("auditor").goto("/verify/")
        lie(page, "**/ledger/entries.json*", change)
        verdict = check(page)
        assert verdict.startswith("failed: ")
        assert said in verdict

    def test_in_chinese(self, page_as: PageAs) -> None:
        page = page_as("auditor", language="zh-hans").goto("/verify/")
        lie(page, "**/ledger/entries.json*", changed_entry(20, "nonce", lambda nonce: flipped(nonce, 5)))
        assert "分录 20 在盖章后已被篡改" in check(page)

    def test_that_keeps_an_entry_of_a_party_back(self, page_as: PageAs) -> None:
        page = page_as("lessor").goto("/verify/")
        lie(page, "**/ledger/entries.json*", without_entry(12))
        verdict = check(page)
        assert "an entry is missing or out of order" in verdict
        assert verdict.startswith("failed: Entry 13: ")  # the next one on the same accounts

    def test_on_the_page_of_one_entry(self, page_as: PageAs) -> None:
        page = page_as("lessor").goto("/ledger/12/")
        lie(page, "**/ledger/12.note", lambda note: note.replace(b"DN-2311", b"DN-2312", 1))
        page.locator("#check-entry").click()
        expect(page.locator("#entry-check[data-state=failed] [data-said]")).to_contain_text(
            "Entry 12 was changed after signing"
        )

    def test_whose_past_is_not_the_one_kept_here(self, page_as: PageAs) -> None:
        page = page_as().goto("/verify/")
        check(page)
        book = fact(page, "book")
        head = json.loads(page.evaluate(f"localStorage.getItem('lode.head.{book}')"))
        other = base64.b64encode(b"\1" * 32).decode()
        for size, head_root, said in (
            (head["size"] - 3, other, f"does not extend the tree head of {head['size'] - 3} entries"),
            (head["size"] + 3, head["root"], "Entries were taken back"),
        ):
            kept = json.dumps({"size": size, "root": head_root, "at": "then"})
            page.evaluate("([name, kept]) => localStorage.setItem(name, kept)", [f"lode.head.{book}", kept])
            assert said in check(page)

    def test_that_changes_its_keys(self, page_as: PageAs) -> None:
        page = page_as().goto("/verify/")
        check(page)
        book = fact(page, "book")
        page.evaluate("([name, kept]) => localStorage.setItem(name, kept)", [f"lode.keys.{book}", '{"log":"a"}'])
        assert "are not those that this browser kept" in check(page)


class TestATreeOfManyTiles:
    """Trees of two and three levels, made here: the demo world's ledger fits into one tile."""

    @staticmethod
    def files(size: int, *, bundles: bool) -> tuple[dict[str, bytes], bytes]:
        leaves = [b"leaf %d" % index for index in range(size)]
        levels = [[leaf_hash(leaf) for leaf in leaves]]
        while len(levels[-1]) > 1:
            below = levels[-1]
            levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
        files = {}
        for tile in tiles_for_growth(0, size):
            files[tile.path] = tile_bytes(tile, lambda level, index: levels[level][index])
            if bundles and tile.level == 0:
                first = tile.index * 256
                files[entries_path(tile.index, tile.width)] = entry_bundle(leaves[first : first + tile.width])
        return files, root(levels[0])

    def asked(self, page: Page, files: dict[str, bytes], size: int, root_hash: bytes, script: str) -> Any:
        def answer(route: Route) -> None:
            data = files.get(route.request.url.split("/ledger/log/")[1])
            route.fulfill(body=data, status=200) if data is not None else route.fulfill(status=404)

        page.unroute_all()
        page.route("**/ledger/log/**", answer)
        return page.evaluate(
            f"""async ([size, root]) => {{
              const {{ Tree }} = await import('/static/lode/verify-tree.js');
              const {{ Online }} = await import('/static/lode/verify-source.js');
              const {{ hex, unhex }} = await import('/static/lode/verify-bytes.js');
              const source = new Online({{ log: '/ledger/log/', entries: null }});
              const tree = new Tree((path) => source.read(path), size, unhex(root));
              const told = async (fault) => [fault.code, (await tree.blame(fault)).facts.index];
              {script}
            }}""",
            [size, root_hash.hex()],
        )

    PAST = (1, 2, 255, 256, 257, 511, 512, 513, 1023)

    @pytest.mark.parametrize("size", [256, 257, 512, 1300, 65_536 + 300])
    def test_every_past_of_it_has_its_root(self, page_as: PageAs, size: int) -> None:
        page = page_as().goto("/verify/")
        files, root_hash = self.files(size, bundles=False)
        past = [one for one in (*self.PAST, size - 1, size) if one <= size]
        script = f"const found = []; for (const one of {past}) found.push(hex(await tree.rootAt(one))); return found;"
        told = self.asked(page, files, size, root_hash, script)
        assert told == [root(leaf_hash(b"leaf %d" % index) for index in range(one)).hex() for one in past]

    @pytest.mark.parametrize(
        ("path", "at", "entry"),
        [
            ("tile/0/001", 32 * 7, 256 + 7),  # a full tile, proven by the one above it
            ("tile/0/005.p/20", 32 * 3, 5 * 256 + 3),  # the right edge, proven by the root
            ("tile/1/000.p/5", 32 * 2, 2 * 256),  # a hash over 256 entries
            ("tile/entries/003", 2 + 3, 3 * 256),  # a leaf
        ],
    )
    def test_one_bit_is_found_wherever_it_stands(self, page_as: PageAs, path: str, at: int, entry: int) -> None:
        page = page_as().goto("/verify/")
        files, root_hash = self.files(1300, bundles=True)
        script = """
          try {
            for (const tile of tree.tiles()) await tree.load(tile.level, tile.index);
            let leaves = 0;
            for await (const part of tree.leaves()) leaves += part.leaves.length;
            return leaves;
          } catch (fault) {
            return fault.code === 'leaf-changed' ? [fault.code, fault.facts.index] : told(fault);
          }"""
        assert self.asked(page, files, 1300, root_hash, script) == 1300
        files[path] = flipped(files[path], at)
        assert self.asked(page, files, 1300, root_hash, script)[1] == entry


class TestABundle:
    @pytest.fixture
    def bundle(self, page_as: PageAs, tmp_path: Path) -> tuple[Page, Path]:
        page = page_as("recycler").goto("/verify/")
        with page.expect_download() as download:
            page.locator("a[href='/ledger/bundle.tar']").click()
        file = tmp_path / "bundle.tar"
        download.value.save_as(file)
        return page_as().goto("/verify/"), file

    def drop(self, page: Page, file: Path) -> str:
        page.locator("#verify-file").set_input_files(file)
        result = page.locator("#verify-result:is([data-state=checked], [data-state=failed])")
        expect(result).to_be_visible(timeout=20_000)
        return page.locator("#verify-result [data-said]").inner_text()

    def test_is_checked_offline_without_a_sign_in(self, bundle: tuple[Page, Path]) -> None:
        page, file = bundle
        page.context.set_offline(True)
        assert "no entry of its accounts is missing" in self.drop(page, file)

    def test_that_was_tampered_with(self, bundle: tuple[Page, Path], tmp_path: Path) -> None:
        page, file = bundle
        tampered = tmp_path / "tampered.tar"
        with tarfile.open(file) as old, tarfile.open(tampered, "w", format=tarfile.USTAR_FORMAT) as new:
            notes = [one for one in old if one.name.endswith(".note")]
            victim = notes[len(notes) // 2]
            for member in old.getmembers():
                data = old.extractfile(member).read()  # type: ignore[union-attr]
                if member.name == victim.name:
                    data = data.replace(b"20", b"21", 1)
                new.addfile(member, io.BytesIO(data))
        number = victim.name.split("/")[-1].removesuffix(".note")
        assert f"Entry {number} was changed after signing" in self.drop(page, tampered)

    def test_that_is_none(self, bundle: tuple[Page, Path], tmp_path: Path) -> None:
        page, _file = bundle
        other = tmp_path / "letter.tar"
        other.write_bytes(b"Dear Sir,\n" * 200)
        assert "The file is not a bundle" in self.drop(page, other)


def test_a_browser_without_ed25519_says_so(page_as: PageAs) -> None:
    visit = page_as()
    visit.page.add_init_script(
        "crypto.subtle.importKey = () => Promise.reject(new DOMException('no', 'NotSupportedError'))"
    )
    page = visit.goto("/verify/")
    expect(page.locator("#verify-result [data-said]")).to_contain_text("lode-verify")
    expect(page.locator("#verify-now")).to_be_hidden()


class TestWitnesses:
    """A policy with a quorum is held against the lines that stand under the tree head."""

    def check(self, page_as: PageAs, cosigned: Change) -> str:
        page = page_as("auditor").goto("/verify/")
        vkeys = [str(key.vkey) for key in WITNESSES]
        asked = "".join(f"witness w{number} {vkey}\n" for number, vkey in enumerate(vkeys))
        asked += "group some 2 w0 w1 w2\nquorum some\n"
        lie(page, "**/ledger/log/policy", lambda body: body.replace(b"quorum none\n", asked.encode()))
        lie(page, "**/ledger/log/checkpoint", cosigned)
        return check(page)

    def test_the_quorum_is_met(self, page_as: PageAs) -> None:
        assert self.check(page_as, lambda body: cosigned_by(body, 0, 2)).startswith("checked: All ")

    def test_too_few_have_cosigned(self, page_as: PageAs) -> None:
        verdict = self.check(page_as, lambda body: cosigned_by(body, 1))
        assert verdict.startswith("failed: ")
        assert "not cosigned by as many witnesses as the policy's quorum some asks for" in verdict

    def test_a_line_that_does_not_hold(self, page_as: PageAs) -> None:
        def forge(body: bytes) -> bytes:
            lines = cosigned_by(body, 0, 1, 2).split(b"\n")
            lines[-2] = lines[-2][:-6] + (b"AAAA" if lines[-2][-6:-2] != b"AAAA" else b"BBBB") + lines[-2][-2:]
            return b"\n".join(lines)

        assert "the signature of w2.example does not fit" in self.check(page_as, forge)


WITNESSES = [CosignerKey(f"w{number}.example", bytes([number]) * 32, COSIGNATURE_V1) for number in range(3)]


def cosigned_by(checkpoint: bytes, *witnesses: int) -> bytes:
    text = Note.parse(checkpoint).text
    return checkpoint + "".join(f"{WITNESSES[number].cosign(text, 1_704_110_400)}\n" for number in witnesses).encode()
