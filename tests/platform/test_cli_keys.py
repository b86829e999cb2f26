"""`lode keys`, `lode ledger sign` and `append`: keys of a party's own machine, without Django until the database."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from ledger.core.entry import Account, Entry, encode, entry_id, move, net_legs
from ledger.core.note import Note, VerifierKey
from ledger.selectors.entries import list_entries
from ledger.selectors.keys import keys
from ledger.services.sequence_pending import sequence_pending
from lode.cli.key_files import read_key
from lode.parties.possession import possession_text
from tests.parties.keys_world import TERRA, open_world, register
from tests.platform.test_cli import lode, on

HOST = settings.LEDGER_ORIGIN.split("/")[0]
NAME = f"terra.{HOST}/entry/desk"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "desk.key"
    assert lode("keys", "new", NAME, "--out", str(path)).returncode == 0
    return path


def receive(nonce: str = "cli-1", party: str = "terra", mass_mg: int = 5, **members) -> bytes:
    stock = Account(party, party, "Ni", "stock", "lot-9")
    legs = net_legs(move(stock._replace(state="source"), stock, mass_mg))
    fields = {"book": settings.LEDGER_ORIGIN, "occurred": "2024-02-20", "reference": "PO-9", **members}
    return encode(Entry(kind="receive", nonce=nonce, legs=legs, **fields))


class TestNewKeys:
    def test_the_file_is_the_users_alone_and_the_line_is_the_verifier_key(self, tmp_path):
        path = tmp_path / "desk.key"
        done = lode("keys", "new", NAME, "--out", str(path))
        vkey = VerifierKey.parse(done.stdout.strip())
        assert (vkey.name, stat.S_IMODE(path.stat().st_mode)) == (NAME, 0o600)
        assert read_key(path).vkey == vkey
        assert lode("keys", "show", str(path)).stdout == done.stdout
        assert read_key(path).seed.hex() not in done.stdout + done.stderr

    def test_a_key_is_never_written_over(self, key):
        before = key.read_bytes()
        done = lode("keys", "new", NAME, "--out", str(key))
        assert (done.returncode, "[file-exists]" in done.stderr, key.read_bytes()) == (1, True, before)

    @pytest.mark.parametrize("name", ["desk", "terra/entry/desk", f"terra.{HOST}/log/desk", f"terra.{HOST}/entry/A b"])
    def test_a_name_that_no_page_takes_is_wrong_usage(self, name):
        assert lode("keys", "new", name).returncode == 2
        assert lode("keys", "new", NAME, "--purpose", "recovery").returncode == 2  # its name says entry

    def test_a_passphrase_seals_it(self, tmp_path, monkeypatch):
        monkeypatch.setenv("LODE_KEY_PASSPHRASE", "correct horse")
        path = tmp_path / "sealed.key"
        vkey = lode("keys", "new", NAME, "--out", str(path), "--passphrase").stdout
        assert "PRIVATE" not in path.read_text()
        assert lode("keys", "show", str(path)).stdout == vkey
        monkeypatch.setenv("LODE_KEY_PASSPHRASE", "battery staple")
        done = lode("keys", "show", str(path))
        assert (done.returncode, "[wrong-passphrase]" in done.stderr) == (1, True)
        said = json.loads(path.read_text())
        monkeypatch.setenv("LODE_KEY_PASSPHRASE", "correct horse")
        for changed in ({"n": 2**40}, {"n": 3}, {"kdf": "none"}, {"box": "AAAA"}, {"vkey": "x"}, {"type": "y"}):
            path.write_text(json.dumps({**said, **changed}))
            assert lode("keys", "show", str(path)).returncode == 1, changed

    @pytest.mark.parametrize("text", ["", "{}", "[1]", "PRIVATE+KEY+a+b+c", '{"type": 1}'])
    def test_what_is_no_key_file_is_said(self, tmp_path, text):
        path = tmp_path / "no.key"
        path.write_text(text)
        done = lode("keys", "show", str(path))
        assert (done.returncode, "[bad-key]" in done.stderr) == (1, True)


class TestSigning:
    def test_an_entry_is_shown_and_signed_where_it_lies(self, key, tmp_path):
        file = tmp_path / "entry.txt"
        file.write_bytes(receive())
        done = lode("ledger", "sign", str(file), "--key", str(key))
        assert done.returncode == 0
        assert "+5 mg Ni of terra at terra (stock, lot lot-9)" in done.stderr
        assert entry_id(receive()).hex() in done.stderr
        note = Note.parse(file.read_bytes())
        assert (note.text, note.verify([read_key(key).vkey])) == (receive(), (read_key(key).vkey,))
        again = lode("ledger", "sign", str(file), "--key", str(key))
        assert "was signed before" in again.stdout
        assert file.read_bytes() == note.to_bytes()

    def test_a_second_party_adds_its_line(self, key, tmp_path):
        other = tmp_path / "other.key"
        lode("keys", "new", f"luna.{HOST}/entry/desk", "--out", str(other))
        file, out = tmp_path / "entry.txt", tmp_path / "signed.note"
        file.write_bytes(receive())
        for path, signer, where in ((file, key, out), (out, other, out)):
            assert lode("ledger", "sign", str(path), "--key", str(signer), "--out", str(where)).returncode == 0
        note = Note.parse(out.read_bytes())
        assert len(note.verify([read_key(key).vkey, read_key(other).vkey])) == 2
        assert file.read_bytes() == receive()

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"lode/entry/v2\n{}\n",
            b"lode/contract/v1\n{}\n",
            b"lode/key-possession/v1\n{}\n",
            b"ledger.example/book\n4\nqq/vQPJeyTOtYqUsDlspqZmiFuMThVrx5HMsL2tl63o=\n",
            b" " + receive(),
            receive().replace(b"{", b"{ ", 1),
            receive().replace(b'"nonce"', b'"nonse"'),
            receive()[:-1],
            receive() + b"more\n",
        ],
    )  # fmt: skip
    def test_anything_but_a_canonical_entry_is_not_signed(self, key, tmp_path, data):
        file = tmp_path / "other.txt"
        file.write_bytes(data)
        done = lode("ledger", "sign", str(file), "--key", str(key))
        assert done.returncode == 1
        assert file.read_bytes() == data

    def test_a_text_of_a_page_gives_the_line_to_paste(self, key, tmp_path):
        vkey = read_key(key).vkey
        text = possession_text(
            book=settings.LEDGER_ORIGIN, party="terra", purpose="entry", vkey=str(vkey), challenge="0" * 64
        )
        line = lode("keys", "sign", "-", "--key", str(key), stdin=text.decode()).stdout
        assert Note.parse(text + b"\n" + line.encode()).verify([vkey]) == (vkey,)
        for other in ("cosignature/v1\ntime 1\n", "lode/leaf/v1\n", "-----BEGIN\n", ""):
            done = lode("keys", "sign", "-", "--key", str(key), stdin=other)
            assert (done.returncode, done.stdout) == (1, "")

    def test_a_recovery_key_signs_changes_of_keys_alone(self, tmp_path):
        path, file = tmp_path / "recovery.key", tmp_path / "entry.txt"
        lode("keys", "new", f"terra.{HOST}/recovery/safe", "--purpose", "recovery", "--out", str(path))
        file.write_bytes(receive())
        done = lode("ledger", "sign", str(file), "--key", str(path))
        assert (done.returncode, "recovery key" in done.stderr, file.read_bytes()) == (1, True, receive())
        change = {"action": "revoke", "vkey": str(read_key(path).vkey)}
        fields = {"book": settings.LEDGER_ORIGIN, "nonce": "k", "occurred": "2024-02-20", "reason": "lost"}
        file.write_bytes(encode(Entry(kind="key", details=change, **fields)))
        assert lode("keys", "sign", str(file), "--key", str(path)).stdout.startswith(f"— terra.{HOST}/recovery/safe ")

    def test_no_django_is_loaded_for_it(self, key, tmp_path):
        file = tmp_path / "entry.txt"
        file.write_bytes(receive())
        code = "import sys; from lode.cli.main import main; code = main(sys.argv[1:]); "
        code += "sys.exit(9 if {'django', 'psycopg', 'celery'} & {m.split('.')[0] for m in sys.modules} else code)"
        for words in (("ledger", "sign", str(file), "--key", str(key)), ("keys", "show", str(key))):
            assert (
                subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False).returncode == 0
            )


def signed(tmp_path: Path, key: Path, name: str, text: bytes) -> str:
    path = tmp_path / name
    path.write_bytes(text)
    lode("ledger", "sign", str(path), "--key", str(key))
    return str(path)


class TestAppending:
    @pytest.fixture
    def run(self, own_database: str, tmp_path: Path, key: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
        open_world()
        register(read_key(key), TERRA)
        return lambda *words: lode(*words, environment=on(own_database, tmp_path))

    def test_notes_are_posted_once_and_each_is_reported(self, run, key, tmp_path):
        good, other = signed(tmp_path, key, "1.note", receive("a")), signed(tmp_path, key, "2.note", receive("b"))
        bad = signed(tmp_path, key, "3.note", receive("c", party="luna"))
        done = run("ledger", "append", good, bad, other)
        assert done.returncode == 1
        first, refused, second = done.stdout.splitlines()
        posted = {entry.reference: entry for entry in list_entries(party="terra", kind="receive")}
        assert len(list_entries(party="terra", kind="receive")) == 2
        assert first.startswith(f"{good}: stands as entry ")
        assert second.startswith(f"{other}: stands as entry ")
        assert refused.startswith(f"{bad}: refused: ")
        assert refused.endswith("[missing-signature]")
        assert [line.custody for line in posted["PO-9"].signatures] == ["held"]
        again = run("ledger", "append", good, other)
        assert (again.returncode, again.stdout.count("stands already as entry")) == (0, 2)
        assert len(list_entries(party="terra", kind="receive")) == 2

    def test_reseal_says_what_it_did(self, run, own_database, tmp_path):
        environment = {**on(own_database, tmp_path), "LODE_KEY_ENCRYPTION_KEY": "of tomorrow"}
        old = {"LODE_KEY_ENCRYPTION_KEYS_OLD": settings.LODE_KEY_ENCRYPTION_KEY}
        refused = lode("keys", "reseal", environment=environment)
        assert (refused.returncode, "[unsealing-failed]" in refused.stderr) == (1, True)
        assert "2 of 2 hosted keys sealed anew" in lode("keys", "reseal", environment=environment | old).stdout
        assert "0 of 2 hosted keys sealed anew" in lode("keys", "reseal", environment=environment).stdout

    def test_a_token_is_not_sent_in_the_clear(self, key, tmp_path):
        token, note = tmp_path / "token", signed(tmp_path, key, "1.note", receive())
        token.write_text("lode_x\n")
        for url, sentence in (("http://lode.example", "is not HTTPS"), ("lode.example", "is no address of a Lode")):
            done = lode("ledger", "append", note, "--url", url, "--token-file", str(token))
            assert (done.returncode, sentence in done.stderr) == (3, True)
        assert lode("ledger", "append", note, "--url", "https://lode.example").returncode == 2


def test_over_the_api(own_database: str, key: Path, tmp_path: Path) -> None:
    from lode.parties.services import issue_token
    from tests.parties.keys_world import NOW
    from tests.support import sites

    open_world()
    (tmp_path / "secrets" / "lode_key_encryption_key").write_text(settings.LODE_KEY_ENCRYPTION_KEY)
    token, weak, recovery = tmp_path / "token", tmp_path / "weak", tmp_path / "recovery.key"
    token.write_text(issue_token(organisation="terra", label="t", now=NOW, manages_keys=True))
    weak.write_text(issue_token(organisation="terra", label="w", now=NOW))
    lode("keys", "new", f"terra.{HOST}/recovery/safe", "--purpose", "recovery", "--out", str(recovery))
    note = signed(tmp_path, key, "1.note", receive())
    with sites.site(own_database, tmp_path) as url:
        at, as_weak = ("--url", url, "--token-file", str(token)), ("--url", url, "--token-file", str(weak))
        refused = lode("keys", "register", str(key), *as_weak)
        assert (refused.returncode, "not-allowed]" in refused.stderr) == (1, True)
        assert lode("ledger", "append", note, *at).stdout.startswith(f"{note}: refused: ")
        for path in (recovery, key):
            done = lode("keys", "register", str(path), "--agreed-by", str(recovery), *at)
            assert done.returncode == 0, done.stderr
        for said in ("stands as entry", "stands already as entry"):
            done = lode("ledger", "append", note, *at)
            assert (done.returncode, said in done.stdout) == (0, True), done.stdout
        vkey = str(read_key(key).vkey)
        alone = lode("keys", "revoke", vkey, "--reason", "stolen", *at)
        assert (alone.returncode, "[signature-needed]" in alone.stderr) == (1, True)
        since = next(found.valid_from_index for found in keys(party="terra") if found.vkey == vkey)
        by = ("--agreed-by", str(recovery), "--since", str(since))
        done = lode("keys", "revoke", vkey, "--reason", "stolen", *by, *at)
        assert done.returncode == 0, done.stderr
    sequence_pending()
    row = next(found for found in keys(party="terra") if found.vkey == vkey)
    assert (row.compromised_since_index, row.revoked_at_index is None) == (since, False)
