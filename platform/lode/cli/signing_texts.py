"""Sign with a key file: texts of known kinds and no others, after saying what they say. No Django, no network."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from ledger.core.entry import HEADER, Entry, decode, entry_id
from ledger.core.note import Note, SignatureLine, SignerKey
from lode.cli.key_files import KeyFileError, is_recovery

CONTRACT, POSSESSION = b"lode/contract/v1\n", b"lode/key-possession/v1\n"


def signature_line(key: SignerKey, text: bytes) -> SignatureLine:
    """Return the key's signature under a text that is canonical and of a kind that the key signs.

    Raises KeyFileError `not-signed-here` for another first line and for what a recovery key does not sign; LedgerError
    for an entry that is not canonical.
    """
    if text.startswith(HEADER):
        _tell(decode(text), text)
        may = not is_recovery(key) or decode(text).kind == "key"
    elif text.startswith((CONTRACT, POSSESSION)):
        print(text.decode("utf-8", "replace"), end="", file=sys.stderr)
        may = not is_recovery(key) or text.startswith(POSSESSION)
    else:
        first = text.split(b"\n", 1)[0][:60].decode("utf-8", "replace")
        raise KeyFileError("not-signed-here", f"A text that begins with {first!r} is not signed by a key of Lode.")
    if not may:
        raise KeyFileError("not-signed-here", f"{key.name} is a recovery key: it signs changes of keys alone.")
    return key.sign(text)


def sign_file(path: Path, key: SignerKey, out: Path) -> bool:
    """Add the key's line to an entry's text or note and write the note to `out`; return whether it was new.

    Raises as `signature_line`, and KeyFileError `not-signed-here` for anything but an entry.
    """
    data = path.read_bytes()
    if not data.startswith(HEADER):
        raise KeyFileError("not-signed-here", f"{path} is no entry: its first line is not `{HEADER.decode().strip()}`.")
    note = Note.parse(data) if b"\n\n" in data else Note(data, ())
    line = signature_line(key, note.text)
    others = tuple(each for each in note.signatures if (each.name, each.key_id) != (line.name, line.key_id))
    signed = Note(note.text, (*others, line))
    _replace(out, note.to_bytes() if line in note.signatures else signed.to_bytes())
    return line not in note.signatures


def _replace(path: Path, data: bytes) -> None:
    """Write the file whole or not at all."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(draft).replace(path)


def _tell(entry: Entry, text: bytes) -> None:
    """Say on standard error what an entry says, for whoever is about to sign it."""
    lines = [f"{entry.kind} of {entry.occurred} in {entry.book}, entry {entry_id(text).hex()}"]
    lines += [f"  {leg.mass_mg:+,} mg {leg.account}" for leg in entry.legs]
    members = ("parties", "contract", "reference", "reason", "corrects", "documents", "details")
    lines += [f"  {name}: {said}" for name in members if (said := getattr(entry, name))]
    print("\n".join(lines), file=sys.stderr)
