"""`lode keys …`, `lode ledger sign` and `lode ledger append`: a party's own keys, and what it does with them."""

from __future__ import annotations

import argparse
import re
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger.core.note import SignerKey
from lode.cli.api_client import Answer, Api
from lode.cli.explain import REFUSED
from lode.cli.key_files import KeyFileError, is_recovery, passphrase_for, read_key, write_key
from lode.cli.signing_texts import sign_file, signature_line

_NAME = re.compile(r"[a-z0-9-]{1,40}(\.[a-z0-9-]+)+/(?P<purpose>entry|recovery)/[a-z0-9-]{1,40}")
Parser = argparse.ArgumentParser


def new(parser: Parser) -> None:
    """Say what `lode keys new` takes."""
    parser.add_argument("name", metavar="NAME", help="PARTY.HOST/entry/LABEL or …/recovery/LABEL; see the page Keys")
    parser.add_argument("--purpose", choices=("entry", "recovery"), help="as its name says")
    parser.add_argument("--out", metavar="FILE", type=Path, help="the key file (default: LABEL.key)")
    parser.add_argument("--passphrase", action="store_true", help="seal it (asks, or takes LODE_KEY_PASSPHRASE)")


def key_file(parser: Parser) -> None:
    """Say what `lode keys show` takes."""
    parser.add_argument("key", metavar="KEYFILE", type=Path)


def sign_text(parser: Parser) -> None:
    """Say what `lode keys sign` takes."""
    parser.add_argument("file", metavar="FILE", help="the text, saved from the page; - reads standard input")
    parser.add_argument("--key", metavar="KEYFILE", type=Path, required=True)


def register(parser: Parser) -> None:
    """Say what `lode keys register` takes."""
    parser.add_argument("key", metavar="KEYFILE", type=Path)
    _agreed_by(parser)


def revoke(parser: Parser) -> None:
    """Say what `lode keys revoke` takes."""
    parser.add_argument("vkey", metavar="VKEY", help="the verifier key, as `lode keys show` prints it")
    parser.add_argument("--reason", required=True, help="everybody reads it")
    parser.add_argument("--since", metavar="INDEX", type=int, help="the entry since which somebody else had the key")
    _agreed_by(parser)


def ledger_sign(parser: Parser) -> None:
    """Say what `lode ledger sign` takes."""
    parser.add_argument("file", metavar="FILE", type=Path, help="an entry's text, or a note that others have signed")
    parser.add_argument("--key", metavar="KEYFILE", type=Path, required=True)
    parser.add_argument("--out", metavar="FILE", type=Path, help="where the note goes (default: back to FILE)")


def ledger_append(parser: Parser) -> None:
    """Say what `lode ledger append` takes."""
    parser.add_argument("files", metavar="FILE", type=Path, nargs="+", help="signed notes, handed in in this order")
    _api(parser, required=False)


def make(options: argparse.Namespace, _words: Sequence[str]) -> int:
    """Make a key, write its file, and print its verifier key."""
    found = _NAME.fullmatch(options.name)
    if found is None or options.purpose not in (None, found["purpose"]):
        options.parser.error("a key is named PARTY.HOST/entry/LABEL or PARTY.HOST/recovery/LABEL, by its purpose")
    path = options.out or Path(f"{options.name.rsplit('/', 1)[1]}.key")
    if path.exists():
        raise KeyFileError("file-exists", f"{path} is there already, and a key is never written over.")
    key = SignerKey(options.name, secrets.token_bytes(32))
    write_key(path, key, passphrase_for(path, new=True) if options.passphrase else None)
    print(key.vkey)
    print(f"The key is in {path}: keep it where only you get at it. The line above is for everybody.", file=sys.stderr)
    return 0


def show(options: argparse.Namespace, _words: Sequence[str]) -> int:
    """Print the verifier key of a key file."""
    print(read_key(options.key).vkey)
    return 0


def print_line(options: argparse.Namespace, _words: Sequence[str]) -> int:
    """Sign a text of a page and print the line that is pasted there."""
    text = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
    print(signature_line(read_key(options.key), text))
    return 0


