"""The list of serials that an `embody` entry names by its digest, and the proof that one serial stands in it.

A manifest is the line `lode/manifest/v1` and one serial a line: sorted by bytes, each once, every line ended by LF. Its
digest is SHA-256 of the file; its root is that of the RFC 6962 tree whose leaves are the serials, without their LF.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ledger.core.canonical_json import dumps, loads_canonical
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import Frontier, GetHash, inclusion_proof, leaf_hash, node_hash, verify_inclusion

HEADER = b"lode/manifest/v1\n"
PROOF_HEADER = b"lode/manifest-proof/v1\n"
FOLDER = "manifests"  # of an export, each file under its digest
MAX_SERIALS = 100_000
MAX_SERIAL_BYTES = 120
MAX_BYTES = len(HEADER) + MAX_SERIALS * (MAX_SERIAL_BYTES + 1)
_SERIAL = re.compile(rb"[!-~](?:[ -~]{0,118}[!-~])?")
_HEX32 = re.compile(r"[0-9a-f]{64}")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an entry says of a manifest: digest and root in lower-case hex, and how many serials it lists."""

    sha256: str
    serials: int
    root: str

    @property
    def details(self) -> dict[str, Any]:
        """The details of the `embody` entry that puts the manifest on the ledger."""
        return {"manifest_sha256": self.sha256, "manifest_root": self.root, "serials": self.serials}

    def check_named_by(self, details: Mapping[str, Any]) -> None:
        """Raise `bad-manifest` unless this is the manifest that an entry's `details` name."""
        for name, found in self.details.items():
            named = details.get(name)
            if named != found and not (name == "manifest_root" and named is None):
                _refuse(f"The manifest is not the one that the entry names: its {name} is {found}, not {named}.")


@dataclass(frozen=True, slots=True)
class SerialProof:
    """That `serial` is number `index` (from 0) of the `serials` under `root`; `path` is the RFC 6962 audit path."""

    serial: str
    index: int
    serials: int
    root: str
    path: tuple[str, ...]

    def check(self) -> None:
        """Raise `bad-proof` unless the path leads from the serial to the root; the caller compares the root."""
        path = [bytes.fromhex(item) for item in self.path]
        verify_inclusion(leaf_hash(self.serial.encode()), self.index, self.serials, path, bytes.fromhex(self.root))

    def to_bytes(self) -> bytes:
        """Return the proof as a file: its type line and one line of RFC 8785 JSON."""
        members = {
            "index": self.index,
            "manifest_root": self.root,
            "path": list(self.path),
            "serial": self.serial,
            "serials": self.serials,
        }
        return PROOF_HEADER + dumps(members) + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> SerialProof:
        """Read what `to_bytes` wrote; raises `malformed`, `not-canonical`, `bad-manifest`."""
        line = data[len(PROOF_HEADER) : -1]
        if not data.startswith(PROOF_HEADER) or not data.endswith(b"\n") or b"\n" in line:
            raise LedgerError(LedgerCode.MALFORMED, "The file is not `lode/manifest-proof/v1` and one line of JSON.")
        match loads_canonical(line):
            case {
                "index": int(index),
                "manifest_root": str(root),
                "path": list(path),
                "serial": str(serial),
                "serials": int(serials),
                **more,
            } if not more and all(isinstance(item, str) and _HEX32.fullmatch(item) for item in (root, *path)):
                if bool in (type(index), type(serials)):
                    raise LedgerError(LedgerCode.MALFORMED, "The proof gives true or false in place of a number.")
                _check_serial(serial.encode(), "The proof")
                return cls(serial, index, serials, root, tuple(str(item) for item in path))
        raise LedgerError(
            LedgerCode.MALFORMED, "The proof does not have exactly index, manifest_root, path, serial and serials."
        )


def read(chunks: Iterable[bytes]) -> Manifest:
    """Read a manifest piece by piece, holding one line at a time.

    Raises `bad-manifest`, naming the line, for another first line, a line that is no serial, one out of order or twice,
    a last line without its LF, no serials, or more than 100,000.
    """
    digest, frontier, before = hashlib.sha256(), Frontier(), b""
    lines = _lines(chunks, digest.update)
    if next(lines, b"") != HEADER:
        _refuse("The file does not begin with the line `lode/manifest/v1`: it is not a manifest.")
    for number, line in enumerate(lines, 2):
        serial = _check_serial(line.removesuffix(b"\n"), f"Line {number}")
        if not line.endswith(b"\n"):
            _refuse(f"Line {number} does not end in a line feed: the file is cut short.")
        if serial <= before:
            why = "stands twice" if serial == before else f"comes after {_shown(before)}: serials are sorted by bytes"
            _refuse(f"Line {number}: {_shown(serial)} {why}.")
        if frontier.size == MAX_SERIALS:
            _refuse(
                f"The manifest lists more than {MAX_SERIALS:,} serials: make an entry and a manifest for each part."
            )
        frontier.append(leaf_hash(serial))
        before = serial
    if not frontier.size:
        _refuse("The manifest lists no serial.")
    return Manifest(digest.hexdigest(), frontier.size, frontier.root().hex())


def write(serials: Iterable[str]) -> bytes:
    """Return the manifest of these serials, in whatever order they come; raises `bad-manifest` as `read` does."""
    lines = sorted(serial.encode() for serial in serials)
    data = HEADER + b"".join(line + b"\n" for line in lines)
    for line in lines:
        _check_serial(line, "The list")
    read([data])
    return data


def serials_of(data: bytes) -> list[str]:
    """Return the serials of a manifest in order; raises `bad-manifest`."""
    read([data])
    return data[len(HEADER) : -1].decode("ascii").split("\n")


def prove(data: bytes, serial: str) -> SerialProof:
    """Return the proof that `serial` stands in the manifest `data`; raises `bad-manifest` where it does not."""
    found = read([data])
    lines = data[len(HEADER) : -1].split(b"\n")
    try:
        index = lines.index(serial.encode())
    except ValueError:
        _refuse(f"The serial {_shown(serial.encode())} does not stand in this manifest of {found.serials}.")
    path = inclusion_proof(index, found.serials, _hashes([leaf_hash(line) for line in lines]))
    return SerialProof(serial, index, found.serials, found.root, tuple(item.hex() for item in path))


def _hashes(level: list[bytes]) -> GetHash:
    levels = [level]
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        levels.append(level)
    return lambda height, index: levels[height][index]


def _lines(chunks: Iterable[bytes], seen: Any) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        seen(chunk)
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in whole)
        if len(rest) > MAX_SERIAL_BYTES:
            break  # no serial is that long: handed on as it is, it is refused with its number
    if rest:
        yield rest


def _check_serial(serial: bytes, where: str) -> bytes:
    if not _SERIAL.fullmatch(serial):
        _refuse(
            f"{where}: {_shown(serial)} is not a serial: 1 to {MAX_SERIAL_BYTES} printable ASCII characters, no "
            "space at either end."
        )
    return serial


def _shown(serial: bytes) -> str:
    return repr(serial[:_SHOWN].decode("utf-8", "replace"))


def _refuse(sentence: str) -> NoReturn:
    raise LedgerError(LedgerCode.BAD_MANIFEST, sentence)