def sign_note(options: argparse.Namespace, _words: Sequence[str]) -> int:
    """Put the key's line under an entry."""
    key = read_key(options.key)
    out = options.out or options.file
    fresh = sign_file(options.file, key, out)
    print(f"{out}: {'signed' if fresh else 'was signed before'} by {key.name}")
    return 0


def register_by_api(options: argparse.Namespace, _words: Sequence[str]) -> int:
    """Register a key at a Lode elsewhere: prove that it is there, and let another key of the organisation agree."""
    key = read_key(options.key)
    purpose = "recovery" if is_recovery(key) else "entry"
    return _change(options, {"action": "register", "vkey": str(key.vkey), "purpose": purpose}, [key])


def revoke_by_api(options: argparse.Namespace, _words: Sequence[str]) -> int:
    """Revoke a key at a Lode elsewhere."""
    begun = {"action": "revoke", "vkey": options.vkey, "reason": options.reason}
    if options.since is not None:
        begun["compromised_since_index"] = options.since
    return _change(options, begun, [])


def append(options: argparse.Namespace, _words: Sequence[str]) -> int:
    """Hand notes in at a Lode elsewhere, one after the other, and say what became of each."""
    api = Api(options.url, options.token_file)
    outcomes = [_report(path, _handed_in(api, path)) for path in options.files]
    return 0 if all(outcomes) else REFUSED


def _handed_in(api: Api, path: Path) -> Answer:
    try:
        note = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return Answer(REFUSED, {"detail": "It is no UTF-8 text.", "code": "malformed"})
    return api.post("entries", {"note": note})


def _report(path: Path, answer: Answer) -> bool:
    said = {200: "stands already as", 201: "stands as", 202: "is kept and will be sequenced, as"}
    if answer.status not in said:
        print(f"{path}: refused: {answer.sentence}")
        return False
    body = answer.body
    where = f"entry {body['index']}" if body.get("index") is not None else f"entry id {body.get('entry_id')}"
    print(f"{path}: {said[answer.status]} {where}")
    return True


def _change(options: argparse.Namespace, begun: dict[str, Any], own: list[SignerKey]) -> int:
    signers = own + [read_key(path) for path in options.agreed_by]
    api = Api(options.url, options.token_file)
    change = api.post("key-changes", begun)
    if change.status != 201:  # noqa: PLR2004 - created
        raise KeyFileError(str(change.body.get("code", "refused")), str(change.body.get("detail", "It was refused.")))
    signatures = {paper["name"]: str(_signed(paper, signers)) for paper in change.body["papers"]}
    done = api.post(f"key-changes/{change.body['challenge']}", {"signatures": signatures})
    if done.status != 200:  # noqa: PLR2004 - done
        raise KeyFileError(str(done.body.get("code", "refused")), str(done.body.get("detail", "It was refused.")))
    print(f"{begun['vkey']}: {begun['action']} handed in as {done.body['entry_id']}")
    return 0


def _signed(paper: dict[str, Any], signers: Sequence[SignerKey]) -> object:
    key = next((each for each in signers if str(each.vkey) in paper["vkeys"]), None)
    if key is None:
        names = ", ".join(vkey.partition("+")[0] for vkey in paper["vkeys"])
        raise KeyFileError("signature-needed", f"One of {names} has to agree: name its key file with --agreed-by.")
    return signature_line(key, paper["text"].encode())


def _agreed_by(parser: Parser) -> None:
    parser.add_argument(
        "--agreed-by", metavar="KEYFILE", type=Path, action="append", default=[], help="a key that agrees to the change"
    )
    _api(parser, required=True)


def _api(parser: Parser, *, required: bool) -> None:
    where = "the Lode to speak to" if required else "a Lode elsewhere (default: the database here)"
    parser.add_argument("--url", required=required, help=f"{where}, as https://lode.example")
    parser.add_argument("--token-file", metavar="FILE", type=Path, required=required, help="holds your API token")
